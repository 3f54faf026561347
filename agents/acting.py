"""Run an exported policy with numpy and onnxruntime alone, on collectors and on the robot's computer.

    actor = Actor(Path("policy.onnx"), worlds=8)
    actor.begin(seed=0, episodes=np.arange(8))     # or reset(), on an arm
    action = actor.act(observation)                # (8, 4)

The model always runs on the full batch of worlds, so that an episode's actions do not depend on which of
its neighbours are still running. Whatever the model needs beside the observation is kept here: earlier
observations, a memory, and the noise that diffusion and flow start from, addressed by (seed, episode, step).
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime

from agents.chunks import Execution, executor
from agents.words import INSTRUCTION, Tokenizer, tokenizer_of
from randomizers.errors import unknown
from randomizers.streams import uniforms

PAST, MEMORY, NOISE = "past.", "memory", "noise"
NEXT_MEMORY = "next_memory"
TOKENIZER = "sim2arm.tokenizer"
"""Metadata key of the model: how instructions become tokens."""


def open_session(policy: bytes | str | Path) -> onnxruntime.InferenceSession:
    """Load a model on one CPU thread: collectors share a machine, and one thread is repeatable.

    The last one is kept: collectors get the same policy with every job of a round.
    """
    if isinstance(policy, (str, Path)):
        if not Path(policy).is_file():
            raise FileNotFoundError(f"There is no policy at {policy}")
        policy = Path(policy).read_bytes()
    return _session(policy)


@lru_cache(maxsize=1)
def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def pick(observation: Mapping, name: str) -> np.ndarray:
    """Find an input of the model, "goal" or "images.front", in a nested observation."""
    if not name.startswith("images."):
        if name not in observation:
            raise ValueError(unknown("observation", name, list(observation)))
        if name == INSTRUCTION:
            return np.asarray(observation[name])
        return np.asarray(observation[name], np.float32)
    camera = name.removeprefix("images.")
    images = observation.get("images", {})
    if camera not in images:
        raise ValueError(
            f"The policy looks through camera `{camera}`, but these worlds draw "
            f"{list(images) or 'no images'}; set images=({camera!r},)"
        )
    return np.asarray(images[camera], np.uint8)


def own(name: str) -> bool:
    """Tell whether an input of the model is kept by the actor rather than observed."""
    return name.startswith(PAST) or name in (MEMORY, NOISE)


def addressed_noise(seed: int, episodes: np.ndarray, steps: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Draw (rows, *shape) standard normal numbers by address (Box and Muller's transform)."""
    count = int(np.prod(shape))
    pairs = uniforms(seed, episodes, steps, ("agents.noise.policy",), (2 * count,))
    radius = np.sqrt(-2.0 * np.log(pairs[:, :count]))
    return (radius * np.cos(2.0 * np.pi * pairs[:, count:])).astype(np.float32).reshape(-1, *shape)


class Actor:
    """A policy with the memory that executing chunks of actions needs.

    Args:
        policy: ONNX bytes or a file, as `agents.onnx_export.to_onnx` writes them.
        worlds: Rows of every observation.
        execute: Actions of a chunk that are carried out before the policy looks again.
        execution: How chunks are carried out, where that is not "receding".
    """

    def __init__(
        self, policy: bytes | str | Path, worlds: int, execute: int = 1, execution: Execution | None = None
    ):
        self.session = open_session(policy)
        self.shapes = {value.name: tuple(value.shape[1:]) for value in self.session.get_inputs()}
        self.inputs = tuple(self.shapes)
        shape = self.session.get_outputs()[0].shape
        self.chunk, self.action_size = int(shape[1]), int(shape[2])
        self.worlds, self.execution = worlds, execution or Execution(execute=execute)
        self.plans = executor(self.execution, worlds=worlds, chunk=self.chunk, action_size=self.action_size)
        words = self.session.get_modelmeta().custom_metadata_map.get(TOKENIZER)
        self.tokenizer: Tokenizer | None = tokenizer_of(words) if words else None
        self.seed, self.episodes = 0, np.zeros(worlds, int)
        self.steps = np.zeros(worlds, int)  # since the episode began
        # Newest first: [:, i] was seen i + 1 steps ago.
        self.past = {
            name: np.zeros((worlds, *shape), np.uint8 if ".images." in name else np.float32)
            for name, shape in self.shapes.items()
            if name.startswith(PAST)
        }
        self.memory = np.zeros((worlds, *self.shapes.get(MEMORY, (0,))), np.float32)

    def begin(self, seed: int, episodes: np.ndarray) -> None:
        """Start episodes in all rows; their noise depends on this address and the step alone.

        An actor that is only reset, as on an arm, draws the noise of seed 0, episode 0: every trial the same.
        """
        self.seed, self.episodes = seed, np.asarray(episodes)
        self.reset()

    def reset(self, rows: np.ndarray | None = None) -> None:
        """Forget plans and past of some rows, or of all."""
        chosen = slice(None) if rows is None else rows
        self.plans.reset(chosen)
        self.steps[chosen] = 0
        self.memory[chosen] = 0.0

    def act(self, observation: Mapping) -> np.ndarray:
        """Choose the next action of every world, (worlds, action_size) in the model's unit."""
        due = self.plans.due()
        feed = self._feed(observation)
        if due.any() or MEMORY in self.shapes:
            plans, memory = self._run(feed)
            self.plans.accept(due, plans)
            self.memory = memory
        self._remember(feed)
        self.steps += 1
        return self.plans.next()

    def predict(self, observation: Mapping) -> np.ndarray:
        """Run the model once and change nothing; (worlds, chunk, action_size)."""
        return self._run(self._feed(observation))[0]

    def _run(self, feed: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        actions, *memory = self.session.run(None, dict(feed))
        return np.asarray(actions), np.asarray(memory[0]) if memory else self.memory

    def _feed(self, observation: Mapping) -> dict[str, np.ndarray]:
        """Collect the model's inputs: observed ones, then what is kept here."""
        feed = {name: self._read(observation, name) for name in self.inputs if not own(name)}
        for name, value in feed.items():
            if len(value) != self.worlds:
                raise ValueError(f"`{name}` has {len(value)} rows; this actor drives {self.worlds} worlds")
        fresh = self.steps == 0
        for name, past in self.past.items():
            past[fresh] = feed[name.removeprefix(PAST)][fresh][:, None]
            feed[name] = past
        if MEMORY in self.shapes:
            feed[MEMORY] = self.memory
        if NOISE in self.shapes:
            feed[NOISE] = addressed_noise(self.seed, self.episodes, self.steps, self.shapes[NOISE])
        return feed

    def _read(self, observation: Mapping, name: str) -> np.ndarray:
        value = pick(observation, name)
        if name == INSTRUCTION and self.tokenizer is not None and value.dtype.kind in "USO":
            return self.tokenizer.encode([str(text) for text in value])
        return value

    def _remember(self, feed: Mapping[str, np.ndarray]) -> None:
        for name, past in self.past.items():
            past[:, 1:] = past[:, :-1]
            past[:, 0] = feed[name.removeprefix(PAST)]
