"""What a batch of worlds tells its policies in numbers; images are `envs/sight.py`'s.

    seen = numbers(task, told=senses.measured, truth=state, drawn=chance.vectors)
    seen["proprioception"]            # (worlds, P) float32
    heard(task, joints=7)             # {(0, "position"), (0, "yaw")}: nothing else of poses is ever told
"""

import numpy as np

from envs.engine import State
from envs.poses import yawed
from envs.tasks.base import Task

TRIALS = 16
"""Random states in which a task's features are compared."""
AWAY, ASKEW = (0.013, -0.017, 0.011), 0.29
"""What an object's place is changed by [m], and its yaw [rad]."""


def numbers(task: Task, told: State, truth: State, drawn: np.ndarray) -> dict[str, np.ndarray]:
    """Lay out what can be known of all worlds, in fresh float32 arrays.

    Args:
        task: Says what of a state matters.
        told: What the sensors say.
        truth: What is so.
        drawn: (worlds, D) the draws, normalised.

    Returns:
        "proprioception" (worlds, P) is joint positions, opening, hand position, and target minus hand position,
        "goal" (worlds, 3) and "state" (worlds, S) the task's features, all as sensors say; "privileged"
        (worlds, S + D) is the features of the truth and the draw.
    """
    body = [told.joint_positions, told.gripper_opening[:, None], told.hand_position]
    return {
        "proprioception": np.hstack([*body, told.hand_target - told.hand_position]).astype(np.float32),
        "goal": told.goal.astype(np.float32),
        "state": np.asarray(task.features(told), np.float32),
        "privileged": np.hstack([np.asarray(task.features(truth), np.float32), drawn]),
    }


def heard(task: Task, joints: int) -> frozenset[tuple[int, str]]:
    """Find which "position" and "yaw" of which objects, by index, a task's features depend on.

    A sensor of anything else could be as wrong as it liked, and nobody would notice.
    """
    count, rng = len(task.objects), np.random.default_rng(0)
    state, poses = State.zeros(TRIALS, count, joints), rng.uniform(-0.5, 0.5, (TRIALS, count, 7))
    state.hand_position[:], state.goal[:] = rng.uniform(-0.5, 0.5, (2, TRIALS, 3))
    state.target[:] = task.layout(0, np.arange(TRIALS), "train").target
    poses[..., 3:] /= np.linalg.norm(poses[..., 3:], axis=-1, keepdims=True)

    def told(shift: tuple[float, ...] = (0.0, 0.0, 0.0), turn: float = 0.0, index: int = 0) -> np.ndarray:
        state.object_poses[:] = poses
        some = state.object_poses[:, index : index + 1]
        some[..., :3], some[..., 3:] = some[..., :3] + shift, yawed(some[..., 3:], np.array(turn))
        return task.features(state)

    plain, found = told(), set()
    for index in range(count):
        if not np.array_equal(told(shift=AWAY, index=index), plain):
            found.add((index, "position"))
        if not np.array_equal(told(turn=ASKEW, index=index), plain):
            found.add((index, "yaw"))
    return frozenset(found)
