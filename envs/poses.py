"""Rigid moves as (7,) arrays: position [m] and quaternion (x, y, z, w), as engines take them.

    lifted = pose((0.0, 0.0, 0.003), rotation_deg=(0.5, 0.0, 0.0))
    compose(lifted, cube)                    # where the cube is once its table was lifted and tilted
"""

from collections.abc import Sequence

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


def turned(quaternion: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Turn vectors (..., 3) by a quaternion."""
    axis = quaternion[:3]
    once = 2.0 * np.cross(axis, vectors)
    return vectors + quaternion[3] * once + np.cross(axis, once)


def moved(move: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move points (..., 3) [m]."""
    return turned(move[3:], points) + move[:3]


def compose(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Give the move (7,) that does `right` first and `left` then."""
    a, b = left[3:], right[3:]
    whole = np.append(a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3]), a[3] * b[3] - a[:3] @ b[:3])
    return np.concatenate((moved(left, right[:3]), whole))


def inverse(move: np.ndarray) -> np.ndarray:
    """Give the move (7,) back."""
    back = move[3:] * (-1.0, -1.0, -1.0, 1.0)
    return np.concatenate((-turned(back, move[:3]), back))


def matrix(move: np.ndarray) -> np.ndarray:
    """Write a move as a transform (3, 4)."""
    return np.column_stack((turned(move[3:], np.eye(3)).T, move[:3]))
