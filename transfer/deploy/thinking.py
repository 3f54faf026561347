"""A policy that thinks in a thread of its own while the arm goes on with its old plan.

    actor = Thinker(bundle.policy, Execution("asynchronous", execute=4, delay=2))
    action = actor.act(observation)[0]      # returns at once; the answer is waited for two steps later

The actions are those of `agents.acting.Actor`, whatever the thread's luck: an answer is used when it is due, and no
sooner. A policy with a memory has to see every step, so it is waited for, and so is every answer without a delay.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from agents.acting import MEMORY, Actor
from agents.chunks import Asynchronous, Execution


class Thinker(Actor):
    """Drives one arm.

    Args:
        policy: ONNX bytes or a file.
        execution: How chunks are carried out; only "asynchronous" with a delay is computed apart.
    """

    def __init__(self, policy: bytes | str | Path, execution: Execution):
        super().__init__(policy, 1, execution=execution)
        self._thread = ThreadPoolExecutor(1)
        self._asked: Future[Any] | None = None

    def reset(self, rows: np.ndarray | None = None) -> None:
        """Forget plans and past, and the question that is still open."""
        if self._asked is not None:
            self._asked.exception()
            self._asked = None
        super().reset(rows)

    def act(self, observation: Mapping) -> np.ndarray:
        """Choose the next action, (1, action_size) in the model's unit."""
        plans = self.plans
        if not isinstance(plans, Asynchronous) or not plans.delay or MEMORY in self.shapes:
            return super().act(observation)
        due, feed = plans.due(), self._feed(observation)
        if self._asked is not None and plans.lag[0] >= plans.delay:
            plans.coming[:] = self._asked.result()[0]
            self._asked = None
        if due[0] and plans.since[0] < 0:  # the first of an episode: the arm has nothing to do yet
            plans.accept(due, self._run(feed)[0])
        elif due[0]:
            self._asked = self._thread.submit(self._run, {name: value.copy() for name, value in feed.items()})
            plans.accept(due, plans.plan)  # stands in for the answer, which is put in its place when it is due
        self._remember(feed)
        self.steps += 1
        return plans.next()
