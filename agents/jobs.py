"""What collectors are asked for: fixed groups of episodes.

    plan(seed=0, episodes=64, per_job=8, behaviour=Behaviour("expert", noise=0.4), record=True)

What a job brings home depends on the job alone, so jobs can run anywhere, in any order, and again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.behaviour import Behaviour

EXPERT = Behaviour("expert")


@dataclass(frozen=True)
class Job:
    """A fixed group of episodes.

    Attributes:
        index: Its number; names its shard.
        seed: Seed of the episodes' draws.
        episodes: Episode numbers.
        behaviour: Who drives.
        record: Keep observations and labels of every step.
        strips: Episodes whose images are kept for people to see.
        strength: Randomization strength, or None for the spec's.
        pin: Axis values held fixed, by name.
        more: Columns to record beside the usual ones; see `agents.lockstep.MORE`.
    """

    index: int
    seed: int
    episodes: tuple[int, ...]
    behaviour: Behaviour = EXPERT
    record: bool = False
    strips: tuple[int, ...] = ()
    strength: Any = None
    pin: Mapping[str, Any] | None = None
    more: tuple[str, ...] = ()


def plan(
    seed: int,
    episodes: int,
    per_job: int,
    behaviour: Behaviour = EXPERT,
    *,
    record: bool = False,
    first_episode: int = 0,
    first_index: int = 0,
    strips: int = 0,
    strength: Any = None,
    pin: Mapping[str, Any] | None = None,
) -> list[Job]:
    """Cut a range of episodes into jobs.

    Args:
        seed: Seed of the episodes' draws.
        episodes: How many.
        per_job: Episodes of a job, all but the last.
        behaviour: Who drives.
        record: Keep observations and labels of every step.
        first_episode: Number of the first one.
        first_index: Index of the first job.
        strips: Keep the images of this many first episodes.
        strength: Randomization strength, or None for the spec's.
        pin: Axis values held fixed, by name.
    """
    if episodes < 1 or per_job < 1:
        raise ValueError(f"episodes and per_job must be at least 1, not {episodes} and {per_job}")
    numbers = range(first_episode, first_episode + episodes)
    shown = set(numbers[:strips])
    groups = [tuple(numbers[i : i + per_job]) for i in range(0, episodes, per_job)]
    return [
        Job(first_index + i, seed, group, behaviour, record, tuple(sorted(shown & {*group})), strength, pin)
        for i, group in enumerate(groups)
    ]
