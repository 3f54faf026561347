"""One private PyBullet client with a bare body per part: dressed and moved for each world, then photographed.

    stage = Stage(scene, textures)
    stage.set_out(parts, levels, positions, turns, looks)      # exactly these are visible now
    rgb, buffer, bodies = stage.photograph(shot, size=64)

Facts of TinyRenderer that the code relies on (measured): a texture is multiplied by the body's colour; a body
whose alpha is 0 costs 0.07 us; moving or painting a body costs 1 us; shading costs 130 ns a pixel and a
triangle 0.13 us; bodies are drawn in the order they were made, and what is hidden is not shaded.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pybullet

from envs.rendering.scene import Appearance, Mesh, Scene

NEAR_M, FAR_M = 0.05, 6.0
DIFFUSE = 0.6
"""Share of the lamp, beside the ambient light: at nominal light what faces the lamp shows its own colour."""
LIGHT_DISTANCE_M = 3.0
SIZE_STEP = 1.08
"""Sizes of scaled parts are rounded to powers of this: a body cannot be scaled after it was made."""
BACKDROP = ("table", "wall", "floor")
"""Parts made last, so that what stands before them hides them."""


@dataclass(frozen=True)
class Shot:
    """Camera and light of one image, as PyBullet's arguments."""

    view: list[float]
    projection: list[float]
    light_direction: list[float]
    light_colour: list[float]
    ambient: float

    @classmethod
    def of(cls, look: Appearance, glow: np.ndarray, row: int, camera: int, size: int) -> "Shot":
        """Read the camera and the key light of one world; `glow` is the colour of all lamps."""
        return cls(
            view_matrix(look.world_from_camera[row, camera], look.camera_position[row, camera]),
            projection_matrix(float(look.fov_deg[row, camera]), size),
            look.lamps.direction[row, 0].tolist(),
            glow[row, 0].tolist(),
            float(look.ambient[row]),
        )


Dress = tuple[int, tuple[float, float, float]]
"""Number of the picture and colour of a surface."""


class Stage:
    """The bodies of a scene. Nothing on it has mass or can be touched.

    Attributes:
        client: Of PyBullet.
        part_of_body: Part by number of a body; the last element answers for -1, no body.
    """

    def __init__(self, scene: Scene, pictures: np.ndarray) -> None:
        """Make one body per part and load all pictures (n, size, size, 3) uint8 RGB."""
        self._meshes = [part.mesh for part in scene.parts]
        self.client = pybullet.connect(pybullet.DIRECT)
        self._bodies: dict[tuple[int, int], int] = {}
        self._dress: dict[int, Dress] = {}
        self._shown: set[int] = set()
        self.part_of_body = np.full(1, -1, np.int32)
        names = [part.name for part in scene.parts]
        last = [names.index(name) for name in BACKDROP if name in names]
        for part in (*(i for i in reversed(range(len(names))) if i not in last), *last):
            self._body(part, 0)
        self._texture_ids = load_pictures(self.client, pictures)

    def close(self) -> None:
        """Give the client's memory back."""
        if self.client >= 0:
            pybullet.disconnect(self.client)
            self.client = -1

    def set_out(
        self,
        parts: np.ndarray,
        levels: np.ndarray,
        positions: Sequence,
        turns: Sequence,
        looks: Sequence[Dress],
    ) -> None:
        """Show exactly the given parts.

        Args:
            parts: Their numbers.
            levels: (all parts,) powers of SIZE_STEP.
            positions, turns: Of all parts: position [m] and quaternion (x, y, z, w).
            looks: Of all parts.
        """
        wanted = {self._body(int(part), int(levels[part])): int(part) for part in parts}
        for body in self._shown - wanted.keys():
            self._paint(body, *self._dress.pop(body), alpha=0.0)
        for body, part in wanted.items():
            pybullet.resetBasePositionAndOrientation(
                body, positions[part], turns[part], physicsClientId=self.client
            )
            if self._dress.get(body) != looks[part]:
                self._paint(body, *looks[part], alpha=1.0)
                self._dress[body] = looks[part]
        self._shown = set(wanted)

    def photograph(
        self, shot: Shot, size: int, with_bodies: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw one image of what is set out; see `snap`."""
        return snap(self.client, shot, size, bodies=with_bodies)

    def _paint(self, body: int, picture: int, colour: tuple[float, float, float], alpha: float) -> None:
        pybullet.changeVisualShape(
            body, -1, textureUniqueId=self._texture_ids[picture], rgbaColor=(*colour, alpha),
            physicsClientId=self.client,
        )  # fmt: skip

    def _body(self, part: int, level: int) -> int:
        """Find or make the body that shows a part at a size; level 0 is the mesh as it is."""
        known = self._bodies.get((part, level))
        if known is not None:
            return known
        body = self._make(self._meshes[part], SIZE_STEP**level)
        self._bodies[part, level] = body
        grown = np.full(max(len(self.part_of_body), body + 2), -1, np.int32)
        grown[: len(self.part_of_body)] = self.part_of_body
        grown[body] = part
        self.part_of_body = grown
        return body

    def _make(self, mesh: Mesh, scale: float) -> int:
        """Make a hidden body."""
        shape = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=(mesh.vertices.astype(float) * scale).tolist(),
            indices=mesh.faces.ravel().tolist(),
            uvs=mesh.uvs.tolist(),
            normals=mesh.normals.tolist(),
            rgbaColor=(1.0, 1.0, 1.0, 0.0),
            physicsClientId=self.client,
        )
        return pybullet.createMultiBody(0.0, -1, shape, physicsClientId=self.client)


def load_pictures(client: int, pictures: np.ndarray) -> list[int]:
    """Load pictures (n, size, size, 3) uint8 RGB and give their numbers; PyBullet takes them from files only."""
    ids = []
    with tempfile.TemporaryDirectory(prefix="sim2arm-textures-") as folder:
        for number, picture in enumerate(pictures):
            path = str(Path(folder, f"{number}.png"))
            cv2.imwrite(path, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            ids.append(pybullet.loadTexture(path, physicsClientId=client))
    return ids


def snap(
    client: int, shot: Shot, size: int, *, bodies: bool = True, shadow: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let TinyRenderer draw one image. Light arguments stick to the client, so each call gives all of them.

    Args:
        client: Of PyBullet.
        shot: Camera and light.
        size: Height and width [px].
        bodies: Find out which body every pixel shows.
        shadow: Let TinyRenderer draw its own shadows; it then takes nearly twice as long.

    Returns:
        (size, size, 3) uint8, z-buffer (size, size) float32 in [0, 1], body numbers (size, size), -1 for
        none; without `bodies` they mean nothing.
    """
    _, _, rgb, buffer, numbers = pybullet.getCameraImage(
        size,
        size,
        viewMatrix=shot.view,
        projectionMatrix=shot.projection,
        lightDirection=shot.light_direction,
        lightColor=shot.light_colour,
        lightDistance=LIGHT_DISTANCE_M,
        lightAmbientCoeff=shot.ambient,
        lightDiffuseCoeff=DIFFUSE,
        lightSpecularCoeff=0.0,
        shadow=int(shadow),
        flags=0 if bodies else pybullet.ER_NO_SEGMENTATION_MASK,
        renderer=pybullet.ER_TINY_RENDERER,
        physicsClientId=client,
    )
    square = (size, size)
    return np.reshape(rgb, (*square, 4))[..., :3], np.reshape(buffer, square), np.reshape(numbers, square)


def view_matrix(world_from_camera: np.ndarray, position: np.ndarray) -> list[float]:
    """Turn an OpenCV camera pose into OpenGL's view matrix, column by column."""
    turn = world_from_camera.astype(float).T * np.array([[1.0], [-1.0], [-1.0]])
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, -turn @ position.astype(float)
    return view.T.ravel().tolist()


def projection_matrix(fov_deg: float, size: int) -> list[float]:
    """Make OpenGL's projection matrix, column by column, moved by half a pixel.

    TinyRenderer samples the corners of pixels; the shift makes it sample their centres, as every other
    renderer and the pinhole formula of `overlay.project` do.
    """
    focal = 1.0 / np.tan(np.radians(fov_deg) / 2.0)
    matrix = np.zeros((4, 4))
    matrix[0, 0] = matrix[1, 1] = focal
    matrix[0, 2] = matrix[1, 2] = 1.0 / size
    matrix[2, 2] = -(FAR_M + NEAR_M) / (FAR_M - NEAR_M)
    matrix[2, 3] = -2.0 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    matrix[3, 2] = -1.0
    return matrix.T.ravel().tolist()


def metres(buffer: np.ndarray) -> np.ndarray:
    """Turn a z-buffer in [0, 1] into distance along the optical axis [m]."""
    return FAR_M * NEAR_M / (FAR_M - (FAR_M - NEAR_M) * buffer.astype(float))
