"""How soon each method solves a task: the part of `bench train` that trains.

Success is always that of state policies in held-out worlds under the whole randomization, at strength 1.
"""

from typing import Any

from experiments.config import find, load
from experiments.run import Run
from experiments.schema import Config
from experiments.train import DAGGER
from randomizers.errors import unknown

SOLVE = ("shipped", "none")
SOLVED = 0.95
"""Success rate from which on a task counts as solved."""
SURE = 0.97
"""Reinforcement learning goes on until a measurement in training worlds reaches this, or its steps are used up."""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from agents.rl_settings import METHODS

    if config.bench.solve not in SOLVE:
        raise ValueError(unknown("value of bench.solve", config.bench.solve, SOLVE))
    for method in config.bench.methods:
        if method not in (DAGGER, *METHODS):
            raise ValueError(unknown("method in bench.methods", method, (DAGGER, *METHODS)))


def attempts(config: Config) -> list[tuple[str, str]]:
    """List the tasks and methods to try."""
    from envs.tasks.base import NAMES

    tasks = (config.bench.tasks or list(NAMES)) if config.bench.solve == "shipped" else []
    return [(task, method) for task in tasks for method in config.bench.methods]


def solve(run: Run, config: Config, task: str, method: str) -> dict[str, dict[str, Any]]:
    """Train a state policy, as state.yaml says by DAgger or with the method's own settings, and measure it.

    Returns:
        By method ("clone" is DAgger's first round alone): `seconds` of collecting and fitting, `env_steps`, `rate`,
        `n`, `low`, `high`; and `solved_s`, when a measurement first reached 95 %, or None.
    """
    shared = [f"task={task}", f"arm={config.arm}", f"seed={config.seed}", f"method={method}"]
    given = load(find("state.yaml"), shared)
    given.collect.workers, given.collect.backend, given.cluster = (
        config.collect.workers, config.collect.backend, config.cluster,
    )  # fmt: skip
    if method == DAGGER:
        return by_dagger(run, given, config.episodes)
    given.rl.solved, given.rl.validate_episodes = SURE, config.episodes
    return {method: by_practice(run, given)}


def by_dagger(run: Run, config: Config, episodes: int) -> dict[str, dict[str, Any]]:
    """Clone, then DAgger; every round is measured."""
    from agents.dagger import dagger
    from agents.rollout import open_pool
    from experiments.policies import pool_options
    from experiments.train import settings_of, training_spec

    settings, policy = settings_of(config)
    spec, options = training_spec(config), pool_options(config)
    pool = open_pool(spec, settings.worlds, **options)  # its start-up is not training
    try:
        outcome = dagger(spec, policy, settings, run.folder / "solve" / config.task, pool=pool, log=None)
    finally:
        pool.close()
    rounds = [judged(config, episodes, outcome, number) for number in range(settings.rounds)]
    solved = [each["seconds"] for each in rounds if each["rate"] >= SOLVED]
    return {"clone": rounds[0], DAGGER: rounds[-1] | {"solved_s": min(solved, default=None)}}


def judged(config: Config, episodes: int, outcome: Any, number: int) -> dict[str, Any]:
    """Measure a round's policy, and add up what led to it."""
    from experiments.policies import pool_options, sim_spec
    from transfer.evaluate import evaluate

    folder = outcome.checkpoint.parents[1]
    model = (folder / f"round-{number}" / "policy.onnx").read_bytes()
    heldout = sim_spec(config, split="heldout", strength=1.0)
    found = evaluate(
        heldout, model, episodes=episodes, seed=config.seed, worlds=config.collect.worlds, **pool_options(config)
    )
    until = outcome.history[: number + 1]
    return {
        "seconds": sum(entry["collect_s"] + entry["fit_s"] for entry in until),
        "env_steps": sum(entry["frames"] for entry in until),
        **found.rate.to_dict(),
    }


def by_practice(run: Run, config: Config) -> dict[str, Any]:
    """Learn by reinforcement; the learning curve is kept too."""
    from experiments import train_rl

    train_rl.check(config)
    with Run("train", run.folder / "solve" / f"{config.task}-{config.method}", config) as place:
        outcome = train_rl.learn(place, config)
        held_out = train_rl.measure(place, config, outcome, 1.0)
    solved = [point["seconds"] for point in outcome.curve if point["success"] >= SOLVED]
    return {
        "seconds": outcome.seconds,
        "env_steps": outcome.env_steps,
        "solved_s": min(solved, default=None),
        "curve": outcome.curve,
        **held_out.rate.to_dict(),
    }
