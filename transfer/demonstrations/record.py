"""Record successful episodes of the scripted expert in the reality twin, as a LeRobot dataset.

    recording = record(RealitySpec("push", card="medium", images=("front",), image_size=64), out, seed=1000)
    recording.episodes, recording.tried

The first successes in the order of their episode numbers are kept, whoever finished first, so the same
address gives the same dataset with any number of workers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.behaviour import Behaviour
from agents.dataset import Episodes
from agents.rollout import Pool, gather, open_pool, plan
from agents.words import INSTRUCTION, texts_of
from envs.arms.profile import load
from transfer.demonstrations.episode import ACTION_SCALE, Demonstration, Layout
from transfer.demonstrations.lerobot import write

MOST_TRIES = 10
"""Episodes tried for every demonstration before the expert is given up."""
Progress = Callable[[str, int, int], None]  # stage, done, total


@dataclass(frozen=True)
class Recording:
    """What was recorded.

    Attributes:
        folder: The dataset.
        episodes: Numbers of the episodes that were kept.
        tried: Episodes that were run.
        frames: Of all demonstrations.
    """

    folder: str
    episodes: tuple[int, ...]
    tried: int
    frames: int

    def to_dict(self) -> dict:
        """Give plain data for result.json."""
        return asdict(self)


def record(
    spec: Any,
    out: Path,
    *,
    demonstrations: int = 10,
    seed: int = 0,
    first_episode: int = 0,
    noise: float = 0.0,
    worlds: int = 5,
    workers: int | None = None,
    backend: str = "ray",
    address: str | None = None,
    arm: str = "panda",
    instructed: bool = False,
    progress: Progress | None = None,
) -> Recording:
    """Record successful expert episodes.

    Args:
        spec: A RealitySpec with images.
        out: Folder of the dataset; must not exist, or be empty.
        demonstrations: How many.
        seed: Of the episodes; use one that no evaluation uses.
        first_episode: Number of the first one that is tried.
        noise: Added by the robot to what the demonstrator asks for, in unit actions, so that corrections are
            shown too (DART, arXiv 1703.09327); the dataset keeps what was asked for.
        worlds: Worlds stepped together by a worker.
        workers: Ray actors; None takes every CPU.
        backend: "ray" or "serial".
        address: Of a Ray cluster; None starts Ray here.
        arm: Name of the arm's profile.
        instructed: Every demonstration is told in the words of its episode, rather than by the task's name.
        progress: Called with ("record", done, total).

    Raises:
        ValueError: The expert fails too often, or the place is taken; nothing is written then.
    """
    if demonstrations < 1:
        raise ValueError(f"demonstrations must be at least 1, not {demonstrations}.")
    if not spec.images:
        raise ValueError("Demonstrations need images: give the spec a camera, images=('front',).")
    layout = Layout.of(load(arm), tuple(spec.images), spec.image_size)
    pool = open_pool(spec, worlds, workers=workers, backend=backend, address=address)
    try:
        more = (INSTRUCTION,) if instructed else ()
        kept, tried = _successes(pool, demonstrations, seed, first_episode, noise, worlds, more, progress)
    finally:
        pool.close()
    source = {"reality": spec.to_dict(), "driver": "scripted expert", "noise": noise}
    write(out, layout, (demonstration_of(*item, spec) for item in kept), source=source)
    frames = sum(item[0]["frames"] for item in kept)
    return Recording(str(out), tuple(item[0]["episode"] for item in kept), tried, frames)


Item = tuple[Mapping, Mapping[str, np.ndarray]]  # record and columns of one episode


def _successes(
    pool: Pool,
    wanted: int,
    seed: int,
    first: int,
    noise: float,
    worlds: int,
    more: tuple[str, ...],
    progress: Progress | None,
) -> tuple[list[Item], int]:
    """Run rounds of episodes until enough have succeeded."""
    kept: list[Item] = []
    tried = 0
    behaviour = Behaviour("expert", noise=noise)
    while len(kept) < wanted:
        if tried >= MOST_TRIES * wanted:
            raise ValueError(
                f"The expert succeeded in {len(kept)} of {tried} episodes, but {wanted} are wanted. "
                "Use a milder reality card, or fewer demonstrations."
            )
        count = wanted - len(kept)
        jobs = plan(seed, count, worlds, behaviour, record=True, first_episode=first + tried)
        jobs = [replace(job, more=more) for job in jobs]
        for result in gather(pool.run(jobs, None), None):
            kept += [item for item in episodes_of(result) if item[0]["success"]]
        tried += count
        if progress:
            progress("record", len(kept), wanted)
    return kept, tried


def episodes_of(result: Episodes) -> Iterator[Item]:
    """Cut a job's columns into episodes."""
    row = 0
    for entry in result.records:
        rows = slice(row, row + entry["frames"])
        row += entry["frames"]
        yield entry, {name: values[rows] for name, values in result.columns.items()}


def demonstration_of(entry: Mapping, columns: Mapping[str, np.ndarray], spec: Any) -> Demonstration:
    """Turn a recorded episode into a demonstration; its draw goes to `source`, which training never reads.

    The actions are what the demonstrator asked for, not what noise made of it.
    """
    return Demonstration(
        proprioception=columns["proprioception"],
        goal=columns["goal"],
        actions=(columns["label"] * np.array(ACTION_SCALE)).astype(np.float32),
        images={camera: columns[f"images.{camera}"] for camera in spec.images},
        task=texts_of(columns[INSTRUCTION][:1])[0] if INSTRUCTION in columns else str(spec.task),
        source={name: entry[name] for name in ("seed", "episode", "length", "reward", "randomization")},
    )
