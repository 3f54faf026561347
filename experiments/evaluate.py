"""`evaluate`: success in nominal and held-out simulation and in the reality twin, with intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.policies import (
    check_card,
    check_worlds,
    chunk_of,
    execution_of,
    load_policy,
    pool_options,
    reality_spec,
    refuse_foreign,
    sim_spec,
    why_no_twin,
)
from experiments.run import Run
from experiments.schema import Config

if TYPE_CHECKING:
    from transfer.evaluate import Evaluation

HELP = """Runs a policy on held-out episodes: nominal worlds, fully randomized worlds with unseen textures, and the
reality twin of `cards` (mild, medium, harsh, or your own YAML). Without policy=, the scripted expert is measured.
Rates come with n and 95 % Wilson intervals. "Reality" is a MuJoCo twin, not an arm; the result says what drew it.

  python -m experiments evaluate runs/...-train-push-... cards=medium episodes=100 seed=7"""
STRIPS = 3
"""Episodes of each condition that are kept as film strips."""
FRAMES = 10
"""Frames of a film strip."""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.policy is not None:
        refuse_foreign(config, config.policy)
        execution_of(config, chunk_of(config.policy))
    check_worlds(config)
    if not why_no_twin(config):
        check_card(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Measure in three kinds of worlds."""
    model: bytes | str = load_policy(config.policy).model if config.policy else "expert"
    specs: dict[str, Any] = {
        "sim_nominal": sim_spec(config, split="heldout", strength=0.0),
        "sim_heldout": sim_spec(config, split="heldout", strength=1.0),
    }
    if why_no_twin(config):
        print(f"  no reality: {why_no_twin(config)}")
    else:
        specs["reality"] = reality_spec(config, split="heldout")
    success, details, records = {}, {}, {}
    for name, spec in specs.items():
        measured = measure(run, config, name, spec, model)
        records[name] = str(save_records(run.folder / f"records-{name}.jsonl", spec, measured.records))
        success[name], details[name] = measured.rate.to_dict(), measured.to_dict()
        print(f"  {name}: {measured.rate}")
    result = {
        "policy": config.policy or "expert",
        "card": config.cards,
        "renderer": list(details.values())[-1]["renderer"],
        "success": success,
        "records": records,
        "details": details,
    }
    return result, f"python -m experiments {following(config)}"


def following(config: Config) -> str:
    """Suggest what to do with a measured policy."""
    return f"finetune policy={config.policy} cards={config.cards}" if config.policy else f"train {config.task}.yaml"


def measure(run: Run, config: Config, name: str, spec: Any, model: bytes | str) -> "Evaluation":
    """Evaluate in one kind of world and keep film strips."""
    from agents.chunks import Execution
    from transfer.evaluate import evaluate

    measured = evaluate(
        spec,
        model,
        episodes=config.episodes,
        seed=config.seed,
        worlds=config.collect.worlds,
        execution=Execution(**vars(config.execution)),
        strips=STRIPS,
        progress=run.stage(name),
        **pool_options(config),
    )
    save_strips(run.folder / "strips", name, measured.strips)
    for fault in measured.faults:
        run.note({"condition": name, "fault": fault})
    return measured


def save_records(path: Path, spec: Any, episodes: Sequence[Mapping[str, Any]]) -> Path:
    """Write one record a line, from which `look record=` rebuilds an episode."""
    from envs.record import Record

    told = [Record.joined(spec.to_dict(), each).to_json() for each in episodes if "record" in each]
    path.write_text("".join(f"{line}\n" for line in told))
    return path


def save_strips(folder: Path, name: str, strips: dict[int, Any]) -> None:
    """Write film strips: evenly spaced frames of an episode in one row."""
    if not strips:
        return
    import cv2
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for episode, frames in strips.items():
        chosen = frames[np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().astype(int)]
        row = np.concatenate(list(chosen), axis=1)
        cv2.imwrite(str(folder / f"{name}-{episode}.png"), np.ascontiguousarray(row[..., ::-1]))
