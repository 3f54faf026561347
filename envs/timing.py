"""Latency of actions and images: what was asked for, and what was seen, a little while ago.

    delay = ActionDelay(worlds=8, joints=7, period_s=0.05)
    delay.latency[:] = 0.07                          # [s]
    before, after, switch = delay.push(rows, commands)
    engine.advance(before[0], after[0], switch[0])   # `after` arrives at 40 % of the control period

Models the time from a policy's decision to the servos, and from the shutter to the policy. Both are memories
of past control steps, one row a world, that never run backwards when a latency grows within an episode.
"""

from dataclasses import dataclass

import numpy as np

from envs.arms.controller import Commands
from envs.columns import Column, number

LONGEST_S = 0.2
"""Longest latency that can be asked for [s]; 133 ms were measured on a hobby arm (pytorch/rl#4422)."""
ROUNDING = 1e-9
"""Fraction of a control period below which two instants are one."""


@dataclass
class _Memory:
    """Which control step of the past each world is at; arrays of the past have `depth` slots.

    Attributes:
        latency: (worlds,) [s].
        now: (worlds,) the present control step.
        arrived: (worlds,) the newest step that has taken effect; never falls within an episode.
    """

    period_s: float
    latency: np.ndarray
    now: np.ndarray
    arrived: np.ndarray
    depth: int

    @classmethod
    def empty(cls, worlds: int, period_s: float) -> "_Memory":
        depth = int(np.ceil(LONGEST_S / period_s - ROUNDING)) + 2
        now = np.full(worlds, -1)
        return cls(period_s, np.zeros(worlds), now, now.copy(), depth)

    def forget(self, rows: np.ndarray) -> None:
        self.now[rows] = self.arrived[rows] = -1

    def periods(self, rows: np.ndarray) -> np.ndarray:
        """Latency in control periods, (rows,)."""
        return self.latency[rows] / self.period_s


class ActionDelay:
    """Holds commands back until their latency has passed.

    A command given at time t takes effect at t + latency, also in the middle of a control period.

    Args:
        worlds: Number of rows.
        joints: Joints of a command.
        period_s: Control period [s].

    Attributes:
        latency: (worlds,) [s], in [0, LONGEST_S]; may change at any time.
    """

    def __init__(self, worlds: int, joints: int, period_s: float):
        self._memory = _Memory.empty(worlds, period_s)
        self.latency = self._memory.latency
        self._joints = np.zeros((worlds, self._memory.depth, joints))  # [rad]
        self._openings = np.zeros((worlds, self._memory.depth))  # [m]

    def reset(self, rows: np.ndarray, commands: Commands) -> None:
        """Let the rows obey the given commands (of all worlds) until a first one arrives."""
        self._memory.forget(rows)
        self._joints[rows] = commands.joints[rows, None]
        self._openings[rows] = commands.opening[rows, None]

    def push(self, rows: np.ndarray, commands: Commands) -> tuple[Commands, Commands, np.ndarray]:
        """Take the commands of all worlds for the control period that begins now, for the given rows.

        Returns:
            Command obeyed at first and afterwards by each of the rows, and the fraction of the period in
            [0, 1) after which the second takes over, (rows,).
        """
        memory = self._memory
        memory.now[rows] += 1
        now, slots = memory.now[rows], memory.now[rows] % memory.depth
        self._joints[rows, slots], self._openings[rows, slots] = commands.joints[rows], commands.opening[rows]
        periods = memory.periods(rows)
        whole = np.floor(periods + ROUNDING).astype(int)
        before = np.maximum(memory.arrived[rows], now - whole - 1)
        after = memory.arrived[rows] = np.maximum(before, now - whole)
        return self._past(rows, before), self._past(rows, after), np.maximum(periods - whole, 0.0)

    def _past(self, rows: np.ndarray, steps: np.ndarray) -> Commands:
        slots = steps % self._memory.depth
        return Commands(self._joints[rows, slots], self._openings[rows, slots])


class ImageDelay:
    """Remembers where everything was, so that a camera can show the past, rounded to whole control steps.

    Args:
        worlds: Number of rows.
        parts: Parts of the scene.
        period_s: Control period [s].

    Attributes:
        latency: (worlds,) [s], in [0, LONGEST_S]; may change at any time.
    """

    def __init__(self, worlds: int, parts: int, period_s: float):
        self._memory = _Memory.empty(worlds, period_s)
        self.latency = self._memory.latency
        self._past = np.zeros((worlds, self._memory.depth, parts, 3, 4), np.float32)
        self.reset(np.arange(worlds))

    def reset(self, rows: np.ndarray) -> None:
        """Begin episodes with all parts at the origin; `record` their first transforms next."""
        self._memory.forget(rows)
        self._past[rows] = np.eye(3, 4)

    def slot(self, row: int) -> np.ndarray:
        """Give the transforms (parts, 3, 4) of a row's next control step, to be filled before `record`."""
        return self._past[row, (self._memory.now[row] + 1) % self._memory.depth]

    def record(self, rows: np.ndarray) -> None:
        """Say that the slots of the rows were filled; picks what their cameras show from now on."""
        memory = self._memory
        memory.now[rows] += 1
        steps = np.floor(memory.periods(rows) + 0.5).astype(int)
        memory.arrived[rows] = np.maximum.reduce([memory.arrived[rows], memory.now[rows] - steps, 0 * rows])

    def shown(self) -> np.ndarray:
        """Give the transforms that the cameras of all worlds show, (worlds, parts, 3, 4) float32."""
        return self._past[np.arange(len(self._past)), self._memory.arrived % self._memory.depth]


def latency_column(latency: np.ndarray) -> Column:
    """The latencies of all worlds [s]; there is none in the nominal world."""
    return number(latency, 0.0, "s", (0.0, LONGEST_S))
