"""Drawer: take the handle and pull the drawer open."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.objects import Rail, Shape
from envs.physics import GRASP
from envs.tasks.base import Chances, Layout, Task, action, between, soft, upright
from envs.tasks.grasping import distance

WOOD, FRONT, STEEL = (0.62, 0.44, 0.26), (0.86, 0.72, 0.48), (0.22, 0.24, 0.28)
TRAVEL = 0.16
"""How far the drawer comes out [m]."""
OPEN = 0.10
"""Success: it is out so far [m]."""
GOAL_M = 0.13
"""The expert pulls it out so far [m]."""
HEIGHT = 0.05
"""Of the drawer's centre above the table [m]."""
GRIP = (-0.130, 0.0, 0.03)
"""Where the tool point holds the handle, in the drawer's frame [m]: its neck, behind the knob."""
NECK = 0.014
"""Width of the neck between the pads [m]."""

# The frame of both is the middle of the closed drawer; it opens along -x, towards the arm.
DRAWER = ObjectSpec(
    "drawer", (0.10, 0.09, 0.04), mass=0.6, friction=0.6, colour=FRONT,
    rail=Rail(axis=(-1.0, 0.0, 0.0), travel=TRAVEL, damping=4.0, friction=1.0),
    shapes=(
        Shape("box", (0.006, 0.10, 0.045), (-0.10, 0.0, 0.0)),
        Shape("box", (0.094, 0.088, 0.003), (0.0, 0.0, -0.036), "bottom", WOOD),
        Shape("box", (0.094, 0.003, 0.03), (0.0, -0.085, -0.003), "right", WOOD),
        Shape("box", (0.094, 0.003, 0.03), (0.0, 0.085, -0.003), "left", WOOD),
        Shape("box", (0.003, 0.088, 0.03), (0.091, 0.0, -0.003), "back", WOOD),
        Shape("box", (0.024, 0.5 * NECK, 0.012), (-0.130, 0.0, 0.03), "handle", STEEL),
        Shape("box", (0.005, 0.018, 0.012), (-0.159, 0.0, 0.03), "knob", STEEL),
    ),
)  # fmt: skip
"""An open box on runners: 0.6 kg, 1 N of dry friction and 4 N s/m; guessed from small kitchen drawers."""
HOUSING = ObjectSpec(
    "housing", (0.10, 0.11, 0.05), 0.0, 0.6, WOOD, fixed=True,
    shapes=(
        Shape("box", (0.098, 0.11, 0.003), (0.004, 0.0, 0.048)),
        Shape("box", (0.098, 0.006, 0.0475), (0.004, -0.104, -0.0025), "right"),
        Shape("box", (0.098, 0.006, 0.0475), (0.004, 0.104, -0.0025), "left"),
        Shape("box", (0.003, 0.098, 0.0475), (0.10, 0.0, -0.0025), "back"),
    ),
)  # fmt: skip


class Drawer(Task):
    """The drawer is open by 10 cm or more."""

    name = "drawer"
    objects = (DRAWER, HOUSING)
    physics = GRASP
    horizon = 100
    opening = 0.08
    radius = 0.03
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Open the {thing}.", "Pull the {thing} open by its handle."),
        "interrogative": ("Can you open the {thing}?", "Would you pull the {thing} open?"),
        "deictic": ("Open that {thing} there.", "See this {thing}? Pull it open."),
        "colloquial": ("Just get the {thing} open, please.", "Hey, pull the {thing} out for me."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw where the chest stands, its front towards the arm, turned by up to 10 degrees."""
        chest = between((0.635, -0.12), (0.675, 0.12), chances("chest.position", 2))
        turn = upright((chances("chest.yaw") - 0.5) * np.deg2rad(20.0))
        pose = np.hstack([chest, np.full((len(chest), 1), HEIGHT), turn])
        poses = np.stack([pose, pose], axis=1)
        return Layout(poses, handle(pose) + GOAL_M * outward(pose))

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the drawer is open."""
        return opened(state) > OPEN

    def reward(self, state: State) -> np.ndarray:
        """Give how far the drawer is open, minus half of the distance hand to handle [m], and 1 for success."""
        away = distance(handle(state.object_poses[:, 0]), state.hand_position)
        return self.success(state) + opened(state) - 0.5 * away

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and handle, the handle's to the goal, its direction, opening (worlds, 16)."""
        hand, grip = state.hand_position, handle(state.object_poses[:, 0])
        seen = [hand, state.hand_target - hand, grip - hand, state.goal - grip, outward(state.object_poses[:, 1])]
        return np.hstack([*seen, state.gripper_opening[:, None]]).astype(np.float32)

    def contact(self, state: State) -> np.ndarray:
        """Give where the handle is held (worlds, 3) [m]."""
        return handle(state.object_poses[:, 0])

    def expert(self, state: State) -> np.ndarray:
        """Hover above the handle, come down around its neck, close, and pull along the rail."""
        hand, target = state.hand_position, state.hand_target
        pose, grip = state.object_poses[:, 0], handle(state.object_poses[:, 0])
        offset = grip - hand
        aside = np.linalg.norm(offset[:, :2], axis=1, keepdims=True)
        around = soft(0.012 - aside, 0.002) * soft(0.012 + offset[:, 2:3], 0.002)
        closed = soft(NECK + 0.016 - state.gripper_opening[:, None], 0.002)
        holding = closed * soft(0.028 - aside, 0.002) * soft(0.022 + offset[:, 2:3], 0.002)
        height = grip[:, 2:3] + 0.06 * (1.0 - np.maximum(soft(0.012 - aside, 0.002), around))
        approach = np.hstack([0.6 * (grip - target)[:, :2], 0.5 * (height - target[:, 2:3])])
        left = GOAL_M - opened(state)[:, None]
        # The target leads the handle by what the rail needs; aside and in height it is kept in line.
        pull = 0.5 * (grip - target) + np.clip(0.3 * left, -0.006, 0.010) * outward(pose)
        closing = 1.0 - 2.0 * np.maximum(around, holding)
        return action(holding * pull + (1.0 - holding) * approach, closing[:, 0])


def opened(state: State) -> np.ndarray:
    """Give how far the drawer is out of its housing (worlds,) [m]."""
    way = state.object_poses[:, 0, :3] - state.object_poses[:, 1, :3]
    return (way * outward(state.object_poses[:, 1])).sum(axis=1)


def outward(poses: np.ndarray) -> np.ndarray:
    """Give the direction (worlds, 3) in which drawers at poses (worlds, 7) open."""
    z, w = poses[:, 5], poses[:, 6]
    return np.stack([2.0 * z**2 - 1.0, -2.0 * z * w, np.zeros_like(z)], axis=1)


def handle(poses: np.ndarray) -> np.ndarray:
    """Give where the tool point holds the handles (worlds, 3) of drawers at poses (worlds, 7) [m]."""
    return poses[:, :3] - GRIP[0] * outward(poses) + (0.0, 0.0, GRIP[2])
