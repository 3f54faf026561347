"""Which moment of the past is known now: latency, jitter, lost readings and slow sensors, for any receiver.

    schedule = Schedule("images", clock)
    schedule.columns["latency.images"]           # and jitter, dropout, refresh
    schedule.advance(rows)                       # once per control step
    schedule.seen[rows]                          # [control periods since the reset], never falls

A sensor takes a reading at every instant, or every `refresh` seconds from an addressed phase on. A reading arrives
`latency` plus an evenly drawn share of `jitter` later, or never, with probability `dropout`: then the last one stays.
"""

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from envs.clock import SHORTEST, Clock
from envs.columns import Column, number
from envs.dice import name, uniform

LONGEST_S = 0.2
"""Longest latency that can be asked for, jitter included [s]; 133 ms were measured on a hobby arm (pytorch/rl#4422)."""
SLOWEST_S = 0.2
"""Longest time between two readings [s]: 5 Hz."""
ROUNDING = 1e-9
"""Fraction of a control period below which two instants are one."""
TIMING = ("latency", "jitter", "dropout", "refresh")
"""The settings of a schedule in the order of its array [s, s, 1, s]."""
_LIMITS = (LONGEST_S, LONGEST_S, 1.0, SLOWEST_S)


def depth_of(period_s: float, longest_s: float = LONGEST_S + SLOWEST_S) -> int:
    """Count the control steps that have to be remembered."""
    return int(np.ceil(longest_s / (period_s * SHORTEST) - ROUNDING)) + 2


def timing_column(settings: np.ndarray, what: str, at: tuple[int, ...] = ()) -> Column:
    """Give the column of one of TIMING in settings (worlds, ..., 4); in the nominal world all are 0."""
    index = TIMING.index(what)
    return number(settings, 0.0, "1" if what == "dropout" else "s", (0.0, _LIMITS[index]), (*at, index))


@numba.njit(cache=True)
def newest(settings, period_s, seed, episode, tick, what, seen):
    """Give the newest moment that is known [control periods], which is `seen` where nothing arrived.

    Args:
        settings: (4,) as in TIMING.
        period_s: The control period [s].
        seed, episode, tick, what: Address of the luck, uint64.
        seen: The newest moment known a step before; -1 at a reset.
    """
    moment = float(tick)
    if settings[2] > 0.0 and tick > 0 and uniform(seed, episode, tick, what, np.uint64(1)) < settings[2]:
        return seen
    late = settings[0]
    if settings[1] > 0.0:
        late += settings[1] * uniform(seed, episode, tick, what, np.uint64(0))
    if late > 0.0:
        moment -= min(late, LONGEST_S) / period_s
    if settings[3] > 0.0:
        every = settings[3] / period_s
        phase = every * uniform(seed, episode, np.uint64(0), what, np.uint64(2))
        moment = np.floor((moment + phase) / every + ROUNDING) * every - phase
    moment = max(moment, 0.0)
    return moment if moment > seen + ROUNDING else seen


@numba.njit(cache=True)
def _advance(rows, settings, luck, seen):
    period_s, stretch, seeds, episodes, ticks, what = luck
    for row in rows:
        episode, tick = np.uint64(episodes[row]), np.uint64(ticks[row])
        period = period_s * stretch[row]
        seen[row] = newest(settings[row], period, seeds[row], episode, tick, what, seen[row])


@numba.njit(cache=True)
def _lateness(rows, settings, luck, late, lost):
    period_s, stretch, seeds, episodes, ticks, what = luck
    for i, row in enumerate(rows):
        episode, tick, own = np.uint64(episodes[row]), np.uint64(ticks[row]), settings[row]
        late[i] = own[0]
        if own[1] > 0.0:
            late[i] += own[1] * uniform(seeds[row], episode, tick, what, np.uint64(0))
        late[i] = min(late[i], LONGEST_S) / (period_s * stretch[row])
        lost[i] = own[2] > 0.0 and uniform(seeds[row], episode, tick, what, np.uint64(1)) < own[2]


class Schedule:
    """When readings of one kind arrive, in all worlds.

    Args:
        kind: Its name in knobs, such as "images".
        clock: Of the worlds.

    Attributes:
        settings: (worlds, 4) as in TIMING; may change at any time.
        seen: (worlds,) newest moment known [control periods since the reset]; -1 before the first.
    """

    def __init__(self, kind: str, clock: Clock):
        self._kind, self._clock, self._what = kind, clock, name(f"timing.{kind}")
        self.settings, self.seen = np.zeros((len(clock.ticks), 4)), np.full(len(clock.ticks), -1.0)

    def columns(self, *kinds: str) -> Mapping[str, Column]:
        """Name some of TIMING."""
        return {f"{what}.{self._kind}": timing_column(self.settings, what) for what in kinds}

    def forget(self, rows: np.ndarray) -> None:
        """Begin episodes."""
        self.seen[rows] = -1.0

    def advance(self, rows: np.ndarray) -> None:
        """Let the readings of this control step arrive, or not."""
        _advance(rows, self.settings, self._luck(), self.seen)

    def lateness(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Say of what is sent now how late it arrives [control periods], and whether it is lost, both (rows,)."""
        late, lost = np.empty(len(rows)), np.empty(len(rows), bool)
        _lateness(rows, self.settings, self._luck(), late, lost)
        return late, lost

    def _luck(self) -> tuple[Any, ...]:
        clock = self._clock
        return clock.period_s, clock.stretch, clock.seeds, clock.episodes, clock.ticks, self._what
