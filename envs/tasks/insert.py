"""Insert: put a round peg into a square hole, so that no yaw has to fit: the hand's is fixed."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.objects import Shape
from envs.physics import GRASP
from envs.tasks.base import Chances, Layout, Task, action, between, upright
from envs.tasks.grasping import Grasp, carry, distance

HALF, TALL = 0.015, 0.04
PEG = ObjectSpec(
    "peg", (HALF, HALF, TALL), mass=0.08, friction=0.7, colour=(0.82, 0.16, 0.12),
    shapes=(Shape("cylinder", (HALF, HALF, TALL)),), sizes=(0.8, 1.0),
)  # fmt: skip
"""A round stick of 3 cm across and 8 cm that stands upright."""
CLEARANCE = 0.002
"""Room between peg and wall on each side, nominal [m]."""
WALL, DEEP = 0.007, 0.035
"""Half of the walls' thickness, and depth of the hole [m]."""
ABOVE = 0.02
"""The hand takes the peg so far above its centre [m]."""
INSIDE = 0.012
"""Success: the peg is down to so much above the bottom [m]: in the hole by two thirds of its depth or more."""


def walls(hole: float) -> tuple[Shape, ...]:
    """Make four walls about a hole of half width `hole` [m]; they stay closed for 3 mm more or less."""
    middle, long = hole + WALL, hole + 2.0 * WALL - 0.003
    sides = [((WALL, long, 0.5 * DEEP), (sign, 0.0, 0.0)) for sign in (-1.0, 1.0)]
    sides += [((long, WALL, 0.5 * DEEP), (0.0, sign, 0.0)) for sign in (-1.0, 1.0)]
    return tuple(
        Shape("box", half, (middle * away[0], middle * away[1], 0.0), spread=away) for half, away in sides
    )


SOCKET = ObjectSpec(
    "socket", (HALF + CLEARANCE + 2.0 * WALL,) * 2 + (0.5 * DEEP,), 0.0, 0.5, (0.10, 0.18, 0.70), fixed=True,
    shapes=walls(HALF + CLEARANCE), clearance=CLEARANCE,
)  # fmt: skip
"""Four walls that stand on the table about a hole."""


class Insert(Task):
    """The peg stands in the hole."""

    name = "insert"
    objects = (PEG, SOCKET)
    physics = GRASP
    horizon = 120
    opening = 0.08
    radius = 0.017
    marks = 1
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Put the {thing} into the {goal}.", "Insert the {thing} into the {goal}."),
        "interrogative": ("Can you fit the {thing} into the {goal}?", "Would you put the {thing} into the {goal}?"),
        "deictic": ("Put that {thing} in there, into the {goal}.", "See this {thing}? It fits into that {goal}."),
        "colloquial": ("Just stick the {thing} into the {goal}, please.", "Hey, pop the {thing} in the {goal} for me."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw a socket in the workspace, and a peg 12 to 16 cm away."""
        socket = between((0.43, -0.13), (0.57, 0.13), chances("socket.position", 2))
        side = -np.sign(socket - (0.50, 0.0))
        angle = between((0.0,), (np.pi / 2.0,), chances("peg.direction", 1))
        reach = between((0.12,), (0.16,), chances("peg.distance", 1))
        peg = socket + side * reach * np.hstack([np.cos(angle), np.sin(angle)])
        tall, low = np.full((len(peg), 1), TALL), np.full((len(peg), 1), 0.5 * DEEP)
        straight = upright(np.zeros(len(peg)))
        poses = [np.hstack([peg, tall, straight]), np.hstack([socket, low, straight])]
        return Layout(np.stack(poses, axis=1), np.hstack([socket, tall]))

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the peg is in the hole."""
        way = state.object_poses[:, 0, :3] - state.goal
        return (np.abs(way[:, :2]).max(axis=1) < 0.012) & (way[:, 2] < INSIDE)

    def reward(self, state: State) -> np.ndarray:
        """Give minus the distances hand to peg and peg to goal [m], and 1 more for success."""
        peg = state.object_poses[:, 0, :3]
        return self.success(state) - 0.5 * distance(peg, state.hand_position) - distance(state.goal, peg)

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and peg, peg's to goal, opening [m], tilt (worlds, 15)."""
        hand, pose = state.hand_position, state.object_poses[:, 0]
        way, opening = state.hand_target - hand, state.gripper_opening[:, None]
        seen = [hand, way, pose[:, :3] - hand, state.goal - pose[:, :3], pose[:, 3:5], opening]
        return np.hstack(seen).astype(np.float32)

    def contact(self, state: State) -> np.ndarray:
        """Give where the peg is held (worlds, 3) [m]."""
        return state.object_poses[:, 0, :3] + (0.0, 0.0, ABOVE)

    def expert(self, state: State) -> np.ndarray:
        """Take the peg, carry it over the hole, bring it in line within 1 mm, and lower it."""
        pose = state.object_poses[:, 0]
        grasp, tip = Grasp.of(state, pose[:, :3], 2.0 * HALF * state.sizes[:, :1], ABOVE), pose[:, :3] + lean(pose)
        lowered = carry(tip, state.goal, over=DEEP + 0.02, mouth=0.001, funnel=0.002, sink=0.006)
        return action(grasp.blend(lowered), grasp.grip[:, 0])


def lean(poses: np.ndarray) -> np.ndarray:
    """Give how far the lower end of pegs at poses (worlds, 7) is aside of their middle (worlds, 3) [m]."""
    x, y, z, w = poses[:, 3:].T
    return -TALL * np.stack([2.0 * (x * z + y * w), 2.0 * (y * z - x * w), np.zeros_like(x)], axis=1)
