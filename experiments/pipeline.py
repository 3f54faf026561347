"""`pipeline`: the whole chain from one YAML; a stage that is done is not run again."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.evaluate import measure
from experiments.policies import check_card, load_policy, reality_spec, sim_spec
from experiments.run import RESULT, Run, read_result
from experiments.schema import Config

HELP = """look, train, train again without randomization, finetune, evaluate, export, deploy, report, each in a
subfolder. A killed pipeline goes on with resume=RUN: finished stages are kept, training takes up at its last
shard or checkpoint.

  python -m experiments pipeline demo.yaml
  python -m experiments pipeline demo.yaml seed=1 cards=harsh episodes=200"""
PACKAGE_ROOT = Path(__file__).resolve().parents[1]


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.network.observes != "images":
        raise ValueError(
            f"a pipeline ends on an arm, which cannot see the state: network.observes={config.network.observes} "
            "must be images"
        )
    for each in (config, unrandomized(config)):
        import_module("experiments.train").check(each)
    import_module("experiments.finetune").settings_of(config)
    check_card(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Run all stages."""
    began = time.monotonic()
    bare = replace(config, resume=None, run=None)
    look = stage(run, "look", "look", bare)
    trained = stage(run, "train", "train", bare)
    baseline = stage(run, "baseline", "train", unrandomized(bare))
    tuned = stage(run, "finetune", "finetune", replace(bare, policy=folder_of(run, "train")))
    judged = stage(run, "evaluate", measure_all, bare)
    exported = stage(run, "export", "export", replace(bare, policy=folder_of(run, "finetune")))
    deployed = deploy(run, config, exported["bundle"])
    success = {
        "sim_nominal": judged["success"]["sim_nominal"],
        "sim_heldout": judged["success"]["sim_heldout"],
        "reality_zero_shot": tuned["success"]["reality_zero_shot"],
        "reality_finetuned": tuned["success"]["reality_finetuned"],
        "reality_without_randomization": judged["success"]["reality_without_randomization"],
        "deployed": deployed["success"]["deployed"],
    }
    result = {
        "success": success,
        "without_randomization": {
            name: judged["success"][f"{name}_without_randomization"] for name in ("sim_nominal", "sim_heldout")
        },
        "selection": tuned["selection"],
        "card": config.cards,
        "renderer": tuned["renderer"],
        "minutes": minutes(run, began, trained, baseline, tuned, judged),
        "dataset": trained["dataset"],
        "checkpoint": tuned["checkpoint"],
        "bundle": exported["bundle"],
        "report": str(run.folder / "report.html"),
        "stages": [look["run"], trained["run"], baseline["run"], tuned["run"], judged["run"], exported["run"]],
    }
    run.finish(result)  # the report reads it
    import_module("experiments.report").main(run, replace(bare, source=str(run.folder)))
    for name, rate in success.items():
        low, high = 100 * rate["low"], 100 * rate["high"]
        print(f"  {name:<30} {100 * rate['rate']:3.0f} %  ({low:.0f}..{high:.0f}, n={rate['n']})")
    print(f"  report: {result['report']}\n  bundle: {result['bundle']}")
    return result, f"python -m experiments deploy {result['bundle']} arm=virtual cards={config.cards}"


def unrandomized(config: Config) -> Config:
    """Give the training whose policy shows what becomes of one that has seen a single world."""
    asked, train = config.baseline, config.train
    shorter = replace(train, episodes=asked.episodes or train.episodes, steps=asked.steps or train.steps)
    return replace(config, strength=0.0, train=shorter)


def folder_of(run: Run, name: str) -> str:
    """Name a stage's folder."""
    return str(run.folder / name)


def stage(run: Run, name: str, verb: str | Callable[..., Any], config: Config) -> dict[str, Any]:
    """Run a stage in its subfolder, unless it is done.

    Args:
        run: The pipeline's.
        name: Of the subfolder.
        verb: Whose `main` it is, or a function like it.
        config: Of the stage.
    """
    folder = run.folder / name
    if (folder / RESULT).is_file():
        print(f"{folder}: done before", flush=True)
        return read_result(folder)
    print(f"== {name}", flush=True)
    work = import_module(f"experiments.{verb}").main if isinstance(verb, str) else verb
    with Run.open(verb if isinstance(verb, str) else name, config, folder) as part:
        result, _ = work(part, config)
        return part.finish(result)


def measure_all(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Measure the policy that was kept in nominal and held-out worlds, and the unrandomized one everywhere."""
    home = run.folder.parent
    kept = load_policy(str(home / "finetune")).model
    plain = load_policy(str(home / "baseline")).model
    nominal = sim_spec(config, split="heldout", strength=0.0)
    heldout = sim_spec(config, split="heldout", strength=1.0)
    reality = reality_spec(config, split="heldout")
    wanted = {
        "sim_nominal": (nominal, kept),
        "sim_heldout": (heldout, kept),
        "sim_nominal_without_randomization": (nominal, plain),
        "sim_heldout_without_randomization": (heldout, plain),
        "reality_without_randomization": (reality, plain),
    }
    found = {name: measure(run, config, name, spec, model) for name, (spec, model) in wanted.items()}
    for name, measured in found.items():
        print(f"  {name}: {measured.rate}")
    result = {
        "success": {name: measured.rate.to_dict() for name, measured in found.items()},
        "details": {name: measured.to_dict() for name, measured in found.items()},
    }
    return result, f"python -m experiments export {home / 'finetune'}"


def deploy(run: Run, config: Config, bundle: str) -> dict[str, Any]:
    """Drive the virtual arm from a fresh process, which must not hold what training has loaded here."""
    folder = run.folder / "deploy"
    if (folder / RESULT).is_file():
        return read_result(folder)
    print("== deploy", flush=True)
    settings = [f"cards={config.cards}", f"episodes={config.episodes}", f"seed={config.seed}"]
    asked = [sys.executable, "-m", "experiments", "deploy", bundle, *settings, "deploy.arm=virtual"]
    if (folder / "config.yaml").is_file():
        asked.append(f"resume={folder}")
    else:
        asked.append(f"run={folder}")
    done = subprocess.run(asked, check=False)
    if done.returncode:
        raise RuntimeError(f"deploying failed with exit status {done.returncode}: {' '.join(asked)}")
    return read_result(folder)


def minutes(
    run: Run, began: float, trained: dict, baseline: dict, tuned: dict, judged: dict
) -> dict[str, float]:
    """Say where the time went [min]: collecting, training, fine-tuning and evaluating of all stages."""
    stages = [path.parent for path in run.folder.glob(f"*/{RESULT}")]
    total = sum(read_result(folder)["seconds"] for folder in stages) / 60.0
    spent = {name: trained["minutes"][name] + baseline["minutes"][name] for name in ("collect", "train")}
    evaluations = [*judged["details"].values(), *(v for kinds in tuned["details"].values() for v in kinds.values())]
    return {
        "total": round(max(total, (time.monotonic() - began) / 60.0), 2),
        **{name: round(value, 2) for name, value in spent.items()},
        "finetune": round(tuned["finetune"]["seconds"] / 60.0, 2),
        "evaluate": round(sum(v["seconds"] for v in evaluations) / 60.0, 2),
    }
