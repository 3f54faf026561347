"""Compiled forward and inverse kinematics of serial arms whose joints turn about their own z axes.

    tool, turn = tool_pose(profile.chain, joints)          # (3,), (3, 3)

Inverse kinematics is damped least squares (Nakamura and Hanafusa 1986) from the last command, with a pull
towards home in the null space: without it a seven-joint arm drifts into its limits. Three iterations take
3.5 us and track 3 cm steps within 0.4 mm. `fastmath` stays off: the same bytes on every machine matter more.

An arm of six joints has no null space, and none is asked of it. One of five cannot choose how its hand is turned
about the vertical: that row is dropped, and the hand points down turned as it may be.
"""

import numba
import numpy as np

DAMPING = 0.02
"""Lambda of damped least squares [1]."""
HOMING = 0.05
"""Fraction of the way home that the null space goes per iteration [1]."""
MAX_TURN = 0.5
"""Largest change of a joint per iteration [rad]."""
TOLERANCE = 1e-4
"""Error below which iterations stop [m]; 1 rad of tilt counts as 0.1 m."""
ITERATIONS = 3


@numba.njit(cache=True)
def _forward(chain, joints, frames):
    """Fill frames (joints + 1, 3, 4): each link's frame in the base, and last the tool's."""
    count = joints.shape[0]
    turn, place, mixed = np.eye(3), np.zeros(3), np.empty((3, 3))
    for k in range(count + 1):
        for i in range(3):
            for j in range(3):
                place[i] += turn[i, j] * chain[k, j, 3]
        for i in range(3):
            for j in range(3):
                mixed[i, j] = (
                    turn[i, 0] * chain[k, 0, j] + turn[i, 1] * chain[k, 1, j] + turn[i, 2] * chain[k, 2, j]
                )
        c = np.cos(joints[k]) if k < count else 1.0
        s = np.sin(joints[k]) if k < count else 0.0
        for i in range(3):
            turn[i, 0] = mixed[i, 0] * c + mixed[i, 1] * s
            turn[i, 1] = -mixed[i, 0] * s + mixed[i, 1] * c
            turn[i, 2] = mixed[i, 2]
            frames[k, i, 0], frames[k, i, 1], frames[k, i, 2] = turn[i, 0], turn[i, 1], turn[i, 2]
            frames[k, i, 3] = place[i]


@numba.njit(cache=True)
def _jacobian(frames, jacobian):
    """Fill the jacobian (6, joints) of the tool: linear [m/rad], then angular [1]."""
    tool = frames[-1]
    for k in range(jacobian.shape[1]):
        x, y, z = frames[k, 0, 2], frames[k, 1, 2], frames[k, 2, 2]
        dx, dy, dz = tool[0, 3] - frames[k, 0, 3], tool[1, 3] - frames[k, 1, 3], tool[2, 3] - frames[k, 2, 3]
        jacobian[0, k], jacobian[1, k], jacobian[2, k] = y * dz - z * dy, z * dx - x * dz, x * dy - y * dx
        jacobian[3, k], jacobian[4, k], jacobian[5, k] = x, y, z


@numba.njit(cache=True)
def _solve(matrix, right):
    """Solve a symmetric positive definite system by Cholesky, both in place."""
    n = right.shape[0]
    for j in range(n):
        total = matrix[j, j]
        for k in range(j):
            total -= matrix[j, k] * matrix[j, k]
        matrix[j, j] = np.sqrt(total)
        for i in range(j + 1, n):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / matrix[j, j]
    for i in range(n):
        for k in range(i):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            right[i] -= matrix[k, i] * right[k]
        right[i] /= matrix[i, i]


@numba.njit(cache=True)
def _error(tool, target, turn, error):
    """Fill error (6 or 5,): offset [m], half the summed cross products of the axes [rad]. Give its size."""
    held = np.empty(6)
    size = _whole_error(tool, target, turn, held)
    error[:] = held[: error.shape[0]]
    if error.shape[0] < 6:
        offset = held[0] ** 2 + held[1] ** 2 + held[2] ** 2
        size = np.sqrt(offset + 0.01 * (held[3] ** 2 + held[4] ** 2))
    return size


@numba.njit(cache=True)
def _whole_error(tool, target, turn, error):
    """Fill error (6,): offset [m], half the summed cross products of the axes [rad]. Give its size."""
    for i in range(3):
        error[i] = target[i] - tool[i, 3]
    error[3] = error[4] = error[5] = 0.0
    for c in range(3):
        error[3] += 0.5 * (tool[1, c] * turn[2, c] - tool[2, c] * turn[1, c])
        error[4] += 0.5 * (tool[2, c] * turn[0, c] - tool[0, c] * turn[2, c])
        error[5] += 0.5 * (tool[0, c] * turn[1, c] - tool[1, c] * turn[0, c])
    offset = error[0] ** 2 + error[1] ** 2 + error[2] ** 2
    return np.sqrt(offset + 0.01 * (error[3] ** 2 + error[4] ** 2 + error[5] ** 2))


@numba.njit(cache=True)
def _descend(jacobian, error, joints, home, lower, upper):
    """Move joints one damped least-squares step, kept inside their limits."""
    count, rows = joints.shape[0], error.shape[0]
    homing = HOMING if count > 6 else 0.0
    matrix, change = np.empty((rows, rows)), np.empty(count)
    for i in range(rows):
        for j in range(i + 1):
            total = 0.0
            for k in range(count):
                total += jacobian[i, k] * jacobian[j, k]
            matrix[i, j] = total
        matrix[i, i] += DAMPING * DAMPING
        for k in range(count):
            error[i] -= jacobian[i, k] * homing * (home[k] - joints[k])
    _solve(matrix, error)
    largest = 0.0
    for k in range(count):
        change[k] = homing * (home[k] - joints[k])
        for i in range(rows):
            change[k] += jacobian[i, k] * error[i]
        largest = max(largest, abs(change[k]))
    scale = min(1.0, MAX_TURN / largest) if largest > 0.0 else 1.0
    for k in range(count):
        joints[k] = min(max(joints[k] + scale * change[k], lower[k]), upper[k])


@numba.njit(cache=True)
def inverse(chain, lower, upper, home, target, turn, iterations, joints):
    """Move joints (joints,) towards a tool pose, in place; give back the error that was left [m].

    Args:
        chain: (joints + 1, 3, 4) from `ArmProfile.chain`.
        lower, upper, home: (joints,) [rad].
        target: (3,) tool point [m].
        turn: (3, 3) tool orientation.
        iterations: At most this many steps.
        joints: (joints,) start and result [rad].
    """
    count = joints.shape[0]
    frames, jacobian, error = np.empty((count + 1, 3, 4)), np.empty((6, count)), np.empty(min(count, 6))
    for _ in range(iterations):
        _forward(chain, joints, frames)
        if _error(frames[-1], target, turn, error) < TOLERANCE:
            break
        _jacobian(frames, jacobian)
        _descend(jacobian, error, joints, home, lower, upper)
    _forward(chain, joints, frames)
    return _error(frames[-1], target, turn, error)


@numba.njit(cache=True)
def track(chain, lower, upper, home, targets, turn, rows, joints):
    """Move the joints (worlds, joints) of the given rows to their targets (worlds, 3), in place."""
    for row in rows:
        inverse(chain, lower, upper, home, targets[row], turn, ITERATIONS, joints[row])


@numba.njit(cache=True)
def link_frames(chain, joints):
    """Give base_from_link (joints + 1, 3, 4): the frame after each joint, and last the tool's."""
    frames = np.empty((joints.shape[0] + 1, 3, 4))
    _forward(chain, joints, frames)
    return frames


@numba.njit(cache=True)
def tool_point(chain, joints, out):
    """Write the tool point (3,) [m] in the base frame."""
    frames = np.empty((joints.shape[0] + 1, 3, 4))
    _forward(chain, joints, frames)
    for i in range(3):
        out[i] = frames[-1, i, 3]


@numba.njit(cache=True)
def tool_jacobian(chain, joints):
    """Give the jacobian (6, joints) of the tool point in the base frame: linear, then angular."""
    jacobian = np.empty((6, joints.shape[0]))
    _jacobian(link_frames(chain, joints), jacobian)
    return jacobian


def tool_pose(chain: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the tool point (3,) [m] and orientation (3, 3) in the base frame."""
    tool = link_frames(chain, np.asarray(joints, float))[-1]
    return tool[:, 3].copy(), tool[:, :3].copy()
