"""Gymnasium's view of a batch of worlds: spaces, and what `info` tells of one episode."""

from typing import Any

import numpy as np
from gymnasium import spaces

from envs.wording import LONGEST
from envs.worlds import Worlds
from randomizers.errors import unknown

OPTIONS = ("strength", "pin", "episode")
MOST_SEEDS = 2**31
CHARACTERS = "".join(chr(code) for code in range(32, 127))
"""Of instructions: printable ASCII."""


def action_space(worlds: Worlds) -> spaces.Box:
    """The numbers of an action, each in [-1, 1]; `envs.arms.actions` says what they mean."""
    return spaces.Box(-1.0, 1.0, (worlds.actuation.controller.size,), np.float32)


def observation_space(worlds: Worlds, language: bool = False) -> spaces.Dict:
    """What `Worlds.observe` gives for one world, with its instruction where that is asked for."""
    state, joints = worlds.task.features(worlds.state).shape[1], worlds.state.joint_positions.shape[1]
    sizes = {
        "proprioception": joints + 7,
        "goal": 3,
        "state": state,
        "privileged": state + worlds.randomization.vector_size,
    }
    found: dict[str, spaces.Space] = {
        name: spaces.Box(-np.inf, np.inf, (size,), np.float32) for name, size in sizes.items()
    }
    if worlds.cameras:
        shape = (worlds.sight.image_size, worlds.sight.image_size, 3)
        found["images"] = spaces.Dict(
            {camera: spaces.Box(0, 255, shape, np.uint8) for camera in worlds.cameras}
        )
    if worlds.sight.depth:
        found["depth"] = spaces.Dict(
            {camera: spaces.Box(0.0, np.inf, shape[:2], np.float32) for camera in worlds.cameras}
        )
    if language:
        found["instruction"] = spaces.Text(LONGEST, charset=CHARACTERS)
    return spaces.Dict(found)


def observed(worlds: Worlds, language: bool, active: np.ndarray | None = None) -> dict[str, Any]:
    """Observe all worlds; instructions are a tuple of words, as Gymnasium batches them."""
    seen = worlds.observe(active)
    return {**seen, "instruction": tuple(worlds.instructions)} if language else seen


def row_of(observation: dict[str, Any], row: int) -> dict[str, Any]:
    """Take one world's part of a batched observation."""
    return {
        name: row_of(values, row) if isinstance(values, dict) else values[row]
        for name, values in observation.items()
    }


def drawn(worlds: Worlds, row: int) -> dict[str, Any]:
    """What `info` tells of an episode: its address, the values drawn for it, its instruction.

    The address is not called "episode": Gymnasium's RecordEpisodeStatistics claims that key.
    """
    return {
        "address": {"seed": int(worlds.seeds[row]), "episode": int(worlds.episodes[row])},
        "randomization": dict(worlds.draws[row].values),
        "instruction": str(worlds.instructions[row]),
    }


def checked(options: dict[str, Any] | None) -> dict[str, Any]:
    """Refuse options of `reset` that nobody would look at."""
    for name in options or {}:
        if name not in OPTIONS:
            raise ValueError(unknown("option of reset", name, OPTIONS))
    return dict(options or {})
