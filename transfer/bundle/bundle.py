"""Read a bundle on the robot's computer: every byte is checked before anything is believed.

    bundle = Bundle.load("runs/7/bundle")
    bundle.contract.joints[0].name          # "panda_joint1"
    bundle.replay()                         # largest difference to the golden actions on this machine

A bundle is a folder:
    policy.onnx     observation -> chunk of physical actions; normalisation and scaling are inside
    io.json         the contract: joints, units, rates, cameras, meaning of actions
    train.json      what was drawn in training, and how well it went
    parity.json     torch against onnxruntime on golden.npz
    manifest.json   sha256 of every file
"""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents.acting import TOKENIZER, open_session, own
from agents.storage import read_json
from agents.words import INSTRUCTION
from transfer.bundle.contract import Contract

KIND, SCHEMA = "sim2arm bundle", 1
POLICY, IO, TRAIN, PARITY, GOLDEN, MANIFEST = (
    "policy.onnx",
    "io.json",
    "train.json",
    "parity.json",
    "golden.npz",
    "manifest.json",
)
FILES = (POLICY, IO, TRAIN, PARITY, GOLDEN)
IO_HASH = "sim2arm.io.sha256"
"""Metadata key in policy.onnx: it names the io.json it was exported with."""
TOLERANCE = 1e-5
"""Largest difference between torch and onnxruntime, in unit actions; 5.7e-7 was measured on such nets."""


def sha256(data: bytes) -> str:
    """Fingerprint bytes."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Bundle:
    """A verified bundle in memory.

    Attributes:
        folder: Where it lies.
        policy: ONNX bytes.
        contract: io.json.
        train: train.json.
        parity: parity.json.
    """

    folder: Path
    policy: bytes
    contract: Contract
    train: dict
    parity: dict

    @classmethod
    def load(cls, folder: Path | str) -> "Bundle":
        """Read and verify a bundle.

        Raises:
            FileNotFoundError: There is none.
            ValueError: A file is missing, was edited, is cut off, or belongs to another bundle.
        """
        folder = Path(folder)
        verify(folder)
        bundle = cls(
            folder,
            (folder / POLICY).read_bytes(),
            Contract.from_dict(read_json(folder / IO, "bundle")),
            read_json(folder / TRAIN, "bundle"),
            read_json(folder / PARITY, "bundle"),
        )
        bundle._check_graph()
        return bundle

    def replay(self) -> float:
        """Run the golden inputs on this machine; largest difference to torch's actions, in unit actions.

        Raises:
            ValueError: It is above `TOLERANCE`: this machine would not drive as the exporter's did.
        """
        inputs, expected = golden(self.folder)
        (found,) = open_session(self.policy).run(["actions"], inputs)
        error = float(np.abs((found - expected) / self.contract.action.scale).max())
        if not error <= TOLERANCE:
            raise ValueError(
                f"{self.folder}: golden actions differ by {error:.3g} of a unit action on this machine, "
                f"more than {TOLERANCE}. Export again with the onnxruntime of this machine."
            )
        return error

    def _check_graph(self) -> None:
        """Refuse a policy whose inputs or outputs are not those of io.json."""
        session = open_session(self.policy)
        here = sha256((self.folder / IO).read_bytes())
        if session.get_modelmeta().custom_metadata_map.get(IO_HASH) != here:
            raise ValueError(f"{self.folder}: {POLICY} was exported with another {IO}; export both together.")
        there = {value.name: tuple(value.shape[1:]) for value in session.get_inputs() if not own(value.name)}
        wanted = shapes(self.contract)
        if there != wanted:
            raise ValueError(f"{self.folder}: {POLICY} takes {there}, but {IO} promises {wanted}.")
        if self.contract.instruction is not None and TOKENIZER not in session.get_modelmeta().custom_metadata_map:
            raise ValueError(f"{self.folder}: {POLICY} does not say how an instruction becomes tokens; export again.")
        action = self.contract.action
        given = tuple(session.get_outputs()[0].shape[1:])
        if given != (action.chunk, len(action.names)):
            raise ValueError(f"{self.folder}: {POLICY} gives {given}, but {IO} promises {action}.")


def shapes(contract: Contract) -> dict[str, tuple[int, ...]]:
    """Give the shape of every input of the policy, without the batch."""
    found: dict[str, tuple[int, ...]] = {
        "proprioception": (sum(term.size for term in contract.proprioception),),
        "goal": (contract.goal.size,),
    }
    if contract.instruction is not None:
        found[INSTRUCTION] = (contract.instruction.words,)
    return found | {f"images.{c.name}": (c.height, c.width, 3) for c in contract.cameras}


def verify(folder: Path) -> None:
    """Compare every file with the manifest."""
    manifest = read_json(folder / MANIFEST, "bundle")
    if manifest.get("kind") != KIND or manifest.get("schema") != SCHEMA:
        got = f"{manifest.get('kind')!r} of schema {manifest.get('schema')!r}"
        raise ValueError(f"{folder} is no bundle that this version reads: {got}; expected {KIND!r} of {SCHEMA}.")
    listed: Mapping[str, str] = manifest.get("files", {})
    for name in FILES:
        if name not in listed or not (folder / name).is_file():
            raise ValueError(f"{folder} is incomplete: {name} is missing. Export it again.")
        if sha256((folder / name).read_bytes()) != listed[name]:
            raise ValueError(f"{folder}/{name} is not what the manifest says: it was edited or cut off. Export again.")


def golden(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Read the golden inputs by name, and torch's actions for them in physical units."""
    try:
        with np.load(folder / GOLDEN, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return arrays, arrays.pop("actions")
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{folder}/{GOLDEN} cannot be read ({error}); export again.") from error
