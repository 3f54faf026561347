"""Three arms before any renderer, and the same meshes in PyBullet: what tests and benchmarks of agreement compare.

arm = ArmScene.of("xarm6", triangles=3000)
frame = arm.views(200)                                # one random pose and camera a world
with Reference(arm.scene) as tiny:
    depth, parts = tiny.photograph(frame, row=7, size=84)
"""

from dataclasses import dataclass, replace

import numpy as np
import pybullet

from envs.rendering.appearance import looking_at, nominal_appearance
from envs.rendering.assets import mesh_folder
from envs.rendering.lamps import glow
from envs.rendering.links import LinkTree
from envs.rendering.meshes import box, rectangle
from envs.rendering.rigid import split
from envs.rendering.robots import RobotParts, scene_parts
from envs.rendering.scene import CameraSpec, Frame, Part, Scene, Surface
from envs.rendering.stage import Shot, metres, snap
from envs.rendering.urdf import read_urdf
from randomizers.errors import unknown

DATA = mesh_folder().parents[1]
"""Of the installed `pybullet_data`."""
ARMS = {
    "panda": DATA / "franka_panda/panda.urdf",
    "xarm6": DATA / "xarm/xarm6_with_gripper.urdf",
    "kuka": DATA / "kuka_iiwa/model.urdf",
}
CAMERA = CameraSpec((1.4, 0.3, 0.9), (0.1, 0.0, 0.4), 45.0)


@dataclass(frozen=True)
class ArmScene:
    """An arm on a floor with a box beside it; its parts come first, then "floor" and "box"."""

    scene: Scene
    tree: LinkTree
    arm: RobotParts

    @classmethod
    def of(cls, name: str, triangles: int | None = 3000) -> "ArmScene":
        """Prepare one of ARMS; None keeps all triangles."""
        if name not in ARMS:
            raise ValueError(unknown("arm", name, ARMS))
        arm = scene_parts(ARMS[name], triangles)
        floor = rectangle(2, 1.0, (1.5, 1.5, 0.0), (0.0, 0.0, 0.0), tile=0.5)
        parts = (*arm.parts, Part("floor", floor, "floor"), Part("box", box((0.06, 0.06, 0.06)), "box"))
        surfaces = arm.surfaces | {"floor": Surface((0.5, 0.5, 0.45)), "box": Surface((0.8, 0.2, 0.1))}
        return cls(Scene(parts, surfaces, {"view": CAMERA}), LinkTree(read_urdf(ARMS[name])), arm)

    def transforms(self, joints: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Place all parts (worlds, parts, 3, 4) for joints (worlds, joints) and centres of boxes (worlds, 3)."""
        placed = np.tile(np.eye(3, 4, dtype=np.float32), (len(joints), len(self.scene.parts), 1, 1))
        placed[:, : len(self.arm.parts)] = self.tree.world_from_link(joints)[:, self.arm.links]
        placed[:, -1, :, 3] = boxes
        return placed

    def views(self, count: int, seed: int = 0) -> Frame:
        """Draw poses and cameras about the arm, one a world: near and far, from the side and from above."""
        rng = np.random.default_rng(seed)
        joints = rng.uniform(-1.2, 1.2, (count, len(self.tree.joints)))
        slides = [joint.startswith("panda_finger") for joint in self.tree.joints]
        joints[:, slides] = rng.uniform(0.0, 0.04, (count, sum(slides)))
        look = nominal_appearance(self.scene, count)
        look.lamps.shadow[:] = 0.0
        for row in range(count):
            azimuth, height, distance = rng.uniform(-np.pi, np.pi), rng.uniform(0.05, 1.3), rng.uniform(0.9, 2.2)
            target = rng.uniform((-0.2, -0.2, 0.1), (0.3, 0.2, 0.6))
            way = (np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height))
            camera = replace(CAMERA, position=tuple(target + distance * np.array(way)), target=tuple(target))
            look.camera_position[row, 0] = camera.position
            look.world_from_camera[row, 0] = looking_at(camera)
        look.fov_deg[:, 0] = rng.uniform(30.0, 70.0, count)
        boxes = np.column_stack((rng.uniform(0.25, 0.6, count), rng.uniform(-0.4, 0.4, count), np.full(count, 0.06)))
        return Frame(self.transforms(joints, boxes), look, np.arange(count), (0,))


class Reference:
    """TinyRenderer on bodies with the very meshes of a scene, as plain PyBullet draws them.

    Attributes:
        client: Of PyBullet.
        bodies: Of the scene's parts, made in their order.
    """

    def __init__(self, scene: Scene) -> None:
        """Make one body per part."""
        self.client = pybullet.connect(pybullet.DIRECT)
        self.bodies = [self._body(part) for part in scene.parts]

    def __enter__(self) -> "Reference":
        return self

    def __exit__(self, *_: object) -> None:
        pybullet.disconnect(self.client)

    def _body(self, part: Part) -> int:
        shape = pybullet.createVisualShape(
            pybullet.GEOM_MESH, vertices=part.mesh.vertices.tolist(), indices=part.mesh.faces.ravel().tolist(),
            normals=part.mesh.normals.tolist(), uvs=part.mesh.uvs.tolist(), physicsClientId=self.client,
        )  # fmt: skip
        return pybullet.createMultiBody(0.0, -1, shape, physicsClientId=self.client)

    def photograph(self, frame: Frame, row: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw one world: depth [m] and part (size, size), -1 and the far plane where there is nothing."""
        look = frame.appearance
        self.pose(frame.transforms[row])
        _, buffer, bodies = snap(self.client, Shot.of(look, glow(look.lamps), row, 0, size), size)
        part_of = np.full(max(self.bodies) + 2, -1)
        part_of[self.bodies] = np.arange(len(self.bodies))
        return metres(buffer), part_of[bodies]

    def pose(self, transforms: np.ndarray) -> None:
        """Move all bodies, (parts, 3, 4) without scale."""
        _, positions, turns = split(transforms)
        for body, position, turn in zip(self.bodies, positions, turns):
            pybullet.resetBasePositionAndOrientation(body, position, turn, physicsClientId=self.client)
