"""What a run's folder tells: stages, success rates in the order of a page, loss curves, how filmed episodes ended.

story = Story.of(Path("runs/..."))
story.rates["sim_nominal"]["rate"]
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.run import RESULT, read_result

STAGES = ("look", "train", "baseline", "finetune", "evaluate", "export", "deploy")
CONDITIONS = {
    "sim_nominal": "Simulation, nominal worlds",
    "sim_heldout": "Simulation, held-out randomized worlds",
    "sim_before": "Held-out worlds of the selection, before fine-tuning",
    "sim_after": "Held-out worlds of the selection, fine-tuned candidate",
    "reality": "Reality",
    "reality_zero_shot": "Reality, zero-shot",
    "reality_candidate": "Reality, fine-tuned candidate",
    "reality_finetuned": "Reality, after demonstrations",
    "deployed": "Reality, deployed bundle",
    "reality_without_randomization": "Reality, trained without randomization",
    "sim_nominal_without_randomization": "Nominal worlds, trained without randomization",
    "sim_heldout_without_randomization": "Held-out worlds, trained without randomization",
}
"""In the order of the page."""
TITLES = {"train": "train", "baseline": "train without randomization"}
"""Of stages that are told side by side."""
LOSSES = ("loss", "action", "auxiliary", "real", "simulated", "validation")


@dataclass(frozen=True)
class Part:
    """A stage of a pipeline, or a single run.

    Attributes:
        name: Of the stage, or the verb.
        folder: Its own.
        result: What it found.
    """

    name: str
    folder: Path
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Story:
    """Everything a page tells.

    Attributes:
        folder: Of the run.
        result: The whole run's.
        parts: Stages that are done, by name.
    """

    folder: Path
    result: Mapping[str, Any]
    parts: Mapping[str, Part]

    @classmethod
    def of(cls, folder: Path) -> "Story":
        """Read a run's folder.

        Raises:
            FileNotFoundError: It is no run, or one that did not finish.
        """
        result = read_result(folder)
        inside = {name: folder / name for name in STAGES if (folder / name / RESULT).is_file()}
        parts = {name: Part(name, place, read_result(place)) for name, place in inside.items()}
        own = str(result.get("verb", "run"))
        return cls(folder, result, parts or {own: Part(own, folder, result)})

    def find(self, key: str) -> Any:
        """Look a key up in the whole result, then in those of the stages."""
        held = [self.result, *(part.result for part in self.parts.values())]
        return next((result[key] for result in held if result.get(key) is not None), None)

    @property
    def rates(self) -> dict[str, Mapping[str, Any]]:
        """Success rates by condition, in the order of the page."""
        found = dict(self.result.get("success", {}))
        plain = self.result.get("without_randomization", {})
        found |= {f"{name}_without_randomization": rate for name, rate in plain.items()}
        order = list(CONDITIONS)
        return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else 99))


def label(name: str) -> str:
    """Name a condition for a reader."""
    return CONDITIONS.get(name, name.replace("_", " "))


def strip_label(name: str) -> str:
    """Name a condition that was filmed before or after fine-tuning."""
    kind, _, when = name.rpartition("_")
    told = {"before": "before fine-tuning", "after": "after fine-tuning"}
    return f"{label(kind)}, {told[when]}" if when in told and kind else label(name)


def curves_of(path: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Read losses from a log: steps and values by name."""
    curves: dict[str, tuple[list[float], list[float]]] = {}
    lines = path.read_text().splitlines() if path.is_file() else []
    for line in lines:
        entry = json.loads(line)
        for name in LOSSES if "step" in entry else ():
            if name in entry:
                steps, values = curves.setdefault(name, ([], []))
                steps.append(entry["step"])
                values.append(entry[name])
    return curves


def endings_of(result: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Say how recorded episodes ended, by condition and episode."""
    flat: dict[str, Any] = {}
    for name, found in result.get("details", {}).items():
        inner = {
            f"{kind}_{name}": value for kind, value in found.items() if isinstance(value, dict) and "episodes" in value
        }
        flat |= inner or {name: found}
    flat["deployed"] = {"episodes": result.get("trials", [])}
    return {
        (name, str(entry["episode"])): f": {'success' if entry['success'] else 'failure'}, {entry['length']} steps"
        for name, found in flat.items()
        for entry in found.get("episodes", [])
        if {"episode", "success", "length"} <= set(entry)
    }
