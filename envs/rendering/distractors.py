"""Objects that only distract: seen, never touched, on the table beside the base, outside the workspace.

distractors = Distractors(scene, worlds=8)
distractors.knobs(3)["distractors.count"].write(2)
distractors.place(appearance, transforms, rows)      # before a Frame is drawn
"""

import numpy as np

from envs.columns import Column, Rows, number, word
from envs.rendering.assets import DISTRACTOR_SHAPES, DISTRACTORS, TABLE_TOP_M
from envs.rendering.scene import Appearance, Scene
from randomizers.world import Knob

NOMINAL_POSITIONS = ((0.16, 0.33), (0.16, -0.33), (0.00, 0.36), (0.00, -0.36))
"""Centres of the four places beside the base, seen by both cameras and hiding nothing [m]."""
NOMINAL_SIZE_M = 0.06
SIZE_LIMITS_M = (0.02, 0.15)
POSITION_LIMITS_M = (-0.6, 0.8)


class Distractors:
    """Number, place, size and shape of each world's distractors; `texture.distractor<i>` is their look."""

    def __init__(self, scene: Scene, worlds: int) -> None:
        names = [part.name for part in scene.parts]
        self._parts = np.array(
            [
                [names.index(f"distractor{i}.{shape}") for shape in DISTRACTOR_SHAPES]
                for i in range(DISTRACTORS)
            ]
        )  # (distractors, shapes)
        self.count = np.zeros(worlds, np.int64)
        self.position = np.tile(np.array(NOMINAL_POSITIONS), (worlds, 1, 1))  # (worlds, distractors, 2) [m]
        self.size = np.full((worlds, DISTRACTORS), NOMINAL_SIZE_M)
        self.shape = np.zeros((worlds, DISTRACTORS), np.int64)

    def columns(self) -> dict[str, Column]:
        """Name what can be changed."""
        found = {
            "distractors.count": Column(
                0.0, "1", lambda row: float(self.count[row]), self._set_count, (0.0, float(DISTRACTORS))
            )
        }
        for index in range(DISTRACTORS):
            here, at = f"distractors.{index}", (index,)
            found |= {
                f"{here}.position": number(self.position, NOMINAL_POSITIONS[index], "m", POSITION_LIMITS_M, at),
                f"{here}.size": number(self.size, NOMINAL_SIZE_M, "m", SIZE_LIMITS_M, at),
                f"{here}.shape": word(self.shape, DISTRACTOR_SHAPES[0], DISTRACTOR_SHAPES, at),
            }
        return found

    def knobs(self, row: int) -> dict[str, Knob]:
        """Name what can be changed in one world."""
        return {name: column.knob(row) for name, column in self.columns().items()}

    def _set_count(self, rows: Rows, values: np.ndarray) -> None:
        self.count[rows] = np.rint(values)

    def place(self, appearance: Appearance, transforms: np.ndarray, rows: np.ndarray) -> None:
        """Write who is visible, and where, into the look and the transforms of the given worlds.

        Args:
            appearance: Its `visible` is written for all distractor parts.
            transforms: (worlds, parts, 3, 4) world_from_part; the size is a uniform scale.
            rows: (n,) indices of the worlds to place.
        """
        rows = np.asarray(rows)
        slots = np.arange(DISTRACTORS)
        appearance.visible[np.ix_(rows, self._parts.ravel())] = False
        chosen = self._parts[slots, self.shape[rows]]  # (n, distractors)
        appearance.visible[rows[:, None], chosen] = slots < self.count[rows, None]
        size = self.size[rows]
        pose = np.zeros((len(rows), DISTRACTORS, 3, 4), np.float32)
        pose[..., :3, :3] = size[..., None, None] * np.eye(3)
        pose[..., :2, 3] = self.position[rows]
        pose[..., 2, 3] = TABLE_TOP_M + 0.5 * size
        transforms[rows[:, None], chosen] = pose
