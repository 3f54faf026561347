"""Compiled forward kinematics of any URDF: where all links and parts are, for all worlds in one call.

tree = LinkTree(read_urdf(path))
tree.joints                                    # names of the joints that move, in the order of PyBullet's
tree.world_from_link(joints)                   # (worlds, links, 3, 4)
"""

import numba
import numpy as np

from envs.rendering.urdf import Robot

FIXED, TURNS, SLIDES = 0, 1, 2
MOTION = {"fixed": FIXED, "floating": FIXED, "revolute": TURNS, "continuous": TURNS, "prismatic": SLIDES}
"""How a joint of each type moves; PyBullet, too, takes a floating one for fixed."""


class LinkTree:
    """The links of a robot as arrays.

    Attributes:
        links: Names of the links, the base first.
        joints: Names of the joints that move, in the order of joint positions.
    """

    def __init__(self, robot: Robot) -> None:
        for joint in robot.joints:
            if joint.kind not in MOTION:
                raise ValueError(
                    f"joint `{joint.name}` of `{robot.name}` is {joint.kind}; "
                    f"forward kinematics knows {', '.join(MOTION)}."
                )
        self.links = tuple(link.name for link in robot.links)
        self._motion = np.array([MOTION[joint.kind] for joint in robot.joints], np.int64)
        self.joints = tuple(joint.name for joint, motion in zip(robot.joints, self._motion) if motion != FIXED)
        self._slot = np.cumsum(self._motion != FIXED) - 1
        self._parent = np.array([joint.parent for joint in robot.joints], np.int64)
        self._pose = np.array([joint.pose for joint in robot.joints]).reshape(-1, 3, 4)
        self._axis = np.array([joint.axis for joint in robot.joints]).reshape(-1, 3)

    def world_from_link(self, joints: np.ndarray, base: np.ndarray | None = None) -> np.ndarray:
        """Place all links.

        Args:
            joints: (worlds, joints) positions [rad; m]. Mimicking joints are not moved along, as in PyBullet.
            base: (3, 4) or (worlds, 3, 4) world_from_base [m]; at the origin unless given.

        Returns:
            (worlds, links, 3, 4) float64 [m].
        """
        positions = np.ascontiguousarray(joints, float)
        if positions.ndim != 2 or positions.shape[1] != len(self.joints):
            raise ValueError(
                f"joints has shape {positions.shape}; it must be (worlds, {len(self.joints)}) for "
                f"{', '.join(self.joints)}."
            )
        frames = np.empty((len(positions), len(self.links), 3, 4))
        frames[:, 0] = np.eye(3, 4) if base is None else base
        _place(self._motion, self._slot, self._parent, self._pose, self._axis, positions, frames)
        return frames


@numba.njit(cache=True, nogil=True)
def _place(motion, slot, parent, pose, axis, joints, frames):
    """Fill frames (worlds, links, 3, 4) outwards from the base, which is already there."""
    own = np.empty((3, 4))
    for world in range(joints.shape[0]):
        for k in range(motion.shape[0]):
            at = joints[world, slot[k]] if motion[k] != FIXED else 0.0
            _moved(motion[k], pose[k], axis[k], at, own)
            carrier, link = frames[world, parent[k]], frames[world, k + 1]
            for i in range(3):
                for j in range(4):
                    link[i, j] = carrier[i, 0] * own[0, j] + carrier[i, 1] * own[1, j] + carrier[i, 2] * own[2, j]
                link[i, 3] += carrier[i, 3]


@numba.njit(cache=True, nogil=True)
def _moved(motion, pose, axis, at, own):
    """Fill own (3, 4), parent_from_link, of one joint; turning follows Rodrigues' formula."""
    own[:] = pose
    if motion == SLIDES:
        for i in range(3):
            own[i, 3] += at * (pose[i, 0] * axis[0] + pose[i, 1] * axis[1] + pose[i, 2] * axis[2])
    elif motion == TURNS:
        c, s, x, y, z = np.cos(at), np.sin(at), axis[0], axis[1], axis[2]
        turn = (
            (c + x * x * (1 - c), x * y * (1 - c) - z * s, x * z * (1 - c) + y * s),
            (y * x * (1 - c) + z * s, c + y * y * (1 - c), y * z * (1 - c) - x * s),
            (z * x * (1 - c) - y * s, z * y * (1 - c) + x * s, c + z * z * (1 - c)),
        )
        for i in range(3):
            for j in range(3):
                own[i, j] = pose[i, 0] * turn[0][j] + pose[i, 1] * turn[1][j] + pose[i, 2] * turn[2][j]
