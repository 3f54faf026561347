"""Ray actors that hold worlds and run jobs; RLlib has a door of its own, `agents/rllib.py`.

    pool = RayPool(spec, worlds=8, workers=2)
    for episodes in pool.run(jobs, policy=onnx_bytes): ...
    pool.close()

Actors keep nothing between jobs but their worlds, so a lost one is replaced and its job runs again, with the
same result. They never import torch: an actor takes about 80 MB and its worlds.
"""

import logging
import os
import socket
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import OutOfMemoryError, RayActorError

from agents.dataset import Episodes
from agents.jobs import Job
from agents.lockstep import run_job

ROOT = Path(__file__).parents[1]
OBJECT_STORE_BYTES = 256 * 2**20  # a job of images is a few MB, and results leave the store at once
MOST_LOSSES = 3  # of workers by one job, before the job is blamed
JOB_DEADLINE_S = 900.0  # a worker that takes longer hangs: a job is a few seconds of work
HEAVY = ("torch", "pybullet", "mujoco", "tensorflow")


class Collector:
    """One worker: worlds that are built at the first job.

    Args:
        spec: What builds the worlds.
        worlds: Size of its batch.
    """

    def __init__(self, spec: Any, worlds: int):
        self.spec, self.rows = spec, worlds
        self.batch: Any = None

    def run(self, job: Job, policy: bytes | None) -> Episodes:
        """Run one job."""
        if self.batch is None:
            self.batch = self.spec.build(self.rows)
        return run_job(self.batch, self.rows, job, policy)

    def describe(self) -> dict:
        """Say who this is and which heavy modules it has loaded."""
        loaded = [name for name in HEAVY if name in sys.modules]
        return {"pid": os.getpid(), "host": socket.gethostname(), "loaded": loaded}


def start_ray(workers: int | None, address: str | None = None) -> None:
    """Start Ray here or join a cluster, once per process.

    Args:
        workers: CPUs to offer on this machine; None takes all. A cluster brings its own.
        address: None for this machine, else "auto" or "host:port".
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread a worker: workers are what fills the cores
    if address is not None:
        ignored = [".git", ".venv", "runs", "docs"]
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"working_dir": str(ROOT), "excludes": ignored},
        )
        return
    # Workers inherit this: they find what this process finds, wherever it was started.
    own = [path for path in sys.path if path and not path.startswith((sys.prefix, sys.base_prefix))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(ROOT), *map(os.path.abspath, own)]))
    ray.init(
        num_cpus=workers or os.cpu_count(),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )


class RayPool:
    """Actors that take jobs as they become free.

    Args:
        spec: What builds the worlds.
        worlds: Worlds of an actor's batch.
        workers: Actors; None takes every CPU of the machine or cluster.
        address: None for this machine, else a cluster's address.
    """

    def __init__(self, spec: Any, worlds: int, *, workers: int | None = None, address: str | None = None):
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        start_ray(workers, address)
        self.workers = workers or int(ray.cluster_resources().get("CPU", 1))
        self.spec, self.worlds = ray.put(spec), worlds
        self.actors: list[Any] = []
        self.free = [self._hire() for _ in range(self.workers)]
        self.lost = 0

    def _hire(self) -> Any:
        """Start an actor. It may share a CPU: on a small machine a former pool's may still be leaving."""
        hired = ray.remote(num_cpus=0.5, max_restarts=0, max_task_retries=0)(Collector)
        self.actors.append(hired.remote(self.spec, self.worlds))
        return self.actors[-1]

    def describe(self) -> list[dict]:
        """Describe every worker that is free."""
        return ray.get([actor.describe.remote() for actor in self.free])

    def run(self, jobs: Iterable[Job], policy: bytes | None) -> Iterator[Episodes]:
        """Yield results in the order in which they arrive.

        Raises:
            RuntimeError: A job has cost several workers their life; memory is the usual reason.
        """
        waiting, losses = deque(jobs), Counter[int]()
        model = ray.put(policy)
        running: dict[Any, tuple[Any, Job]] = {}
        while waiting or running:
            while waiting and self.free:
                actor, job = self.free.pop(), waiting.popleft()
                running[actor.run.remote(job, model)] = (actor, job)
            done, _ = ray.wait(list(running), num_returns=1, timeout=JOB_DEADLINE_S)
            for reference in done or list(running):
                actor, job = running.pop(reference)
                result = self._fetch(reference) if done else None
                if result is not None:
                    self.free.append(actor)
                    yield result
                    continue
                losses[job.index] += 1
                self._replace(actor, job, losses[job.index])
                waiting.appendleft(job)

    def _fetch(self, reference: Any) -> Episodes | None:
        """Give a result, or None if its worker is gone; an error inside the job is raised as it is."""
        try:
            return ray.get(reference)
        except (RayActorError, OutOfMemoryError):
            return None

    def _replace(self, actor: Any, job: Job, losses: int) -> None:
        """Hire another worker in place of one that is gone or hangs."""
        ray.kill(actor)
        self.actors.remove(actor)
        self.lost += 1
        if losses >= MOST_LOSSES:
            raise RuntimeError(
                f"Job {job.index} (seed {job.seed}, episodes {job.episodes}) lost {losses} workers in a row. "
                "Workers usually die for lack of memory: use fewer worlds or workers."
            )
        self.free.append(self._hire())

    def close(self) -> None:
        """Let the actors go; Ray itself stays for the next pool."""
        for actor in self.actors:
            ray.kill(actor)
        self.actors, self.free = [], []
