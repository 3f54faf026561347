"""Ray actors that hold worlds and run jobs; RLlib has a door of its own, `agents/rllib.py`.

    pool = RayPool(spec, worlds=8, workers=2)
    for episodes in pool.run(jobs, policy=onnx_bytes): ...
    pool.close()

Actors keep nothing between jobs but their worlds, so a lost one is replaced and its job runs again, with the
same result; machines may join and leave while jobs run. They never import torch: an actor takes about 100 MB and its
worlds.
"""

import os
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, RayActorError

from agents.capacity import here, refuse_crowd
from agents.cluster import offered, start_ray
from agents.dataset import Episodes
from agents.jobs import Job
from agents.lockstep import run_job
from agents.teachers import Teacher

__all__ = ["Collector", "RayPool", "start_ray"]

MOST_LOSSES = 3  # of workers by one job, or before their first, until that is blamed
JOB_DEADLINE_S = 900.0  # a worker that takes longer hangs: a job is a few seconds of work
START_DEADLINE_S = 600.0  # without any worker: a cluster that grows needs minutes for a machine
LOOK_S = 2.0  # between looks at how large the cluster is
HEAVY = ("torch", "pybullet", "mujoco", "tensorflow")
GONE = (RayActorError, OutOfMemoryError, NodeDiedError, ObjectLostError)  # a result can go down with its machine


class Collector:
    """One worker: worlds that are built at the first job.

    Args:
        spec: What builds the worlds.
        worlds: Size of its batch.
        teachers: Who labels.
    """

    def __init__(self, spec: Any, worlds: int, teachers: Sequence[Teacher] = ()):
        self.spec, self.rows, self.teachers = spec, worlds, teachers
        self.batch: Any = None

    def run(self, job: Job, policy: bytes | None) -> Episodes:
        """Run one job."""
        if self.batch is None:
            self.batch = self.spec.build(self.rows)
        return run_job(self.batch, self.rows, job, policy, self.teachers)

    def describe(self) -> dict:
        """Say who this is, where its code lies, what it has spent and which heavy modules it has loaded."""
        loaded = [name for name in HEAVY if name in sys.modules]
        node = ray.get_runtime_context().get_node_id()
        about = {"pid": os.getpid(), "host": socket.gethostname(), "node": node, "cpu_s": time.process_time()}
        return about | {"code": str(Path(__file__).parents[1]), "loaded": loaded}


@dataclass(frozen=True)
class Task:
    """A job that a worker is at."""

    actor: Any
    job: Job
    since: float


class RayPool:
    """Actors that take jobs as they become free.

    Args:
        spec: What builds the worlds.
        worlds: Worlds of an actor's batch.
        workers: Actors; None takes every CPU of the machine or cluster, also of machines that join later.
        address: None for this machine, else a cluster's address.
        teachers: Who labels; none leaves it to the scripted expert.
    """

    def __init__(
        self,
        spec: Any,
        worlds: int,
        *,
        workers: int | None = None,
        address: str | None = None,
        teachers: Sequence[Teacher] = (),
    ):
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        if address is None:
            refuse_crowd(here(), workers)
        start_ray(workers, address)
        self.far, self.follows = address is not None, workers is None
        self.parts = (ray.put(spec), worlds, ray.put(tuple(teachers)))
        self.arriving: dict[Any, Any] = {}  # actors by the answer that says they are up
        self.nodes: dict[Any, str] = {}  # where each actor that is up lives
        self.free: list[Any] = []
        self.running: dict[Any, Task] = {}
        self.lost = self.failed_starts = 0
        self._looked = time.monotonic()
        self.resize(workers or max(1, offered().cores))

    @property
    def actors(self) -> list[Any]:
        """All workers: free, at a job, or on their way."""
        return [*self.free, *(task.actor for task in self.running.values()), *self.arriving.values()]

    def resize(self, workers: int) -> None:
        """Have another number of workers from now on; those at a job finish it before they go."""
        self.workers = workers
        while len(self.actors) < workers:
            self._hire()
        idle = [self.arriving, self.free]
        while len(self.actors) > workers and any(idle):
            self._dismiss(self.arriving.popitem()[1] if self.arriving else self.free.pop())

    def _hire(self) -> None:
        """Start an actor. Here it may share a CPU: on a small machine a former pool's may still be leaving."""
        share: dict[str, Any] = {"num_cpus": 1.0, "scheduling_strategy": "SPREAD"} if self.far else {"num_cpus": 0.5}
        hired: Any = ray.remote(max_restarts=0, max_task_retries=0, **share)(Collector)
        actor = hired.remote(*self.parts)
        self.arriving[actor.describe.remote()] = actor

    def _dismiss(self, actor: Any) -> None:
        """Let an actor go."""
        self.nodes.pop(actor, None)
        ray.kill(actor)

    def _welcome(self, reference: Any) -> None:
        """Take up an actor that has arrived, or count one that died on its way."""
        actor = self.arriving.pop(reference)
        try:
            self.nodes[actor] = ray.get(reference)["node"]
        except GONE as error:
            self.failed_starts += 1
            self._dismiss(actor)
            if self.failed_starts >= MOST_LOSSES and not self.nodes:
                raise RuntimeError(f"{self.failed_starts} workers died before their first job: {error}") from error
            return
        self.failed_starts = 0
        self.free.append(actor)

    def describe(self) -> list[dict]:
        """Describe every worker that is free, once all have arrived."""
        while self.arriving:
            for reference in ray.wait(list(self.arriving), timeout=START_DEADLINE_S)[0]:
                self._welcome(reference)
        return ray.get([actor.describe.remote() for actor in self.free])

    def run(self, jobs: Iterable[Job], policy: bytes | None) -> Iterator[Episodes]:
        """Yield results in the order in which they arrive.

        Raises:
            RuntimeError: A job has cost several workers their life, usually for lack of memory, or none could start.
        """
        waiting, losses = deque(jobs), Counter[int]()
        model, manned = ray.put(policy), time.monotonic()
        while waiting or self.running:
            self._follow()
            while waiting and self.free:
                task = Task(self.free.pop(), waiting.popleft(), time.monotonic())
                self.running[task.actor.run.remote(task.job, model)] = task
            manned = time.monotonic() if self.nodes else manned
            self._refuse_to_wait(manned)
            awaited = [*self.running, *self.arriving]
            done = set(ray.wait(awaited, num_returns=1, timeout=LOOK_S)[0])
            for reference in done & set(self.arriving):
                self._welcome(reference)
            for reference in done & set(self.running) | self._overdue():
                task = self.running.pop(reference)
                result = self._fetch(reference) if reference in done else None
                if result is not None:
                    self._release(task.actor)
                    yield result
                    continue
                losses[task.job.index] += self._blame(task)
                self._refuse_to_go_on(task.job, losses[task.job.index])
                waiting.appendleft(task.job)

    def _fetch(self, reference: Any) -> Episodes | None:
        """Give a result, or None if its worker is gone; an error inside the job is raised as it is."""
        try:
            return ray.get(reference)
        except GONE:
            return None

    def _overdue(self) -> set[Any]:
        """Find the jobs whose workers hang."""
        late = time.monotonic() - JOB_DEADLINE_S
        return {reference for reference, task in self.running.items() if task.since < late}

    def _release(self, actor: Any) -> None:
        """Keep a worker that is done with its job, unless there are too many by now."""
        if len(self.actors) < self.workers:
            self.free.append(actor)
        else:
            self._dismiss(actor)

    def _follow(self) -> None:
        """Keep up the number of workers; follow a cluster that has grown or shrunk."""
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        self.resize(max(1, offered().cores) if self.far and self.follows else self.workers)

    def _blame(self, task: Task) -> int:
        """Note a lost worker; 1 if the job may be to blame, 0 if its whole machine is gone, as spot machines go."""
        home = self.nodes.get(task.actor)
        alive = any(node["Alive"] and node["NodeID"] == home for node in ray.nodes())
        self._dismiss(task.actor)
        self.lost += 1
        self._looked = 0.0  # look for a replacement at once
        return int(alive)

    def _refuse_to_go_on(self, job: Job, losses: int) -> None:
        """Stop when a job keeps costing workers."""
        if losses >= MOST_LOSSES:
            raise RuntimeError(
                f"Job {job.index} (seed {job.seed}, episodes {job.episodes}) lost {losses} workers in a row. "
                "Workers usually die for lack of memory: use fewer worlds or workers."
            )

    def _refuse_to_wait(self, manned: float) -> None:
        """Stop when there has been no worker for long."""
        if time.monotonic() - manned > START_DEADLINE_S:
            found = offered()
            raise RuntimeError(
                f"No worker could start within {START_DEADLINE_S:.0f} s: {found.nodes} machines offer {found.cores} "
                "CPUs, and others may hold them; see `ray status`. Go on with resume=RUN when there is room."
            )

    def close(self) -> None:
        """Let the actors go; Ray itself stays for the next pool."""
        for actor in self.actors:
            ray.kill(actor)
        self.arriving, self.free, self.running, self.nodes = {}, [], {}, {}
