"""One busy table for every renderer: what speeds are compared on.

scene = table_scene()                               # Panda, room, cube and four more objects
frame = table_views(scene, 16, lamps=3, shadows=1)  # poses, pictures, lamps and cameras differ in every world
with SameMeshes(scene, frame) as tiny:              # TinyRenderer on these; StockScene: on what it ships
    tiny.set_out(row=3)
    tiny.snap(row=3, size=84, shadow=True)
"""

from dataclasses import replace

import numpy as np
import pybullet

from envs.arms import profile as arms
from envs.rendering.appearance import nominal_appearance, rotations, unit
from envs.rendering.assets import FILES, TILE_M, arm_scene, mesh_folder
from envs.rendering.lamps import glow
from envs.rendering.meshes import Soup, ball, box, cylinder, finished, read_obj, welded
from envs.rendering.reference import Reference
from envs.rendering.scene import LIGHT_KINDS, PATTERNS, Appearance, Frame, Mesh, Part, Scene
from envs.rendering.stage import Shot, load_pictures, snap
from envs.rendering.textures import bank
from envs.stills import Poses, draw_poses
from envs.tasks import base as tasks
from envs.transforms import PartFrames
from randomizers.errors import unknown

TASK, ARM = "push", "panda"
THINGS = (box((0.03, 0.03, 0.03)), ball(0.03), cylinder(0.025, 0.03), box((0.02, 0.04, 0.02)))
"""Objects beside the cube [m]."""
THINGS_M = ((0.16, 0.30), (0.35, -0.30), (0.62, 0.22), (0.64, -0.24))
"""Where they stand on the table, give or take 3 cm [m]."""
KINDS = ("directional", "spot", "point")
"""Of the lamps, the key light first."""
MESHES = ("training", "collision")
WIDER = 1.4
"""Largest factor on a training camera's field of view."""
STOCK_TABLE_M = -0.63
"""Height at which the stock table's top is at 0 [m]."""


def table_scene(meshes: str = "training") -> Scene:
    """Build the training scene of a push with four more objects, each a part of fixed size.

    Args:
        meshes: Of the arm, one of MESHES: those of training, or the collision hulls that others draw for speed.
    """
    if meshes not in MESHES:
        raise ValueError(unknown("meshes", meshes, MESHES))
    scene = arm_scene(arms.load(ARM), tasks.get(TASK))
    parts = [part for part in scene.parts if not part.hidden]
    if meshes == "collision":
        parts = [replace(part, mesh=_hull(part.name)) if part.name in FILES else part for part in parts]
    things = [Part(f"thing{i}", mesh, f"distractor{i}") for i, mesh in enumerate(THINGS)]
    return Scene((*parts, *things), scene.surfaces, scene.cameras)


def _hull(part: str) -> Mesh:
    """Read the collision mesh of a link; the right finger is the left one turned about z."""
    soup = welded(read_obj(mesh_folder() / f"{FILES[part].replace('visual', 'collision')}.obj"))
    if part == "panda_rightfinger":
        soup = Soup(soup.vertices * (-1.0, -1.0, 1.0), soup.faces)
    return finished(soup, TILE_M)


def table_views(scene: Scene, count: int, *, lamps: int = 1, shadows: int = 0, seed: int = 0) -> Frame:
    """Draw a frame of many worlds in which everything differs; the same but for its lamps for the same seed.

    Args:
        scene: Of `table_scene`.
        count: Worlds.
        lamps: How many shine: a directional one, a spot, a point light.
        shadows: How many of them throw shadows.
        seed: Of poses and looks.
    """
    rng = np.random.default_rng(seed)
    transforms = np.tile(np.eye(3, 4, dtype=np.float32), (count, len(scene.parts), 1, 1))
    poses, frames = poses_of(count, seed), PartFrames(scene, arms.load(ARM), tasks.get(TASK))
    for row, out in enumerate(transforms):
        frames.write(poses.joints[row], float(poses.opening[row]), poses.cube[row : row + 1], out)
    names = [part.name for part in scene.parts]
    for i, spot in enumerate(THINGS_M):
        transforms[:, names.index(f"thing{i}"), :2, 3] = spot + rng.uniform(-0.03, 0.03, (count, 2))
        transforms[:, names.index(f"thing{i}"), 2, 3] = 0.03
    look = nominal_appearance(scene, count)
    look.pattern[:] = rng.integers(1, len(PATTERNS), look.pattern.shape)  # all but the flat one
    look.variant[:] = rng.uniform(size=look.variant.shape)
    look.colour[:] = rng.uniform(0.3, 1.0, look.colour.shape)
    _move_cameras(look, rng)
    look.lamps.direction[:] = unit(look.lamps.direction + rng.uniform(-0.3, 0.3, look.lamps.direction.shape))
    look.lamps.shadow[:] = 0.0
    look.lamps.shadow[:, :shadows] = 0.5
    for i, kind in enumerate(KINDS[:lamps]):
        look.lamps.kind[:, i] = LIGHT_KINDS.index(kind)
    return Frame(transforms, look, np.arange(count), (0,))


def _move_cameras(look: Appearance, rng: np.random.Generator) -> None:
    """Look from about where the training cameras are, in turn, and wider: the arm is in view."""
    for values in (look.camera_position, look.world_from_camera, look.fov_deg):
        values[1::2, 0] = values[1::2, 1]
    count = len(look.fov_deg)
    look.camera_position[:, 0] += rng.normal(0.0, 0.02, (count, 3))
    look.world_from_camera[:, 0] @= rotations(np.radians(rng.normal(0.0, 2.0, (count, 3))))
    look.fov_deg[:, 0] *= rng.uniform(1.0, WIDER, count)


def poses_of(count: int, seed: int) -> Poses:
    """Draw the poses of arm and cube that belong to a seed."""
    return draw_poses(arms.load(ARM), tasks.get(TASK), seed, np.arange(count))


class SameMeshes(Reference):
    """TinyRenderer on the very meshes and pictures of a scene, with its own shadows.

    Args:
        scene: Parts; each becomes a body.
        frame: What is drawn.
    """

    def __init__(self, scene: Scene, frame: Frame) -> None:
        super().__init__(scene)
        pictures, surfaces = bank(), list(scene.surfaces)
        self._frame, self._glow = frame, glow(frame.appearance.lamps)
        self._surface = [surfaces.index(part.surface) for part in scene.parts]
        self._picture = pictures.index(frame.appearance.pattern, frame.appearance.variant)
        self._textures = load_pictures(self.client, pictures.pictures)

    def set_out(self, row: int) -> None:
        """Pose and paint the bodies of one world."""
        self.pose(self._frame.transforms[row])
        for body, surface in zip(self.bodies, self._surface):
            texture = self._textures[self._picture[row, surface]]
            colour = (*self._frame.appearance.colour[row, surface].tolist(), 1.0)
            pybullet.changeVisualShape(body, -1, textureUniqueId=texture, rgbaColor=colour, physicsClientId=self.client)

    def snap(self, row: int, size: int, *, shadow: bool) -> np.ndarray:
        """Draw the world that was set out, RGB and depth."""
        shot = Shot.of(self._frame.appearance, self._glow, row, 0, size)
        return snap(self.client, shot, size, bodies=False, shadow=shadow)[0]


class StockScene:
    """TinyRenderer on what pybullet_data ships: Panda with its published meshes, table, plane, five cubes.

    Args:
        frame: Of `table_views`: cameras and light.
        seed: Of the poses of arm and cube; the same as of the frame.
    """

    def __init__(self, frame: Frame, seed: int = 0) -> None:
        self._frame, self._glow = frame, glow(frame.appearance.lamps)
        self._poses = poses_of(len(frame.transforms), seed)
        self._client = pybullet.connect(pybullet.DIRECT)
        self._load("plane.urdf", (0.0, 0.0, STOCK_TABLE_M))
        self._load("table/table.urdf", (0.5, 0.0, STOCK_TABLE_M))
        self._arm = self._load("franka_panda/panda.urdf", (0.0, 0.0, 0.0))
        self._cube = self._load("cube_small.urdf", (0.5, 0.0, 0.03))
        for x, y in THINGS_M:
            self._load("cube_small.urdf", (x, y, 0.03))

    def set_out(self, row: int) -> None:
        """Pose arm and cube of one world."""
        joints, opening = self._poses.joints[row], self._poses.opening[row]
        angles = [*enumerate(joints), *((finger, opening / 2.0) for finger in (9, 10))]
        for joint, angle in angles:
            pybullet.resetJointState(self._arm, joint, angle, physicsClientId=self._client)
        pose = self._poses.cube[row]
        pybullet.resetBasePositionAndOrientation(self._cube, pose[:3], pose[3:], physicsClientId=self._client)

    def snap(self, row: int, size: int, *, shadow: bool) -> np.ndarray:
        """Draw the world that was set out, RGB and depth."""
        shot = Shot.of(self._frame.appearance, self._glow, row, 0, size)
        return snap(self._client, shot, size, bodies=False, shadow=shadow)[0]

    def __enter__(self) -> "StockScene":
        return self

    def __exit__(self, *_: object) -> None:
        pybullet.disconnect(self._client)

    def _load(self, file: str, position: tuple[float, float, float]) -> int:
        path = str(mesh_folder().parents[1] / file)
        return pybullet.loadURDF(path, position, useFixedBase=True, physicsClientId=self._client)
