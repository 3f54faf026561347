"""One book for all runners of a run: who begins for the which time, what went wrong, what was simulated.

RLlib loses all three: a restarted runner replays its seeds, an error stays in a file of the worker, and samples that
come late are dropped in silence. The ledger is a Ray actor; nobody waits for it but a runner that begins.
"""

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import ray
from gymnasium.vector import VectorWrapper

REPORT_EVERY = 16  # vector steps between two reports of what was simulated
MOST_FAULTS = 20  # that are kept


class Ledger:
    """Counts and keeps; every method is a short call.

    Args:
        incarnations: Of an earlier process that this run goes on from: runners so far, by number.
    """

    def __init__(self, incarnations: dict[int, int] | None = None):
        self.incarnations = Counter({int(number): count for number, count in (incarnations or {}).items()})
        self.steps: Counter[tuple[int, int]] = Counter()
        self.faults: list[str] = []

    def begin(self, number: int) -> int:
        """Give a runner's incarnation: 0, 1, ..."""
        self.incarnations[number] += 1
        return self.incarnations[number] - 1

    def simulated(self, number: int, incarnation: int, steps: int) -> None:
        """Note control steps that a runner has simulated so far."""
        self.steps[number, incarnation] = steps

    def failed(self, number: int, incarnation: int, trace: str) -> None:
        """Note an error with its traceback."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(f"runner {number}, incarnation {incarnation}:\n{trace}")

    def told(self) -> dict[str, Any]:
        """Tell everything."""
        return {"incarnations": dict(self.incarnations), "steps": sum(self.steps.values()), "faults": self.faults}


def seed_of(run_seed: int, number: int, incarnation: int) -> int:
    """Give the seed of a runner's episodes: no two runners, and no two lives of one, share an episode."""
    high, low = np.random.SeedSequence([run_seed, number, incarnation]).generate_state(2)
    return (int(high) << 30 ^ int(low)) % 2**62


class Accounted(VectorWrapper):
    """Worlds of a runner, with independent episodes, that report to the ledger.

    RLlib resets runner k with the seed `seed + k` and tells it nothing else, so that is where k comes from.

    Args:
        env: The worlds.
        seed: Of the run, as given to RLlib's `debugging`.
        ledger: Name of the actor; None outside Ray.
    """

    def __init__(self, env: Any, seed: int, ledger: str | None):
        super().__init__(env)
        self._seed, self._number, self._life, self._steps = seed, 0, 0, 0
        self._ledger: Any = ray.get_actor(ledger) if ledger else None

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> Any:
        """Begin; a seed is translated into one of this runner's own."""
        with self._watched():
            if seed is None:
                return self.env.reset(options=options)
            self._number = int(seed) - self._seed
            self._life = ray.get(self._ledger.begin.remote(self._number)) if self._ledger else 0
            return self.env.reset(seed=seed_of(self._seed, self._number, self._life), options=options)

    def step(self, actions: Any) -> Any:
        """Simulate; begun episodes cost a step in which nothing moves, which is not counted."""
        with self._watched():
            waiting = int(np.sum(self.env.unwrapped._over))
            told = self.env.step(actions)
        before, self._steps = self._steps, self._steps + self.num_envs - waiting
        if self._ledger and before // (REPORT_EVERY * self.num_envs) != self._steps // (REPORT_EVERY * self.num_envs):
            self._ledger.simulated.remote(self._number, self._life, self._steps)
        return told

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Write an error into the ledger before RLlib makes a silence of it."""
        try:
            yield
        except Exception:
            if self._ledger:
                ray.get(self._ledger.failed.remote(self._number, self._life, traceback.format_exc()))
            raise
