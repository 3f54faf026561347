"""What a person says to have the tasks of a batch done; the sentences are the tasks' own.

    instructions = Instructions(task, state, clock, props.objects)
    instructions.begin(rows)             # once things lie where they lie
    instructions.said()                  # (worlds,) str, of each episode one of many, addressed
"""

from collections.abc import Callable, Sequence

import numpy as np

from envs.clock import Clock
from envs.engine import State
from envs.objects import ObjectSpec
from envs.tasks.base import Task
from randomizers.streams import unit

LONGEST = 300
"""Characters of an instruction."""


class Instructions:
    """Instructions of the present episodes, put into words when somebody asks.

    Args:
        task: What is to be done; its `instruction` says it in one of several phrasings.
        state: Ground truth, written elsewhere.
        clock: Of the worlds.
        objects: Gives the objects of a world as they are built now.
    """

    def __init__(self, task: Task, state: State, clock: Clock, objects: Callable[[int], Sequence[ObjectSpec]]):
        worlds = len(clock.ticks)
        self._task, self._state, self._clock, self._objects = task, state, clock, objects
        self._poses = state.object_poses.copy()
        self._said, self._due = np.full(worlds, "", object), np.zeros(worlds, bool)

    def begin(self, rows: np.ndarray) -> None:
        """Begin episodes; what is said of left and right is true of their beginning."""
        self._poses[rows], self._due[rows] = self._state.object_poses[rows], True

    def said(self) -> np.ndarray:
        """Give the instruction of each world, (worlds,) str; "" where none has begun. Not to be written."""
        for row in np.flatnonzero(self._due).tolist():
            self._said[row] = self._say(row)
        self._due[:] = False
        return self._said

    def _say(self, row: int) -> str:
        clock, target = self._clock, int(self._state.target[row])
        luck = float(unit(int(clock.seeds[row]), int(clock.episodes[row]), 0, "instruction"))
        return self._task.instruction(target, luck, self._poses[row], self._objects(row))
