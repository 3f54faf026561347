"""`train`: cloning and DAgger from the scripted expert in randomized worlds."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import resources
from experiments.policies import (
    cameras_of,
    check_worlds,
    execution_of,
    load_policy,
    pool_options,
    refuse_foreign,
    sim_spec,
)
from experiments.run import Run
from experiments.schema import Config
from experiments.watch import Watch
from randomizers.default import SIGHT

if TYPE_CHECKING:
    from agents.dagger import DaggerSettings
    from agents.policy import PolicySpec
    from agents.teachers import Teacher
    from envs.spec import WorldsSpec

DAGGER = "dagger"
HELP = """Rounds of DAgger: the disturbed expert drives the first, the student the later ones; every frame is labelled
by the expert, or by the policies of `train.teachers`. A killed run goes on with resume=RUN and ends with the same
dataset and the same weights, whoever collects. On a cluster, machines may join and leave while it runs.

  python -m experiments train push.yaml strength=1.0 seed=3 collect.workers=2
  python -m experiments train push.yaml network.observes=state train.episodes=[100,50] train.steps=[1500,1500]
  python -m experiments train state.yaml task=lift                  # a policy that sees the state, in a minute
  python -m experiments train push.yaml cluster=10.0.0.5:6379       # on a Ray cluster; docs/scaling.md has the rest
  python -m experiments train push.yaml 'train.teachers=[{policy: runs/HEAVY, where: {mass.cube: [0.5, 1.0]}}]'
  python -m experiments train reach.yaml method=ppo                 # or clone_ppo, sac, her, rlpd: docs/rl.md
  python -m experiments train push.yaml method=rllib_ppo collect.workers=2 rl.steps=600000
  tensorboard --logdir runs"""


def settings_of(config: Config) -> tuple["DaggerSettings", "PolicySpec"]:
    """Turn the configuration into what `agents` wants; impossible numbers are refused here."""
    from agents.clone import FitSettings
    from agents.dagger import DaggerSettings

    train = config.train
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
        expert_share=tuple(train.expert_share) if isinstance(train.expert_share, list) else train.expert_share,
        seed=config.seed,
        fit=fit,
        execution=execution_of(config, config.network.chunk),
    )
    return settings, policy_of(config)


def policy_of(config: Config) -> "PolicySpec":
    """Give the policy that a configuration describes, its weights' folders looked into."""
    from agents.pretrained import described
    from agents.spec import PolicySpec

    network = config.network
    state = network.observes == "state"
    named = {field.name for field in fields(PolicySpec)}
    chosen = {name: value for name, value in asdict(network).items() if name in named}
    sizes = {"state": 1 if state else 0, "auxiliary": 0 if state else 3}  # the state's comes from the data
    extras = asdict(config.train.losses)
    seen = {"cameras": list(cameras_of(config)), "image_size": config.images.size}
    return described(PolicySpec.from_dict(chosen | seen | sizes | {"extras": extras}))


LOOKS = frozenset(type(randomizer).__name__ for randomizer in SIGHT)
"""Randomizers of what is seen; they can be drawn anew at any step without disturbing the motion."""


def training_spec(config: Config) -> "WorldsSpec":
    """Give the worlds to learn in: looks are redrawn as often as `train.redraw_sight` says."""
    from agents.extras import MORE
    from envs.spec import EXTRAS

    redrawn = {
        name: fields | {"when": config.train.redraw_sight}
        if fields is not None and name.split()[0] in LOOKS and fields.get("when", "episode") == "episode"
        else fields
        for name, fields in config.randomize.items()
    }
    check_losses(config)
    losses = asdict(config.train.losses)
    told = [MORE[loss] for loss in MORE if losses[loss]]
    extras = tuple(name for name in told if name in EXTRAS)
    return sim_spec(config, randomization=redrawn, depth="depth" in told, extras=extras)


def check_losses(config: Config) -> None:
    """Refuse losses whose targets would be wrong or empty."""
    losses, shift = config.train.losses, config.train.shift_px
    maps = [name for name in ("depth", "grounding", "affordance") if getattr(losses, name)]
    if maps and shift:
        raise ValueError(
            f"train.shift_px={shift} shifts images, but not what train.losses.{maps[0]} knows of their pixels; "
            "set one of them to 0"
        )
    looks = [name for name, fields in config.randomize.items() if fields is not None and name.split()[0] in LOOKS]
    if losses.invariance and not looks:
        raise ValueError(
            "train.losses.invariance compares two looks of one moment, but the randomization varies nothing that is "
            f"seen; set it to 0, or add some of {', '.join(sorted(LOOKS))} to randomize"
        )


def teachers_of(config: Config) -> tuple["Teacher", ...]:
    """Load who labels; none leaves it to the scripted expert.

    Raises:
        ValueError: A teacher is described wrongly, or was trained for another arm or task.
    """
    from agents.teachers import Teacher

    found = []
    for given in config.train.teachers:
        if not isinstance(given, dict) or "policy" not in given or set(given) - {"policy", "where"}:
            form = "{policy: RUN or expert, where: {AXIS: [low, high]}}"
            raise ValueError(f"train.teachers holds {given!r}; each is {form}")
        name, where = str(given["policy"]), {str(k): tuple(v) for k, v in (given.get("where") or {}).items()}
        if name != "expert":
            refuse_foreign(config, name, "teacher")
        found.append(Teacher(name, None if name == "expert" else load_policy(name).model, where))
    return tuple(found)


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.method != DAGGER:
        from experiments.train_rl import check as check_rl

        check_rl(config)
        return
    settings_of(config)
    training_spec(config)
    resources.check(config)
    axes = check_worlds(config)
    for teacher in teachers_of(config):
        teacher.covers(dict.fromkeys(axes, 0.5))  # names the nearest axis if one is unknown


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Train and measure quickly where it stands in held-out worlds."""
    if config.method != DAGGER:
        from experiments.train_rl import main as learn

        return learn(run, config)
    from agents.dagger import dagger
    from transfer.evaluate import evaluate

    settings, policy = settings_of(config)
    spec, watch = training_spec(config), Watch(run)
    using = resources.report(config, spec)
    outcome = dagger(
        spec,
        policy,
        settings,
        run.folder / "training",
        teachers=teachers_of(config),
        watch=watch,
        progress=watch.progress,
        log=run.log,
        **pool_options(config),
    )
    for entry in outcome.history:
        tell_doubts(run, entry)
    success = {}
    for name, strength in (("sim_nominal", 0.0), ("sim_heldout", 1.0)) if config.train.validate_episodes else ():
        measured = evaluate(
            sim_spec(config, split="heldout", strength=strength),
            outcome.model,
            episodes=config.train.validate_episodes,
            seed=config.seed,
            worlds=config.collect.worlds,
            execution=settings.execution,
            progress=run.stage(name),
            **pool_options(config),
        )
        success[name] = measured.rate.to_dict()
        print(f"  success, {name}: {measured.rate}")
    result = {
        "checkpoint": str(outcome.checkpoint),
        "dataset": describe(outcome.dataset),
        "dataset_hash": outcome.dataset.hash(),
        "env_steps": sum(shard["steps"] for shard in outcome.dataset.shards.values()),
        "history": outcome.history,
        "minutes": minutes(outcome.history),
        "resources": using,
        **({"success": success} if success else {}),
    }
    return result, f"python -m experiments evaluate {run.folder}"


def tell_doubts(run: Run, entry: dict[str, Any]) -> None:
    """Log where the teachers of a round disagreed: what no student can know from what it sees."""
    found = entry.get("disagreement")
    if not found:
        return
    numbers = {name: value for name, value in found.items() if name != "most"}
    run.log(entry["round"], numbers, "teachers")
    worst = ", ".join(f"episode {each['episode']} step {each['step']} ({each['value']:.2f})" for each in found["most"])
    print(
        f"  teachers of round {entry['round']} ({entry['taught']} episodes) differ by {found['mean']:.3f} in the mean, "
        f"{found['p95']:.3f} at the 95th percentile; most in {worst}"
    )


def describe(dataset: Any) -> dict[str, Any]:
    """Name the dataset by its hash."""
    return {"folder": str(Path(dataset.folder)), "hash": dataset.hash(), "frames": dataset.frames}


def minutes(history: list[dict[str, Any]]) -> dict[str, float]:
    """Add up collecting and fitting [min]."""
    collect, fit = (sum(entry[name] for entry in history) / 60.0 for name in ("collect_s", "fit_s"))
    return {"total": round(collect + fit, 3), "collect": round(collect, 3), "train": round(fit, 3)}
