"""Where every drawn part is, from joint positions and object poses: compiled, without asking the simulator.

    frames = PartFrames(scene, profile, task)
    frames.write(joints, opening, object_poses, out)       # out: (parts, 3, 4) world_from_part
"""

import numba
import numpy as np

from envs.arms import kinematics
from envs.arms.parts import transform
from envs.arms.profile import ArmProfile
from envs.rendering.scene import Scene
from envs.tasks.base import Task


@numba.njit(cache=True)
def _compose(left, right, out):
    """Write left @ right for rigid transforms (3, 4)."""
    for i in range(3):
        for j in range(4):
            total = left[i, 3] if j == 3 else 0.0
            for k in range(3):
                total += left[i, k] * right[k, j]
            out[i, j] = total


@numba.njit(cache=True)
def _pose(pose, out):
    """Write the transform (3, 4) of a position and a quaternion (x, y, z, w)."""
    x, y, z, w = pose[3], pose[4], pose[5], pose[6]
    out[0, 0], out[0, 1], out[0, 2] = 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)
    out[1, 0], out[1, 1], out[1, 2] = 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)
    out[2, 0], out[2, 1], out[2, 2] = 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)
    for i in range(3):
        out[i, 3] = pose[i]


@numba.njit(cache=True)
def _write(chain, joints, opening, hand, finger, poses, links, hands, objects, out):
    """Fill the rows of out that move: links after each joint, hand and both fingers, objects."""
    frames = np.empty((joints.shape[0] + 1, 3, 4))
    kinematics._forward(chain, joints, frames)
    last = frames[joints.shape[0] - 1]
    for k in range(links.shape[0]):
        out[links[k]] = frames[k]
    _compose(last, hand, out[hands[0]])
    for side in range(2):
        place = finger.copy()
        slide = (0.5 - side) * opening
        for i in range(3):
            place[i, 3] += finger[i, 1] * slide
        _compose(last, place, out[hands[1 + side]])
    for k in range(objects.shape[0]):
        _pose(poses[k], out[objects[k]])


class PartFrames:
    """Fills the transforms of a scene's moving parts; everything else stands in the base frame.

    Args:
        scene: Its parts are found by name: links and hand of the profile, objects of the task.
        profile: The arm.
        task: Its objects, in the order of `object_poses`.
    """

    def __init__(self, scene: Scene, profile: ArmProfile, task: Task):
        names = [part.name for part in scene.parts]
        index = np.array([names.index(link.name) for link in profile.links[1:]])
        hand = profile.hand
        self._links = index
        self._hands = np.array([names.index(name) for name in (hand.link.name, *hand.finger_links)])
        self._objects = np.array([names.index(spec.name) for spec in task.objects], np.int64)
        self._chain = profile.chain
        self._hand = transform(hand.xyz, hand.rpy)
        self._finger = self._hand.copy()
        self._finger[:, 3] += self._hand[:, 2] * hand.finger_depth

    def write(self, joints: np.ndarray, opening: float, object_poses: np.ndarray, out: np.ndarray) -> None:
        """Write `world_from_part`.

        Args:
            joints: (joints,) [rad].
            opening: Distance between the pads [m].
            object_poses: (objects, 7) position [m] and quaternion (x, y, z, w).
            out: (parts, 3, 4) float32; rows of other parts are left alone.
        """
        moving = (self._links, self._hands, self._objects)
        _write(self._chain, joints, opening, self._hand, self._finger, object_poses, *moving, out)
