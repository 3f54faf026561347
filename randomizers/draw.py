"""What was drawn: plain records that can be logged, replayed, compared and sent anywhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from randomizers.world import Value


@dataclass(frozen=True, eq=False)
class Draw:
    """One world, as drawn.

    Attributes:
        seed: With episode and tick, the address of every number below.
        episode: Index of the episode.
        tick: Counts redraws within the episode.
        unit: Unit coordinates in [0, 1] by axis, comparable across units.
        values: What is written to the world, by axis.
        strength: At which it was drawn: a number, or (down, up) by axis or family.
    """

    seed: int
    episode: int
    tick: int
    unit: dict[str, np.ndarray]
    values: dict[str, Value]
    strength: float | dict[str, tuple[float, float]] = 1.0

    def __or__(self, later: "Draw") -> "Draw":
        """Join two draws of one episode, such as those of startup and reset; the later one's values win."""
        return Draw(
            self.seed, later.episode, later.tick, self.unit | later.unit, self.values | later.values, later.strength
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; numbers keep every bit."""
        strength = self.strength
        return {
            "seed": self.seed,
            "episode": self.episode,
            "tick": self.tick,
            "strength": {k: list(v) for k, v in strength.items()} if isinstance(strength, Mapping) else strength,
            "unit": {name: u.tolist() for name, u in self.unit.items()},
            "values": {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in self.values.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Draw":
        """Read what `to_dict` wrote."""
        strength = data["strength"]
        return cls(
            int(data["seed"]),
            int(data["episode"]),
            int(data["tick"]),
            {name: np.asarray(u, float) for name, u in data["unit"].items()},
            {name: np.asarray(v, float) if np.ndim(v) else v for name, v in data["values"].items()},
            {k: (v[0], v[1]) for k, v in strength.items()} if isinstance(strength, Mapping) else float(strength),
        )


@dataclass(frozen=True, eq=False)
class Draws:
    """Many worlds, as drawn: the same record with one row a world.

    Attributes:
        seed: (worlds,).
        episode: (worlds,).
        tick: (worlds,).
        unit: (worlds, ...) by axis.
        values: (worlds, *shape of nominal) by axis.
        strength: One for each world.
    """

    seed: np.ndarray
    episode: np.ndarray
    tick: np.ndarray
    unit: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    strength: tuple[Any, ...]

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
