"""Draw batches of worlds with PyBullet's TinyRenderer, on any CPU, without a window or a GPU driver.

    renderer = TinyRenderer(scene, image_size=64, cameras=("front",))
    renderer.draw(frame, images)

What stands still (room, base, distractors) is drawn when it, its light or its camera changes, and kept; what
moves is drawn for every image and laid over it by depth. Pixels are the same as if all were drawn at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from envs.rendering.lamps import glow
from envs.rendering.rigid import bounding_spheres, in_view, split
from envs.rendering.scene import BASICS, Appearance, Frame, Images, Scene
from envs.rendering.shadows import Casters
from envs.rendering.stage import DIFFUSE, SIZE_STEP, Dress, Shot, Stage, metres
from envs.rendering.textures import TextureBank, bank
from randomizers.errors import unknown

STILL = ("floor", "wall", "table", "panda_link0")
"""Parts that do not move within an episode, beside the distractors. Moving one costs time, nothing else."""


@dataclass(frozen=True)
class Layer:
    """The drawn parts that stand still, and all that their pixels depend on."""

    key: bytes
    rgb: np.ndarray
    buffer: np.ndarray
    parts: np.ndarray


class TinyRenderer:
    """Turns frames into images with PyBullet's software renderer; see `envs.rendering.scene.Renderer`."""

    name = "TinyRenderer"
    draws = BASICS

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
        self._size = image_size
        self._textures = bank() if textures is None else textures
        names, surfaces = [part.name for part in scene.parts], list(scene.surfaces)
        self._surface = np.array([surfaces.index(part.surface) for part in scene.parts])
        self._is_still = np.array([name in STILL or name.startswith("distractor") for name in names])
        self._table = names.index("table") if "table" in names else -2
        self._centres, self._radii = bounding_spheres([part.mesh for part in scene.parts])
        self._casters = Casters(scene)
        self._stage = Stage(scene, self._textures.pictures)
        self._layers: dict[tuple[int, int], Layer] = {}
        self._glow = np.zeros((0, 0, 3), np.float32)  # colour of every lamp of the frame that is drawn

    def draw(self, frame: Frame, images: Images) -> None:
        """Draw the chosen cameras of the chosen worlds into `images`."""
        look, rows = frame.appearance, np.asarray(frame.worlds, int)
        self._check(frame, images, rows)
        if not len(rows):
            return
        transforms = frame.transforms[rows]
        sizes, positions, turns = split(transforms)
        levels = np.rint(np.log(np.maximum(sizes, 1e-6)) / np.log(SIZE_STEP)).astype(int)
        centres = (transforms[..., :3] @ self._centres[..., None])[..., 0] + positions
        pictures = self._textures.index(look.pattern[rows], look.variant[rows])
        self._glow = glow(look.lamps)
        seen = [in_view(centres, self._radii * sizes, look, rows, camera) for camera in frame.cameras]
        for i, row in enumerate(rows):
            pose = (
                levels[i],
                positions[i].tolist(),
                turns[i].tolist(),
                self._looks(look.colour[row], pictures[i]),
            )
            for slot, camera in enumerate(frame.cameras):
                shown = look.visible[row] & seen[slot][i]
                self._draw_one(frame, images, int(row), slot, camera, shown, pose)

    def close(self) -> None:
        """Give the memory back."""
        self._layers.clear()
        self._stage.close()

    def _check(self, frame: Frame, images: Images, rows: np.ndarray) -> None:
        """Refuse what would fail halfway through a batch."""
        wanted = (len(frame.transforms), len(frame.cameras), self._size, self._size, 3)
        if images.rgb.shape != wanted or images.rgb.dtype != np.uint8:
            raise ValueError(
                f"images.rgb is {images.rgb.dtype} {images.rgb.shape}; it must be uint8 {wanted}."
            )
        if not np.isfinite(frame.transforms[rows]).all():
            raise ValueError("frame.transforms holds values that are not finite; a simulation blew up.")

    def _looks(self, colours: np.ndarray, pictures: np.ndarray) -> list[Dress]:
        """Give every part the picture and colour of its surface."""
        rgb = [tuple(colour) for colour in colours.astype(float).tolist()]
        return [(int(pictures[surface]), rgb[surface]) for surface in self._surface]

    def _draw_one(
        self, frame: Frame, images: Images, row: int, slot: int, camera: int, shown: np.ndarray, pose: tuple
    ) -> None:
        """Draw one image: the still layer, shadows on its table, and what moves over it."""
        look = frame.appearance
        shot = Shot.of(look, self._glow, row, camera, self._size)
        layer = self._layer(frame, row, camera, shown, pose, shot)
        self._stage.set_out(np.flatnonzero(shown & ~self._is_still), *pose)
        rgb, buffer, bodies = self._stage.photograph(shot, self._size, images.segmentation is not None)
        nearer = buffer < layer.buffer
        still = layer.rgb
        if look.lamps.shadow[row, 0] > 0.0:
            still = self._shaded(layer, frame.transforms[row], look, row, camera)
        np.copyto(images.rgb[row, slot], still)
        np.copyto(images.rgb[row, slot], rgb, where=nearer[..., None])
        if images.depth is not None:
            images.depth[row, slot] = metres(np.minimum(buffer, layer.buffer))
        if images.segmentation is not None:
            images.segmentation[row, slot] = np.where(nearer, self._stage.part_of_body[bodies], layer.parts)

    def _layer(
        self, frame: Frame, row: int, camera: int, shown: np.ndarray, pose: tuple, shot: Shot
    ) -> Layer:
        """Give the parts that stand still, drawn anew if anything about them changed."""
        parts = np.flatnonzero(shown & self._is_still)
        key = repr((shot, parts.tolist(), [pose[3][part] for part in parts])).encode()
        key += frame.transforms[row, parts].tobytes()
        known = self._layers.get((row, camera))
        if known is not None and known.key == key:
            return known
        self._stage.set_out(parts, *pose)
        rgb, buffer, bodies = self._stage.photograph(shot, self._size, with_bodies=True)
        layer = Layer(key, rgb.copy(), buffer.copy(), self._stage.part_of_body[bodies])
        self._layers[row, camera] = layer
        return layer

    def _shaded(
        self, layer: Layer, transforms: np.ndarray, look: Appearance, row: int, camera: int
    ) -> np.ndarray:
        """Darken the table of a layer where the lamp does not reach it."""
        mask = self._casters.mask(transforms, look.visible[row], look, row, camera, self._size)
        if mask is None:
            return layer.rgb
        lamp = DIFFUSE * self._glow[row, 0] * look.lamps.direction[row, 0, 2]
        lost = look.lamps.shadow[row, 0] * lamp / np.maximum(look.ambient[row] + lamp, 1e-6)  # (3,)
        weight = np.where(layer.parts == self._table, mask, 0.0)
        return np.rint(layer.rgb * (1.0 - weight[..., None] * lost)).astype(np.uint8)
