"""Run episodes, for data and for evaluation alike.

    jobs = plan(seed=0, episodes=64, per_job=8, behaviour=Behaviour("expert", noise=0.4), record=True)
    collect(spec, jobs, workers=2, on_result=dataset.add)

A job is a fixed group of episodes stepped in lockstep by one batch of worlds. What it brings home depends
on the job alone: not on the worker, the number of workers, or what ran before. So a lost worker
costs only time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from agents.behaviour import Behaviour
from agents.dataset import Episodes
from agents.jobs import Job, plan
from agents.lockstep import run_job
from agents.teachers import Teacher
from randomizers.errors import unknown

__all__ = ["Behaviour", "Job", "Pool", "SerialPool", "collect", "gather", "open_pool", "plan"]

BACKENDS = ("serial", "ray")


class Buildable(Protocol):
    """Anything that builds worlds, such as `envs.worlds.WorldsSpec`."""

    def build(self, num: int) -> Any: ...


class Pool(Protocol):
    """Workers that hold worlds ready between rounds."""

    def run(self, jobs: Iterable[Job], policy: bytes | None) -> Iterator[Episodes]:
        """Yield results in the order in which they arrive."""
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...


class SerialPool:
    """One batch of worlds in this process: for tests, notebooks and machines without Ray.

    Args:
        spec: What builds the worlds.
        worlds: Size of the batch.
        teachers: Who labels; none leaves it to the scripted expert.
    """

    def __init__(self, spec: Buildable, worlds: int, teachers: Sequence[Teacher] = ()):
        self.rows, self.batch, self.teachers = worlds, spec.build(worlds), teachers

    def run(self, jobs: Iterable[Job], policy: bytes | None) -> Iterator[Episodes]:
        for job in jobs:
            yield run_job(self.batch, self.rows, job, policy, self.teachers)

    def close(self) -> None:
        self.batch.close()


def open_pool(
    spec: Buildable,
    worlds: int,
    *,
    workers: int | None = None,
    backend: str = "ray",
    address: str | None = None,
    teachers: Sequence[Teacher] = (),
) -> Pool:
    """Start workers.

    Args:
        spec: What builds the worlds.
        worlds: Worlds in a worker's batch.
        workers: Ray actors; None takes every CPU, on a cluster also those that join later.
        backend: "ray" or "serial".
        address: None starts Ray on this machine; "auto" or "host:port" joins a cluster.
        teachers: Who labels; none leaves it to the scripted expert.
    """
    if backend == "serial":
        return SerialPool(spec, worlds, teachers)
    if backend != "ray":
        raise ValueError(unknown("backend", backend, BACKENDS))
    from agents.distributed import RayPool

    return RayPool(spec, worlds, workers=workers, address=address, teachers=teachers)


def collect(
    spec: Buildable,
    jobs: Sequence[Job],
    *,
    worlds: int | None = None,
    workers: int | None = None,
    backend: str = "ray",
    address: str | None = None,
    policy: bytes | None = None,
    on_result: Callable[[Episodes], None] | None = None,
) -> list[Episodes]:
    """Run jobs in a pool of their own and give the results by index.

    Args:
        spec: What builds the worlds.
        jobs: What to run.
        worlds: Worlds in a worker's batch; None takes the largest job's number of episodes.
        workers: Ray actors; None takes every CPU.
        backend: "ray" or "serial".
        address: None starts Ray on this machine; "auto" or "host:port" joins a cluster.
        policy: ONNX bytes of the student.
        on_result: Takes each result on arrival; the returned ones then come without their columns.
    """
    if not jobs:
        return []
    rows = worlds or max(len(job.episodes) for job in jobs)
    pool = open_pool(spec, rows, workers=workers, backend=backend, address=address)
    try:
        return gather(pool.run(jobs, policy), on_result)
    finally:
        pool.close()


def gather(results: Iterator[Episodes], on_result: Callable[[Episodes], None] | None) -> list[Episodes]:
    """Hand over results as they arrive and give them by index."""
    kept = []
    for result in results:
        if on_result is not None:
            on_result(result)
            result = Episodes(result.index, result.records, strips=result.strips)
        kept.append(result)
    return sorted(kept, key=lambda result: result.index)
