"""How the episodes of a batch go: time, reward, success, and who is done.

    outcome = Outcome(task, state, "dense")
    outcome.begin(rows)
    outcome.judge(moving, rows, diverged)    # after each control step
    outcome.success                          # (worlds,) bool
"""

import numpy as np

from envs.engine import State
from envs.tasks.base import DONE, HOLD_STEPS, PROGRESS_PER_M, Task, rewarding


class Outcome:
    """Judge of all worlds of a batch.

    Args:
        task: What is to be done.
        state: Ground truth, written elsewhere.
        reward: "dense", the task's shaped reward, "sparse", 1 where it is done, or "progress", the change of the
            task's potential and something for finishing. Only of the last is more had by finishing than by staying
            just short of it (Ng et al. 1999, theorem 1), so it is what reinforcement learning takes.

    Attributes:
        elapsed, reward, success, terminated, truncated: (worlds,) as of `envs.worlds.Worlds`.
    """

    def __init__(self, task: Task, state: State, reward: str):
        self._task, self._state, self._worth = task, state, rewarding(task, reward)
        worlds = len(state.goal)
        self._progress = np.zeros(worlds) if reward == "progress" else None
        self.elapsed, self._held, self.reward = np.zeros(worlds, int), np.zeros(worlds, int), np.zeros(worlds)
        self.success, self.terminated, self.truncated = (np.zeros(worlds, bool) for _ in range(3))

    def begin(self, rows: np.ndarray, diverged: np.ndarray) -> None:
        """Begin episodes in some worlds; those that blew up at once are over."""
        self.elapsed[rows] = self._held[rows] = self.reward[rows] = 0
        self.success[rows] = self.truncated[rows] = False
        self.terminated[rows] = diverged[rows]
        if self._progress is not None:
            self._progress[rows] = self._worth(self._state)[rows]

    def judge(self, moving: np.ndarray, rows: np.ndarray, diverged: np.ndarray) -> None:
        """Say who is done and what the step was worth.

        Args:
            moving: (worlds,) bool, those that made a step.
            rows: The same as indices.
            diverged: (worlds,) bool.
        """
        self.elapsed[rows] += 1
        there = self._task.success(self._state) & moving & ~diverged
        self._held[rows] = np.where(there[rows], self._held[rows] + 1, 0)
        self.success |= self._held >= HOLD_STEPS
        self.terminated[rows] = self.success[rows] | diverged[rows]
        self.truncated[rows] = ~self.terminated[rows] & (self.elapsed[rows] >= self._task.horizon)
        self.reward[:] = np.where(moving, self._worth(self._state), 0.0)
        if self._progress is not None:
            potential, before = self.reward.copy(), self._progress
            self.reward[:] = np.where(moving, PROGRESS_PER_M * (potential - before) + DONE * self.success, 0.0)
            self._progress = np.where(moving, potential, before)
