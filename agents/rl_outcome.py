"""What a run of reinforcement learning leaves behind, whoever ran it.

FOLDER/rl.json  memory/  checkpoint/  policy.onnx
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents import checkpoint
from agents.onnx_export import to_onnx
from agents.policy import Policy
from agents.rl_settings import RLSettings
from agents.rl_watch import Curve
from agents.storage import canonical, differences, read_json, write_bytes, write_json
from envs.spec import WorldsSpec

MODEL, ABOUT, MEMORY, CHECKPOINT = "policy.onnx", "rl.json", "memory", "checkpoint"


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind.

    Attributes:
        checkpoint: Folder of the policy.
        model: Its ONNX bytes, actions in [-1, 1].
        env_steps: Control steps taken, over all worlds.
        seconds: Of collecting and learning, over all processes that worked at it.
        curve: Measurements: env_steps, seconds, success of the policy without its noise.
    """

    checkpoint: Path
    model: bytes
    env_steps: int
    seconds: float
    curve: list[dict[str, float]] = field(default_factory=list)


def finish(policy: Policy, spec: WorldsSpec, settings: RLSettings, folder: Path, curve: Curve, steps: int) -> Outcome:
    """Write the policy as every other verb reads it."""
    policy = policy.eval()
    record = {"worlds": spec.to_dict(), "rl": settings.to_dict(), "env_steps": steps, "curve": curve.points}
    checkpoint.save(folder / CHECKPOINT, policy, step=steps, record=record)
    write_bytes(folder / MODEL, to_onnx(policy))
    return Outcome(folder / CHECKPOINT, (folder / MODEL).read_bytes(), steps, curve.seconds, curve.points)


def refuse_other_settings(folder: Path, here: Mapping[str, Any]) -> None:
    """Note what this run is; stop if the folder holds a run of other settings."""
    path, plain = folder / ABOUT, json.loads(canonical(dict(here)))
    if not path.exists():
        write_json(path, plain)
        return
    there = read_json(path, "training run")
    wrong = [line for part in plain for line in differences(there.get(part, {}), plain[part])]
    if wrong:
        raise ValueError(f"{folder} holds a run with other settings: {'; '.join(wrong)}. Use a new folder.")
