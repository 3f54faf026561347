"""What a person would say to have a task done; the sentences are the tasks' own.

    instruct(task, seeds, episodes, targets)     # ["push the cube to the mark", ...], addressed
"""

import numpy as np

from envs.engine import State
from envs.tasks.base import Task
from randomizers.streams import uniforms

LONGEST = 200
"""Characters of an instruction."""
PLAIN = {
    "reach": "move the hand to the mark",
    "push": "push the cube to the mark",
    "lift": "lift the cube",
    "place": "put the cube on the mark",
    "stack": "put the red cube on the green one",
    "insert": "put the peg into the hole",
    "drawer": "open the drawer",
    "sort": "move the cube to the mark",
}
"""One sentence for tasks that have none of their own."""


def instruct(task: Task, seeds: np.ndarray, episodes: np.ndarray, targets: np.ndarray) -> list[str]:
    """Give each of some episodes (n,) its instruction.

    Args:
        task: What is to be done; its `instruction(target, luck)` says it in one of several phrasings.
        seeds: uint64, as randomization is drawn with.
        episodes: Their numbers.
        targets: Index of the object that is to be moved.
    """
    speak = getattr(task, "instruction", None)
    if speak is None:
        return [PLAIN.get(task.name, f"do the task {task.name}")] * len(episodes)
    luck = uniforms(seeds, episodes, 0, ("instruction",), (1,))[:, 0]
    return [speak(int(target), float(u)) for target, u in zip(targets, luck)]


def targets(state: State, rows: np.ndarray) -> np.ndarray:
    """Give the index of the object to be moved in some worlds, (rows,); 0 where there is but one."""
    return getattr(state, "target", np.zeros(len(state.goal), int))[rows]
