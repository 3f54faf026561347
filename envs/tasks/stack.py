"""Stack: put one cube on another and let go."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.physics import GRASP
from envs.tasks.base import Chances, Layout, Task, action, upright
from envs.tasks.grasping import Grasp, apart, carry, distance, put, release, rests, square_yaw

HALF, BASE_HALF = 0.02, 0.0225
CUBE = ObjectSpec("cube", (HALF, HALF, HALF), mass=0.1, friction=0.7, colour=(0.82, 0.16, 0.12))
BASE = ObjectSpec("base", (BASE_HALF, BASE_HALF, BASE_HALF), mass=0.15, friction=0.7, colour=(0.12, 0.55, 0.14))
"""A green cube, larger and heavier, to stack on."""
ON_TOP = BASE_HALF + HALF
"""From centre to centre, one cube on the other [m]."""


class Stack(Task):
    """The red cube rests on the green one, and the hand has let go."""

    name = "stack"
    objects = (CUBE, BASE)
    physics = GRASP
    horizon = 100
    opening = 0.08
    radius = 0.02
    marks = 1
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Put the {thing} on top of the {goal}.", "Stack the {thing} on the {goal}."),
        "interrogative": ("Can you stack the {thing} on the {goal}?", "Would you set the {thing} on the {goal}?"),
        "deictic": ("Put that {thing} on top of this {goal}.", "See this {thing}? It goes on that {goal}."),
        "colloquial": ("Just pop the {thing} onto the {goal}, please.", "Hey, a tower: the {thing} on the {goal}."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw a base in the workspace, and a cube 11 to 16 cm away in a direction that leaves it inside."""
        base, cube = apart(chances, "base")
        turns = (chances("yaw", 2) - 0.5) * np.deg2rad([40.0, 90.0])
        heights = np.tile([HALF, BASE_HALF], (len(cube), 1))[:, :, None]
        poses = np.concatenate([np.stack([cube, base], axis=1), heights, upright(turns)], axis=2)
        return Layout(poses, np.hstack([base, np.full((len(cube), 1), BASE_HALF + ON_TOP)]))

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether one cube is on the other, and free."""
        way = top(state) - state.object_poses[:, 0, :3]
        return rests(state, way, self.radius, 2.0 * HALF)

    def reward(self, state: State) -> np.ndarray:
        """Give minus the distances hand to cube and cube to the top of the base [m], and 1 more for success."""
        cube = state.object_poses[:, 0, :3]
        return self.success(state) - 0.5 * distance(cube, state.hand_position) - distance(top(state), cube)

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and cube, cube's to the top of the base, opening [m], yaws (worlds, 17)."""
        hand, cube = state.hand_position, state.object_poses[:, 0, :3]
        yaws = [square_yaw(state.object_poses[:, index]) for index in (0, 1)]
        seen = [hand, state.hand_target - hand, cube - hand, top(state) - cube, *yaws, state.gripper_opening[:, None]]
        return np.hstack(seen).astype(np.float32)

    def expert(self, state: State) -> np.ndarray:
        """Take the cube, carry it over the base, put it down, let go and rise."""
        cube, place = state.object_poses[:, 0, :3], top(state)
        grasp = Grasp.of(state, cube, 2.0 * HALF * state.sizes[:, :1])
        move = grasp.blend(carry(cube, place, over=0.05))
        return action(*release(state, grasp, move, put(cube, place)))


def top(state: State) -> np.ndarray:
    """Give where the cube's centre has to be (worlds, 3) [m]: on the base, wherever that is now."""
    place = state.object_poses[:, 1, :3].copy()
    place[:, 2] += (state.sizes * (HALF, BASE_HALF)).sum(axis=1)  # BLAS rounds by the size of the batch
    return place
