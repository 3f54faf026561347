"""How long PyBullet itself simulates: the floor under every control step.

with metered() as seconds:
    worlds.step(actions)
seconds()                       # spent inside `stepSimulation`
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pybullet as pb


@contextmanager
def metered() -> Iterator[Callable[[], float]]:
    """Count this thread's time inside `stepSimulation` [s], without that of reading the clock."""
    bare, clock, spent = pb.stepSimulation, time.thread_time, [0.0, 0.0]

    def step(client: int) -> None:
        began = clock()
        bare(client)
        spent[0] += clock() - began
        spent[1] += 1.0

    pb.stepSimulation = step
    try:
        yield lambda: spent[0] - spent[1] * reading()
    finally:
        pb.stepSimulation = bare


def reading(tries: int = 2000) -> float:
    """Time between two readings of the clock with nothing in between [s]."""
    clock = time.thread_time
    return float(np.median([-clock() + clock() for _ in range(tries)]))
