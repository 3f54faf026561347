"""What can be seen, apart from how it is drawn: parts, surfaces, cameras, lights.

    Scene          fixed: meshes and which surface each one shows
    Appearance     one row a world: patterns, colours, lights, cameras, lens; written by visual knobs
    Frame          what one draw call needs: transforms of all parts of all worlds + the appearance
    Images         preallocated output arrays

Any renderer that turns a Frame into Images can stand behind the worlds (`Renderer`).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

PATTERNS = (
    "flat", "checker", "stripes", "gradient", "noise", "wood", "brick", "marble", "speckle", "image",
)  # fmt: skip
LIGHT_KINDS = ("off", "directional", "point", "spot")
LIGHTS = 4
"""Lights of a world; the first is the key light, the others are off in a nominal world."""
BACKGROUNDS = ("gradient", "image")
TOOL = "tool frame"
"""The part without a picture whose frame is the arm's tool frame: z out of the hand, the fingers open along y."""

# Kinds of visual knobs, `texture.scale` for every `texture.<surface>.scale`; renderers say which they draw.
BASICS = frozenset({
    "texture.pattern", "texture.variant", "texture.colour",
    "light.direction", "light.colour", "light.intensity", "light.temperature_k", "light.ambient", "light.shadow",
    "camera.position", "camera.rotation_deg", "camera.fov_deg",
})  # fmt: skip
LAMPS = frozenset({
    "lamp.kind", "lamp.direction", "lamp.position", "lamp.colour", "lamp.intensity", "lamp.temperature_k",
    "lamp.cone_deg", "lamp.shadow",
})  # fmt: skip
DETAILS = frozenset({
    "texture.scale", "texture.turn_deg", "texture.specular", "texture.shininess",
    "background.kind", "background.variant", "background.top", "background.bottom",
})  # fmt: skip
EVERYTHING = BASICS | LAMPS | DETAILS


def kind(knob: str) -> str:
    """Name the kind of a visual knob; its first word alone does for what is no renderer's."""
    first, *_, last = knob.split(".")
    return f"{first}.{last}" if f"{first}.{last}" in EVERYTHING else first


@dataclass(frozen=True)
class Mesh:
    """Triangles in the frame of their part.

    Attributes:
        vertices: (vertices, 3) float32 [m].
        faces: (triangles, 3) int32.
        normals: (vertices, 3) float32, unit length.
        uvs: (vertices, 2) float32 texture coordinates.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    uvs: np.ndarray


@dataclass(frozen=True)
class Part:
    """A rigid piece that is drawn: one mesh, one surface.

    Attributes:
        name: Unique, such as "panda_link3" or "cube".
        mesh: Geometry in the part's frame.
        surface: The surface it shows; several parts may share one ("arm").
        hidden: It is not there in a nominal world.
    """

    name: str
    mesh: Mesh
    surface: str
    hidden: bool = False


@dataclass(frozen=True)
class Surface:
    """Nominal look of a surface: base colour RGB in [0, 1] and one of PATTERNS."""

    colour: tuple[float, float, float]
    pattern: str = "flat"


@dataclass(frozen=True)
class CameraSpec:
    """Nominal camera, OpenCV convention (x right, y down, z forward).

    Attributes:
        position: In the arm's base frame, or in that of the part that carries it [m].
        target: A point it looks at, in the same frame [m].
        fov_deg: Vertical field of view [deg].
        mount: The part that carries it, such as `TOOL`; "" for one that stands still.
        up: What is up in its images, in the same frame.
        slack: How far off its place is, compared to a tripod: the share it takes of a range for any camera.
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fov_deg: float
    mount: str = ""
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    slack: float = 1.0


@dataclass(frozen=True)
class Scene:
    """All parts of a world in the order of its transforms, its surfaces and its cameras."""

    parts: tuple[Part, ...]
    surfaces: dict[str, Surface]
    cameras: dict[str, CameraSpec]


@dataclass
class Lamps:
    """Lights of all worlds; row w is world w, column l is light l.

    Attributes:
        kind: (worlds, LIGHTS) int8 index into LIGHT_KINDS.
        direction: (worlds, LIGHTS, 3) float32, unit vector towards the light; a spot shines the other way.
        position: (worlds, LIGHTS, 3) float32 of a point or spot light [m].
        colour: (worlds, LIGHTS, 3) float32 RGB factor in [0, 2].
        intensity: (worlds, LIGHTS) float32 factor; of a point or spot light at 1 m.
        temperature_k: (worlds, LIGHTS) float32 colour temperature [K]; 6500 is white.
        cone_deg: (worlds, LIGHTS) float32 half angle at which a spot has faded out [deg].
        shadow: (worlds, LIGHTS) float32 in [0, 1], how dark its shadows are; 0 draws none.
    """

    kind: np.ndarray
    direction: np.ndarray
    position: np.ndarray
    colour: np.ndarray
    intensity: np.ndarray
    temperature_k: np.ndarray
    cone_deg: np.ndarray
    shadow: np.ndarray


@dataclass
class Lenses:
    """Lens and sensor of all cameras; every array is (worlds, cameras, ...) float32 and 0 or 1 does nothing.

    Attributes:
        distortion: (..., 3) radial k1, k2 and tangential p of Brown's model, on the normalised image plane.
        vignetting: Share of light lost in the corners, in [0, 1].
        exposure: Factor on the light.
        white_balance: (..., 3) factors on red, green, blue.
        gamma: Exponent on the image in [0, 1]; 1 does nothing.
        shot_noise: Standard deviation at full scale, falling with the root of the light [full scale].
        noise: Standard deviation of the readout noise [full scale].
        defocus_px: Standard deviation of the blur of a lens out of focus [px of a 64 px image].
        motion_px: (..., 2) vector along which the image is smeared [px of a 64 px image].
        rolling_px: Sideways shift between first and last row [px of a 64 px image].
        jpeg: Loss of compression in [0, 1]; quality is 100 - 90 * loss, 0 does not compress.
        dead_pixels: Share of pixels stuck at black or white.
        depth_noise: Standard deviation of depth as a share of depth squared [1/m].
        depth_holes: Share of depth that is missing (0 m), at outlines first.
    """

    distortion: np.ndarray
    vignetting: np.ndarray
    exposure: np.ndarray
    white_balance: np.ndarray
    gamma: np.ndarray
    shot_noise: np.ndarray
    noise: np.ndarray
    defocus_px: np.ndarray
    motion_px: np.ndarray
    rolling_px: np.ndarray
    jpeg: np.ndarray
    dead_pixels: np.ndarray
    depth_noise: np.ndarray
    depth_holes: np.ndarray


@dataclass
class Appearance:
    """How the worlds look now; row w is world w.

    Attributes:
        pattern: (worlds, surfaces) int8 index into PATTERNS.
        variant: (worlds, surfaces) float32 in [0, 1], picks a texture within the pattern.
        colour: (worlds, surfaces, 3) float32 in [0, 1]; multiplies the pattern.
        texture_scale: (worlds, surfaces) float32 factor on the texture coordinates: 2 shows twice the tiles.
        texture_turn: (worlds, surfaces) float32 rotation of the texture [rad].
        specular: (worlds, surfaces) float32 in [0, 1], strength of highlights.
        shininess: (worlds, surfaces) float32 exponent of highlights, >= 1.
        visible: (worlds, parts) bool.
        lamps: Lights.
        ambient: (worlds,) float32 in [0, 1], light that comes from everywhere.
        background: (worlds,) int8 index into BACKGROUNDS.
        background_variant: (worlds,) float32 in [0, 1], picks a picture.
        background_colour: (worlds, 2, 3) float32 in [0, 1] at the top and the bottom of the image.
        camera_position: (worlds, cameras, 3) float32 [m]; of a carried camera, in the frame of what carries it.
        world_from_camera: (worlds, cameras, 3, 3) float32, OpenCV convention; likewise (see `mounts`).
        fov_deg: (worlds, cameras) float32 vertical field of view [deg].
        lenses: Lens and sensor.
    """

    pattern: np.ndarray
    variant: np.ndarray
    colour: np.ndarray
    texture_scale: np.ndarray
    texture_turn: np.ndarray
    specular: np.ndarray
    shininess: np.ndarray
    visible: np.ndarray
    lamps: Lamps
    ambient: np.ndarray
    background: np.ndarray
    background_variant: np.ndarray
    background_colour: np.ndarray
    camera_position: np.ndarray
    world_from_camera: np.ndarray
    fov_deg: np.ndarray
    lenses: Lenses


@dataclass(frozen=True)
class Frame:
    """Everything one draw call reads.

    Attributes:
        transforms: (worlds, parts, 3, 4) float32 world_from_part [m].
        appearance: Look of the same worlds.
        worlds: (n,) indices of the worlds to draw; the others keep their old pixels.
        cameras: Indices of the cameras to draw, in the order of the images.
    """

    transforms: np.ndarray
    appearance: Appearance
    worlds: np.ndarray
    cameras: tuple[int, ...]


@dataclass(frozen=True)
class Images:
    """Preallocated output; `depth` and `segmentation` are drawn where given.

    Attributes:
        rgb: (worlds, cameras, height, width, 3) uint8.
        depth: (worlds, cameras, height, width) float32 [m], along the optical axis.
        segmentation: (worlds, cameras, height, width) int32 index of the part, -1 for none.
    """

    rgb: np.ndarray
    depth: np.ndarray | None = None
    segmentation: np.ndarray | None = None


class Renderer(Protocol):
    """Draws batches of worlds.

    Attributes:
        name: Goes into every report.
        draws: Kinds of visual knobs that change its images, of EVERYTHING; varying another one is refused.
    """

    name: str
    draws: frozenset[str]

    def draw(self, frame: Frame, images: Images) -> None:
        """Draw the chosen cameras of the chosen worlds in one call."""
        ...

    def close(self) -> None:
        """Give back what the renderer holds."""
        ...
