"""Draw batches of worlds with PyBullet's TinyRenderer, on any CPU, without a window or a GPU driver.

    renderer = TinyRenderer(scene, image_size=64, cameras=("front",))
    renderer.draw(frame, images)

One private PyBullet client holds one bare body per part. It is moved and painted anew for every world, about
1 us a body, so that a world's picture never depends on which others are drawn. Shading costs 130 ns a pixel
and a triangle 0.13 us, so near parts are drawn first: what they hide is never shaded.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pybullet

from envs.rendering.scene import Appearance, Frame, Images, Mesh, Scene
from envs.rendering.textures import TextureBank, bank
from randomizers.errors import unknown

NEAR_M, FAR_M = 0.05, 6.0
DIFFUSE = 0.6
"""Share of the lamp, beside the ambient light: at nominal light what faces the lamp shows its own colour."""
LIGHT_DISTANCE_M = 3.0
SIZE_STEP = 1.08
"""Sizes of scaled parts are rounded to powers of this: a body cannot be scaled after it was made."""
BACKDROP = ("table", "wall", "floor")
"""Parts drawn last."""


class TinyRenderer:
    """Turns frames into images with PyBullet's software renderer; see `envs.rendering.scene.Renderer`."""

    name = "TinyRenderer"

    def __init__(
        self, scene: Scene, image_size: int, cameras: Sequence[str], textures: TextureBank | None = None
    ) -> None:
        """Load all meshes and textures once.

        Args:
            scene: Parts, surfaces and cameras.
            image_size: Height and width of every image [px].
            cameras: Names of the cameras that will be drawn.
            textures: The pool of pictures; the seen one unless given.
        """
        for camera in cameras:
            if camera not in scene.cameras:
                raise ValueError(unknown("camera", camera, scene.cameras))
        if not 8 <= image_size <= 2048:
            raise ValueError(f"image_size is {image_size}; TinyRenderer draws 8 to 2048 pixels a side.")
        self._scene, self._size = scene, image_size
        self._textures = bank() if textures is None else textures
        names = list(scene.surfaces)
        self._surface = np.array([names.index(part.surface) for part in scene.parts])
        self._order = sorted(range(len(scene.parts)), key=lambda i: BACKDROP.index(scene.parts[i].name)
                             if scene.parts[i].name in BACKDROP else -1)  # fmt: skip
        self._client = pybullet.connect(pybullet.DIRECT)
        self._bodies: dict[tuple[int, int], int] = {}
        self._part_of_body = np.full(1, -1, np.int32)
        for part in self._order:
            self._body(part, 0)
        self._texture_ids = self._load(self._textures.pictures)

    def draw(self, frame: Frame, images: Images) -> None:
        """Draw the chosen cameras of the chosen worlds into `images`."""
        look = frame.appearance
        rows = np.asarray(frame.worlds)
        self._check(frame, images)
        scales, positions, turns = poses(frame.transforms[rows])
        pictures = self._textures.index(look.pattern[rows], look.variant[rows])
        for i, row in enumerate(rows):
            self._arrange(look.visible[row], scales[i], positions[i], turns[i])
            self._paint(look.visible[row], scales[i], look.colour[row], pictures[i])
            for slot, camera in enumerate(frame.cameras):
                self._photograph(look, row, camera, slot, images)

    def close(self) -> None:
        """Give the client's memory back."""
        if self._client >= 0:
            pybullet.disconnect(self._client)
            self._client = -1

    def _check(self, frame: Frame, images: Images) -> None:
        """Refuse what would fail halfway through a batch."""
        wanted = (len(frame.transforms), len(frame.cameras), self._size, self._size, 3)
        if images.rgb.shape != wanted or images.rgb.dtype != np.uint8:
            raise ValueError(f"images.rgb is {images.rgb.dtype} {images.rgb.shape}; this frame needs uint8 {wanted}.")
        if not np.isfinite(frame.transforms[frame.worlds]).all():
            raise ValueError("frame.transforms holds values that are not finite; a simulation blew up.")

    def _arrange(self, visible: np.ndarray, scales: np.ndarray, positions: list, turns: list) -> None:
        """Move every visible part where this world has it."""
        for part in np.flatnonzero(visible):
            pybullet.resetBasePositionAndOrientation(
                self._body(part, scales[part]), positions[part], turns[part], physicsClientId=self._client
            )

    def _paint(self, visible: np.ndarray, scales: np.ndarray, colours: np.ndarray, pictures: np.ndarray) -> None:
        """Give every visible part its picture and colour, and hide all other bodies."""
        rgb = colours.astype(float).tolist()
        for (part, level), body in self._bodies.items():
            surface = self._surface[part]
            shown = visible[part] and level == scales[part]
            pybullet.changeVisualShape(
                body, -1, textureUniqueId=self._texture_ids[pictures[surface]],
                rgbaColor=(*rgb[surface], 1.0 if shown else 0.0), physicsClientId=self._client,
            )  # fmt: skip

    def _photograph(self, look: Appearance, row: int, camera: int, slot: int, images: Images) -> None:
        """Draw one image. Light arguments stick to the client, so each call gives all of them."""
        _, _, rgb, depth, bodies = pybullet.getCameraImage(
            self._size, self._size,
            viewMatrix=view_matrix(look.world_from_camera[row, camera], look.camera_position[row, camera]),
            projectionMatrix=projection_matrix(float(look.fov_deg[row, camera]), self._size),
            lightDirection=look.light_direction[row, 0].tolist(),
            lightColor=look.light_colour[row, 0].tolist(),
            lightDistance=LIGHT_DISTANCE_M,
            lightAmbientCoeff=float(look.ambient[row]),
            lightDiffuseCoeff=DIFFUSE,
            lightSpecularCoeff=0.0,
            shadow=int(look.shadow[row] > 0.0),
            flags=0 if images.segmentation is not None else pybullet.ER_NO_SEGMENTATION_MASK,
            renderer=pybullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
        )  # fmt: skip
        square = (self._size, self._size)
        images.rgb[row, slot] = np.reshape(rgb, (*square, 4))[..., :3]
        if images.depth is not None:
            images.depth[row, slot] = metres(np.reshape(depth, square))
        if images.segmentation is not None:
            images.segmentation[row, slot] = self._part_of_body[np.reshape(bodies, square)]

    def _body(self, part: int, level: int) -> int:
        """Find or make the body that shows a part at a size; level 0 is the mesh as it is."""
        known = self._bodies.get((part, level))
        if known is not None:
            return known
        body = self._make(self._scene.parts[part].mesh, SIZE_STEP**level)
        self._bodies[part, level] = body
        # One more element, so that the index -1 of "no body" finds -1.
        grown = np.full(max(len(self._part_of_body), body + 2), -1, np.int32)
        grown[: len(self._part_of_body)] = self._part_of_body
        grown[body] = part
        self._part_of_body = grown
        return body

    def _make(self, mesh: Mesh, scale: float) -> int:
        """Make a body that can be seen and not touched."""
        shape = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=(mesh.vertices.astype(float) * scale).tolist(),
            indices=mesh.faces.ravel().tolist(),
            uvs=mesh.uvs.tolist(),
            normals=mesh.normals.tolist(),
            rgbaColor=(1.0, 1.0, 1.0, 1.0),
            physicsClientId=self._client,
        )
        return pybullet.createMultiBody(0.0, -1, shape, physicsClientId=self._client)

    def _load(self, pictures: np.ndarray) -> list[int]:
        """Load all pictures; PyBullet takes them from files only."""
        ids = []
        with tempfile.TemporaryDirectory(prefix="sim2arm-textures-") as folder:
            for number, picture in enumerate(pictures):
                path = str(Path(folder, f"{number}.png"))
                cv2.imwrite(path, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
                ids.append(pybullet.loadTexture(path, physicsClientId=self._client))
        return ids


def poses(transforms: np.ndarray) -> tuple[np.ndarray, list, list]:
    """Split transforms (n, parts, 3, 4) into size levels (n, parts) int, positions and quaternions (x, y, z, w)."""
    turns = transforms[..., :3].astype(float)
    size = np.linalg.norm(turns[..., 0], axis=-1)
    levels = np.round(np.log(np.maximum(size, 1e-6)) / np.log(SIZE_STEP)).astype(int)
    return levels, transforms[..., 3].astype(float).tolist(), quaternions(turns / size[..., None, None]).tolist()


def quaternions(turns: np.ndarray) -> np.ndarray:
    """Turn rotation matrices (..., 3, 3) into quaternions (..., 4), (x, y, z, w); Shepperd 1978."""
    xx, yy, zz = (turns[..., i, i] for i in range(3))
    squares = 0.25 * np.stack((1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz), -1)
    sums = {(i, j): 0.25 * (turns[..., i, j] + turns[..., j, i]) for i, j in ((0, 1), (0, 2), (1, 2))}
    twists = [0.25 * (turns[..., (i + 2) % 3, (i + 1) % 3] - turns[..., (i + 1) % 3, (i + 2) % 3]) for i in range(3)]
    products = np.empty((*squares.shape, 4))
    for i in range(4):
        products[..., i, i] = squares[..., i]
    for (i, j), value in sums.items():
        products[..., i, j] = products[..., j, i] = value
    for i, value in enumerate(twists):
        products[..., i, 3] = products[..., 3, i] = value
    best = np.take_along_axis(products, np.argmax(squares, -1)[..., None, None], -2)[..., 0, :]
    return best / np.linalg.norm(best, axis=-1, keepdims=True)


def view_matrix(world_from_camera: np.ndarray, position: np.ndarray) -> list[float]:
    """Turn an OpenCV camera pose into OpenGL's view matrix, column by column."""
    turn = np.diag((1.0, -1.0, -1.0)) @ world_from_camera.astype(float).T
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, -turn @ position.astype(float)
    return view.T.ravel().tolist()


def projection_matrix(fov_deg: float, size: int) -> list[float]:
    """Make OpenGL's projection matrix, column by column, moved by half a pixel.

    TinyRenderer samples the corners of pixels; the shift makes it sample their centres, as every other renderer
    and the pinhole formula of `overlay.project` do.
    """
    focal = 1.0 / np.tan(np.radians(fov_deg) / 2.0)
    matrix = np.zeros((4, 4))
    matrix[0, 0] = matrix[1, 1] = focal
    matrix[0, 2], matrix[1, 2] = 1.0 / size, -1.0 / size
    matrix[2, 2] = -(FAR_M + NEAR_M) / (FAR_M - NEAR_M)
    matrix[2, 3] = -2.0 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    matrix[3, 2] = -1.0
    return matrix.T.ravel().tolist()


def metres(buffer: np.ndarray) -> np.ndarray:
    """Turn a z-buffer in [0, 1] into distance along the optical axis [m]."""
    return FAR_M * NEAR_M / (FAR_M - (FAR_M - NEAR_M) * buffer.astype(float))
