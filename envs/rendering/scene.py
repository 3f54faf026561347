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

PATTERNS = ("flat", "checker", "noise", "gradient", "image")


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
    """

    name: str
    mesh: Mesh
    surface: str


@dataclass(frozen=True)
class Surface:
    """Nominal look of a surface: base colour RGB in [0, 1] and one of PATTERNS."""

    colour: tuple[float, float, float]
    pattern: str = "flat"


@dataclass(frozen=True)
class CameraSpec:
    """Nominal camera, OpenCV convention (x right, y down, z forward).

    Attributes:
        position: In the arm's base frame [m].
        target: A point it looks at [m].
        fov_deg: Vertical field of view [deg].
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fov_deg: float


@dataclass(frozen=True)
class Scene:
    """All parts of a world in the order of its transforms, its surfaces and its cameras."""

    parts: tuple[Part, ...]
    surfaces: dict[str, Surface]
    cameras: dict[str, CameraSpec]


@dataclass
class Appearance:
    """How the worlds look now; row w is world w.

    Attributes:
        pattern: (worlds, surfaces) int8 index into PATTERNS.
        variant: (worlds, surfaces) float32 in [0, 1], picks a texture within the pattern.
        colour: (worlds, surfaces, 3) float32 in [0, 1]; multiplies the pattern.
        visible: (worlds, parts) bool.
        light_direction: (worlds, lights, 3) float32, unit vector towards the light.
        light_colour: (worlds, lights, 3) float32 in [0, 2].
        ambient: (worlds,) float32 in [0, 1], light that comes from everywhere.
        shadow: (worlds,) float32 in [0, 1], how dark shadows are; 0 draws none.
        camera_position: (worlds, cameras, 3) float32 [m].
        world_from_camera: (worlds, cameras, 3, 3) float32, OpenCV convention.
        fov_deg: (worlds, cameras) float32 vertical field of view [deg].
        exposure: (worlds, cameras) float32 factor on the image.
        noise: (worlds, cameras) float32 standard deviation of sensor noise, in fractions of full scale.
    """

    pattern: np.ndarray
    variant: np.ndarray
    colour: np.ndarray
    visible: np.ndarray
    light_direction: np.ndarray
    light_colour: np.ndarray
    ambient: np.ndarray
    shadow: np.ndarray
    camera_position: np.ndarray
    world_from_camera: np.ndarray
    fov_deg: np.ndarray
    exposure: np.ndarray
    noise: np.ndarray


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
    """Draws batches of worlds; `name` goes into every report."""

    name: str

    def draw(self, frame: Frame, images: Images) -> None:
        """Draw the chosen cameras of the chosen worlds in one call."""
        ...

    def close(self) -> None:
        """Give back what the renderer holds."""
        ...
