"""The compiled batch rasterizer behind the worlds: a Frame in, images out, one call for all of them.

    renderer = RasterRenderer(scene, image_size=84, cameras=("front", "side"))
    renderer.draw(frame, images)

The same draw gives the same bytes in any process and batch position on one machine. The first renderer of a fresh
installation compiles for half a minute; later ones load the code in a fraction of a second.
"""

from collections.abc import Sequence

import numpy as np

from envs.rendering.raster import geometry, pack
from envs.rendering.raster.compiled import compiling_once
from envs.rendering.raster.kernel import draw_batch
from envs.rendering.raster.layout import (
    CORNERS,
    EDGE,
    FACES,
    LIGHT,
    PART,
    RECORD,
    SAMPLE_FLOATS,
    SAMPLE_INTS,
    STAGES,
    SURFACE,
    VIEW,
    Batch,
    Meshes,
    Scratch,
)
from envs.rendering.scene import EVERYTHING, LIGHTS, Appearance, Frame, Images, Scene
from envs.rendering.textures import TextureBank, bank
from randomizers.errors import unknown

FARTHEST_M = 1e4
"""Coordinates beyond which a simulation must have blown up."""


class RasterRenderer:
    """Turns frames into images; see `envs.rendering.scene.Renderer`. One renderer serves one thread at a time."""

    name = "sim2arm raster"
    draws = EVERYTHING

    def __init__(
        self,
        scene: Scene,
        image_size: int,
        cameras: Sequence[str],
        textures: TextureBank | None = None,
        *,
        samples: int = 1,
        shadow_size: int = 128,
    ) -> None:
        """Lay out the scene and its working memory, and load the compiled code.

        Args:
            scene: Parts, surfaces and cameras.
            image_size: Height and width of every image [px].
            cameras: Names of the cameras that will be drawn.
            textures: The pool of pictures; the seen one unless given.
            samples: 4 smooths outlines by 2 x 2 multisampling; depth and segmentation keep one sample.
            shadow_size: Side of a shadow map [texels]; a point light has six.
        """
        for camera in cameras:
            if camera not in scene.cameras:
                raise ValueError(unknown("camera", camera, scene.cameras))
        if not 8 <= image_size <= 2048:
            raise ValueError(f"image_size is {image_size}; the rasterizer draws 8 to 2048 pixels a side.")
        if samples not in (1, 4):
            raise ValueError(f"samples is {samples}; it must be 1, or 4 for smooth outlines.")
        if not 16 <= shadow_size <= 2048:
            raise ValueError(f"shadow_size is {shadow_size}; a shadow map has 16 to 2048 texels a side.")
        self._size, self._samples, self._shadow_size = image_size, samples, shadow_size
        self._shape = (len(scene.parts), len(scene.surfaces), len(scene.cameras))
        self._bank = bank() if textures is None else textures
        self._texels = pack.pack_textures(self._bank)
        self._exponent = self._bank.pictures.shape[1].bit_length() - 1
        self._meshes = geometry.pack_meshes(scene)
        self._scratch = make_scratch(self._meshes, image_size, samples, shadow_size)
        with compiling_once():
            self._warm_up()

    def draw(self, frame: Frame, images: Images) -> None:
        """Draw the chosen cameras of the chosen worlds into `images`."""
        rows = np.array(frame.worlds, np.int64)
        self._check(frame, images, rows)
        if len(rows) and len(frame.cameras):
            self._run(self._pack(frame, rows), images)

    def close(self) -> None:
        """Nothing outside of Python's memory is held."""

    @property
    def cycles(self) -> dict[str, int]:
        """Processor cycles spent since the renderer was made, by stage; "geometry" is vertices and visibility."""
        return dict(zip(STAGES, self._scratch.cycles.tolist()))

    def _pack(self, frame: Frame, rows: np.ndarray) -> Batch:
        """Gather the rows of a batch, refusing numbers that would reach the kernel as nonsense."""
        look = frame.appearance
        transforms = np.ascontiguousarray(frame.transforms[rows], np.float32).reshape(len(rows), self._shape[0], 12)
        packed = Batch(
            rows=rows,
            transforms=transforms,
            visible=np.ascontiguousarray(look.visible[rows], bool),
            surfaces=pack.pack_surfaces(look, rows, self._bank),
            lights=pack.pack_lights(look.lamps, rows),
            ambient=np.ascontiguousarray(look.ambient[rows], np.float32),
            backdrop=pack.pack_backdrops(look, rows, self._bank),
            views=pack.pack_views(look, rows, frame.cameras, self._size),
        )
        if not (np.abs(transforms) < FARTHEST_M).all():
            if not np.isfinite(transforms).all():
                raise ValueError("frame.transforms holds values that are not finite; a simulation blew up.")
            raise ValueError(f"frame.transforms holds values beyond {FARTHEST_M:.0f} m; a simulation blew up.")
        for name in ("surfaces", "lights", "ambient", "backdrop", "views"):
            if not np.isfinite(getattr(packed, name)).all():
                raise ValueError(f"the appearance holds {name} that are not finite numbers; a knob wrote them.")
        if not (packed.views[..., 12] > 0.0).all() or not (packed.views[..., 12] < 1e6 * self._size).all():
            raise ValueError("appearance.fov_deg must lie between 0 and 180 degrees.")
        return packed

    def _run(self, batch: Batch, images: Images) -> None:
        """Call the kernel; outputs that are not contiguous are drawn aside and copied."""
        outputs = (images.rgb, images.depth, images.segmentation)
        kinds = (np.uint8, np.float32, np.int32)
        arrays = [
            np.zeros((0, 0, 0), kind) if image is None
            else np.ascontiguousarray(image).reshape(*image.shape[:2], -1)
            for image, kind in zip(outputs, kinds)
        ]  # fmt: skip
        self._kernel(batch, *arrays)
        for image, array in zip(outputs, arrays):
            if image is not None and not np.shares_memory(image, array):
                image[batch.rows] = array.reshape(image.shape)[batch.rows]

    def _kernel(self, batch: Batch, rgb: np.ndarray, depth: np.ndarray, parts: np.ndarray) -> None:
        draw_batch(
            self._meshes, self._scratch, batch, self._texels, self._exponent, self._shadow_size,
            self._size, self._samples, rgb, depth, parts,
        )  # fmt: skip

    def _warm_up(self) -> None:
        """Draw no worlds: compiles the kernel, or loads it."""
        count, surfaces, _ = self._shape
        none = Batch(
            rows=np.zeros(0, np.int64),
            transforms=np.zeros((0, count, 12), np.float32),
            visible=np.zeros((0, count), bool),
            surfaces=np.zeros((0, surfaces, SURFACE), np.float32),
            lights=np.zeros((0, LIGHTS, LIGHT), np.float32),
            ambient=np.zeros(0, np.float32),
            backdrop=np.zeros((0, 8), np.float32),
            views=np.zeros((0, 1, VIEW), np.float32),
        )
        rgb, depth, parts = (np.zeros((0, 0, 0), kind) for kind in (np.uint8, np.float32, np.int32))
        self._kernel(none, rgb, depth, parts)
        draw_batch.disable_compile()  # An array of another kind is an error from here on, not half a minute's wait.

    def _check(self, frame: Frame, images: Images, rows: np.ndarray) -> None:
        """Refuse shapes and indices that would read or write beyond an array."""
        worlds, size = len(frame.transforms), self._size
        parts, _, cameras = self._shape
        wanted = (worlds, len(frame.cameras), size, size)
        for name, kind, shape in (
            ("rgb", np.uint8, (*wanted, 3)),
            ("depth", np.float32, wanted),
            ("segmentation", np.int32, wanted),
        ):
            image = getattr(images, name)
            if image is not None and (image.shape != shape or image.dtype != kind):
                raise ValueError(
                    f"images.{name} is {image.dtype} {image.shape}; it must be {np.dtype(kind)} {shape}."
                )
        if frame.transforms.shape != (worlds, parts, 3, 4):
            raise ValueError(
                f"frame.transforms is {frame.transforms.shape}; the scene has {parts} parts: ({worlds}, {parts}, 3, 4)."
            )
        if len(rows) and not 0 <= rows.min() <= rows.max() < worlds:
            raise ValueError(f"frame.worlds is {rows.tolist()}; there are worlds 0 to {worlds - 1}.")
        if not all(0 <= camera < cameras for camera in frame.cameras):
            raise ValueError(f"frame.cameras is {frame.cameras}; the scene has cameras 0 to {cameras - 1}.")
        _check_look(frame.appearance, worlds, self._shape)


def _check_look(look: Appearance, worlds: int, shape: tuple[int, int, int]) -> None:
    """Refuse a look that was made for another scene or fewer worlds."""
    parts, surfaces, cameras = shape
    for name, array, wanted in (
        ("visible", look.visible, (worlds, parts)),
        ("colour", look.colour, (worlds, surfaces, 3)),
        ("fov_deg", look.fov_deg, (worlds, cameras)),
        ("lamps.kind", look.lamps.kind, (worlds, LIGHTS)),
    ):
        if array.shape != wanted:
            raise ValueError(f"appearance.{name} is {array.shape}; this scene and batch need {wanted}.")


def make_scratch(meshes: Meshes, size: int, samples: int, shadow_size: int) -> Scratch:
    """Allocate working memory for any frame of a scene; what a scene never touches costs no memory."""
    parts = len(meshes.spans)
    vertices, triangles = geometry.drawn_twice(meshes)
    vertices, listed = vertices + 16, 2 * triangles + 16  # A clipped triangle leaves up to two.
    side = 2 * size if samples > 1 else size
    pixels = (side + EDGE) * side + 16
    # One block for both images, apart by no multiple of 4 KiB: the processor mistakes such addresses for equal.
    gap = pixels + (544 - pixels) % 1024
    images = np.zeros(gap + pixels, np.int32)
    maps = np.zeros(LIGHTS * FACES * shadow_size * (shadow_size + EDGE) + shadow_size + 32, np.int32)
    nearness = images[:pixels]
    return Scratch(
        projected=np.empty(4 * vertices, np.float32),
        nearness=nearness,
        nearness_float=nearness.view(np.float32),
        ids=images[gap:],
        accepted=np.empty((listed, 4), np.int32),
        record_of=np.empty(listed, np.int32),
        recorded=np.empty(listed, np.int32),
        candidates=np.empty(listed, np.int32),
        records=np.zeros(listed * RECORD, np.float32),
        clipped=np.empty((listed, 3, 6), np.float32),
        polygon=np.zeros((8, 6), np.float32),
        corner=np.zeros(CORNERS, np.float32),
        parts=np.zeros(max(parts, 1) * PART, np.float32),
        poses=np.zeros((max(parts, 1), 12), np.float32),
        order=np.zeros(max(parts, 1), np.int32),
        distance=np.zeros(max(parts, 1), np.float32),
        samples=np.zeros(SAMPLE_FLOATS + 16, np.float32),
        integers=np.zeros(SAMPLE_INTS + 16, np.int32),
        shadows=maps,
        shadows_float=maps.view(np.float32),
        light_views=np.zeros((LIGHTS, FACES, VIEW), np.float32),
        light_state=np.zeros((LIGHTS, 4), np.float32),
        seen_lights=np.zeros((LIGHTS, LIGHT), np.float32),
        shadow_poses=np.zeros((LIGHTS, 12), np.float32),
        blend=np.zeros(4 * size * size, np.float32),
        edges=np.zeros(size * size, np.int32),
        cycles=np.zeros(len(STAGES), np.int64),
    )
