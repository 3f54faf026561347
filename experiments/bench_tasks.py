"""`bench tasks`: how often the scripted expert of each task succeeds, in simulation and in the twin."""

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.run import Run
from experiments.schema import Config
from randomizers.errors import unknown

if TYPE_CHECKING:
    from envs.worlds import Worlds

BATCH = 50
"""Worlds at once; each takes about 28 MB."""
TWIN_EPISODES = 50


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from envs.tasks.base import NAMES

    for task in config.bench.tasks:
        if task not in NAMES:
            raise ValueError(unknown("task", task, NAMES))


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Run the experts and print a table."""
    from envs.reality import ARM, RealitySpec
    from envs.spec import WorldsSpec
    from envs.tasks.base import NAMES
    from randomizers import DEFAULT
    from randomizers.default import DYNAMICS

    tasks, found = config.bench.tasks or list(NAMES), {}
    for done, task in enumerate(tasks):
        specs: dict[str, Any] = {
            "nominal": WorldsSpec(task, config.arm),
            "dynamics": WorldsSpec(task, config.arm, DYNAMICS),
            "default": WorldsSpec(task, config.arm, DEFAULT),
        }
        if config.arm == ARM:
            specs[f"reality {config.cards}"] = RealitySpec(task, str(config.cards))
        counts = dict.fromkeys(specs, config.episodes) | {f"reality {config.cards}": TWIN_EPISODES}
        found[task] = {name: _rate(spec, counts[name], config.seed) for name, spec in specs.items()}
        run.progress("bench", done + 1, len(tasks))
    print(table(found))
    return {"tasks": found}


def table(found: dict[str, Any]) -> str:
    """Lay the rates out for people: rate, and its 95 % Wilson interval."""
    lines = []
    for task, rates in found.items():
        told = (f"{name} {100 * r['rate']:.1f} % ({100 * r['low']:.0f}..{100 * r['high']:.0f}, n={r['n']})"
                for name, r in rates.items())  # fmt: skip
        lines.append(f"{task:8} " + ", ".join(told))
    return "\n".join(lines)


def _rate(spec: Any, episodes: int, seed: int) -> dict[str, Any]:
    from dataclasses import asdict

    from transfer.statistics import rate_of

    worlds = spec.build(min(BATCH, episodes))
    try:
        done = [_episodes(worlds, seed, first, episodes) for first in range(0, episodes, worlds.num)]
    finally:
        worlds.close()
    return asdict(rate_of(np.concatenate(done)))


def _episodes(worlds: "Worlds", seed: int, first: int, end: int) -> np.ndarray:
    """Let the expert do episodes from `first` on, (n,) bool."""
    rows = np.arange(min(worlds.num, end - first))
    worlds.begin(rows, seed, first + rows)
    begun = np.arange(worlds.num) < len(rows)
    while (active := begun & ~(worlds.terminated | worlds.truncated)).any():
        worlds.step(worlds.expert_actions(), active)
    return worlds.success[rows].copy()
