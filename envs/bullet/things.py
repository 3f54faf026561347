"""What an arm meets in a PyBullet world: table, floor, and the objects of a task."""

import numpy as np
import pybullet as pb

from envs.engine import ObjectSpec, State

TABLE_HALF_EXTENTS = (0.65, 0.65, 0.2)
TABLE_CENTRE = (0.45, 0.0, -0.2)
FLOOR_HEIGHT = -0.75
"""Where objects that fall off the table come to rest [m]."""
TABLE_FRICTION = 1.0
"""Nominal coefficient; Bullet multiplies those of the two bodies that touch."""
AWAY = (10.0, 0.0, 10.0)
"""Where objects are put to forget what they touched [m]."""


class Things:
    """Table, floor and objects of one PyBullet client.

    Args:
        client: Of `pybullet.connect`.
        objects: Of the task, in the order of every object array.

    Attributes:
        table: Body of the table.
        bodies: Body of each object.
    """

    def __init__(self, client: int, objects: tuple[ObjectSpec, ...]):
        self._client, self._key = client, {"physicsClientId": client}
        self.table = self._static_box(TABLE_HALF_EXTENTS, TABLE_CENTRE)
        self._static_box((3.0, 3.0, 0.1), (0.0, 0.0, FLOOR_HEIGHT - 0.1))
        self.bodies = [self._load(spec) for spec in objects]

    def scatter(self) -> None:
        """Move all objects apart and away from everything, so that a step empties the contact caches."""
        for index, body in enumerate(self.bodies):
            place = (AWAY[0] + index, *AWAY[1:])
            pb.resetBasePositionAndOrientation(body, place, (0, 0, 0, 1), **self._key)

    def place(self, poses: np.ndarray) -> None:
        """Put the objects at rest at poses (objects, 7): position [m] and quaternion (x, y, z, w)."""
        for body, pose in zip(self.bodies, poses.tolist()):
            pb.resetBasePositionAndOrientation(body, pose[:3], pose[3:], **self._key)
            pb.resetBaseVelocity(body, [0.0] * 3, [0.0] * 3, **self._key)

    def measure(self, state: State, row: int) -> None:
        """Write poses and velocities of all objects into one row of `state`."""
        client = self._client
        for index, body in enumerate(self.bodies):
            place, turn = pb.getBasePositionAndOrientation(body, client)
            state.object_poses[row, index] = place + turn
            linear, angular = pb.getBaseVelocity(body, client)
            state.object_velocities[row, index] = linear + angular

    def _static_box(self, half_extents: tuple[float, ...], centre: tuple[float, ...]) -> int:
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=half_extents, **self._key)
        return pb.createMultiBody(0.0, shape, -1, centre, **self._key)

    def _load(self, spec: ObjectSpec) -> int:
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=spec.half_extents, **self._key)
        start = (0.5, 0.0, spec.half_extents[2])
        body = pb.createMultiBody(spec.mass, shape, -1, start, **self._key)
        pb.changeDynamics(body, -1, linearDamping=0.0, angularDamping=0.0, **self._key)
        return body
