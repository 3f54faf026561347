"""Instructions in words: things are named by what is true of the scene, and by nothing that fits two of them.

    described(objects, 1, poses)                       # ["small red cube", "red cube on the left", ..]
    meant("small red cube", objects, poses)            # [1], read back from the words
    references("Put the small red cube onto the square.", objects, poses)     # [[1], [4]]

Left and right are those of the front camera's image: the robot looks at you, and your left is its right. A word
for a place is used where the next candidate is clearly elsewhere, one for a size where it is clearly another size.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from envs.objects import ObjectSpec

MOODS = ("imperative", "interrogative", "deictic", "colloquial")
CLEAR_M = 0.03
"""Nobody says "left" of less [m]."""
CLEAR_SIZE = 1.2
"""Nobody calls a thing "large" that is less than so many times as large as the next."""

COLOURS = ("red", "green", "blue")
PURE = 3.6
"""A colour has a name if one channel is so many times the others, or more: `Texture` multiplies each by 0.5 to 1.8,
and what is said must stay true however a thing is painted."""


def colour_of(spec: ObjectSpec) -> str:
    """Name the colour of an object; "" where it has no name that is always true."""
    order = sorted(range(3), key=lambda channel: spec.colour[channel])
    return COLOURS[order[2]] if spec.colour[order[2]] > PURE * spec.colour[order[1]] else ""


def _is(kind: str) -> Callable[[ObjectSpec], bool]:
    return lambda spec: spec.loose and len(spec.pieces) == 1 and spec.pieces[0].kind == kind


def _cubic(spec: ObjectSpec) -> bool:
    return _is("box")(spec) and max(spec.half_extents) < 1.05 * min(spec.half_extents)


def _tall(spec: ObjectSpec) -> bool:
    return spec.half_extents[2] > 2.0 * spec.half_extents[0]


NOUNS: dict[str, Callable[[ObjectSpec], bool]] = {
    "cube": _cubic,
    "block": _is("box"),
    "cylinder": lambda spec: _is("cylinder")(spec) and not _tall(spec),
    "ball": _is("ball"),
    "peg": lambda spec: _is("cylinder")(spec) and _tall(spec),
    "stick": lambda spec: _is("cylinder")(spec) and _tall(spec),
    "drawer": lambda spec: spec.rail is not None,
    "square": lambda spec: not spec.solid and spec.half_extents[0] == spec.half_extents[1],
    "hole": lambda spec: spec.clearance > 0.0,
    "object": lambda spec: spec.loose,
    "thing": lambda spec: spec.loose,
}
"""What a thing must be to be called so."""
SIZES = {"small": -1.0, "large": 1.0, "little": -1.0, "big": 1.0}
PLACES = {
    "on the left": (1, -1.0), "on the right": (1, 1.0),
    "nearest to the robot": (0, -1.0), "farthest from the robot": (0, 1.0),
}  # fmt: skip
"""Coordinate and sign that win."""
SIDES = {"to the left of": -1.0, "to the right of": 1.0}
"""Sign of the way along y from the other thing."""


@dataclass(frozen=True)
class Description:
    """A noun and what goes with it; "" and None where nothing does."""

    noun: str
    colour: str = ""
    size: str = ""
    where: str = ""
    other: "Description | None" = None

    def __str__(self) -> str:
        words = [self.size, self.colour, self.noun, self.where, f"the {self.other}" if self.other else ""]
        return " ".join(word for word in words if word)

    def fits(self, objects: Sequence[ObjectSpec], poses: np.ndarray | None) -> list[int]:
        """Find what it may mean, (objects, 7) poses given; the indices of all that fit."""
        found = [
            index
            for index, spec in enumerate(objects)
            if NOUNS[self.noun](spec) and self.colour in ("", colour_of(spec))
        ]
        if self.where:
            found = self._there(found, objects, poses)
        if self.size:
            sign, sizes = SIZES[self.size], [_size(objects[index]) for index in found]
            return _most(found, [sign * math.log(size) for size in sizes], math.log(CLEAR_SIZE))
        return found

    def _there(self, found: list[int], objects: Sequence[ObjectSpec], poses: np.ndarray | None) -> list[int]:
        if poses is None:
            return []
        if self.where in PLACES:
            axis, sign = PLACES[self.where]
            return _most(found, [sign * poses[index, axis] for index in found], CLEAR_M)
        anchors = self.other.fits(objects, poses) if self.other else []
        if len(anchors) != 1:
            return []
        ways = {index: SIDES[self.where] * (poses[index, 1] - poses[anchors[0], 1]) for index in found}
        unsure = any(abs(way) < CLEAR_M for index, way in ways.items() if index != anchors[0])
        return [] if unsure else [index for index, way in ways.items() if way > CLEAR_M]


def described(objects: Sequence[ObjectSpec], index: int, poses: np.ndarray | None = None) -> list[str]:
    """List the descriptions that mean one object and no other, the shorter ones first.

    Raises:
        ValueError: There is none.
    """
    nouns = [noun for noun, fits in NOUNS.items() if fits(objects[index])]
    colours = dict.fromkeys(("", colour_of(objects[index])))
    plain = [Description(noun, colour, size) for noun, colour, size in product(nouns, colours, ("", *SIZES))]
    chosen = [each for each in plain if each.fits(objects, poses) == [index]]
    if poses is not None:
        anchors = [_short(objects, other) for other in range(len(objects)) if other != index]
        wheres = [(where, None) for where in PLACES] + [(w, anchor) for w in SIDES for anchor in anchors if anchor]
        for noun, colour in product(nouns, colours):
            if len(Description(noun, colour).fits(objects, None)) > 1:  # else nobody has to say where it is
                among = (Description(noun, colour, "", *where) for where in wheres)
                chosen += [each for each in among if each.fits(objects, poses) == [index]]
    if not chosen:
        names = ", ".join(spec.name for spec in objects)
        raise ValueError(
            f"no words mean `{objects[index].name}` alone among {names}; give it another colour, shape or size."
        )
    return list(map(str, chosen))


def meant(text: str, objects: Sequence[ObjectSpec], poses: np.ndarray | None = None) -> list[int]:
    """Read a description and find all that it fits.

    Raises:
        ValueError: It is no description.
    """
    found = re.fullmatch(_PHRASE, text)
    if not found:
        raise ValueError(f"`{text}` is no description such as `small red cube on the left`.")
    return _read(found).fits(objects, poses)


def references(text: str, objects: Sequence[ObjectSpec], poses: np.ndarray | None = None) -> list[list[int]]:
    """Find what each "the ..", "that .." and "this .." of a sentence may mean, in their order."""
    said = re.finditer(rf"\b(?:[Tt]he|[Tt]hat|[Tt]his) {_PHRASE}", text)
    return [_read(found).fits(objects, poses) for found in said]


def phrase(sentences: dict[str, tuple[str, ...]], luck: float, **names: list[str]) -> str:
    """Choose a mood, a sentence and a name for each thing in it, by one number in [0, 1)."""
    mood, luck = _pick(MOODS, luck)
    sentence, luck = _pick(sentences[mood], luck)
    for what, options in names.items():
        word, luck = _pick(options, luck)
        sentence = sentence.replace(f"{{{what}}}", word)
    return sentence


def _pick(options: Sequence[str], luck: float) -> tuple[str, float]:
    """Choose by a number in [0, 1) and give what is left of it, in [0, 1) again."""
    scaled = luck * len(options)
    index = min(int(scaled), len(options) - 1)
    return options[index], scaled - index


def _short(objects: Sequence[ObjectSpec], index: int) -> Description | None:
    """Name an object by its colour and first noun, where that suffices."""
    noun = next((noun for noun, fits in NOUNS.items() if fits(objects[index])), None)
    said = Description(noun, colour_of(objects[index])) if noun else None
    return said if said and said.fits(objects, None) == [index] else None


def _most(found: list[int], values: list[float], clear: float) -> list[int]:
    """Give the one with the largest value where there are several and it leads clearly, else nothing."""
    if len(found) < 2:
        return []
    second, first = sorted(values)[-2:]
    return [found[values.index(first)]] if first - second > clear else []


def _size(spec: ObjectSpec) -> float:
    x, y, z = spec.half_extents
    return (x * y * z) ** (1.0 / 3.0)


def _either(words: Sequence[str]) -> str:
    return "|".join(words)


_SIMPLE = rf"(?:({_either(list(SIZES))}) )?(?:({_either(COLOURS)}) )?({_either(list(NOUNS))})\b"
_PHRASE = rf"{_SIMPLE}(?: ({_either(list(PLACES))})| ({_either(list(SIDES))}) the {_SIMPLE})?"


def _read(found: re.Match) -> Description:
    size, colour, noun, place, side, *rest = (word or "" for word in found.groups())
    other = Description(rest[2], rest[1], rest[0]) if side else None
    return Description(noun, colour, size, place or side, other)
