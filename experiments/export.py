"""`export`: a bundle of plain files that runs on an arm without torch."""

from pathlib import Path
from typing import Any

from experiments.policies import checkpoint_of, chunk_of, execution_of
from experiments.run import RESULT, Run, read_result
from experiments.schema import Config

HELP = """Writes RUN/bundle: policy.onnx (normalisation and scaling inside), io.json (joints, units, rates, cameras,
meaning of actions), train.json (drawn ranges, measured success), parity.json (torch against onnxruntime), and
a manifest with the hash of every file. Nothing is written if the exported policy acts differently.

  python -m experiments export runs/...-finetune-push-..."""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.policy is None:
        raise ValueError("which policy? python -m experiments export RUN")
    execution_of(config, chunk_of(config.policy))


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Export and prove parity."""
    import json

    from transfer.bundle.export import export

    assert config.policy is not None  # `check` saw to it
    folder, _ = checkpoint_of(config.policy)
    out = run.folder / "bundle"
    notes = {"success": measured(Path(config.policy)), "randomize": config.randomize, "strength": config.strength}
    execution = execution_of(config, chunk_of(config.policy))
    bundle = export(folder, out, arm=config.arm, task=config.task, execution=execution, train=notes)
    parity = json.loads((out / "parity.json").read_text())
    rate = bundle.contract.control_rate_hz
    result = {"bundle": str(out), "checkpoint": str(folder), "parity": parity, "control_rate_hz": rate}
    return result, f"python -m experiments deploy {out} arm=virtual"


def measured(place: Path) -> dict[str, Any]:
    """Give the success rates of the run that made the policy."""
    return read_result(place).get("success", {}) if (place / RESULT).is_file() else {}
