"""Place: put a cube onto a marked goal and let go."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.physics import GRASP
from envs.tasks.base import Chances, Layout, Task, action, upright
from envs.tasks.grasping import Grasp, apart, carry, distance, put, release, rests, square_yaw

HALF = 0.02
CUBE = ObjectSpec(
    "cube", (HALF, HALF, HALF), mass=0.1, friction=0.7, colour=(0.82, 0.16, 0.12), families=("box", "cylinder")
)
MARK = ObjectSpec("mark", (0.04, 0.04, 0.0005), 0.0, 0.0, (0.10, 0.20, 0.82), fixed=True, solid=False)
"""A blue square of 8 cm painted on the table."""


class Place(Task):
    """The cube stands within 2 cm of the mark's middle, and the hand has let go."""

    name = "place"
    objects = (CUBE, MARK)
    physics = GRASP
    horizon = 100
    opening = 0.08
    radius = 0.02
    marks = 1
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Put the {thing} onto the {goal}.", "Place the {thing} on the {goal} and let go."),
        "interrogative": ("Can you put the {thing} onto the {goal}?", "Would you set the {thing} down on the {goal}?"),
        "deictic": ("Put that {thing} there, onto the {goal}.", "See this {thing}? It belongs on that {goal}."),
        "colloquial": ("Just pop the {thing} onto the {goal}, please.", "Hey, stick the {thing} on the {goal} for me."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw a mark in the workspace, and a cube 11 to 16 cm away in a direction that leaves it inside."""
        mark, cube = apart(chances, "mark")
        height = np.full((len(cube), 1), HALF)
        turn = upright((chances("cube.yaw") - 0.5) * np.deg2rad(40.0))
        flat = np.hstack([mark, np.full((len(cube), 1), MARK.half_extents[2]), upright(np.zeros(len(cube)))])
        poses = np.stack([np.hstack([cube, height, turn]), flat], axis=1)
        return Layout(poses, np.hstack([mark, height]))

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the cube is there and free."""
        way = state.goal - state.object_poses[:, 0, :3]
        return rests(state, way, self.radius, 2.0 * HALF)

    def reward(self, state: State) -> np.ndarray:
        """Give minus the distances hand to cube and cube to goal [m], and 1 more for success."""
        cube = state.object_poses[:, 0, :3]
        return self.success(state) - 0.5 * distance(cube, state.hand_position) - distance(state.goal, cube)

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and cube, cube's to goal, opening [m], a square's yaw (worlds, 15)."""
        hand, cube = state.hand_position, state.object_poses[:, 0, :3]
        yaw, opening = square_yaw(state.object_poses[:, 0]), state.gripper_opening[:, None]
        seen = [hand, state.hand_target - hand, cube - hand, state.goal - cube, yaw, opening]
        return np.hstack(seen).astype(np.float32)

    def expert(self, state: State) -> np.ndarray:
        """Take the cube, carry it over the mark, put it down, let go and rise."""
        cube = state.object_poses[:, 0, :3]
        grasp = Grasp.of(state, cube, 2.0 * HALF * state.sizes[:, :1])
        move = grasp.blend(carry(cube, state.goal, over=0.05))
        return action(*release(state, grasp, move, put(cube, state.goal)))
