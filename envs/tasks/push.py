"""Push: shove a cube over the table to a goal with closed fingers."""

import numpy as np

from envs.engine import ObjectSpec, State
from envs.tasks.base import PUSH, Chances, Layout, Task, action, between, soft, upright

HALF = 0.025
CUBE = ObjectSpec("cube", (HALF, HALF, HALF), mass=0.12, friction=0.7, colour=(0.82, 0.16, 0.12))
"""A painted wooden cube of 5 cm: 0.12 kg, friction guessed from wood on wood (0.3 to 1)."""
SPREAD_DEG = 100.0
"""Pushes go away from the base or across, at most so far from the x axis: a hand that pushes towards the base
hides the cube from the front camera [deg]."""
TRIES = 16
"""Goal directions drawn for an episode; the first whose goal lies in the goal area counts."""
GOAL_LOW, GOAL_HIGH = np.array([0.36, -0.20]), np.array([0.64, 0.20])

LOW = 0.022
"""Height of the fingertips while pushing: just below the cube's centre, so that it does not tip [m]."""
HIGH = 0.10
"""Height while going around the cube [m]."""
BEHIND = 0.062
"""Distance from the cube's centre at which the hand comes down [m]: half a diagonal plus half the fingers."""
LEAD = 0.012
"""How far the target runs ahead into the push, beyond contact [m]."""
ASIDE = 0.022
"""Sideways error beyond which the expert goes around again [m]."""


class Push(Task):
    """The cube's centre is within 5 cm of the goal on the table."""

    name = "push"
    objects = (CUBE,)
    physics = PUSH
    horizon = 80
    opening = 0.0
    radius = 0.05

    def place(self, chances: Chances) -> Layout:
        """Draw a cube in the middle of the workspace and a goal 12 to 20 cm away."""
        cube = between((0.40, -0.14), (0.56, 0.14), chances("cube.position", 2))
        angle = np.deg2rad(SPREAD_DEG) * (2.0 * chances("goal.direction", TRIES) - 1.0)
        across = -np.copysign(np.pi / 2.0, cube[:, 1:])  # always inside; the last resort
        angle = np.hstack([angle, across])
        distance = between((0.12,), (0.20,), chances("goal.distance", 1))
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=-1)  # (episodes, tries + 1, 2)
        goals = cube[:, None] + distance[:, None] * directions
        inside = ((goals > GOAL_LOW) & (goals < GOAL_HIGH)).all(axis=2)
        goal = goals[np.arange(len(cube)), inside.argmax(axis=1)]
        height = np.full((len(cube), 1), HALF)
        turn = upright((chances("cube.yaw") - 0.5) * np.pi / 2.0)
        poses = np.hstack([cube, height, turn])[:, None]
        return Layout(poses, np.hstack([goal, height]))

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the cube is there."""
        return self.distance(state) < self.radius

    def distance(self, state: State) -> np.ndarray:
        """Give the distance from cube to goal (worlds,) [m]."""
        return np.linalg.norm(state.goal - state.object_poses[:, 0, :3], axis=1)

    def reward(self, state: State) -> np.ndarray:
        """Give minus the cube's distance and a tenth of the hand's [m], and 1 more within the radius."""
        hand = np.linalg.norm(state.object_poses[:, 0, :3] - state.hand_position, axis=1)
        return self.success(state) - self.distance(state) - 0.1 * hand

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and cube, cube's to goal [m], square's yaw, velocity (worlds, 17)."""
        hand, cube = state.hand_position, state.object_poses[:, 0, :3]
        z, w = state.object_poses[:, 0, 5], state.object_poses[:, 0, 6]
        turn = 8.0 * np.arctan2(z, w)  # four times the yaw: a square looks alike every quarter turn
        yaw = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        seen = [hand, state.hand_target - hand, cube - hand, state.goal - cube, yaw]
        return np.hstack([*seen, state.object_velocities[:, 0, :3]]).astype(np.float32)

    def expert(self, state: State) -> np.ndarray:
        """Go behind the cube as seen from the goal, come down, push along the line, stop at the goal."""
        hand, target, cube = state.hand_position, state.hand_target, state.object_poses[:, 0, :3]
        way = (state.goal - cube)[:, :2]
        distance = np.linalg.norm(way, axis=1, keepdims=True)
        along = way / np.maximum(distance, 1e-6)
        relative = hand[:, :2] - cube[:, :2]
        ahead = (relative * along).sum(axis=1, keepdims=True)  # negative behind the cube
        aside = relative - ahead * along
        error = np.linalg.norm(aside, axis=1, keepdims=True)
        start = cube[:, :2] - BEHIND * along
        gap = np.linalg.norm(start - hand[:, :2], axis=1, keepdims=True)
        height = hand[:, 2:3]

        behind = soft(-0.03 - ahead, 0.003) * soft(ASIDE - error, 0.002)
        low = soft(0.055 - height, 0.004)
        pushing = behind * low
        above = soft(height - 0.07, 0.004)  # high enough to cross the cube
        near = soft(0.014 - gap, 0.002)
        # Around: rise where far from the start, cross only when high, come down above the start.
        around = np.maximum(above, near) * np.clip(0.6 * (start - target[:, :2]), -0.03, 0.03)
        around_height = LOW + (HIGH - LOW) * (1.0 - np.maximum(near, pushing))
        # Push: the target leads the contact by less and less as the goal comes near; errors aside are undone.
        lead = np.minimum(LEAD, 0.35 * distance) * soft(distance - 0.008, 0.002)
        contact = cube[:, :2] + along * (lead - HALF - 0.010) - 0.3 * aside
        push = 0.7 * (contact - target[:, :2])
        move = pushing * push + (1.0 - pushing) * around
        rise = 0.6 * (around_height - target[:, 2:3])
        still = 1.0 - soft(0.010 - distance, 0.001)
        return action(np.hstack([move, rise]) * still)
