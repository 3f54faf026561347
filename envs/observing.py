"""What a batch of worlds tells its policies in numbers; images are `envs/sight.py`'s.

    seen = numbers(task, told=senses.measured, truth=state, drawn=chance.vectors)
    seen["proprioception"]            # (worlds, P) float32
"""

import numpy as np

from envs.engine import State
from envs.tasks.base import Task


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
