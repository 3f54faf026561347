"""Where an arm can put its tool with the hand pointing down: solved from many starts, for homes and checks.

    joints, error = solve(profile, np.array([0.42, 0.0, 0.20]))         # [rad], [m]
    share, missed = reached(profile, points)
"""

import numpy as np

from envs.arms import kinematics
from envs.arms.profile import ArmProfile

DOWN = np.diag([1.0, -1.0, -1.0])
"""Orientation of a tool that points down, fingers opening along the table's y axis."""
STARTS = 24
ITERATIONS = 60
CLOSE = 1e-3
"""A point counts as reached within this error [m]."""


def starts(profile: ArmProfile) -> np.ndarray:
    """Give joint positions (STARTS, joints) to start from: home, then spread over the limits, always the same."""
    numbers = np.random.default_rng(0).uniform(-1.0, 1.0, (STARTS - 1, len(profile.joints)))
    middle, half = 0.5 * (profile.lower + profile.upper), 0.5 * np.minimum(profile.upper - profile.lower, 2 * np.pi)
    return np.vstack([profile.home, np.clip(middle + half * numbers, profile.lower, profile.upper)])


def solve(profile: ArmProfile, point: np.ndarray, near: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Find joints that bring the tool to a point, hand down; of all solutions the nearest to home.

    Args:
        profile: The arm.
        point: (3,) [m].
        near: (joints,) a single start instead of many [rad].

    Returns:
        Joints [rad] and the error that was left [m].
    """
    best, least = np.array(profile.home), np.inf
    for start in starts(profile) if near is None else near[None]:
        joints = start.copy()
        left = kinematics.inverse(
            profile.chain, profile.lower, profile.upper, np.array(profile.home), point, DOWN, ITERATIONS, joints
        )
        left += tilt(profile, joints)  # an error of half a turn looks like none to the solver
        away = float(np.abs(joints - profile.home).max())
        cost = away if left < CLOSE else 100.0 + 100.0 * left
        if cost < least:
            best, least, error = joints, cost, float(left)
    return best, error


def tilt(profile: ArmProfile, joints: np.ndarray) -> float:
    """Give how far the hand is from pointing down as it should [rad]; five joints may turn it about the vertical."""
    turn = kinematics.tool_pose(profile.chain, joints)[1]
    cosine = -turn[2, 2] if len(profile.joints) < 6 else 0.5 * (np.trace(DOWN.T @ turn) - 1.0)
    return float(np.arccos(np.clip(cosine, -1.0, 1.0))) if cosine < 1.0 - 1e-6 else 0.0


def grid(profile: ArmProfile, count: int = 5) -> np.ndarray:
    """Give points (count^3, 3) spread over the workspace, its faces included [m]."""
    axes = [np.linspace(low, high, count) for low, high in zip(profile.workspace.low, profile.workspace.high)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def reached(profile: ArmProfile, points: np.ndarray) -> tuple[float, np.ndarray]:
    """Give the share of points (n, 3) that are reached on a straight way from home, and the errors (n,) [m].

    The controller follows its target; what another branch of solutions would reach does not count.
    """
    home = np.array(profile.home)
    begin = kinematics.tool_pose(profile.chain, home)[0]
    errors = np.zeros(len(points))
    for i, point in enumerate(points):
        joints = home.copy()
        for share in np.linspace(0.0, 1.0, 21)[1:]:
            target = begin + share * (point - begin)
            errors[i] = kinematics.inverse(
                profile.chain, profile.lower, profile.upper, home, target, DOWN, kinematics.ITERATIONS, joints
            )
    return float((errors < CLOSE).mean()), errors
