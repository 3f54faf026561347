"""What was drawn: plain records that can be logged, replayed, compared and sent anywhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from randomizers.groups import Group
from randomizers.world import Value


@dataclass(frozen=True, eq=False)
class Draw:
    """One world, as drawn.

    Attributes:
        seed: With episode and tick, the address of every number below.
        episode: Index of the episode.
        tick: Counts redraws within the episode.
        unit: Unit coordinates in [0, 1] by axis, comparable across units.
        values: What is written to the world, by axis: a number, an array or a word.
        strength: At which it was drawn: a number, or (down, up) by axis or family.
    """

    seed: int
    episode: int
    tick: int
    unit: dict[str, np.ndarray]
    values: dict[str, Value]
    strength: float | dict[str, tuple[float, float]] = 1.0

    def __or__(self, later: "Draw") -> "Draw":
        """Join two draws of one world, such as those of startup and reset; the later one's values win."""
        unit, values = self.unit | later.unit, self.values | later.values
        return Draw(later.seed, later.episode, later.tick, unit, values, later.strength)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; numbers keep every bit."""
        strength: Any = self.strength
        if isinstance(strength, Mapping):
            strength = {name: list(ends) for name, ends in strength.items()}
        return {
            "seed": self.seed,
            "episode": self.episode,
            "tick": self.tick,
            "strength": strength,
            "unit": {name: u.tolist() for name, u in self.unit.items()},
            "values": {name: _plain(value) for name, value in self.values.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Draw":
        """Read what `to_dict` wrote."""
        strength = data["strength"]
        if isinstance(strength, Mapping):
            strength = {name: (down, up) for name, (down, up) in strength.items()}
        unit = {name: np.asarray(u, float) for name, u in data["unit"].items()}
        values = {name: np.asarray(v, float) if np.ndim(v) else v for name, v in data["values"].items()}
        return cls(data["seed"], data["episode"], data["tick"], unit, values, strength)


@dataclass(frozen=True, eq=False)
class Draws:
    """Many worlds, as drawn: the same record with one row a world.

    Attributes:
        seed: (worlds,).
        episode: (worlds,).
        tick: (worlds,).
        groups: The axes, in the groups in which they were drawn.
        units: (worlds, axes, *unit_shape) by group.
        blocks: (worlds, axes, *shape), the values by group.
        strength: One for each world.
    """

    seed: np.ndarray
    episode: np.ndarray
    tick: np.ndarray
    groups: Sequence[Group]
    units: Sequence[np.ndarray]
    blocks: Sequence[np.ndarray]
    strength: tuple[Any, ...]

    @cached_property
    def unit(self) -> dict[str, np.ndarray]:
        """Unit coordinates (worlds, *unit_shape) by axis."""
        return by_axis(self.groups, self.units)

    @cached_property
    def values(self) -> dict[str, np.ndarray]:
        """Values (worlds, *shape) by axis."""
        return by_axis(self.groups, self.blocks)

    def __len__(self) -> int:
        return len(self.episode)

    def __getitem__(self, row: int) -> Draw:
        return Draw(
            int(self.seed[row]),
            int(self.episode[row]),
            int(self.tick[row]),
            {name: u[row] for name, u in self.unit.items()},
            {name: v[row] if v.ndim > 1 else v[row].item() for name, v in self.values.items()},
            self.strength[row],
        )

    def __iter__(self) -> Iterator[Draw]:
        return (self[row] for row in range(len(self)))


def by_axis(groups: Sequence[Group], arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Take arrays (worlds, axes, ...) by group apart into (worlds, ...) by axis, in the order of names."""
    found = {
        axis.name: array[:, place]
        for group, array in zip(groups, arrays)
        for place, axis in enumerate(group.axes)
    }
    return dict(sorted(found.items()))


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
