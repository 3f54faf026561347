"""`finetune`: record demonstrations in the reality twin, adapt a policy to them, keep it only if it is better."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.evaluate import measure
from experiments.policies import (
    Loaded,
    check_card,
    check_worlds,
    chunk_of,
    execution_of,
    load_policy,
    pool_options,
    reality_spec,
    refuse_foreign,
    sim_spec,
)
from experiments.run import RESULT, Run, read_result
from experiments.schema import Config

if TYPE_CHECKING:
    from transfer.demonstrations.episode import Demonstration
    from transfer.finetune import FineTuned, FinetuneSettings

HELP = """Records demonstrations.count episodes of the scripted expert in the reality twin (or reads a LeRobot v3
dataset, demonstrations.path), fine-tunes the policy on them while it rehearses simulation, and measures before
and after on the same episodes. The new policy is kept only if it is better in reality and has not forgotten simulation;
that is decided on other episodes (finetune.select_episodes) than those that are reported.

  python -m experiments finetune policy=runs/...-train-push-... cards=medium demonstrations.count=10"""

SELECTION_SEED = 500_000
"""Added to the seed of the episodes that choose a policy: those that are reported must not have chosen it."""


def settings_of(config: Config) -> "FinetuneSettings":
    """Turn the configuration into what `transfer` wants; impossible numbers are refused here."""
    from transfer.finetune import FinetuneSettings

    asked = config.finetune
    if asked.select_episodes < 1:
        raise ValueError(f"finetune.select_episodes={asked.select_episodes}; it takes at least 1 to choose a policy")
    return FinetuneSettings(
        steps=asked.steps,
        batch=asked.batch,
        share=asked.share,
        learning_rate=asked.learning_rate,
        encoder_rate=asked.encoder_rate,
        held_out=asked.held_out,
        shift_px=asked.shift_px,
        colour=asked.colour,
        seed=config.seed,
        threads=config.train.threads,
    )


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    settings_of(config)
    if config.policy is None:
        raise ValueError("which policy? Give the run that trained it: policy=runs/...-train-push-...")
    refuse_foreign(config, config.policy)
    execution_of(config, chunk_of(config.policy))
    check_worlds(config)
    check_card(config)
    if config.demonstrations.path is not None:
        read_demonstrations(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Demonstrate, fine-tune, compare, choose."""
    from agents import checkpoint
    from agents.onnx_export import to_onnx
    from transfer.finetune import finetune
    from transfer.select import select

    before = load_policy(config.policy)
    recorded = record_demonstrations(run, config, bool(before.spec.language.fusion))
    tuned = finetune(
        checkpoint.load(before.folder).policy,
        read_demonstrations(config, run.folder),
        rehearsal(before, config),
        settings_of(config),
        progress=run.progress,
    )
    log_curve(run, tuned)
    candidate = run.folder / "candidate"
    record = checkpoint.load(before.folder).record | {"finetuned_from": str(before.folder), "card": config.cards}
    checkpoint.save(candidate, tuned.policy, step=tuned.step, record=record)
    models = {"before": before.model, "after": to_onnx(tuned.policy)}
    tried = {name: compare(run, config, name, model) for name, model in models.items()}
    chosen = select(
        reality=(tried["before"]["select_reality"].success, tried["after"]["select_reality"].success),
        simulation=(tried["before"]["select_sim"].success, tried["after"]["select_sim"].success),
        tolerance=config.finetune.tolerance,
    )
    print(f"  kept: {chosen.kept}; {chosen.reason}")
    kept = candidate if chosen.kept == "candidate" else before.folder
    reality = {name: found["reality"] for name, found in tried.items()}
    best = reality["after" if chosen.kept == "candidate" else "before"]
    result = {
        "checkpoint": str(kept),
        "dataset": {"folder": str(before.dataset) if before.dataset else None},
        "card": config.cards,
        "renderer": best.renderer,
        "demonstrations": recorded,
        "finetune": tuned.to_dict(),
        "selection": chosen.to_dict(),
        "success": {
            "reality_zero_shot": reality["before"].rate.to_dict(),
            "reality_finetuned": best.rate.to_dict(),
            "reality_candidate": reality["after"].rate.to_dict(),
            "sim_before": tried["before"]["select_sim"].rate.to_dict(),
            "sim_after": tried["after"]["select_sim"].rate.to_dict(),
        },
        "details": {name: {k: v.to_dict() for k, v in kinds.items()} for name, kinds in tried.items()},
    }
    return result, f"python -m experiments export {run.folder}"


def compare(run: Run, config: Config, name: str, model: bytes) -> dict[str, Any]:
    """Measure one policy on the episodes that choose, and in reality on the episodes that are reported."""
    choosing = replace(config, seed=config.seed + SELECTION_SEED, episodes=config.finetune.select_episodes)
    wanted = {
        "select_reality": (choosing, reality_spec(config, split="heldout")),
        "select_sim": (choosing, sim_spec(config, split="heldout", strength=1.0)),
        "reality": (config, reality_spec(config, split="heldout")),
    }
    found = {}
    for kind, (asked, spec) in wanted.items():
        found[kind] = measure(run, asked, f"{kind}_{name}", spec, model)
        print(f"  {kind} {name}: {found[kind].rate}")
    return found


def demonstrations_folder(config: Config, run_folder: Path | None) -> Path:
    """Say where the demonstrations are."""
    if config.demonstrations.path is not None:
        return Path(config.demonstrations.path)
    assert run_folder is not None  # only `check` asks without a run, and only for a given path
    return run_folder / "demonstrations"


def record_demonstrations(run: Run, config: Config, instructed: bool) -> dict[str, Any]:
    """Record in the twin, told in words where the policy reads some, unless the user brought demonstrations."""
    from transfer.demonstrations.record import record

    if config.demonstrations.path is not None:
        return {"folder": config.demonstrations.path}
    folder, note = demonstrations_folder(config, run.folder), run.folder / "demonstrations.json"
    if note.is_file():
        return read_note(note)
    made = record(
        reality_spec(config),
        folder,
        demonstrations=config.demonstrations.count,
        seed=config.demonstrations.seed,
        noise=config.demonstrations.noise,
        arm=config.arm,
        instructed=instructed,
        progress=run.progress,
        **pool_options(config),
    ).to_dict()
    from experiments.run import write_json

    write_json(note, made)
    return made


def read_note(path: Path) -> dict[str, Any]:
    """Read what was noted of a recording."""
    import json

    return json.loads(path.read_text())


def read_demonstrations(config: Config, run_folder: Path | None = None) -> list["Demonstration"]:
    """Read and check a LeRobot v3 dataset for this arm and these cameras."""
    from envs.arms.profile import load
    from transfer.demonstrations.episode import Layout
    from transfer.demonstrations.reader import read

    layout = Layout.of(load(config.arm), tuple(config.images.cameras), config.images.size)
    return read(demonstrations_folder(config, run_folder), layout)


def rehearsal(before: Loaded, config: Config) -> Any:
    """Give the simulated frames that are rehearsed."""
    from agents.dataset import Dataset

    if config.finetune.share >= 1.0:
        return None
    if before.dataset is None:
        raise ValueError(
            f"policy={config.policy} does not say which simulated data it learnt from, and finetune.share="
            f"{config.finetune.share} rehearses them. Give the train run, or finetune.share=1 to rehearse nothing."
        )
    return Dataset.open(before.dataset)


def log_curve(run: Run, tuned: "FineTuned") -> None:
    """Put the validation curve into TensorBoard."""
    for entry in tuned.curve:
        run.log(entry["step"], {k: v for k, v in entry.items() if k != "step"}, prefix="finetune")


def finished(folder: Path) -> dict[str, Any] | None:
    """Give the result of a run that is done, else None."""
    return read_result(folder) if (folder / RESULT).is_file() else None
