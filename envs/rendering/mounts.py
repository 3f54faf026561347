"""Where cameras are that something carries: their place on it is a look's, where it is now is a frame's.

    mounts = Mounts(scene)
    seen_from = mounts.aimed(look, transforms, rows)         # `look`, its carried cameras in the table's frame

The transforms are those that the parts are drawn with, so a late image is late in both.
"""

from dataclasses import replace

import numpy as np

from envs.rendering.scene import Appearance, Scene


class Mounts:
    """Cameras that parts of a scene carry; none in most scenes, and then nothing is computed."""

    def __init__(self, scene: Scene):
        names = [part.name for part in scene.parts]
        carried = [(i, camera.mount) for i, camera in enumerate(scene.cameras.values()) if camera.mount]
        self._cameras = np.array([camera for camera, _ in carried], int)
        self._parts = np.array([names.index(part) for _, part in carried], int)

    def aimed(self, look: Appearance, transforms: np.ndarray, rows: np.ndarray) -> Appearance:
        """Give a look whose cameras are all in the table's frame.

        Args:
            look: Carried cameras are in the frame of what carries them; it is left alone.
            transforms: (worlds, parts, 3, 4) world_from_part.
            rows: (n,) the worlds to compute.
        """
        if not len(self._cameras):
            return look
        at, carriers = np.ix_(rows, self._cameras), transforms[np.ix_(rows, self._parts)]  # (n, carried, 3, 4)
        position, turn = look.camera_position.copy(), look.world_from_camera.copy()
        position[at] = _turned(carriers, look.camera_position[at][..., None])[..., 0] + carriers[..., 3]
        turn[at] = _turned(carriers, look.world_from_camera[at])
        return replace(look, camera_position=position, world_from_camera=turn)


def _turned(carriers: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Turn columns (n, carried, 3, k) as their carriers (n, carried, 3, 4) are; the same bits in any batch."""
    x, y, z = (carriers[..., i, None] * columns[..., i, None, :] for i in range(3))
    return x + y + z
