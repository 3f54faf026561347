"""Rigid moves as (7,) arrays: position [m] and quaternion (x, y, z, w), as engines take them.

    lifted = pose((0.0, 0.0, 0.003), rotation_deg=(0.5, 0.0, 0.0))
    compose(lifted, cube)                    # where the cube is once its table was lifted and tilted
"""

from collections.abc import Sequence

import numba
import numpy as np

STILL = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
"""The move that changes nothing."""


def pose(
    position: Sequence[float] | np.ndarray, rotation_deg: Sequence[float] | np.ndarray = (0.0, 0.0, 0.0)
) -> np.ndarray:
    """Give a move (7,): a turn about an axis, as a rotation vector (3,) [deg], then a shift [m]."""
    half = np.deg2rad(np.asarray(rotation_deg, float)) / 2.0
    angle = float(np.linalg.norm(half))
    return np.array([*position, *(half * np.sinc(angle / np.pi)), np.cos(angle)])


def rotation_deg(quaternion: np.ndarray) -> np.ndarray:
    """Give the rotation vector (3,) [deg] of a quaternion."""
    axis, angle = quaternion[:3], 2.0 * np.arctan2(np.linalg.norm(quaternion[:3]), quaternion[3])
    length = np.linalg.norm(axis)
    return np.rad2deg(angle) * axis / length if length > 0.0 else np.zeros(3)


@numba.njit(cache=True)
def cross(a, b):
    """Give the vector product of two vectors (3,), without what numpy spends on it."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@numba.njit(cache=True)
def turned(quaternion, vector):
    """Turn a vector (3,) by a quaternion."""
    axis = quaternion[:3]
    once = 2.0 * cross(axis, vector)
    return vector + quaternion[3] * once + cross(axis, once)


@numba.njit(cache=True)
def move_point(transform, point):
    """Move a point (3,) [m] by a transform (3, 4), in place."""
    x, y, z = point[0], point[1], point[2]
    for i in range(3):
        point[i] = transform[i, 0] * x + transform[i, 1] * y + transform[i, 2] * z + transform[i, 3]


def moved(move: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Move a point (3,) [m]."""
    return turned(move[3:], point) + move[:3]


@numba.njit(cache=True)
def compose(left, right):
    """Give the move (7,) that does `right` first and `left` then."""
    a, b, whole = left[3:], right[3:], np.empty(7)
    whole[:3] = turned(a, right[:3]) + left[:3]
    whole[3:6] = a[3] * b[:3] + b[3] * a[:3] + cross(a[:3], b[:3])
    whole[6] = a[3] * b[3] - (a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
    return whole


def inverse(move: np.ndarray) -> np.ndarray:
    """Give the move (7,) back."""
    back = move[3:] * (-1.0, -1.0, -1.0, 1.0)
    return np.concatenate((-turned(back, move[:3]), back))


def matrix(move: np.ndarray) -> np.ndarray:
    """Write a move as a transform (3, 4)."""
    return np.column_stack([*(turned(move[3:], axis) for axis in np.eye(3)), move[:3]])

def yawed(turns: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Turn quaternions (..., 4), (x, y, z, w), about the vertical by angles (...) [rad]."""
    x, y, z, w = np.moveaxis(turns, -1, 0)
    s, c = np.sin(angle / 2.0), np.cos(angle / 2.0)
    return np.stack([c * x - s * y, c * y + s * x, c * z + s * w, c * w - s * z], axis=-1)
