"""Where each world of a batch is in its episode, and how long its control periods really are.

    clock = Clock.of(worlds=8, period_s=0.05)
    clock.ticks[3]                              # control steps since the episode of world 3 began
    pace = Pace(clock, engines)
    pace.columns["control.period"]              # 1.02: the controller's 20 Hz are 19.6 Hz
    pace.advance(rows, engines)                 # before each control step

Models the crystal and the scheduler of a real controller: neither keeps the rate that a policy was trained at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from envs.columns import Column, number
from envs.dice import name, uniform

SHORTEST, LONGEST = 0.8, 1.25
"""Limits of the control period, as shares of the nominal one."""
JITTER = name("control.jitter")


@dataclass(frozen=True)
class Clock:
    """Addresses and time of all worlds.

    Attributes:
        period_s: Nominal control period [s].
        seeds: (worlds,) uint64, as randomization is drawn with.
        episodes: (worlds,) of the present episodes.
        ticks: (worlds,) control steps since they began.
        stretch: (worlds,) the real control period over the nominal one.
    """

    period_s: float
    seeds: np.ndarray
    episodes: np.ndarray
    ticks: np.ndarray
    stretch: np.ndarray

    @classmethod
    def of(cls, worlds: int, period_s: float) -> "Clock":
        """Start at episode 0 of seed 0 everywhere."""
        episodes, ticks = np.zeros((2, worlds), np.int64)
        return cls(period_s, np.zeros(worlds, np.uint64), episodes, ticks, np.ones(worlds))

    def begin(self, rows: np.ndarray, seeds: np.ndarray, episodes: np.ndarray) -> None:
        """Begin episodes in some worlds."""
        self.seeds[rows], self.episodes[rows], self.ticks[rows] = seeds, episodes, 0


class Pace:
    """Error of the control period of all worlds, realised in whole physics steps that are right on average.

    Args:
        clock: Its `stretch` is written by the knob "control.period".
        engines: One for each world; those without `substeps` keep their rate, and have no such knob.
    """

    def __init__(self, clock: Clock, engines: Sequence[Any]):
        self._clock, self._jitter, self._owed = clock, *np.zeros((2, len(engines)))
        self._substeps = getattr(engines[0], "substeps", 0)
        self._uneven = False

    @property
    def columns(self) -> Mapping[str, Column]:
        """Name what changes the control period, in shares of it."""
        if not self._substeps:
            return {}
        return {
            "control.period": number(self._clock.stretch, 1.0, "1", (SHORTEST, LONGEST)),
            "control.jitter": number(self._jitter, 0.0, "1", (0.0, 0.5)),
        }

    def begin(self, rows: np.ndarray, engines: Sequence[Any]) -> None:
        """Forget what the rows owe: whatever is simulated before their first step takes nominal periods."""
        self._owed[rows] = 0.0
        for row in rows if self._uneven else ():
            engines[row].substeps = self._substeps

    def advance(self, rows: np.ndarray, engines: Sequence[Any]) -> None:
        """Tell the engines of some worlds how many physics steps the coming control period has."""
        varied = bool((self._clock.stretch != 1.0).any() or self._jitter.any())
        if varied or self._uneven:
            clock = self._clock
            steps = _steps(
                rows, self._substeps, clock.stretch, self._jitter, clock.seeds, clock.episodes, clock.ticks, self._owed
            )
            for row, count in zip(rows.tolist(), steps.tolist()):
                engines[row].substeps = count
        self._uneven = varied


@numba.njit(cache=True)
def _steps(rows, substeps, stretch, jitter, seeds, episodes, ticks, owed):
    """Round the periods of some worlds to whole physics steps; what is left over is `owed` to the next."""
    steps = np.empty(rows.size, np.int64)
    for i, row in enumerate(rows):
        exact = substeps * stretch[row]
        if jitter[row] > 0.0:
            u = uniform(seeds[row], np.uint64(episodes[row]), np.uint64(ticks[row]), JITTER, np.uint64(0))
            exact *= 1.0 + jitter[row] * (2.0 * u - 1.0)
        owed[row] += exact
        steps[i] = max(np.floor(owed[row] + 0.5), 1.0)
        owed[row] -= steps[i]
    return steps
