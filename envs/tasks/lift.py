"""Lift: grasp a cube and raise it."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.physics import GRASP
from envs.tasks.base import Chances, Layout, Task, action, between, soft, upright

HALF = 0.02
CUBE = ObjectSpec("cube", (HALF, HALF, HALF), mass=0.1, friction=0.7, colour=(0.82, 0.16, 0.12))
"""A painted wooden cube of 4 cm; it fits between the pads at any yaw of the layout."""
GOAL = (0.5, 0.0, 0.18)
"""Where the cube is carried to; the same in every episode [m]."""
RAISED = 0.10
"""Success: the cube's centre is so far above where it lay [m]."""
HOVER = 0.07
"""Height above the cube from which the hand comes down [m]."""
MOUTH, FUNNEL = 0.016, 0.030
"""Within MOUTH of the cube, seen from above, the hand is down; over FUNNEL more it descends as it comes near [m]."""
DEEP = 0.018
"""The fingers close where the tool point is no higher than this above the cube's centre [m]."""
NEAR, INSIDE = 0.030, 0.040
"""Aside by no more than NEAR the fingers close, by INSIDE they keep hold of what they have: the pads centre it [m]."""


class Lift(Task):
    """The cube is 10 cm above the table, between the fingers."""

    name = "lift"
    objects = (CUBE,)
    physics = GRASP
    horizon = 80
    opening = 0.08
    radius = 0.05
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Lift the {thing}.", "Pick up the {thing} and hold it up."),
        "interrogative": ("Can you lift the {thing}?", "Would you pick up the {thing}?"),
        "deictic": ("Lift that {thing} there.", "See this {thing}? Pick it up."),
        "colloquial": ("Just grab the {thing}, please.", "Hey, pick the {thing} up for me."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw a cube in the middle of the workspace, turned by up to 20 degrees."""
        cube = between((0.40, -0.16), (0.60, 0.16), chances("cube.position", 2))
        turn = upright((chances("cube.yaw") - 0.5) * np.deg2rad(40.0))
        poses = np.hstack([cube, np.full((len(cube), 1), HALF), turn])[:, None]
        return Layout(poses, np.tile(GOAL, (len(cube), 1)))

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the cube is up and in the hand."""
        cube = state.object_poses[:, 0, :3]
        held = np.linalg.norm(cube - state.hand_position, axis=1) < 0.04
        return (cube[:, 2] > HALF + RAISED) & held

    def reward(self, state: State) -> np.ndarray:
        """Give minus the distances hand to cube and half of cube to goal [m], and 1 more for success."""
        cube = state.object_poses[:, 0, :3]
        hand = np.linalg.norm(cube - state.hand_position, axis=1)
        return self.success(state) - hand - 0.5 * np.linalg.norm(state.goal - cube, axis=1)

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and cube, cube's to goal, opening [m], a square's yaw (worlds, 15)."""
        hand, cube = state.hand_position, state.object_poses[:, 0, :3]
        z, w = state.object_poses[:, 0, 5], state.object_poses[:, 0, 6]
        turn = 8.0 * np.arctan2(z, w)
        yaw = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        opening = state.gripper_opening[:, None]
        seen = [hand, state.hand_target - hand, cube - hand, state.goal - cube, yaw, opening]
        return np.hstack(seen).astype(np.float32)

    def expert(self, state: State) -> np.ndarray:
        """Come down a funnel onto the cube, close, carry to the goal.

        Every switch is as wide as the error with which a policy sees the cube, as in `envs.tasks.push`: the mean
        action over cubes seen 1.5 cm beside where they are still lifts 60 of 60; with switches of 2 mm it hung in
        the air from 1 cm on.
        """
        hand, target, cube = state.hand_position, state.hand_target, state.object_poses[:, 0, :3]
        offset = cube - hand
        aside = np.linalg.norm(offset[:, :2], axis=1, keepdims=True)
        around = soft(NEAR - aside, 0.008) * soft(DEEP + offset[:, 2:3], 0.004)
        closed = soft(2.0 * HALF + 0.022 - state.gripper_opening[:, None], 0.003)
        inside = soft(INSIDE - aside, 0.006) * soft(0.028 + offset[:, 2:3], 0.003)
        holding = closed * inside

        above = HOVER * np.clip((aside - MOUTH) / FUNNEL, 0.0, 1.0) * (1.0 - around)
        approach = np.hstack([0.6 * (cube - target)[:, :2], 0.5 * (cube + above - target)[:, 2:3]])
        carry = np.clip(0.4 * (state.goal - cube), -0.012, 0.012)
        move = holding * carry + (1.0 - holding) * approach
        grip = 1.0 - 2.0 * np.maximum(around, holding)
        return action(move, grip[:, 0])
