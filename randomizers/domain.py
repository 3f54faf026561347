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
from randomizers.strength import Pin, Strength, level, plain_pin, plain_strength, stack
from randomizers.streams import uniforms
from randomizers.when import When
from randomizers.world import World


@dataclass(frozen=True, eq=False)
class Domain:
    """Everything that varies in a world, by name of the axis, in the order of names.

    Attributes:
        axes: What this domain draws.
        whole: What is varied at any moment; `at` narrows `axes` and keeps this.
    """

    axes: dict[str, Axis]
    whole: dict[str, Axis] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", self.whole or self.axes)

    def at(self, when: When) -> "Domain":
        """Return the part that is drawn at one moment."""
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
            strength: See `randomizers.strength`.
            pin: Unit coordinates to fix; 0 and 1 are the two ends of an axis' range.
        """
        return self.draw_many(seed, [episode], tick, strength=strength, pin=pin)[0]

    def draw_many(
        self,
        seed: ArrayLike,
        episodes: ArrayLike,
        ticks: ArrayLike = 0,
        *,
        strength: Strength | Sequence[Strength] = 1.0,
        pin: Pin | Sequence[Pin] | None = None,
    ) -> Draws:
        """Draw many worlds; row i is what `draw` gives for episode i.

        Args:
            seed: One for all, or (worlds,).
            episodes: (worlds,).
            ticks: One for all, or (worlds,).
            strength: One for all, or a sequence with one for each world.
            pin: One for all, or a sequence with one for each world.
        """
        episodes = np.atleast_1d(np.asarray(episodes))
        worlds = len(episodes)
        families = {name: axis.family for name, axis in self.whole.items()}
        strengths = [plain_strength(s, families) for s in _each(strength, worlds, "strengths")]
        pins = [plain_pin(p, self.whole) for p in _each(pin, worlds, "pins")]
        drawn = uniforms(seed, episodes, ticks, *self._coordinates)  # (worlds, coordinates)
        unit: dict[str, np.ndarray] = {}
        values: dict[str, np.ndarray] = {}
        start = 0
        for (name, axis), count in zip(self.axes.items(), self._coordinates[1], strict=True):
            u = drawn[:, start : start + count].reshape(worlds, *axis.unit_shape)
            start += count
            unit[name] = _pin(axis, u, name, pins)
            ends = zip(*(level(s, name, axis.family) for s in strengths), strict=True)
            down, up = (_column(stack(end), np.ndim(axis.nominal)) for end in ends)
            values[name] = axis.value(unit[name], down, up)
            unit[name].flags.writeable = values[name].flags.writeable = False
        full = [np.broadcast_to(np.asarray(word), (worlds,)) for word in (seed, ticks)]
        return Draws(full[0], episodes, full[1], unit, values, tuple(_full(strengths, worlds)))

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
            (vector_size,) float32, or (worlds, vector_size) for `Draws`; `names()` tells the numbers.
        """
        parts = [axis.normalised(draw.values[name]) for name, axis in self.axes.items()]
        leading = (len(draw),) if isinstance(draw, Draws) else ()
        return np.concatenate([np.zeros((*leading, 0)), *parts], axis=-1).astype(np.float32)

    def names(self) -> tuple[str, ...]:
        """What each number of `vector` stands for."""
        return tuple(name for axis in self.axes.values() for name in axis.features)

    @property
    def vector_size(self) -> int:
        """Length of `vector`."""
        return len(self.names())

    def __iter__(self) -> Iterator[str]:
        return iter(self.axes)

    def __len__(self) -> int:
        return len(self.axes)

    def __str__(self) -> str:
        rows = [("axis", "expression", "nominal", "unit", "when")]
        rows += [
            (axis.name, str(axis.expression), _short(axis.nominal), axis.unit, str(axis.when))
            for axis in self.axes.values()
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    @cached_property
    def _coordinates(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names of the axes, and how many unit coordinates each one takes."""
        counts = (int(np.prod(axis.unit_shape, dtype=int)) for axis in self.axes.values())
        return tuple(self.axes), tuple(counts)


def _each(setting: Any, worlds: int, what: str) -> Sequence[Any]:
    """One setting for all worlds as a list of one; else one a world."""
    if setting is None or isinstance(setting, Mapping) or not np.iterable(setting):
        return [setting]
    if len(setting) != worlds:
        raise ValueError(f"{len(setting)} {what} for {worlds} worlds; give one for all, or one for each")
    return list(setting)


def _full(strengths: Sequence[Any], worlds: int) -> Sequence[Any]:
    return strengths * worlds if len(strengths) == 1 else strengths


def _column(value: float | np.ndarray, dimensions: int) -> float | np.ndarray:
    """(worlds,) -> (worlds, 1, ...), to broadcast against values of so many dimensions."""
    return value.reshape(-1, *(1,) * dimensions) if isinstance(value, np.ndarray) else value


def _pin(axis: Axis, u: np.ndarray, name: str, pins: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Fix the unit coordinates of the worlds that pin this axis."""
    if not any(name in pin for pin in pins):
        return u
    distribution, column = axis.expression.distribution, (-1, *(1,) * (u.ndim - 1))
    held = np.array([name in pin for pin in pins]).reshape(column)
    place = np.array([pin.get(name, 0.0) for pin in pins]).reshape(column)
    return np.where(held, distribution.pinned(u, place), u)


def _short(nominal: Any) -> str:
    if isinstance(nominal, str):
        return nominal
    return f"{nominal:.4g}" if not np.ndim(nominal) else "[" + " ".join(f"{x:.4g}" for x in np.ravel(nominal)) + "]"
