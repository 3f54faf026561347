"""Moves table, arm and gravity of a PyBullet world, as `envs.site` asks."""

import numpy as np
import pybullet as pb

from envs.poses import STILL, compose, inverse
from envs.site import Standing


class BulletGround:
    """Table, base and gravity of one PyBullet client; implements `envs.site.Ground`.

    Args:
        client: Of `pybullet.connect`.
        robot, table: Bodies where they stand nominally.
    """

    def __init__(self, client: int, robot: int, table: int):
        self._client, self._robot, self._table = client, robot, table
        # PyBullet places bodies by their centre of mass, which an arm's base has elsewhere than its origin.
        self._robot_at, self._table_at = self._pose(robot), self._pose(table)

    def stand(self, wanted: Standing) -> None:
        """Put table and base there and let gravity pull that way."""
        for body, move, at in ((self._table, wanted.table, self._table_at), (self._robot, wanted.base, self._robot_at)):
            place = compose(move, at).tolist() if (move != STILL).any() else at.tolist()
            pb.resetBasePositionAndOrientation(body, place[:3], place[3:], self._client)
        pb.setGravity(*wanted.gravity.tolist(), self._client)

    def standing(self) -> Standing:
        """Ask PyBullet how it is."""
        told = pb.getPhysicsEngineParameters(self._client)
        gravity = np.array([told[f"gravityAcceleration{axis}"] for axis in "XYZ"])
        table = compose(self._pose(self._table), inverse(self._table_at))
        return Standing(table, compose(self._pose(self._robot), inverse(self._robot_at)), gravity)

    def _pose(self, body: int) -> np.ndarray:
        return np.concatenate(pb.getBasePositionAndOrientation(body, self._client))
