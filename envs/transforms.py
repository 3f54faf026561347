"""Where every drawn part is, from joint positions and object poses: compiled, without asking the simulator.

    frames = PartFrames(scene, profile, task)
    frames.write(joints, opening, object_poses, out)       # out: (parts, 3, 4) world_from_part
"""

from collections.abc import Sequence
from dataclasses import replace

import numba
import numpy as np

from envs.arms import kinematics
from envs.arms.parts import transform
from envs.arms.profile import ArmProfile
from envs.objects import Build, ObjectSpec, Stock
from envs.rendering.objects import places
from envs.rendering.scene import TOOL, Scene
from envs.tasks.base import Task

NOWHERE = (0.0, 0.0, 0.0)


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
def _place(pose, centre, size, out):
    """Write the transform (3, 4) of a piece of an object: its centre in the object's frame, and how large it is."""
    _pose(pose, out)
    for i in range(3):
        out[i, 3] += out[i, 0] * centre[0] + out[i, 1] * centre[1] + out[i, 2] * centre[2]
    for i in range(3):
        for j in range(3):
            out[i, j] *= size


@numba.njit(cache=True)
def _write(chain, base, joints, opening, carriers, starts, slopes, widest, parts, poses, objects,
           owners, centres, sizes, out):  # fmt: skip
    """Fill the rows of out that move: parts of the arm where their carriers and the opening put them, objects."""
    count, knots = joints.shape[0], starts.shape[1]
    frames = np.empty((count + 1, 3, 4))
    kinematics._forward(chain, joints, frames)
    within = min(max(opening, 0.0), widest)
    segment = min(int(within / widest * knots), knots - 1)
    beyond = opening - segment * widest / knots
    for k in range(parts.shape[0]):
        place = starts[k, segment] + slopes[k, segment] * beyond
        carrier = frames[carriers[k] - 1] if carriers[k] > 0 else base
        _compose(carrier, place, out[parts[k]])
    for k in range(objects.shape[0]):
        _place(poses[owners[k]], centres[k], sizes[k], out[objects[k]])


class PartFrames:
    """Fills the transforms of a scene's moving parts; everything else stands in the table's frame.

    Args:
        scene: Its parts are found by name: links and gripper of the profile, objects of the task.
        profile: The arm.
        task: Its objects, in the order of `object_poses`.
    """

    def __init__(self, scene: Scene, profile: ArmProfile, task: Task):
        names = [part.name for part in scene.parts]
        moving = _drawn(profile) if profile.pieces else _panda(profile)
        parts, carriers, self._starts, self._slopes = _with_tool(moving, profile) if TOOL in names else moving
        self._parts, self._carriers = np.array([names.index(name) for name in parts]), np.array(carriers)
        self._chain, self._base, self._widest = profile.chain, profile.base, profile.hand.max_opening
        self._index = {name: place for place, name in enumerate(names)}
        self.build(task.objects, Stock((Build(),) * len(task.objects)))

    def build(self, objects: Sequence[ObjectSpec], stock: Stock) -> None:
        """Draw objects as large and as wide apart as they are built now, and what lies about behind them."""
        made = [spec.made(replace(build, family="")) for spec, build in zip(objects, stock.builds)]
        shown = places(made) + [(f"{thing.name}.box", len(made) + i, NOWHERE) for i, thing in enumerate(stock.clutter)]
        # The meshes of what lies about are 1 m wide.
        sizes = [build.size for build in stock.builds] + [2.0 * thing.half_extents[0] for thing in stock.clutter]
        self._objects = np.array([self._index[name] for name, *_ in shown], np.int64)
        self._owners = np.array([owner for _, owner, _ in shown], np.int64)
        self._centres = np.array([centre for *_, centre in shown]).reshape(-1, 3)
        self._sizes = np.array([sizes[owner] for owner in self._owners], float)

    def write(self, joints: np.ndarray, opening: float, object_poses: np.ndarray, out: np.ndarray) -> None:
        """Write `world_from_part`.

        Args:
            joints: (joints,) [rad].
            opening: Distance between the pads [m].
            object_poses: (objects, 7) position [m] and quaternion (x, y, z, w).
            out: (parts, 3, 4) float32; rows of other parts are left alone.
        """
        moving = (self._carriers, self._starts, self._slopes, self._widest, self._parts)
        placed = (object_poses, self._objects, self._owners, self._centres, self._sizes)
        _write(self._chain, self._base, joints, opening, *moving, *placed, out)


Moving = tuple[list[str], list[int], np.ndarray, np.ndarray]
"""Names of parts, what carries them, their poses (parts, segments, 3, 4) at the start of each segment of the
opening, and how these change over it [1/m]."""


def _panda(profile: ArmProfile) -> Moving:
    """Say how the Panda's parts move: the links, the hand, and fingers that slide along the hand's y axis."""
    count, hand = len(profile.joints), profile.hand
    names = [link.name for link in profile.links[1:]] + [hand.link.name, *hand.finger_links]
    starts, slopes = np.zeros((count + 3, 1, 3, 4)), np.zeros((count + 3, 1, 3, 4))
    starts[:, 0] = np.eye(3, 4)
    starts[count:, 0] = transform(hand.xyz, hand.rpy)
    for side in range(2):
        starts[count + 1 + side, 0, :, 3] += starts[count, 0, :, 2] * hand.finger_depth
        slopes[count + 1 + side, 0, :, 3] = starts[count, 0, :, 1] * (0.5 - side)
    return names, [*range(1, count + 1), count, count, count], starts, slopes


def _with_tool(moving: Moving, profile: ArmProfile) -> Moving:
    """Add the part whose frame is the tool's: the last one of `kinematics.link_frames`."""
    names, carriers, starts, slopes = moving
    still = np.zeros((1, *starts.shape[1:]))
    own = still + np.eye(3, 4)
    carrier = len(profile.joints) + 1
    return [*names, TOOL], [*carriers, carrier], np.concatenate((starts, own)), np.concatenate((slopes, still))


def _drawn(profile: ArmProfile) -> Moving:
    """Say how the parts of a URDF move."""
    from envs.rendering.arms import drawn

    seen, segments = drawn(profile), max(len(piece.poses) for piece in profile.pieces)
    knots = np.linspace(0.0, 1.0, max(segments, 2))
    step = profile.hand.max_opening / (len(knots) - 1)
    tables = []
    for piece in profile.pieces:
        poses = np.array(piece.poses)
        own = np.linspace(0.0, 1.0, len(poses))
        spread = [np.interp(knots, own, column) for column in poses.T]
        tables.append(np.stack(spread, axis=1).reshape(-1, 3, 4))
    table = np.array([tables[index] for index in seen.pieces])  # (parts, knots, 3, 4)
    carriers = [profile.pieces[index].carrier for index in seen.pieces]
    return [part.name for part in seen.parts], carriers, table[:, :-1].copy(), np.diff(table, axis=1) / step
