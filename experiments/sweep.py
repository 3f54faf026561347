"""`sweep`: strengths x seeds, each cell a Ray task, all on the same episodes, so that luck cancels."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.policies import bare_spec, chunk_of, cluster_of, execution_of, load_policy, sim_spec
from experiments.run import Run, write_json
from experiments.schema import Config

if TYPE_CHECKING:
    from agents.chunks import Execution
    from envs.spec import WorldsSpec

HELP = """Evaluates a policy (without one, the scripted expert) in held-out worlds of several randomization strengths;
with sweep.train=true trains a small state policy at each strength and evaluates it at strength 1. Every strength
meets the same episodes. Finished cells are kept: a killed sweep goes on with resume=RUN.

  python -m experiments sweep push.yaml policy=runs/...-train-push-... sweep.strengths=[0,0.5,1,1.5] sweep.seeds=[0,1]
  python -m experiments sweep push.yaml sweep.train=true collect.workers=4 episodes=50"""

EXPERT = "expert"
TRAINED_AT, MEASURED_AT = "training strength", "strength of the worlds"
EPISODES, STEPS, HIDDEN = (64, 32, 32), (500, 400, 1100), 128
"""Of the small policies: 45 s on one busy core."""
LOST_TASKS = 3  # times that a cell whose worker died is run again


@dataclass(frozen=True)
class Cell:
    """One strength with one seed.

    Attributes:
        strength: What is varied: of the worlds that are evaluated, or that a policy is trained in.
        seed: Of the evaluated episodes, and of training.
        train: A policy is trained first, at `strength`.
        policy: What is evaluated otherwise: ONNX bytes, or "expert".
        worlds: Those that are evaluated.
        episodes: How many.
        batch: Worlds stepped together.
        execution: How the policy's chunks are carried out; None is the usual way.
    """

    strength: float
    seed: int
    train: bool
    policy: bytes | str
    worlds: "WorldsSpec"
    episodes: int
    batch: int
    execution: "Execution | None" = None

    @property
    def name(self) -> str:
        """Name the cell's file."""
        return f"{self.strength:g}-{self.seed}"

    @property
    def asked(self) -> str:
        """Give a fingerprint of everything the outcome depends on."""
        model = self.policy if isinstance(self.policy, bytes) else self.policy.encode()
        parts = {**asdict(self), "policy": hashlib.sha256(model).hexdigest(), "worlds": self.worlds.to_dict()}
        parts |= {"small": [EPISODES, STEPS, HIDDEN]}
        if self.execution is None:
            del parts["execution"]  # as sweeps had it that may be resumed
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    for name in ("strengths", "seeds"):
        values = getattr(config.sweep, name)
        if not values or len(set(values)) < len(values):
            raise ValueError(f"sweep.{name}={values} must hold at least one number, and none twice")
    if min(config.sweep.seeds) < 0 or config.episodes < 1:
        raise ValueError(f"sweep.seeds={config.sweep.seeds} must be >= 0, episodes={config.episodes} >= 1")
    if config.collect.backend not in ("ray", "serial"):
        raise ValueError(f"collect.backend is {config.collect.backend!r}; it must be ray or serial")
    if config.policy is not None and config.sweep.train:
        raise ValueError("sweep.train=true trains its own policies; leave policy=... out, or sweep.train=false")
    if config.policy is not None:
        execution_of(config, chunk_of(config.policy))
    for strength in config.sweep.strengths:
        bare_spec(config, strength=strength).build(1).close()


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Run the cells that are not done, draw and compare."""
    cells = plan(config)
    (run.folder / "cells").mkdir(exist_ok=True)
    done = {cell.name: found for cell in cells if (found := finished(run.folder, cell)) is not None}
    missing = [cell for cell in cells if cell.name not in done]
    run.progress("cells", len(done), len(cells))
    for cell, outcome in outcomes(missing, config):
        record = {"strength": cell.strength, "seed": cell.seed, "asked": cell.asked, **outcome}
        write_json(path_of(run.folder, cell), record)
        done[cell.name] = record
        run.note({"cell": cell.name, "rate": outcome["rate"], "seconds": outcome["seconds"]})
        run.progress("cells", len(done), len(cells))
    ordered = [done[cell.name] for cell in cells]
    result = summary(ordered, config) | {"plot": str(run.folder / "sweep.png")}
    draw(run.folder / "sweep.png", result)
    for strength, rate in result["by_strength"].items():
        print(f"  {result['varied']} {strength}: {100 * rate['rate']:.0f} % (n={rate['n']})")
    return result, f"python -m experiments report {run.folder}"


def plan(config: Config) -> list[Cell]:
    """List the cells, strength by strength."""
    from agents.chunks import Execution

    train = config.sweep.train
    policy: bytes | str = EXPERT
    eyes: dict[str, Any] = {"images": ()}
    execution = Execution()
    if config.policy is not None:
        loaded = load_policy(config.policy)
        execution = execution_of(config, loaded.spec.chunk)
        policy, eyes = loaded.model, {"images": loaded.spec.cameras, "image_size": loaded.spec.image_size}
    worlds = sim_spec(config, split="heldout", **eyes)
    return [
        Cell(
            strength=float(strength),
            seed=seed,
            train=train,
            policy=policy,
            worlds=worlds.but(strength=1.0 if train else float(strength)),
            episodes=config.episodes,
            batch=config.collect.worlds,
            execution=None if execution == Execution() else execution,
        )
        for strength in config.sweep.strengths
        for seed in config.sweep.seeds
    ]


def path_of(folder: Path, cell: Cell) -> Path:
    """Name the file of a finished cell."""
    return folder / "cells" / f"{cell.name}.json"


def finished(folder: Path, cell: Cell) -> dict[str, Any] | None:
    """Read a cell that an earlier process finished; None where there is none.

    Raises:
        ValueError: It was made with other settings.
    """
    path = path_of(folder, cell)
    if not path.is_file():
        return None
    record = json.loads(path.read_text())
    if record["asked"] != cell.asked:
        raise ValueError(f"{path} was made with other settings, policy or randomization. Sweep in a new folder.")
    return record


def outcomes(cells: list[Cell], config: Config) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Yield cells with what came out, as they finish; Ray runs a cell again whose worker was lost."""
    if not cells:
        return
    if config.collect.backend == "serial":
        for cell in cells:
            yield cell, run_cell(cell)
        return
    import ray

    from agents.cluster import start_ray

    start_ray(config.collect.workers, cluster_of(config))
    task = ray.remote(num_cpus=1, max_retries=LOST_TASKS)(run_cell)
    running = {task.remote(cell): cell for cell in cells}
    while running:
        (reference,), _ = ray.wait(list(running), num_returns=1)
        yield running.pop(reference), ray.get(reference)


def run_cell(cell: Cell) -> dict[str, Any]:
    """Train, if so asked, and evaluate; runs in a worker and depends on nothing but the cell."""
    from transfer.evaluate import evaluate

    policy, trained = trained_policy(cell) if cell.train else (cell.policy, {})
    measured = evaluate(
        cell.worlds,
        policy,
        episodes=cell.episodes,
        seed=cell.seed,
        worlds=cell.batch,
        backend="serial",
        execution=cell.execution,
    )
    told = {**measured.rate.to_dict(), "seconds": round(measured.seconds, 2), "faults": list(measured.faults)}
    return {**told, **trained, "success": measured.success.tolist()}


def trained_policy(cell: Cell) -> tuple[bytes, dict[str, float]]:
    """Train a small state policy in worlds of the cell's strength; give the model and how long it took."""
    from agents.clone import FitSettings
    from agents.dagger import DaggerSettings, dagger
    from agents.policy import PolicySpec

    spec = PolicySpec(observes="state", cameras=(), state=1, auxiliary=0, hidden=HIDDEN)
    fit = FitSettings(threads=1)
    settings = DaggerSettings(episodes=EPISODES, steps=STEPS, worlds=cell.batch, seed=cell.seed, fit=fit)
    worlds = cell.worlds.but(split="train", strength=cell.strength)
    with tempfile.TemporaryDirectory(prefix="sim2arm-sweep-") as folder:
        outcome = dagger(worlds, spec, settings, Path(folder), backend="serial")
        spent = {name: round(sum(entry[name] for entry in outcome.history), 2) for name in ("collect_s", "fit_s")}
        return outcome.model, spent


def summary(cells: list[dict[str, Any]], config: Config) -> dict[str, Any]:
    """Pool the seeds of every strength, and compare each with the lowest strength, episode by episode."""
    from transfer.statistics import paired, rate_of

    strengths = sorted({cell["strength"] for cell in cells})
    pooled = {s: np.concatenate([c["success"] for c in cells if c["strength"] == s]) for s in strengths}
    first = strengths[0]
    return {
        "task": config.task,
        "varied": TRAINED_AT if config.sweep.train else MEASURED_AT,
        "policy": "small state policies" if config.sweep.train else config.policy or EXPERT,
        "by_strength": {f"{s:g}": rate_of(pooled[s]).to_dict() for s in strengths},
        "reference": first,
        "paired": {f"{s:g}": paired(pooled[first], pooled[s]).to_dict() for s in strengths[1:]},
        "cells": [{name: value for name, value in cell.items() if name != "asked"} for cell in cells],
    }


def draw(path: Path, result: dict[str, Any]) -> None:
    """Draw success against strength."""
    from experiments.plots import png, sweep_chart

    path.write_bytes(png(sweep_chart(result)))
