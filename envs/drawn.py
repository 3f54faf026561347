"""What was drawn for a batch of worlds, kept as arrays and made into records when somebody asks.

    part.keep(rows, draws)              # remember what the axes of one moment are now
    drawn = Drawn(parts, worlds=8)
    drawn[3].values["mass.cube"]        # a `Draw`: what world 3 is now
    drawn.values["mass.cube"]           # (8,)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from envs.columns import Rows
from randomizers import Domain, Draw, Draws, Every
from randomizers.draw import by_axis
from randomizers.when import When


@dataclass(frozen=True)
class Part:
    """The axes of one moment, and what was drawn for them last.

    Attributes:
        when: The moment.
        domain: What is drawn then.
        columns: Where its numbers stand in the vector of the whole domain.
        units: (worlds, axes, *unit_shape) by group.
        blocks: (worlds, axes, *shape), the values by group; nominal at first.
    """

    when: When
    domain: Domain
    columns: np.ndarray
    units: list[np.ndarray]
    blocks: list[np.ndarray]

    @classmethod
    def of(cls, whole: Domain, when: When, worlds: int) -> "Part":
        """Cut out what is drawn at one moment."""
        part, names = whole.at(when), {name: place for place, name in enumerate(whole.names())}
        nominal = part.draw_many(0, [0], strength=0.0)
        columns = np.array([names[name] for name in part.names()], int)
        units = [np.repeat(each, worlds, axis=0) for each in nominal.units]
        blocks = [np.repeat(each, worlds, axis=0) for each in nominal.blocks]
        return cls(when, part, columns, units, blocks)

    def keep(self, rows: Rows, draws: Draws) -> None:
        """Remember what was drawn for some worlds."""
        for mine, drawn in zip((*self.units, *self.blocks), (*draws.units, *draws.blocks)):
            mine[rows] = drawn


@dataclass(frozen=True)
class Timer:
    """When the axes of one `Every` are due.

    Attributes:
        every: The interval.
        part: Its axes.
        due: (worlds,) time of the next draw since the reset [s].
    """

    every: Every
    part: Part
    due: np.ndarray


class Drawn(Sequence[Draw]):
    """The present draw of each world.

    Attributes:
        values: The present values (worlds, *shape) by axis; not to be written.
    """

    def __init__(self, parts: Sequence[Part], worlds: int):
        self._parts = parts
        self._last = [(0, 0, 0, 0.0)] * worlds  # seed, episode, tick and strength of the latest draw
        self._known: list[Draw | None] = [None] * worlds
        self.values: dict[str, np.ndarray] = {}
        for part in parts:
            self.values |= by_axis(part.domain.groups, part.blocks)

    def sign(self, rows: np.ndarray, draws: Draws) -> None:
        """Say that some worlds were drawn again, and with which address and strength."""
        for row, *last in zip(rows, draws.seed.tolist(), draws.episode.tolist(), draws.tick.tolist(), draws.strength):
            self._last[row], self._known[row] = tuple(last), None

    def __len__(self) -> int:
        return len(self._last)

    def __getitem__(self, row: Any) -> Any:
        known = self._known[row]
        if known is None:
            known = self._known[row] = self._record(row)
        return known

    def _record(self, row: int) -> Draw:
        unit: dict[str, np.ndarray] = {}
        values: dict[str, Any] = {}
        for part in self._parts:
            for group, units, block in zip(part.domain.groups, part.units, part.blocks):
                u, v = units[row].copy(), block[row].copy()
                u.flags.writeable = v.flags.writeable = False
                unit |= {axis.name: u[place] for place, axis in enumerate(group.axes)}
                plain = v if v.ndim > 1 else v.tolist()
                values |= {axis.name: plain[place] for place, axis in enumerate(group.axes)}
        seed, episode, tick, strength = self._last[row]
        return Draw(seed, episode, tick, dict(sorted(unit.items())), dict(sorted(values.items())), strength)
