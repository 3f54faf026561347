"""What an arm meets in a PyBullet world: table, floor, and the objects of a task.

    things = Things(client, task.objects)
    things.place(poses)                        # (objects, 7)
    things.places[0]                           # body and link of the first object, -1 for its base
"""

import numpy as np
import pybullet as pb

from envs.engine import State
from envs.objects import ObjectSpec

TABLE_HALF_EXTENTS = (0.65, 0.65, 0.2)
TABLE_CENTRE = (0.45, 0.0, -0.2)
FLOOR_HEIGHT = -0.75
"""Where objects that fall off the table come to rest [m]."""
TABLE_FRICTION = 1.0
"""Nominal coefficient; Bullet multiplies those of the two bodies that touch."""
AWAY = (10.0, 0.0, 10.0)
"""Where objects are put to forget what they touched [m]."""
GEOMETRY = {"box": pb.GEOM_BOX, "cylinder": pb.GEOM_CYLINDER, "ball": pb.GEOM_SPHERE}
NOWHERE = [0.0, 0.0, 0.0]
UPRIGHT = [0.0, 0.0, 0.0, 1.0]
STOP_FORCE = 1e3
"""At the ends of a rail [N]."""


class Things:
    """Table, floor and objects of one PyBullet client.

    Args:
        client: Of `pybullet.connect`.
        objects: Of the task, in the order of every object array.

    Attributes:
        table: Body of the table.
        objects: What was loaded.
        bodies: Body of each object.
        places: Body and link of each object; what slides on a rail is the link of a body that stands still.
    """

    def __init__(self, client: int, objects: tuple[ObjectSpec, ...]):
        self._client, self._key, self.objects = client, {"physicsClientId": client}, objects
        self.table = self._static_box(TABLE_HALF_EXTENTS, TABLE_CENTRE)
        self._static_box((3.0, 3.0, 0.1), (0.0, 0.0, FLOOR_HEIGHT - 0.1))
        self.bodies = [self._load(spec) for spec in objects]
        self.places = [(body, 0 if spec.rail else -1) for body, spec in zip(self.bodies, objects)]
        self._poses = np.zeros((len(objects), 7))
        self._numbered = list(zip(range(len(objects)), objects, self.bodies))
        self._let_slide()

    def scatter(self) -> None:
        """Move all objects apart and away from everything, so that a step empties the contact caches."""
        for index, body in enumerate(self.bodies):
            place = (AWAY[0] + index, *AWAY[1:])
            pb.resetBasePositionAndOrientation(body, place, (0, 0, 0, 1), **self._key)

    def place(self, poses: np.ndarray) -> None:
        """Put the objects at rest at poses (objects, 7): position [m] and quaternion (x, y, z, w)."""
        self._poses = np.array(poses)
        for spec, body, pose in zip(self.objects, self.bodies, poses.tolist()):
            pb.resetBasePositionAndOrientation(body, pose[:3], pose[3:], **self._key)
            if spec.rail:
                pb.resetJointState(body, 0, 0.0, 0.0, **self._key)
            elif not spec.fixed:
                pb.resetBaseVelocity(body, [0.0] * 3, [0.0] * 3, **self._key)

    def measure(self, state: State, row: int) -> None:
        """Write poses and velocities into one row of `state`, of as many objects as it has room for."""
        client, room = self._client, state.object_poses.shape[1]
        for index, spec, body in self._numbered[:room]:
            if spec.fixed:
                state.object_poses[row, index] = self._poses[index]
            elif spec.rail:
                link = pb.getLinkState(body, 0, computeLinkVelocity=1, computeForwardKinematics=1, **self._key)
                state.object_poses[row, index] = link[4] + link[5]
                state.object_velocities[row, index] = link[6] + link[7]
            else:
                place, turn = pb.getBasePositionAndOrientation(body, client)
                state.object_poses[row, index] = place + turn
                linear, angular = pb.getBaseVelocity(body, client)
                state.object_velocities[row, index] = linear + angular

    def _static_box(self, half_extents: tuple[float, ...], centre: tuple[float, ...]) -> int:
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=half_extents, **self._key)
        return pb.createMultiBody(0.0, shape, -1, centre, **self._key)

    def _load(self, spec: ObjectSpec) -> int:
        shape = self._shape(spec)
        if spec.rail:
            return self._sliding(spec, shape)
        start = (0.5, 0.0, spec.half_extents[2])
        body = pb.createMultiBody(0.0 if spec.fixed else spec.mass, shape, -1, start, **self._key)
        if not spec.fixed:
            still = {"linearDamping": 0.0, "angularDamping": 0.0, "lateralFriction": spec.friction}
            pb.changeDynamics(body, -1, **still, **self._key)
            if not spec.plain:  # Bullet takes the inertia of the box around a body
                pb.changeDynamics(body, -1, localInertiaDiagonal=spec.inertia().tolist(), **self._key)
        return body

    def _shape(self, spec: ObjectSpec) -> int:
        """Make the collision shape of an object; -1 where it has none."""
        if not spec.solid:
            return -1
        if spec.plain:
            return pb.createCollisionShape(pb.GEOM_BOX, halfExtents=spec.pieces[0].half_extents, **self._key)
        pieces = spec.pieces
        return pb.createCollisionShapeArray(
            shapeTypes=[GEOMETRY[piece.kind] for piece in pieces],
            halfExtents=[list(piece.half_extents) for piece in pieces],
            radii=[piece.half_extents[0] for piece in pieces],
            lengths=[2.0 * piece.half_extents[2] for piece in pieces],
            collisionFramePositions=[list(piece.centre) for piece in pieces],
            **self._key,
        )

    def _sliding(self, spec: ObjectSpec, shape: int) -> int:
        """Load what slides: a link on a base without a body, with stops at both ends."""
        rail = spec.rail
        assert rail is not None
        body = pb.createMultiBody(
            0.0, -1, -1, (0.5, 0.0, spec.half_extents[2]), linkMasses=[spec.mass],
            linkCollisionShapeIndices=[shape], linkVisualShapeIndices=[-1], linkPositions=[NOWHERE],
            linkOrientations=[UPRIGHT], linkInertialFramePositions=[NOWHERE], linkInertialFrameOrientations=[UPRIGHT],
            linkParentIndices=[0], linkJointTypes=[pb.JOINT_PRISMATIC], linkJointAxis=[list(rail.axis)], **self._key,
        )  # fmt: skip
        pb.changeDynamics(
            body, 0, localInertiaDiagonal=spec.inertia().tolist(), linearDamping=0.0, angularDamping=0.0,
            jointDamping=rail.damping, jointLowerLimit=0.0, jointUpperLimit=rail.travel,
            jointLimitForce=STOP_FORCE, **self._key,
        )  # fmt: skip
        # Dry friction is a motor that wants to stand still, with no more than so much force.
        pb.setJointMotorControl2(body, 0, pb.VELOCITY_CONTROL, targetVelocity=0.0, force=rail.friction, **self._key)
        return body

    def _let_slide(self) -> None:
        """Keep what is on rails from touching what stands still: the rail guides it."""
        for spec, body in zip(self.objects, self.bodies):
            others = [one for other, one in zip(self.objects, self.bodies) if other.fixed and other.solid]
            for still in others if spec.rail else []:
                pb.setCollisionFilterPair(body, still, 0, -1, 0, **self._key)
