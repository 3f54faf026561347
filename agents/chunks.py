"""When a policy looks, and which action of which plan is carried out; numpy alone, many worlds at once.

    execution = Execution("ensemble")
    plans = executor(execution, chunk=8, worlds=4, action_size=4)
    plans.due()                    # (4,) bool: these rows need a new plan
    plans.accept(rows, plan)       # (4, 8, 4) of which `rows` count
    plans.next()                   # (4, 4) actions

"receding" carries out `execute` actions of a plan, then looks again. "ensemble" looks at every step and averages
what all plans so far say of now (ACT, arXiv 2304.13705, section IV-A). "asynchronous" goes on with the old plan while
the new one is computed, for `delay` steps, and blends the two where they overlap, as real-time chunking weighs
them (arXiv 2506.07339, equation 5; there inside the denoising, here on the actions, so that it serves every head).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from randomizers.errors import unknown

MODES = ("receding", "ensemble", "asynchronous")


@dataclass(frozen=True)
class Execution:
    """How chunks are carried out.

    Attributes:
        mode: "receding", "ensemble" or "asynchronous".
        execute: Actions from one look to the next; an ensemble looks at every step.
        delay: Control steps that the policy takes to answer, in "asynchronous".
        decay: Of an ensemble's weights exp(-decay * i), i = 0 for the oldest plan.
    """

    mode: str = "receding"
    execute: int = 1
    delay: int = 0
    decay: float = 0.01

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(unknown("execution", self.mode, MODES))
        if self.execute < 1:
            raise ValueError(f"execute must be at least 1, not {self.execute}")
        if self.delay and self.mode != "asynchronous":
            raise ValueError(f"delay={self.delay} is for asynchronous execution; {self.mode} waits for its plan")
        if self.mode == "ensemble" and self.execute != 1:
            raise ValueError(f"an ensemble looks at every step: execute must be 1, not {self.execute}")
        if not 0 <= self.delay <= self.execute:
            raise ValueError(
                f"delay must be in [0, execute={self.execute}], as plans come one at a time, not {self.delay}"
            )

    def check(self, chunk: int) -> None:
        """Refuse a chunk that is too short."""
        if self.execute > chunk:
            raise ValueError(f"execute must be in [1, {chunk}], the policy's chunk, not {self.execute}")
        if self.execute + self.delay > chunk:
            raise ValueError(
                f"execute={self.execute} and delay={self.delay} need a chunk of {self.execute + self.delay} actions; "
                f"the policy's has {chunk}"
            )


class Plans(Protocol):
    """Plans of a batch of worlds."""

    def reset(self, rows: np.ndarray | slice) -> None:
        """Forget the plans of some rows."""
        ...

    def due(self) -> np.ndarray:
        """Tell which rows need a new plan now, (worlds,) bool."""
        ...

    def accept(self, rows: np.ndarray, plan: np.ndarray) -> None:
        """Take (worlds, chunk, action_size) plans for the rows of a mask."""
        ...

    def next(self) -> np.ndarray:
        """Give the next actions, (worlds, action_size)."""
        ...


class Receding:
    """Carry out some actions of a plan, then look again.

    Args:
        execution: How many.
        shape: (worlds, chunk, action_size).
    """

    def __init__(self, execution: Execution, shape: tuple[int, int, int]):
        self.execute, self.rows = execution.execute, np.arange(shape[0])
        self.plan = np.zeros(shape, np.float32)
        self.age = np.full(shape[0], self.execute)  # steps since the plan was made

    def reset(self, rows: np.ndarray | slice) -> None:
        self.age[rows] = self.execute

    def due(self) -> np.ndarray:
        return self.age >= self.execute

    def accept(self, rows: np.ndarray, plan: np.ndarray) -> None:
        self.plan[rows], self.age[rows] = plan[rows], 0

    def next(self) -> np.ndarray:
        action = self.plan[self.rows, self.age]
        self.age += 1
        return action


class Ensemble:
    """Average what the last plans say of the present step.

    Args:
        execution: Gives the weights' decay.
        shape: (worlds, chunk, action_size).
    """

    def __init__(self, execution: Execution, shape: tuple[int, int, int]):
        worlds, chunk, size = shape
        self.decay, self.rows = execution.decay, np.arange(chunk)
        self.plans = np.zeros((worlds, chunk, chunk, size), np.float32)  # [:, i] is the plan made i steps ago
        self.count = np.zeros(worlds, int)

    def reset(self, rows: np.ndarray | slice) -> None:
        self.count[rows] = 0

    def due(self) -> np.ndarray:
        return np.ones(len(self.count), bool)

    def accept(self, rows: np.ndarray, plan: np.ndarray) -> None:
        self.plans[rows, 1:] = self.plans[rows, :-1]
        self.plans[rows, 0] = plan[rows]
        self.count[rows] = np.minimum(self.count[rows] + 1, len(self.rows))

    def next(self) -> np.ndarray:
        said = self.plans[:, self.rows, self.rows]  # (worlds, chunk, size): what each plan says of now
        from_oldest = self.count[:, None] - 1 - self.rows
        weights = np.where(from_oldest >= 0, np.exp(-self.decay * np.maximum(from_oldest, 0)), 0.0)
        weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
        return np.einsum("wc,wca->wa", weights, said)


class Asynchronous:
    """Go on with the old plan while a new one is computed; then join them.

    The first plan of an episode is waited for: the arm has nothing to do yet.

    Args:
        execution: Steps between looks, and the delay.
        shape: (worlds, chunk, action_size).
    """

    def __init__(self, execution: Execution, shape: tuple[int, int, int]):
        self.execute, self.delay, self.rows = execution.execute, execution.delay, np.arange(shape[0])
        self.plan, self.coming = np.zeros((2, *shape), np.float32)
        self.age = np.zeros(shape[0], int)  # steps since what `plan` was made of was seen
        self.lag = np.full(shape[0], -1)  # the same for `coming`; -1 while none is computed
        self.since = np.full(shape[0], -1)  # steps since the last look; -1 before the first

    def reset(self, rows: np.ndarray | slice) -> None:
        self.since[rows] = self.lag[rows] = -1

    def due(self) -> np.ndarray:
        return (self.since < 0) | (self.since >= self.execute)

    def accept(self, rows: np.ndarray, plan: np.ndarray) -> None:
        self._join()
        first = rows & (self.since < 0)
        self.plan[first], self.age[first] = plan[first], 0
        later = rows & ~first
        self.coming[later], self.lag[later] = plan[later], 0
        self.since[rows] = 0

    def next(self) -> np.ndarray:
        self._join()
        action = self.plan[self.rows, self.age]
        self.age += 1
        self.since += 1
        self.lag += self.lag >= 0
        return action

    def _join(self) -> None:
        """Let plans that are ready take over, gently where the old ones go on."""
        for row in np.flatnonzero(self.lag == self.delay):
            left = self.plan[row, self.age[row] :]
            overlap = slice(self.delay, self.delay + len(left))
            fresh = self.coming[row, overlap]
            keep = overlap_weights(len(left))[: len(fresh), None]
            joined = keep * left[: len(fresh)] + (1.0 - keep) * fresh
            self.plan[row] = self.coming[row]
            self.plan[row, overlap] = joined
            self.age[row], self.lag[row] = self.delay, -1


def overlap_weights(count: int) -> np.ndarray:
    """Give the old plan's share of each of `count` actions that both plans hold, falling towards 0.

    With c = (count - i) / (count + 1) it is c (exp(c) - 1) / (e - 1): equation 5 of arXiv 2506.07339.
    """
    c = (count - np.arange(count)) / (count + 1.0)
    return (c * np.expm1(c) / np.expm1(1.0)).astype(np.float32)


def executor(execution: Execution, *, worlds: int, chunk: int, action_size: int) -> Plans:
    """Build what keeps the plans of a batch of worlds."""
    execution.check(chunk)
    shape = (worlds, chunk, action_size)
    if execution.mode == "ensemble":
        return Ensemble(execution, shape)
    return (Asynchronous if execution.mode == "asynchronous" else Receding)(execution, shape)
