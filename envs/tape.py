"""What happened in the present episode of each world, kept so that `envs.record` can tell it.

    worlds.record()                     # from the next `begin` on
    worlds.tape.path[3, :length]        # actions, joints, opening and objects of world 3

Costs about a microsecond for a step of a world, and hashing of the images where some are drawn.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from envs.engine import State
from randomizers import Draw

QUANTITIES = ("actions", "joints", "objects", "images")
"""What is compared at each step."""
DIGEST = 16
"""Bytes of a step's fingerprint."""
SEEN = ("images", "depth")


class Tape:
    """Episodes of all worlds of a batch, as far as they have come.

    Args:
        state: Ground truth, written elsewhere.
        steps: Control steps to make room for at first.

    Attributes:
        draws: The draw with which each episode began.
        length: (worlds,) control steps so far; -1 before an episode that was kept from its beginning.
        actions: (worlds, steps, A) as they were given.
        path: (worlds, steps + 1, W) joint positions, opening and object poses after each step, the start first.
        sights: (worlds, steps + 1, DIGEST) uint8 fingerprints of what was drawn; 0 where nothing was.
    """

    def __init__(self, state: State, steps: int):
        worlds = len(state.joint_positions)
        self._state = state
        self.draws: list[Draw | None] = [None] * worlds
        self.length = np.full(worlds, -1)
        self.actions = np.zeros((worlds, steps, 0))
        self.path = np.zeros((worlds, steps + 1, self._now().shape[1]))
        self.sights = np.zeros((worlds, steps + 1, DIGEST), np.uint8)

    @property
    def split(self) -> int:
        """Where in a path the joints end and the objects begin."""
        return self._state.joint_positions.shape[1] + 1

    def begin(self, rows: np.ndarray, draws: Sequence[Draw]) -> None:
        """Begin anew in some worlds."""
        self.length[rows] = 0
        self.path[rows, 0], self.sights[rows] = self._now()[rows], 0
        for row in rows:
            self.draws[row] = draws[row]

    def note(self, rows: np.ndarray, actions: np.ndarray) -> None:
        """Keep a step that was made in some worlds with some of the actions (worlds, A)."""
        rows = rows[self.length[rows] >= 0]
        steps = self.length[rows]
        self._make_room(actions.shape[1], int(steps.max(initial=0)) + 1)
        self.actions[rows, steps] = actions[rows]
        self.length[rows] = steps = steps + 1
        self.path[rows, steps] = self._now()[rows]

    def see(self, rows: np.ndarray, seen: Mapping[str, Any]) -> None:
        """Keep fingerprints of what the cameras of some worlds show now."""
        pictures = [seen[what][camera] for what in SEEN if what in seen for camera in seen[what]]
        for row in rows[self.length[rows] >= 0]:
            digest = blake2b(digest_size=DIGEST)
            for picture in pictures:
                digest.update(picture[row].tobytes())
            self.sights[row, self.length[row]] = np.frombuffer(digest.digest(), np.uint8)

    def _now(self) -> np.ndarray:
        state = self._state
        objects = state.object_poses.reshape(len(self.length), -1)
        return np.concatenate([state.joint_positions, state.gripper_opening[:, None], objects], axis=1)

    def _make_room(self, size: int, steps: int) -> None:
        """Learn the size of an action; double what is too short."""
        worlds, most, known = self.actions.shape
        if known != size:
            self.actions = np.zeros((worlds, most, size))
        if steps > most:
            self.actions, self.path, self.sights = (
                np.concatenate([array, np.zeros_like(array[:, -most:])], axis=1)
                for array in (self.actions, self.path, self.sights)
            )
