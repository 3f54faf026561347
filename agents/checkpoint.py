"""A policy on disk: weights.safetensors, optimizer.safetensors, checkpoint.json; swapped in whole, no pickle.

    save(folder, policy, step=1500, record={"worlds": spec.to_dict()}, optimizer=optimizer)
    checkpoint = load(folder)
    checkpoint.policy, checkpoint.record["worlds"]
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as pack_tensors
from torch import Tensor

from agents.policy import Policy, PolicySpec
from agents.storage import read_json, recover_folder, replace_folder, write_bytes, write_json

KIND, SCHEMA = "sim2arm policy", 1
WEIGHTS, OPTIMIZER, RECORD = "weights.safetensors", "optimizer.safetensors", "checkpoint.json"
MOMENTS = ("exp_avg", "exp_avg_sq", "step")  # what Adam remembers of a parameter


@dataclass(frozen=True)
class Checkpoint:
    """What `load` gives back.

    Attributes:
        policy: Ready to act.
        step: Optimization steps behind it.
        record: Whatever the writer noted: worlds, draw ranges, settings, hash of the data.
        optimizer: Adam's memory by "moment/parameter"; empty if it was not kept.
    """

    policy: Policy
    step: int
    record: dict
    optimizer: dict[str, Tensor] = field(default_factory=dict)


def save(
    folder: Path,
    policy: Policy,
    *,
    step: int,
    record: Mapping,
    optimizer: torch.optim.Adam | None = None,
) -> None:
    """Write a checkpoint in one piece, in place of a former one.

    Args:
        folder: Where.
        policy: What.
        step: Optimization steps so far.
        record: JSON-able notes that travel with it.
        optimizer: Kept if training is to go on.
    """
    files = {WEIGHTS: pack_tensors({k: v.contiguous() for k, v in policy.state_dict().items()})}
    if optimizer is not None:
        files[OPTIMIZER] = pack_tensors(moments(policy, optimizer))
    about = {
        "kind": KIND,
        "schema": SCHEMA,
        "policy": policy.spec.to_dict(),
        "step": step,
        "record": json.loads(json.dumps(dict(record))),
        "versions": {name: version(name) for name in ("torch", "numpy", "safetensors")},
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }

    def fill(fresh: Path) -> None:
        for name, data in files.items():
            write_bytes(fresh / name, data)
        write_json(fresh / RECORD, about)

    replace_folder(Path(folder), fill)


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint and verify it.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is cut off, edited, of another kind or of another version.
    """
    about = read_about(folder)
    policy = Policy(PolicySpec.from_dict(about["policy"]))
    weights = verified(Path(folder) / WEIGHTS, about["sha256"][WEIGHTS])
    try:
        policy.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{folder} holds weights of another policy: {error}") from error
    kept = about["sha256"].get(OPTIMIZER)
    memory = verified(Path(folder) / OPTIMIZER, kept) if kept else {}
    return Checkpoint(policy, about["step"], about["record"], memory)


def exists(folder: Path) -> bool:
    """Tell whether there is a checkpoint, finishing a swap that was interrupted."""
    recover_folder(Path(folder))
    return (Path(folder) / RECORD).is_file()


def read_about(folder: Path) -> dict:
    """Read checkpoint.json alone: policy spec, step, record, versions, hashes."""
    recover_folder(Path(folder))
    about = read_json(Path(folder) / RECORD, "checkpoint")
    if about.get("kind") != KIND:
        raise ValueError(f"{folder} is no checkpoint of sim2arm: its kind is {about.get('kind')!r}")
    if about.get("schema") != SCHEMA:
        raise ValueError(f"{folder} has checkpoint schema {about.get('schema')!r}; this is {SCHEMA}")
    return about


def verified(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read tensors whose file is exactly what was written."""
    if not path.is_file():
        raise ValueError(f"The checkpoint at {path.parent} is incomplete: {path.name} is missing")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{path} is truncated or was changed ({len(data)} bytes); train again or restore it")
    try:
        return read_tensors(data)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error


def moments(policy: Policy, optimizer: torch.optim.Adam) -> dict[str, Tensor]:
    """Name what Adam remembers by moment and parameter."""
    return {
        f"{moment}/{name}": optimizer.state[parameter][moment].contiguous()
        for name, parameter in policy.named_parameters()
        for moment in MOMENTS
        if parameter in optimizer.state
    }


def restore_moments(policy: Policy, optimizer: torch.optim.Adam, memory: Mapping[str, Tensor]) -> None:
    """Give Adam back what it remembered, bit for bit."""
    for name, parameter in policy.named_parameters():
        if f"step/{name}" in memory:
            optimizer.state[parameter] = {moment: memory[f"{moment}/{name}"].clone() for moment in MOMENTS}
