"""A randomization bound to a world: draw, write, look.

    draw = domain.draw(seed=7, episode=3)          # one world
    domain.apply(world, draw)
    draws = domain.draw_many(7, np.arange(64))     # sixty-four; draws[3] equals `draw` bit for bit
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from randomizers.axis import Axis
from randomizers.draw import Draw, Draws
from randomizers.groups import Group, groups, size
from randomizers.streams import uniforms
from randomizers.strength import Pin, PlainPin, PlainStrength, Strength, once, plain_pin, plain_strength
from randomizers.when import When
from randomizers.world import World

WIDEST = 120
"""Characters of an expression in a table."""


@dataclass(frozen=True, eq=False)
class Domain:
    """Everything that varies in a world, in the order of names, whoever declared it first.

    Attributes:
        axes: What this domain draws, by name.
        whole: What varies at any moment; `at` narrows `axes` and keeps this.
    """

    axes: dict[str, Axis]
    whole: dict[str, Axis] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", dict(sorted(self.axes.items())))
        object.__setattr__(self, "whole", self.whole or self.axes)

    def at(self, when: When) -> "Domain":
        """Return the part that is drawn at one moment; it still knows the names of the whole."""
        return Domain({name: axis for name, axis in self.axes.items() if axis.when == when}, self.whole)

    @property
    def moments(self) -> tuple[When, ...]:
        """The moments at which something is drawn."""
        return tuple(dict.fromkeys(axis.when for axis in self.axes.values()))

    def draw(
        self, seed: int, episode: int, tick: int = 0, *, strength: Strength = 1.0, pin: Pin | None = None
    ) -> Draw:
        """Draw one world.

        Each axis has its own numbers, addressed by its name, so adding, removing or reordering
        randomizers never changes what the others draw.

        Args:
            seed: 64 bits.
            episode: The same (seed, episode, tick) always gives the same draw.
            tick: Counts redraws within the episode.
            strength: A number, or one by axis or family; see `randomizers.strength`.
            pin: Unit coordinates to fix, by axis; 0 and 1 are the two ends of its range.
        """
        return self.draw_many(seed, [episode], tick, strength=strength, pin=pin)[0]

    def draw_many(
        self,
        seed: ArrayLike,
        episodes: ArrayLike,
        ticks: ArrayLike = 0,
        *,
        strength: Strength | Sequence[Strength] = 1.0,
        pin: Pin | Sequence[Pin | None] | None = None,
    ) -> Draws:
        """Draw many worlds at once; row i is what `draw` gives for episode i, bit for bit.

        Args:
            seed: One for all, or (worlds,).
            episodes: (worlds,).
            ticks: One for all, or (worlds,).
            strength: One for all, or a sequence with one for each world.
            pin: One for all, or a sequence with one for each world.
        """
        episodes = np.atleast_1d(episodes)
        strengths = once(self._strength, _each(strength, len(episodes), "strengths"))
        pins = once(self._pin, _each(pin, len(episodes), "pins"))
        names, counts = self._layout
        coordinates = uniforms(seed, episodes, ticks, names, counts)  # (worlds, coordinates)
        drawn = [group.draw(coordinates, strengths, pins) for group in self.groups]
        units, blocks = ([each[i] for each in drawn] for i in (0, 1))
        seeds, ticks = (np.broadcast_to(word, episodes.shape) for word in (seed, ticks))
        each = strengths if len(strengths) == len(episodes) else [*strengths] * len(episodes)
        return Draws(seeds, episodes, ticks, self.groups, units, blocks, tuple(each))

    def apply(self, world: World, draw: Draw) -> None:
        """Write a draw to the world's knobs."""
        for name in self.axes:
            world.knobs[name].write(draw.values[name])

    def restore(self, world: World) -> None:
        """Write the nominal value of every axis."""
        for name, axis in self.axes.items():
            world.knobs[name].write(axis.nominal)

    def vector(self, draw: Draw | Draws) -> np.ndarray:
        """Lay a draw out for a privileged observation: 0 is nominal, about [-1, 1] at strength 1.

        Returns:
            (vector_size,) float32, or (worlds, vector_size) for `Draws`; `names()` says what each number is.
        """
        if isinstance(draw, Draws):
            return self._vector(draw.blocks, (len(draw),))
        return self._vector([np.stack([draw.values[axis.name] for axis in group.axes]) for group in self.groups], ())

    def _vector(self, blocks: Sequence[np.ndarray], worlds: tuple[int, ...]) -> np.ndarray:
        """Lay values (*worlds, axes, *shape) by group out."""
        vector = np.zeros((*worlds, self.vector_size), np.float32)
        for group, block, places in zip(self.groups, blocks, self._places, strict=True):
            vector[..., places] = group.normalised(block)
        return vector

    def names(self) -> tuple[str, ...]:
        """What each number of `vector` stands for."""
        return tuple(name for axis in self.axes.values() for name in axis.features)

    @cached_property
    def vector_size(self) -> int:
        """Length of `vector`."""
        return len(self.names())

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain data for reports and passports: every axis with its range."""
        return {name: axis.to_dict() for name, axis in self.axes.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self.axes)

    def __len__(self) -> int:
        return len(self.axes)

    def __str__(self) -> str:
        rows = [("axis", "expression", "nominal", "unit", "when")]
        for name, axis in self.axes.items():
            rows.append((name, _cut(str(axis.expression)), _short(axis.nominal), axis.unit, str(axis.when)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def _strength(self, strength: Strength) -> PlainStrength:
        return plain_strength(strength, self.whole)

    def _pin(self, pin: Pin | None) -> PlainPin:
        return plain_pin(pin, self.whole)

    @cached_property
    def groups(self) -> list[Group]:
        """The axes that are drawn together."""
        return groups(list(self.axes.values()))

    @cached_property
    def _layout(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names of the axes in the order of their coordinates, and how many of these each takes."""
        axes = [axis for group in self.groups for axis in group.axes]
        return tuple(axis.name for axis in axes), tuple(map(size, axes))

    @cached_property
    def _places(self) -> list[np.ndarray]:
        """Where the numbers of each group stand in the vector."""
        counts = [len(axis.features) for axis in self.axes.values()]
        ends = dict(zip(self.axes, np.cumsum(counts, dtype=int)))
        return [
            np.concatenate([np.arange(ends[axis.name] - len(axis.features), ends[axis.name]) for axis in group.axes])
            for group in self.groups
        ]


def _each(setting: Any, worlds: int, what: str) -> Sequence[Any]:
    """One setting for all worlds as a list of one, or a list with one for each."""
    if setting is None or isinstance(setting, Mapping | str) or not np.iterable(setting):
        return [setting]
    each = list(setting)
    if len(each) != worlds:
        raise ValueError(f"{len(each)} {what} for {worlds} worlds; give one for all, or one for each")
    return each


def _cut(text: str) -> str:
    """Keep a table readable beside a distribution that was measured."""
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 4]}...)"


def _short(nominal: Any) -> str:
    if isinstance(nominal, str):
        return nominal
    numbers = " ".join(f"{number:.4g}" for number in np.ravel(nominal))
    return f"[{numbers}]" if np.ndim(nominal) else numbers
