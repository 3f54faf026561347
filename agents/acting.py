"""Run an exported policy with numpy and onnxruntime alone, on collectors and on the robot's computer.

    actor = Actor(Path("policy.onnx"), worlds=8)
    actor.reset()
    action = actor.act(observation)          # (8, 4)

The model always runs on the full batch of worlds, so that an episode's actions do not depend on which of
its neighbours are still running.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from randomizers.errors import unknown


def open_session(policy: bytes | str | Path) -> onnxruntime.InferenceSession:
    """Load a model on one CPU thread: collectors share a machine, and one thread is repeatable."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    if isinstance(policy, (str, Path)):
        if not Path(policy).is_file():
            raise FileNotFoundError(f"There is no policy at {policy}")
        policy = Path(policy).read_bytes()
    return onnxruntime.InferenceSession(policy, options, providers=["CPUExecutionProvider"])


def pick(observation: Mapping, name: str) -> np.ndarray:
    """Find an input of the model, "goal" or "images.front", in a nested observation."""
    if not name.startswith("images."):
        if name not in observation:
            raise ValueError(unknown("observation", name, list(observation)))
        return np.asarray(observation[name], np.float32)
    camera = name.removeprefix("images.")
    images = observation.get("images", {})
    if camera not in images:
        raise ValueError(
            f"The policy looks through camera `{camera}`, but these worlds draw "
            f"{list(images) or 'no images'}; set images=({camera!r},)"
        )
    return np.asarray(images[camera], np.uint8)


class Actor:
    """A policy with the memory that executing chunks of actions needs.

    Args:
        policy: ONNX bytes or a file, as `agents.onnx_export.to_onnx` writes them.
        worlds: Rows of every observation.
        execute: Actions of a chunk that are carried out before the policy looks again.
    """

    def __init__(self, policy: bytes | str | Path, worlds: int, execute: int = 1):
        self.session = open_session(policy)
        self.inputs = tuple(value.name for value in self.session.get_inputs())
        shape = self.session.get_outputs()[0].shape
        self.chunk, self.action_size = int(shape[1]), int(shape[2])
        if not 1 <= execute <= self.chunk:
            raise ValueError(f"execute must be in [1, {self.chunk}], the policy's chunk, not {execute}")
        self.worlds, self.execute = worlds, execute
        self._plan = np.zeros((worlds, self.chunk, self.action_size), np.float32)
        self._age = np.full(worlds, execute)  # steps since the plan was made; `execute` asks for a new one

    def reset(self, rows: np.ndarray | None = None) -> None:
        """Forget the plans of some rows, or of all."""
        self._age[slice(None) if rows is None else rows] = self.execute

    def act(self, observation: Mapping) -> np.ndarray:
        """Choose the next action of every world, (worlds, action_size) in the model's unit."""
        stale = self._age >= self.execute
        if stale.any():
            self._plan[stale] = self.predict(observation)[stale]
            self._age[stale] = 0
        action = self._plan[np.arange(self.worlds), self._age]
        self._age += 1
        return action

    def predict(self, observation: Mapping) -> np.ndarray:
        """Run the model once; (worlds, chunk, action_size)."""
        feed = {name: pick(observation, name) for name in self.inputs}
        for name, value in feed.items():
            if len(value) != self.worlds:
                raise ValueError(f"`{name}` has {len(value)} rows; this actor drives {self.worlds} worlds")
        (actions,) = self.session.run(None, feed)
        return np.asarray(actions)
