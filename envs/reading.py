"""Compiled: what encoders and trackers of some worlds read at one control step; see `envs/senses.py`.

Settings of an arm are (latency, jitter, dropout, refresh, noise of encoders, bias and noise of the opening, bias of
each joint), those of an object (latency, jitter, dropout, refresh, noise of position, noise and bias of yaw, bias of
position x, y, z). A sensor whose settings are all 0 tells the truth bit for bit.
"""

import numba
import numpy as np

from envs.arms.kinematics import link_frames
from envs.dice import bell
from envs.schedule import ROUNDING, newest

FIELDS = (
    "joint_positions", "joint_velocities", "gripper_opening", "hand_position", "object_poses", "object_velocities",
)  # fmt: skip
"""Of a `State`, in the order in which they are handed over."""
ENCODER_NOISE, OPENING_BIAS, OPENING_NOISE, ARM = 4, 5, 6, 7
POSITION_NOISE, YAW_NOISE, YAW_BIAS, THING = 4, 5, 6, 7
_FIRST = 8
"""Block of the first noise; those before are the schedule's."""


@numba.njit(cache=True)
def read(rows, settings, clock, period_s, names, truth, chain, past, seen, told):
    """Remember the truth of some worlds and write what their sensors say.

    Args:
        rows: (n,) the worlds.
        settings: (worlds, 7 + joints) and (worlds, objects, 10).
        clock: Seeds, episodes, ticks and stretch of the clock, (worlds,) each.
        period_s: Nominal control period [s].
        names: (1 + objects,) words of the arm's and the objects' luck.
        truth: Arrays of FIELDS.
        chain: (joints + 1, 3, 4) of the arm.
        past: (worlds, depth, width) memory.
        seen: (worlds, 1 + objects) newest moment known.
        told: Arrays of FIELDS, written.
    """
    arm, things = settings
    seeds, episodes, ticks, stretch = clock
    joints, objects = truth[0].shape[1], truth[4].shape[1]
    for row in rows:
        slot = past[row, ticks[row] % past.shape[1]]
        _remember(row, truth, joints, objects, slot)
        seed, episode, tick = seeds[row], np.uint64(episodes[row]), np.uint64(ticks[row])
        period = period_s * stretch[row]
        if _any(arm[row]):
            moment = newest(arm[row], period, seed, episode, tick, names[0], seen[row, 0])
            if moment > seen[row, 0]:
                seen[row, 0] = moment
                _read_arm(row, arm[row], (seed, episode, tick, names[0]), past[row], moment, joints, chain, told)
        else:
            seen[row, 0] = tick
            _copy(truth[0][row], told[0][row])
            _copy(truth[1][row], told[1][row])
            told[2][row] = truth[2][row]
            _copy(truth[3][row], told[3][row])
        for i in range(objects):
            own, what = things[row, i], names[1 + i]
            if not _any(own):
                seen[row, 1 + i] = tick
                _copy(truth[4][row, i], told[4][row, i])
                _copy(truth[5][row, i], told[5][row, i])
                continue
            moment = newest(own, period, seed, episode, tick, what, seen[row, 1 + i])
            if moment > seen[row, 1 + i]:
                seen[row, 1 + i] = moment
                first, luck = 2 * joints + 1 + 13 * i, (seed, episode, tick, what)
                _read_thing(own, luck, past[row], moment, first, told[4][row, i], told[5][row, i])


@numba.njit(cache=True)
def _any(settings):
    found = False
    for value in settings:
        found |= value != 0.0
    return found


@numba.njit(cache=True)
def _copy(source, out):
    for k in range(source.size):
        out[k] = source[k]


@numba.njit(cache=True)
def _remember(row, truth, joints, objects, slot):
    """Lay joints, their velocities, opening, then pose and velocity of each object out in a slot (width,)."""
    _copy(truth[0][row], slot[:joints])
    _copy(truth[1][row], slot[joints : 2 * joints])
    slot[2 * joints] = truth[2][row]
    for i in range(objects):
        first = 2 * joints + 1 + 13 * i
        _copy(truth[4][row, i], slot[first : first + 7])
        _copy(truth[5][row, i], slot[first + 7 : first + 13])


@numba.njit(cache=True)
def _recall(past, moment, first, found):
    """Fill in the numbers of a moment of the past (depth, width) from `first` on, between two steps interpolated.

    Returns:
        The slots before and after, and how far the moment is from the first to the second in [0, 1).
    """
    step = int(np.floor(moment + ROUNDING))
    share = max(moment - step, 0.0)
    earlier, later = step % past.shape[0], (step + 1) % past.shape[0]
    if share < ROUNDING:
        share, later = 0.0, earlier
    for k in range(found.size):
        found[k] = past[earlier, first + k]
        if share > 0.0:
            found[k] = (1.0 - share) * found[k] + share * past[later, first + k]
    return earlier, later, share


@numba.njit(cache=True)
def _read_arm(row, own, luck, past, moment, joints, chain, told):
    seed, episode, tick, what = luck
    found = np.empty(2 * joints + 1)
    _recall(past, moment, 0, found)
    for j in range(joints):
        found[j] += own[ARM + j] + own[ENCODER_NOISE] * bell(seed, episode, tick, what, np.uint64(_FIRST + 1 + j))
        told[0][row, j], told[1][row, j] = found[j], found[joints + j]
    noise = own[OPENING_NOISE] * bell(seed, episode, tick, what, np.uint64(_FIRST))
    told[2][row] = found[2 * joints] + own[OPENING_BIAS] + noise
    tool = link_frames(chain, found[:joints])[joints]
    for k in range(3):
        told[3][row, k] = tool[k, 3]


@numba.njit(cache=True)
def _read_thing(own, luck, past, moment, first, pose, velocity):
    seed, episode, tick, what = luck
    found = np.empty(13)
    earlier, later, share = _recall(past, moment, first, found)
    if share > 0.0:
        _straighten(past[earlier], past[later], share, first + 3, found)
    for k in range(3):
        found[k] += own[THING + k] + own[POSITION_NOISE] * bell(seed, episode, tick, what, np.uint64(_FIRST + 1 + k))
    turn = own[YAW_BIAS] + own[YAW_NOISE] * bell(seed, episode, tick, what, np.uint64(_FIRST))
    if turn != 0.0:
        c, s = np.cos(0.5 * turn), np.sin(0.5 * turn)
        x, y, z, w = found[3], found[4], found[5], found[6]
        found[3], found[4], found[5], found[6] = c * x - s * y, c * y + s * x, c * z + s * w, c * w - s * z
    _copy(found[:7], pose)
    _copy(found[7:], velocity)


@numba.njit(cache=True)
def _straighten(earlier, later, share, first, found):
    """Interpolate quaternions (x, y, z, w): q and -q are one turn, and the result has length 1."""
    along, length = 0.0, 0.0
    for k in range(4):
        along += earlier[first + k] * later[first + k]
    sign = 1.0 if along >= 0.0 else -1.0
    for k in range(4):
        found[3 + k] = (1.0 - share) * earlier[first + k] + share * sign * later[first + k]
        length += found[3 + k] * found[3 + k]
    for k in range(4):
        found[3 + k] /= np.sqrt(length)
