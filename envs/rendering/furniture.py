"""The table as cameras see it: how large it is and where it stands. What happens on it does not change.

table = TableTop(scene, worlds=8)
table.columns()["table.size"].knob(3).write(1.3)
table.place(transforms, rows)                        # before a Frame is drawn

A table whose edges never move is a landmark: a policy reads the camera's pose from them and is wrong by
centimetres at any other table (measured: 1.4 cm in the twin, whose table is wider).
"""

import numpy as np

from envs.columns import Column, number
from envs.rendering.scene import Scene

CENTRE_M = (0.35, 0.0)
"""Where the training scene's table has its middle; it grows about this point."""
SIZE_LIMITS, POSITION_LIMITS_M = (0.5, 3.0), (-0.5, 0.5)


class TableTop:
    """Size and place of each world's table; its top stays at height 0.

    Attributes:
        size: (worlds,) factor on its length, width and thickness.
        position: (worlds, 2) shift of its middle [m].
    """

    def __init__(self, scene: Scene, worlds: int) -> None:
        self._part = [part.name for part in scene.parts].index("table")
        self.size, self.position = np.ones(worlds), np.zeros((worlds, 2))

    def columns(self) -> dict[str, Column]:
        """Name what can be changed."""
        return {
            "table.size": number(self.size, 1.0, "1", SIZE_LIMITS),
            "table.position": number(self.position, (0.0, 0.0), "m", POSITION_LIMITS_M),
        }

    def place(self, transforms: np.ndarray, rows: np.ndarray) -> None:
        """Write where the table stands into the transforms (worlds, parts, 3, 4) of the given worlds."""
        size = self.size[rows, None]
        place = np.zeros((len(rows), 3, 4), np.float32)
        place[:, :, :3] = size[..., None] * np.eye(3)
        place[:, :2, 3] = self.position[rows] + (1.0 - size) * CENTRE_M
        # The engine says how high and how level it stands: where it does not move, this is the identity.
        stands = transforms[rows, self._part]
        place[:, :, 3:] = stands[:, :, :3] @ place[:, :, 3:] + stands[:, :, 3:]
        place[:, :, :3] = stands[:, :, :3] @ place[:, :, :3]
        transforms[rows, self._part] = place
