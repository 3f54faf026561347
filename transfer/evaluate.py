"""Success of a policy over addressed episodes, in simulation or in the reality twin; the same code for both.

    evaluation = evaluate(RealitySpec("push", card="medium", images=("front",)), policy, episodes=100, seed=7)
    evaluation.rate                      # 83 % (74..89, n=100)
    paired(before.success, after.success)     # the same episodes: see transfer.statistics

An episode depends on its address (seed, episode) alone, so two policies, or one policy here and on the
virtual arm, can be compared episode by episode.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.behaviour import Behaviour
from agents.chunks import Execution
from agents.dataset import Episodes
from agents.rollout import Pool, gather, open_pool, plan
from randomizers.errors import unknown
from transfer.statistics import Rate, rate_of

EXPERT = "expert"
Progress = Callable[[str, int, int], None]  # stage, done, total


@dataclass(frozen=True)
class Evaluation:
    """How it went.

    Attributes:
        records: One per episode, in order: seed, episode, success, length, reward, fault, randomization.
        renderer: What drew the images, or "none".
        seconds: It took.
        strips: Images of the first camera (frames, height, width, 3) uint8, by episode.
    """

    records: tuple[dict, ...]
    renderer: str
    seconds: float
    strips: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def success(self) -> np.ndarray:
        """(episodes,) bool."""
        return np.array([bool(record["success"]) for record in self.records])

    @property
    def rate(self) -> Rate:
        """Success rate with its Wilson interval."""
        return rate_of(self.success)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why episodes were given up; they count as failures."""
        return tuple(record["fault"] for record in self.records if record["fault"])

    def to_dict(self) -> dict:
        """Give plain data for result.json, without the draws."""
        kept = ("seed", "episode", "success", "length")
        return {
            **self.rate.to_dict(),
            "renderer": self.renderer,
            "seconds": self.seconds,
            "faults": list(self.faults),
            "episodes": [{name: record[name] for name in kept} for record in self.records],
        }


def evaluate(
    spec: Any,
    policy: bytes | str,
    *,
    episodes: int = 100,
    seed: int = 0,
    first_episode: int = 0,
    worlds: int = 8,
    workers: int | None = None,
    backend: str = "ray",
    address: str | None = None,
    pool: Pool | None = None,
    strength: Any = None,
    pin: Any = None,
    execute: int = 1,
    execution: Execution | None = None,
    strips: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a policy and count.

    Args:
        spec: What builds the worlds: a WorldsSpec or a RealitySpec.
        policy: ONNX bytes with actions in [-1, 1], or "expert".
        episodes: How many.
        seed: Of the episodes.
        first_episode: Number of the first one.
        worlds: Worlds stepped together by a worker.
        workers: Ray actors; None takes every CPU.
        backend: "ray" or "serial".
        address: Of a Ray cluster; None starts Ray here.
        pool: Workers that hold such worlds already; they are left open.
        strength: Randomization strength, or None for the spec's.
        pin: Unit coordinates to fix, by axis.
        execute: Actions of a chunk that are carried out before the policy looks again.
        execution: How chunks are carried out, where that is not "receding".
        strips: Keep the images of this many first episodes.
        progress: Called with ("evaluate", done, total).
    """
    if isinstance(policy, str) and policy != EXPERT:
        raise ValueError(f"{unknown('policy', policy, (EXPERT,))} Or give ONNX bytes.")
    expert = isinstance(policy, str)
    behaviour = Behaviour("expert") if expert else Behaviour("student", execute=execute, execution=execution)
    jobs = plan(
        seed,
        episodes,
        worlds,
        behaviour,
        first_episode=first_episode,
        strips=strips,
        strength=strength,
        pin=pin,
    )
    done: list[int] = []

    def count(result: Episodes) -> None:
        done.extend(record["episode"] for record in result.records)
        if progress:
            progress("evaluate", len(done), episodes)

    began = time.perf_counter()
    mine = pool or open_pool(spec, worlds, workers=workers, backend=backend, address=address)
    try:
        results = gather(mine.run(jobs, None if isinstance(policy, str) else policy), count)
    finally:
        if pool is None:
            mine.close()
    records = tuple(record for result in results for record in result.records)
    shown = {episode: images for result in results for episode, images in result.strips.items()}
    return Evaluation(records, renderer_of(spec), time.perf_counter() - began, shown)


def renderer_of(spec: Any) -> str:
    """Name what draws the images of a spec on this machine, for reports."""
    if not getattr(spec, "images", ()):
        return "none"
    from envs.reality import RealitySpec
    from envs.spec import RENDERERS

    if not isinstance(spec, RealitySpec):
        return RENDERERS[spec.renderer]
    from envs.twin import gl

    kind = gl.available()
    return "TinyRenderer" if kind == gl.NONE else f"mujoco-{kind}"
