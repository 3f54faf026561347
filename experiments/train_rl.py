"""`train method=ppo|clone_ppo|sac|her|rlpd|rllib_ppo|rllib_appo`: reinforcement learning in randomized worlds."""

from typing import TYPE_CHECKING, Any

from experiments.policies import cameras_of, check_worlds, execution_of, load_policy, pool_options, sim_spec
from experiments.run import Run
from experiments.schema import Config
from experiments.train import DAGGER, LOOKS
from randomizers.errors import unknown

if TYPE_CHECKING:
    from agents.policy import Policy, PolicySpec
    from agents.rl_outcome import Outcome
    from agents.rl_settings import RLSettings
    from envs.spec import WorldsSpec
    from transfer.evaluate import Evaluation

OWN = ("observes", "validate_episodes")
"""Keys of `rl` that are not settings of `agents.rl_settings`."""


def settings_of(config: Config) -> tuple["RLSettings", "PolicySpec"]:
    """Turn the configuration into what `agents` wants; impossible numbers are refused here."""
    from agents.policy import PolicySpec
    from agents.rl_settings import METHODS, RLSettings

    if config.method not in METHODS:
        raise ValueError(unknown("method", config.method, (DAGGER, *METHODS)))
    given = {name: value for name, value in vars(config.rl).items() if name not in OWN}
    settings = RLSettings.of(config.method, seed=config.seed, **given)
    state = config.rl.observes == "state"
    policy = PolicySpec(
        observes=config.rl.observes,
        cameras=cameras_of(config),
        image_size=config.images.size,
        state=1 if state else 0,  # the size comes from the worlds
        auxiliary=0,
        chunk=1,
        channels=tuple(config.network.channels),
        keypoints=config.network.keypoints,
        hidden=settings.hidden,
        layers=settings.layers,
    )
    return settings, policy


def learning_spec(config: Config) -> "WorldsSpec":
    """Give the worlds to learn in; where nothing is seen, how it looks is left out of the critic's draw."""
    looks = {} if cameras_of(config) else {name: None for name in config.randomize if name.split()[0] in LOOKS}
    return sim_spec(config, randomization={**config.randomize, **looks})


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from agents.rl_settings import LOCAL

    config.network.observes = config.rl.observes  # what evaluate and export will read in the run's config.yaml
    settings, policy = settings_of(config)
    execution_of(config, policy.chunk)
    if settings.method in LOCAL and config.collect.address is not None:
        raise ValueError(
            f"method={settings.method} runs in one process, not on the cluster of collect.address="
            f"{config.collect.address}; take method=rllib_ppo or rllib_appo"
        )
    if settings.method in LOCAL and policy.cameras:
        raise ValueError(
            f"method={settings.method} learns from the state (rl.observes=state); from images learn rllib_ppo and "
            "rllib_appo, and method=dagger in minutes"
        )
    check_worlds(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Learn, and measure where it stands in nominal and in held-out worlds."""
    outcome = learn(run, config)
    success = {}
    if config.rl.validate_episodes:
        found = {"sim_nominal": measure(run, config, outcome, 0.0), "sim_heldout": measure(run, config, outcome, 1.0)}
        for name, evaluation in found.items():
            print(f"  success, {name}: {evaluation.rate}")
        success = {"success": {name: evaluation.rate.to_dict() for name, evaluation in found.items()}}
    result = {
        "checkpoint": str(outcome.checkpoint),
        "method": config.method,
        "env_steps": outcome.env_steps,
        "minutes": {"total": round(outcome.seconds / 60.0, 3)},
        "curve": outcome.curve,
        **success,
    }
    return result, f"python -m experiments evaluate {run.folder}"


def learn(run: Run, config: Config) -> "Outcome":
    """Run the method."""
    from agents.rl_settings import DISTRIBUTED

    settings, policy = settings_of(config)
    options: dict[str, Any] = {"start": start_of(config), "progress": run.progress, "log": run.log}
    if settings.method in DISTRIBUTED:
        from agents.distributed_rl import learn as on_ray

        options |= {"workers": config.collect.workers, "address": config.collect.address}
        return on_ray(learning_spec(config), policy, settings, run.folder / "training", **options)
    from agents.local_rl import learn as here

    return here(learning_spec(config), policy, settings, run.folder / "training", **options)


def start_of(config: Config) -> "Policy | None":
    """Load the policy to begin with, where one is given."""
    if config.policy is None:
        return None
    from agents import checkpoint

    return checkpoint.load(load_policy(config.policy).folder).policy


def measure(run: Run, config: Config, outcome: "Outcome", strength: float) -> "Evaluation":
    """Count successes in layouts and draws that training cannot have, nominal at strength 0."""
    from transfer.evaluate import evaluate

    return evaluate(
        sim_spec(config, split="heldout", strength=strength),
        outcome.model,
        episodes=config.rl.validate_episodes,
        seed=config.seed,
        worlds=config.collect.worlds,
        progress=run.stage("held-out worlds" if strength else "nominal worlds"),
        **pool_options(config),
    )
