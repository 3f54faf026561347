"""Write a bundle: policy as ONNX with everything inside, its contract, and the proof that runtimes agree.

    export(Path("runs/7/checkpoint"), Path("runs/7/bundle"), arm="panda", task="push")

The folder appears whole or not at all; a policy whose ONNX acts differently is not exported.
"""

import io
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from agents import checkpoint
from agents.acting import open_session
from agents.chunks import Execution
from agents.language import tokenizer_for
from agents.onnx_export import example, to_onnx, with_metadata
from agents.policy import Policy
from agents.spec import LanguageSpec
from agents.storage import write_bytes, write_json
from agents.words import LONGEST
from envs.arms import profile
from envs.arms.actions import EE_DELTA
from envs.rendering.assets import CAMERAS
from envs.tasks import base
from randomizers.errors import unknown
from transfer.bundle.bundle import (
    FILES,
    GOLDEN,
    IO,
    IO_HASH,
    KIND,
    MANIFEST,
    PARITY,
    POLICY,
    SCHEMA,
    TOLERANCE,
    TRAIN,
    Bundle,
    sha256,
)
from transfer.bundle.contract import Contract, InstructionIO
from transfer.folders import whole_folder

SAMPLES = 16
"""Golden inputs; 64 px images of one camera make 200 kB."""


def export(
    folder: Path,
    out: Path,
    *,
    arm: str,
    task: str,
    execution: Execution | None = None,
    train: Mapping | None = None,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> Bundle:
    """Export a checkpoint.

    Args:
        folder: Checkpoint.
        out: Must not exist, or be empty.
        arm: Name of the arm's profile.
        task: Name of the task.
        execution: How chunks are carried out on the arm; None looks again after every action.
        train: More notes for train.json, such as measured success.
        inputs: Golden inputs by name, such as frames of demonstrations; None makes plausible ones.

    Raises:
        FileNotFoundError: There is no checkpoint.
        ValueError: The policy needs what no arm can see, or ONNX differs from torch.
    """
    kept = checkpoint.load(folder)
    check_actions(kept.record)
    about = checkpoint.read_about(folder)
    notes = {
        "step": kept.step,
        "record": kept.record,
        "versions": about["versions"],
        "weights": about["sha256"],
    }
    licences = licences_of(kept.policy)
    if licences:
        notes["licences"] = licences
    contract = contract_of(kept.policy, arm, task, execution)
    return export_policy(kept.policy, out, contract, train=notes | dict(train or {}), inputs=inputs)


def licences_of(policy: Policy) -> dict[str, str]:
    """Name the licences of pretrained weights that the policy carries."""
    named = {"encoder": policy.spec.encoder.licence, "language": policy.spec.language.licence}
    return {part: licence for part, licence in named.items() if licence}


def check_actions(record: Mapping) -> None:
    """Refuse a policy that was trained to act otherwise than `ee_delta`: guards and runtime know no other way."""
    mode = record.get("worlds", {}).get("actions", EE_DELTA)
    if mode != EE_DELTA:
        raise ValueError(f"the policy acts by `{mode}`; bundles speak `{EE_DELTA}`. Train with actions={EE_DELTA}.")


def contract_of(policy: Policy, arm: str, task: str, execution: Execution | None = None) -> Contract:
    """Describe a vision policy for an arm and a task."""
    spec = policy.spec
    if spec.observes != "images":
        raise ValueError(
            f'The policy observes "{spec.observes}", ground truth that no arm can measure; '
            "train a vision policy (observes: images) and export that."
        )
    for camera in spec.cameras:
        if camera not in CAMERAS:
            raise ValueError(unknown("camera", camera, CAMERAS))
    if arm not in profile.names():
        raise ValueError(
            f"a bundle names its arm, and `{arm}` is not one that ships; put its profile into {profile.FOLDER} as "
            f"NAME.yaml on both computers and export with arm=NAME. Known: {', '.join(profile.names())}."
        )
    cameras = {name: CAMERAS[name] for name in spec.cameras}
    described = Contract.of(
        profile.load(arm),
        base.get(task),
        cameras,
        image_size=spec.image_size,
        chunk=spec.chunk,
        execution=execution,
        instruction=instruction_of(spec.language, base.get(task)) if spec.language.fusion else None,
    )
    size = sum(term.size for term in described.proprioception)
    if spec.proprioception != size:
        raise ValueError(f"The policy reads {spec.proprioception} numbers of proprioception; `{arm}` has {size}.")
    return described


def instruction_of(spec: LanguageSpec, task: base.Task) -> InstructionIO:
    """Describe what a policy is told: by which words, and what it has heard in training."""
    length = tokenizer_for(spec).encode([""]).shape[1]
    heard = tuple(sentence for mood in task.sentences.values() for sentence in mood)
    return InstructionIO("English", LONGEST, length, spec.tower, heard)


def export_policy(
    policy: Policy,
    out: Path,
    contract: Contract,
    *,
    train: Mapping,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> Bundle:
    """Export a policy that is in memory; see `export`."""
    described = json_bytes(contract.to_dict())
    model = with_metadata(to_onnx(policy, contract.action.scale), {IO_HASH: sha256(described)})
    given = completed(policy, inputs)
    expected = torch_actions(policy, given, contract)
    proof = parity(model, given, expected, contract)
    with whole_folder(Path(out)) as fresh:
        write_bytes(fresh / POLICY, model)
        write_bytes(fresh / IO, described)
        write_json(fresh / TRAIN, json.loads(json.dumps(dict(train))))
        write_json(fresh / PARITY, proof)
        write_bytes(fresh / GOLDEN, packed({**given, "actions": expected}))
        write_json(fresh / MANIFEST, manifest(fresh))
        Bundle.load(fresh)
    return Bundle.load(out)


def json_bytes(data: Mapping) -> bytes:
    """Give JSON with numbers at full precision."""
    return (json.dumps(data, indent=1) + "\n").encode()


def completed(policy: Policy, inputs: Mapping[str, np.ndarray] | None) -> dict[str, np.ndarray]:
    """Make golden inputs of the right shapes: those that are given, and plausible ones for the rest."""
    given = dict(inputs or {})
    rows = len(next(iter(given.values()))) if given else SAMPLES
    return {name: tensor.numpy() for name, tensor in example(policy.spec, rows).items()} | given


def torch_actions(policy: Policy, inputs: Mapping[str, np.ndarray], contract: Contract) -> np.ndarray:
    """Give torch's actions (samples, chunk, action) in physical units."""
    was_training = policy.training
    with torch.no_grad():
        actions, _ = policy.eval()({name: torch.from_numpy(values) for name, values in inputs.items()})
    policy.train(was_training)
    return (actions * torch.tensor(contract.action.scale)).numpy()


def parity(model: bytes, inputs: Mapping[str, np.ndarray], expected: np.ndarray, contract: Contract) -> dict:
    """Compare torch with onnxruntime in unit actions.

    Raises:
        ValueError: They differ by more than `TOLERANCE`.
    """
    (found,) = open_session(model).run(["actions"], dict(inputs))
    error = np.abs((np.asarray(found) - expected) / contract.action.scale)
    if not error.max() <= TOLERANCE:
        raise ValueError(
            f"ONNX differs from torch by {error.max():.3g} of a unit action, more than {TOLERANCE}: "
            "nothing was written. Check the policy for operators that the exporter changes."
        )
    return {
        "max_abs_error": float(error.max()),
        "mean_abs_error": float(error.mean()),
        "unit": "unit actions",
        "tolerance": TOLERANCE,
        "samples": len(expected),
        "versions": {name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        "machine": platform.machine(),
    }


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Serialise arrays as .npz without pickle."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def manifest(folder: Path) -> dict:
    """List every file with its fingerprint."""
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "files": {name: sha256((folder / name).read_bytes()) for name in FILES},
        "versions": {name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        "bytes": sum(os.path.getsize(folder / name) for name in FILES),
        "note": "Not certified for safety. Use an independent emergency stop.",
    }
