"""Objects that only distract: seen, never touched, on the table beside the base, outside the workspace.

None passes for an object of the task: hues that come too close to those of the objects are turned away.

distractors = Distractors(scene, worlds=8)
distractors.knobs(3)["distractors.count"].write(2)
distractors.place(appearance, transforms, rows)      # before a Frame is drawn
"""

import numpy as np

from envs.columns import Column, Rows, number, word
from envs.rendering.assets import DISTRACTOR_SHAPES, DISTRACTORS, TABLE_TOP_M
from envs.rendering.hues import apart, hues
from envs.rendering.scene import Appearance, Scene
from randomizers.world import Knob

NOMINAL_POSITIONS = ((0.16, 0.33), (0.16, -0.33), (0.00, 0.36), (0.00, -0.36))
"""Centres of the four places beside the base, seen by both cameras and hiding nothing [m]."""
NOMINAL_SIZE_M = 0.06
ROOM = ("floor", "wall", "table")
SIZE_LIMITS_M = (0.02, 0.15)
POSITION_LIMITS_M = (-0.6, 0.8)


class Distractors:
    """Number, place, size, shape and colour of each world's distractors; `texture.distractor<i>` is their look."""

    def __init__(self, scene: Scene, worlds: int) -> None:
        names = [part.name for part in scene.parts]
        self._parts = np.array(
            [
                [names.index(f"distractor{i}.{shape}") for shape in DISTRACTOR_SHAPES]
                for i in range(DISTRACTORS)
            ]
        )  # (distractors, shapes)
        names, surfaces = [f"distractor{i}" for i in range(DISTRACTORS)], list(scene.surfaces)
        self._surfaces = np.array([surfaces.index(name) for name in names])
        self._nominal = [scene.surfaces[name].colour for name in names]
        self._forbidden = hues(np.array([scene.surfaces[name].colour for name in objects(scene)]))
        self.colour = np.tile(np.array(self._nominal, np.float32), (worlds, 1, 1))  # as drawn
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
                f"texture.distractor{index}.colour": number(self.colour, self._nominal[index], "1", (0.0, 1.0), at),
                f"{here}.shape": word(self.shape, DISTRACTOR_SHAPES[0], DISTRACTOR_SHAPES, at),
            }
        return found

    def knobs(self, row: int) -> dict[str, Knob]:
        """Name what can be changed in one world."""
        return {name: column.knob(row) for name, column in self.columns().items()}

    def _set_count(self, rows: Rows, values: np.ndarray) -> None:
        self.count[rows] = np.rint(values)

    def place(self, appearance: Appearance, transforms: np.ndarray, rows: np.ndarray) -> None:
        """Write who is visible, where and in which colour, into the look and the transforms of the given worlds.

        Args:
            appearance: Its `visible` and `colour` are written for all distractors.
            transforms: (worlds, parts, 3, 4) world_from_part; the size is a uniform scale.
            rows: (n,) indices of the worlds to place.
        """
        rows = np.asarray(rows)
        appearance.colour[rows[:, None], self._surfaces] = apart(self.colour[rows], self._forbidden)
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


def objects(scene: Scene) -> list[str]:
    """Name the surfaces of a task's objects: those that belong to the one part of their name, outside the room."""
    return [part.name for part in scene.parts if part.surface == part.name and part.name not in ROOM]
