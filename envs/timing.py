"""Latency of actions and images: what was asked for, and what was seen, a little while ago.

    delay = ActionDelay(clock, joints=7)
    delay.schedule.settings[:, 0] = 0.07             # [s]
    before, after, switch = delay.push(rows, commands)
    engine.advance(before[0], after[0], switch[0])   # `after` arrives at 40 % of the control period

Models the time from a policy's decision to the servos, and from the shutter to the policy. Both are memories
of past control steps, one row a world, that never run backwards when a latency grows within an episode.
"""

from collections.abc import Mapping

import numpy as np

from envs.arms.controller import Commands
from envs.clock import Clock
from envs.columns import Column
from envs.schedule import LONGEST_S, ROUNDING, Schedule, depth_of


class ActionDelay:
    """Holds commands back until their latency has passed.

    A command given at time t takes effect at t + latency, also in the middle of a control period. One that is lost
    never does: the one before stays.

    Args:
        clock: Of the worlds.
        joints: Joints of a command.

    Attributes:
        schedule: When commands arrive; its settings may change at any time.
    """

    def __init__(self, clock: Clock, joints: int):
        worlds = len(clock.ticks)
        self.schedule = Schedule("action", clock)
        self._depth = depth_of(clock.period_s, LONGEST_S)
        self._now, self._arrived = np.full((2, worlds), -1)
        self._joints = np.zeros((worlds, self._depth, joints))  # [rad]
        self._openings = np.zeros((worlds, self._depth))  # [m]

    @property
    def columns(self) -> Mapping[str, Column]:
        """Name what delays and loses commands."""
        return self.schedule.columns("latency", "jitter", "dropout")

    def reset(self, rows: np.ndarray, commands: Commands) -> None:
        """Let the rows obey the given commands (of all worlds) until a first one arrives."""
        self._now[rows] = self._arrived[rows] = -1
        self._joints[rows] = commands.joints[rows, None]
        self._openings[rows] = commands.opening[rows, None]

    def push(self, rows: np.ndarray, commands: Commands) -> tuple[Commands, Commands, np.ndarray]:
        """Take the commands of all worlds for the control period that begins now, for the given rows.

        Returns:
            Command obeyed at first and afterwards by each of the rows, and the fraction of the period in
            [0, 1) after which the second takes over, (rows,).
        """
        self._now[rows] += 1
        now, slots = self._now[rows], self._now[rows] % self._depth
        self._joints[rows, slots], self._openings[rows, slots] = commands.joints[rows], commands.opening[rows]
        periods, lost = self.schedule.lateness(rows)
        if lost.any():
            self._repeat(rows[lost], now[lost])
        whole = np.floor(periods + ROUNDING).astype(int)
        before = np.maximum(self._arrived[rows], now - whole - 1)
        after = self._arrived[rows] = np.maximum(before, now - whole)
        return self._past(rows, before), self._past(rows, after), np.maximum(periods - whole, 0.0)

    def _repeat(self, rows: np.ndarray, now: np.ndarray) -> None:
        """Put the commands of the step before in the place of those that are lost."""
        slots, last = now % self._depth, (now - 1) % self._depth
        self._joints[rows, slots], self._openings[rows, slots] = self._joints[rows, last], self._openings[rows, last]

    def _past(self, rows: np.ndarray, steps: np.ndarray) -> Commands:
        slots = steps % self._depth
        return Commands(self._joints[rows, slots], self._openings[rows, slots])


class ImageDelay:
    """Remembers where everything was, so that a camera can show the past, rounded to whole control steps.

    Args:
        clock: Of the worlds.
        parts: Parts of the scene.

    Attributes:
        schedule: When images arrive; its settings may change at any time.
        shot: (worlds,) control step at which what the cameras show was recorded.
    """

    def __init__(self, clock: Clock, parts: int):
        worlds = len(clock.ticks)
        self.schedule, self._depth = Schedule("images", clock), depth_of(clock.period_s)
        self._next, self.shot = np.zeros((2, worlds), int)
        self._past = np.zeros((worlds, self._depth, parts, 3, 4), np.float32)
        self._shown = self._past[:, 0].copy()  # outlasts the memory: a lost frame may stay for long
        self.reset(np.arange(worlds))

    @property
    def columns(self) -> Mapping[str, Column]:
        """Name what delays, loses and slows images."""
        return self.schedule.columns("latency", "jitter", "dropout", "refresh")

    def reset(self, rows: np.ndarray) -> None:
        """Begin episodes with all parts at the origin; `record` their first transforms next."""
        self.schedule.forget(rows)
        self._next[rows] = self.shot[rows] = 0
        self._past[rows] = self._shown[rows] = np.eye(3, 4)

    def slot(self, row: int) -> np.ndarray:
        """Give the transforms (parts, 3, 4) of a row's next control step, to be filled before `record`."""
        return self._past[row, self._next[row] % self._depth]

    def record(self, rows: np.ndarray) -> None:
        """Say that the slots of the rows were filled; picks what their cameras show from now on."""
        self._next[rows] += 1
        self.schedule.advance(rows)
        shot = np.ceil(self.schedule.seen[rows] - 0.5 - ROUNDING).astype(int)
        fresh = (shot > self.shot[rows]) | (self._next[rows] == 1)
        some, shot = rows[fresh], shot[fresh]
        self.shot[some], self._shown[some] = shot, self._past[some, shot % self._depth]

    def then(self, rows: np.ndarray, parts: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Give where places that move with a part were at the moment that the cameras show.

        Args:
            rows: (n,) worlds.
            parts: (n,) the part of each.
            places: (n, 3) where the places are now [m].
        """
        now, then = self._past[rows, (self._next[rows] - 1) % self._depth, parts], self._shown[rows, parts]
        fixed = np.linalg.solve(now[..., :3].astype(float), (places - now[..., 3])[..., None])
        return (then[..., :3] @ fixed)[..., 0] + then[..., 3]

    def shown(self) -> np.ndarray:
        """Give the transforms that the cameras of all worlds show, a copy (worlds, parts, 3, 4) float32."""
        return self._shown.copy()
