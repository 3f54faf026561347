"""`bench records`: many episodes of all kinds, each rebuilt from its record by 1, 2 and 8 processes."""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.run import Run
from experiments.schema import Config

if TYPE_CHECKING:
    from envs.record import Record
    from envs.worlds import Worlds

WORKERS = (1, 2, 8)
BATCH = 16
WITH_IMAGES = 0.1
"""Share of the episodes of which images are drawn, at every fourth step."""


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Record episodes, rebuild them and print what came back different."""
    found = rebuilt(config.bench.records, config.seed)
    for count in WORKERS:
        told = found[f"workers_{count}"]
        print(f"{found['n']} records, {count} processes: {told['mismatches']} mismatches, {told['seconds']} s")
    return {"records": found}


def rebuilt(episodes: int, seed: int, workers: Sequence[int] = WORKERS) -> dict[str, Any]:
    """Record episodes and count those that come back different.

    Args:
        episodes: How many, over all tasks.
        seed: Of the episodes.
        workers: Numbers of processes that rebuild them, one after the other.
    """
    from envs.rebuilding import rebuild_all

    records = list(record_all(episodes, seed))
    found: dict[str, Any] = {"n": len(records), "bytes": int(np.mean([len(each.to_json()) for each in records]))}
    for count in workers:
        began = time.perf_counter()
        wrong = [difference for difference in rebuild_all(records, count) if difference]
        found[f"workers_{count}"] = {
            "mismatches": len(wrong), "first": wrong[:1], "seconds": round(time.perf_counter() - began, 1),
        }  # fmt: skip
    return found


def record_all(episodes: int, seed: int) -> Iterator["Record"]:
    """Yield records of every task: half driven by the expert, half by noise, some with images."""
    from envs.tasks.base import NAMES

    pictured = round(WITH_IMAGES * episodes)
    for number, task in enumerate(NAMES):
        some = len(range(number, episodes - pictured, len(NAMES)))
        yield from _recorded(task, some, seed, images=())
    yield from _recorded("push", pictured, seed + 1, images=("front",))


def _recorded(task: str, episodes: int, seed: int, images: tuple[str, ...]) -> Iterator["Record"]:
    from envs.record import Record
    from envs.spec import WorldsSpec

    if not episodes:
        return
    worlds = WorldsSpec(task, randomization=varied(task), images=images, image_size=64).build(min(BATCH, episodes))
    worlds.record()
    try:
        for first in range(0, episodes, worlds.num):
            rows = np.arange(min(worlds.num, episodes - first))
            worlds.begin(rows, seed, first + rows)
            expert = rows % 2 == 0
            _live(worlds, len(rows), expert, seed + first)
            yield from (Record.of(worlds, row, "expert" if expert[row] else "") for row in rows.tolist())
    finally:
        worlds.close()


def _live(worlds: "Worlds", count: int, expert: np.ndarray, seed: int) -> None:
    """Step the first rows to their ends."""
    luck, active = np.random.default_rng(seed), np.arange(worlds.num) < count
    while active.any():
        if int(worlds.elapsed[active].min()) % 4 == 0:
            worlds.observe(active)
        actions = worlds.expert_actions()
        actions[:count][~expert] = luck.uniform(-1.0, 1.0, actions[:count][~expert].shape).astype(np.float32)
        worlds.step(actions, active)
        active &= ~(worlds.terminated | worlds.truncated)


def varied(task: str) -> Any:
    """Everything that varies by default, with every fault of sensors and timing, other sizes, places and clutter."""
    from envs.tasks.base import get
    from randomizers import (
        DEFAULT,
        Clutter,
        ControlRate,
        Dropout,
        Encoder,
        Jitter,
        Latency,
        Pose,
        Randomization,
        Refresh,
        Start,
    )  # fmt: skip

    others = [each for each in DEFAULT if not isinstance(each, Latency | Clutter | Start)]
    faults = [Latency(), Jitter(), Dropout(), Refresh(), ControlRate(), Encoder(), Clutter()]
    pose = Pose(yaw_bias=None, yaw_noise=None) if task == "sort" else Pose()  # sort tells no yaw
    return Randomization((*others, *faults, *([pose, Start()] if get(task).objects else [])))
