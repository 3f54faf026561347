"""The scene of an arm and a task: which parts are drawn, in which order, with which meshes, surfaces and cameras.

    scene = arm_scene(profile, task)            # about 1,000 triangles of arm
    scene = arm_scene(profile, task, "full")    # the published meshes, about 100,000 triangles
    [part.name for part in scene.parts]         # floor wall table panda_link0 .. cube distractor0.box ..

The Panda's meshes come from the `pybullet_data` folder, which is found without importing PyBullet. Simplified ones are
kept in `cache.cache_dir()`, named by the hash of their source and recipe.
"""

import hashlib
import importlib.util
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from envs.engine import ObjectSpec
from envs.rendering.cache import kept
from envs.rendering.meshes import (
    Soup,
    ball,
    box,
    cylinder,
    finished,
    joined,
    read_obj,
    rectangle,
    simplified,
    welded,
)
from envs.rendering.objects import clutter_parts, object_parts
from envs.rendering.scene import TOOL, CameraSpec, Mesh, Part, Scene, Surface
from randomizers.errors import unknown

DETAILS = ("low", "full")
DISTRACTORS = 4
DISTRACTOR_SHAPES = ("box", "ball", "cylinder")
TABLE_TOP_M, FLOOR_M = 0.0, -0.45
RECIPE = "7"  # Part of the cache's key: raise it when the preparation below changes.
TILE_M = 0.25  # One texture tile on arm and hand; about a link's width.

# Triangles of each link at detail "low", 1,120 in all: what a 64 to 84 pixel image can show
# (1,000 triangles show the same part as all of them on 99.2 % of pixels or more).
TRIANGLES = {
    "panda_link0": 80, "panda_link1": 90, "panda_link2": 90, "panda_link3": 110, "panda_link4": 110,
    "panda_link5": 140, "panda_link6": 180, "panda_link7": 80, "panda_hand": 160,
    "panda_leftfinger": 40, "panda_rightfinger": 40,
}  # fmt: skip
# The same where a camera on the hand looks at its fingers from 10 cm: with 40 they fall to pieces.
CLOSE = TRIANGLES | {"panda_leftfinger": 160, "panda_rightfinger": 160}
FILES = {
    "panda_link0": "collision/link0", "panda_link1": "visual/link1", "panda_link2": "visual/link2",
    "panda_link3": "visual/link3", "panda_link4": "visual/link4", "panda_link5": "visual/link5",
    "panda_link6": "visual/link6", "panda_link7": "collision/link7", "panda_hand": "visual/hand",
    "panda_leftfinger": "visual/finger", "panda_rightfinger": "visual/finger",
}  # fmt: skip
HAND = ("panda_hand", "panda_leftfinger", "panda_rightfinger")

# Flat, so that the nominal look is the same whichever pool of pictures is loaded.
SURFACES = {
    "floor": Surface((0.45, 0.42, 0.40)),
    "wall": Surface((0.72, 0.76, 0.80)),
    "table": Surface((0.76, 0.62, 0.45)),
    "arm": Surface((0.92, 0.93, 0.94)),
    "hand": Surface((0.55, 0.57, 0.60)),
}
# Little red: however they are painted about these colours, none passes for the red cube of the tasks.
DISTRACTOR_COLOURS = ((0.2, 0.6, 0.3), (0.15, 0.55, 0.65), (0.3, 0.35, 0.7), (0.35, 0.7, 0.2))
CAMERAS = {
    "front": CameraSpec(position=(1.15, 0.0, 0.65), target=(0.46, 0.0, 0.08), fov_deg=40.0),
    "side": CameraSpec(position=(0.50, 0.85, 0.55), target=(0.49, 0.0, 0.07), fov_deg=37.0),
    # On a bracket ahead of the hand, inclined so that the fingertips are at the lower edge of its images. Hand-eye
    # calibration is good to 2 or 3 mm, a quarter of what is left of a tripod's; guessed, see `randomizers.Camera`.
    "wrist": CameraSpec(
        (0.065, 0.0, -0.10), (0.043, 0.0, 0.0), fov_deg=65.0, mount=TOOL, up=(1.0, 0.0, 0.0), slack=0.25
    ),
}


class Named(Protocol):
    """An arm profile, as far as a scene needs one."""

    @property
    def name(self) -> str: ...


class Furnished(Protocol):
    """A task, as far as a scene needs one."""

    @property
    def objects(self) -> Sequence[ObjectSpec]: ...


def carried(cameras: Iterable[str]) -> tuple[str, ...]:
    """Name those of some cameras that something carries: only scenes that name them have them, and their axes."""
    return tuple(name for name in cameras if CAMERAS[name].mount)


def mesh_folder() -> Path:
    """Find the Panda's meshes in the installed `pybullet_data` without importing it.

    Raises:
        FileNotFoundError: PyBullet is not installed, or without its data.
    """
    spec = importlib.util.find_spec("pybullet_data")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    folder = Path(folders[0], "franka_panda", "meshes") if folders else Path("pybullet_data")
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the Panda's meshes are not at {folder}; install them with `pip install pybullet`."
        )
    return folder


def arm_scene(profile: Named, task: Furnished, detail: str = "low", cameras: Collection[str] = ()) -> Scene:
    """Build the scene of an arm and a task's objects on a table; table top at z = 0, the arm where it is mounted.

    Parts, in the order of all transforms: floor, wall, table, the arm's links and gripper, the task's objects, then
    distractor<i>.<shape> for i in 0..3 and box, ball, cylinder, then clutter<i>.box. Links are named as in the
    profile, those of several colours "<link>.<material>". Distractors and clutter are drawn from unit meshes, 1 m
    wide: their transforms carry the size as a uniform scale. Last is what carries cameras, where any are carried.

    Args:
        profile: The arm; "panda", or one whose profile names a URDF.
        task: Its `objects` are drawn, each on its own surface.
        detail: "low" for about 1,000 triangles of arm, "full" for all that were published.
        cameras: Names of those that are looked through: one that the hand carries is there only where it is named.
    """
    if detail not in DETAILS:
        raise ValueError(unknown("detail", detail, DETAILS))
    there = {name: camera for name, camera in CAMERAS.items() if not camera.mount or name in cameras}
    carriers = {camera.mount for camera in there.values() if camera.mount}
    arm, painted = _arm(profile, detail, CLOSE if carriers else TRIANGLES)
    objects, paints = object_parts(task.objects)
    surfaces = SURFACES | painted | paints
    parts = [*_room(), *arm, *objects]
    unit = {"box": box((0.5, 0.5, 0.5)), "ball": ball(0.5), "cylinder": cylinder(0.4, 0.5)}
    for index, colour in enumerate(DISTRACTOR_COLOURS):
        surfaces[f"distractor{index}"] = Surface(colour)
        parts += [
            Part(f"distractor{index}.{shape}", unit[shape], f"distractor{index}", hidden=True)
            for shape in DISTRACTOR_SHAPES
        ]
    held = [Part(name, box((0.001, 0.001, 0.001)), "hand", hidden=True) for name in sorted(carriers)]
    return Scene((*parts, *clutter_parts(), *held), surfaces, there)


def _arm(profile: Named, detail: str, triangles: Mapping[str, int]) -> tuple[list[Part], dict[str, Surface]]:
    """Give parts of an arm and surfaces that differ from the Panda's; `triangles` are the Panda's at detail "low"."""
    if getattr(profile, "pieces", ()):
        from envs.rendering.arms import drawn

        seen = drawn(profile, detail)  # type: ignore[arg-type]
        return list(seen.parts), seen.surfaces
    if profile.name != "panda":
        raise ValueError(f"{unknown('arm with meshes', profile.name, ('panda',))}, or a profile with a `urdf`")
    few = triangles if detail == "low" else dict.fromkeys(FILES, 0)
    return [Part(name, _link(name, few[name]), "hand" if name in HAND else "arm") for name in FILES], {}


def _room() -> tuple[Part, Part, Part]:
    """Floor, two walls behind arm and workspace, and a table; as few triangles as can be.

    The floor leaves out what lies under the table, and the walls end just below its top: TinyRenderer pays
    for every pixel of a hidden triangle too.
    """
    floor = joined(
        rectangle(2, 1.0, (0.5, 1.8, 0.0), (-0.7, 0.0, FLOOR_M), tile=0.8),
        rectangle(2, 1.0, (0.55, 0.675, 0.0), (0.35, -1.125, FLOOR_M), tile=0.8),
        rectangle(2, 1.0, (0.55, 0.675, 0.0), (0.35, 1.125, FLOOR_M), tile=0.8),
        rectangle(2, 1.0, (0.6, 1.8, 0.0), (1.5, 0.0, FLOOR_M), tile=0.8),
    )
    walls = joined(
        rectangle(0, 1.0, (0.0, 1.8, 1.1), (-0.75, 0.0, FLOOR_M + 1.1), tile=1.0),
        rectangle(1, 1.0, (1.5, 0.0, 1.1), (0.75, -1.0, FLOOR_M + 1.1), tile=1.0),
    )
    table = joined(
        rectangle(2, 1.0, (0.55, 0.45, 0.0), (0.35, 0.0, TABLE_TOP_M), tile=0.5),
        rectangle(0, 1.0, (0.0, 0.45, 0.03), (0.9, 0.0, TABLE_TOP_M - 0.03), tile=0.5),
        rectangle(1, 1.0, (0.55, 0.0, 0.03), (0.35, 0.45, TABLE_TOP_M - 0.03), tile=0.5),
    )
    return Part("floor", floor, "floor"), Part("wall", walls, "wall"), Part("table", table, "table")


def _link(name: str, triangles: int) -> Mesh:
    """Load a link's mesh, from the cache where it was prepared before; 0 triangles are all of them."""
    source = mesh_folder() / f"{FILES[name]}.obj"
    if not source.is_file():
        raise FileNotFoundError(f"mesh {source} does not exist; reinstall it with `pip install pybullet`.")
    key = hashlib.sha256(source.read_bytes() + f"{RECIPE} {name} {triangles} {TILE_M}".encode()).hexdigest()[
        :24
    ]
    turned = name == "panda_rightfinger"
    arrays = kept(f"{name}-{key}", lambda: vars(_prepare(source, turned, triangles)))
    return Mesh(arrays["vertices"], arrays["faces"], arrays["normals"], arrays["uvs"])


def _prepare(source: Path, turned: bool, triangles: int) -> Mesh:
    """Simplify a published mesh; the right finger is the left one turned about z."""
    soup = read_obj(source)
    soup = simplified(soup, triangles) if triangles else welded(soup)
    if turned:
        soup = Soup(soup.vertices * (-1.0, -1.0, 1.0), soup.faces)
    return finished(soup, TILE_M)
