"""`train`: cloning and DAgger from the scripted expert in randomized worlds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.policies import cameras_of, check_worlds, pool_options, sim_spec
from experiments.run import Run
from experiments.schema import Config
from randomizers.default import SIGHT

if TYPE_CHECKING:
    from agents.dagger import DaggerSettings
    from agents.policy import PolicySpec
    from envs.spec import WorldsSpec

DAGGER = "dagger"
HELP = """Rounds of DAgger: the disturbed expert drives the first, the student the later ones; every frame is labelled
by the expert. A killed run goes on with resume=RUN and ends with the same dataset and the same weights.

  python -m experiments train push.yaml strength=1.0 seed=3 collect.workers=2
  python -m experiments train push.yaml network.observes=state train.episodes=[100,50] train.steps=[1500,1500]
  python -m experiments train push.yaml collect.address=auto        # on a running Ray cluster
  python -m experiments train reach.yaml method=ppo                 # or clone_ppo, sac, her, rlpd: docs/rl.md
  python -m experiments train push.yaml method=rllib_ppo collect.workers=2 rl.steps=600000
  tensorboard --logdir runs"""


def settings_of(config: Config) -> tuple["DaggerSettings", "PolicySpec"]:
    """Turn the configuration into what `agents` wants; impossible numbers are refused here."""
    from agents.clone import FitSettings
    from agents.dagger import DaggerSettings
    from agents.policy import PolicySpec

    train, network = config.train, config.network
    fit = FitSettings(
        batch=train.batch,
        learning_rate=train.learning_rate,
        auxiliary_weight=train.auxiliary_weight,
        shift_px=train.shift_px,
        colour=train.colour,
        threads=train.threads,
    )
    settings = DaggerSettings(
        episodes=tuple(train.episodes),
        steps=tuple(train.steps),
        worlds=config.collect.worlds,
        noise=train.noise,
        student_noise=train.student_noise,
        expert_share=train.expert_share,
        seed=config.seed,
        fit=fit,
    )
    state = network.observes == "state"
    policy = PolicySpec(
        observes=network.observes,
        cameras=cameras_of(config),
        image_size=config.images.size,
        state=1 if state else 0,  # the size comes from the data
        auxiliary=0 if state else 3,
        chunk=network.chunk,
        channels=tuple(network.channels),
        keypoints=network.keypoints,
        hidden=network.hidden,
        layers=network.layers,
        stop_gradient=network.stop_gradient,
    )
    return settings, policy


LOOKS = frozenset(type(randomizer).__name__ for randomizer in SIGHT)
"""Randomizers of what is seen; they can be drawn anew at any step without disturbing the motion."""


def training_spec(config: Config) -> "WorldsSpec":
    """Give the worlds to learn in: looks are redrawn as often as `train.redraw_sight` says."""
    redrawn = {
        name: fields | {"when": config.train.redraw_sight}
        if fields is not None and name.split()[0] in LOOKS and fields.get("when", "episode") == "episode"
        else fields
        for name, fields in config.randomize.items()
    }
    return sim_spec(config, randomization=redrawn)


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.method != DAGGER:
        from experiments.train_rl import check as check_rl

        return check_rl(config)
    settings_of(config)
    training_spec(config)
    return check_worlds(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Train and measure quickly where it stands in held-out worlds."""
    if config.method != DAGGER:
        from experiments.train_rl import main as learn

        return learn(run, config)
    from agents.dagger import dagger
    from transfer.evaluate import evaluate

    settings, policy = settings_of(config)
    outcome = dagger(
        training_spec(config),
        policy,
        settings,
        run.folder / "training",
        progress=run.progress,
        log=run.log,
        **pool_options(config),
    )
    measured = {}
    if config.train.validate_episodes:
        heldout = evaluate(
            sim_spec(config, split="heldout", strength=1.0),
            outcome.model,
            episodes=config.train.validate_episodes,
            seed=config.seed,
            worlds=config.collect.worlds,
            progress=run.stage("held-out worlds"),
            **pool_options(config),
        )
        measured = {"success": {"sim_heldout": heldout.rate.to_dict()}}
        print(f"  success in held-out worlds: {heldout.rate}")
    result = {
        "checkpoint": str(outcome.checkpoint),
        "dataset": describe(outcome.dataset),
        "history": outcome.history,
        "minutes": minutes(outcome.history),
        **measured,
    }
    return result, f"python -m experiments evaluate {run.folder}"


def describe(dataset: Any) -> dict[str, Any]:
    """Name the dataset by its hash."""
    return {"folder": str(Path(dataset.folder)), "hash": dataset.hash(), "frames": dataset.frames}


def minutes(history: list[dict[str, Any]]) -> dict[str, float]:
    """Add up collecting and fitting [min]."""
    collect, fit = (sum(entry[name] for entry in history) / 60.0 for name in ("collect_s", "fit_s"))
    return {"collect": round(collect, 3), "train": round(fit, 3)}
