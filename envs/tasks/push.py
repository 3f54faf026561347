"""Push: shove a cube over the table to a goal with closed fingers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.physics import PUSH
from envs.tasks.base import Chances, Layout, Task, action, between, soft, upright

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
BEHIND = 0.066
"""Distance from the cube's centre at which the hand comes down [m]: half a diagonal, half the fingers, and room."""
MOUTH, FUNNEL = 0.015, 0.045
"""Within MOUTH of that place the hand is down; over FUNNEL more it descends as it comes near [m]."""
LEAD = 0.012
"""How far the target runs ahead into the push, beyond contact [m]."""
CONTACT = HALF + 0.010
"""Distance from the cube's centre to the tool point when the fingers touch [m]."""
STRAIGHT = 0.010
"""Sideways error at which the push slows down to let the hand slide back into line [m]."""
ASIDE = 0.022
"""Sideways error beyond which the expert goes around again [m]."""
THERE = 0.010
"""Distance to the goal at which the hand comes to rest [m]."""


class Push(Task):
    """The cube's centre is within 5 cm of the goal on the table."""

    name = "push"
    objects = (CUBE,)
    physics = PUSH
    horizon = 80
    opening = 0.0
    radius = 0.05
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Push the {thing} to the goal.", "Slide the {thing} over the table to the goal."),
        "interrogative": ("Can you push the {thing} to the goal?", "Would you slide the {thing} over to the goal?"),
        "deictic": ("Push that {thing} over there, to the goal.", "See this {thing}? Slide it to the goal."),
        "colloquial": ("Just shove the {thing} over to the goal, please.", "Hey, nudge the {thing} to the goal."),
    }

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

    def contact(self, state: State) -> np.ndarray:
        """Give the middle of the cube's far side as seen from the goal (worlds, 3) [m]: there it is pushed."""
        cube = state.object_poses[:, 0, :3].copy()
        along = Line.through(cube[:, :2], state.goal[:, :2], state.hand_position[:, :2]).along
        cube[:, :2] -= HALF * state.sizes[:, :1] * along
        return cube

    def expert(self, state: State) -> np.ndarray:
        """Go behind the cube as seen from the goal, come down a funnel, push along the line, rest at the goal.

        Every switch is about as wide as the error with which a policy sees the cube (1.5 cm; STRAIGHT is narrower, for
        truer pushes), because a clone acts on the average over what it cannot tell apart: with sharp switches that
        average stands still above the cube.
        """
        hand, target = state.hand_position, state.hand_target
        line = Line.through(state.object_poses[:, 0, :2], state.goal[:, :2], hand[:, :2])
        height = hand[:, 2:3]
        low = soft(0.055 - height, 0.008)
        # Above, the way leads to one place behind the cube; once down, to the nearest place between it and contact.
        start = (1.0 - low) * -BEHIND + low * np.clip(line.ahead, -BEHIND, -CONTACT)
        funnel = LOW + (HIGH - LOW) * np.clip((line.gap(start) - MOUTH) / FUNNEL, 0.0, 1.0)
        pushing = low * soft(-0.015 - line.ahead, 0.006) * soft(ASIDE - line.error, 0.006)
        free = soft(height - funnel + 0.025, 0.006)
        around = line.around(target[:, :2], start, free)
        move = pushing * line.push(target[:, :2]) + (1.0 - pushing) * around
        rise = 0.6 * (funnel + pushing * (LOW - funnel) - target[:, 2:3])
        return action(np.hstack([move, rise]) * soft(line.distance - THERE, 0.001))


@dataclass(frozen=True)
class Line:
    """The hand in the frame of the line from cube to goal; columns are (worlds, 1), places (worlds, 2) [m].

    Attributes:
        cube: Its centre.
        along: Unit vector from cube to goal.
        distance: From cube to goal.
        relative: From cube to hand.
        ahead: Of the hand, past the cube's centre; negative behind it.
        aside: Of the hand, from the line (worlds, 2).
    """

    cube: np.ndarray
    along: np.ndarray
    distance: np.ndarray
    relative: np.ndarray
    ahead: np.ndarray
    aside: np.ndarray

    @classmethod
    def through(cls, cube: np.ndarray, goal: np.ndarray, hand: np.ndarray) -> "Line":
        """Look at hands (worlds, 2) from the lines through cubes and goals (worlds, 2)."""
        distance = _length(goal - cube)
        along = (goal - cube) / np.maximum(distance, 1e-6)
        relative = hand - cube
        ahead = (relative * along).sum(axis=1, keepdims=True)
        return cls(cube, along, distance, relative, ahead, relative - ahead * along)

    @property
    def error(self) -> np.ndarray:
        """Distance of the hand from the line."""
        return _length(self.aside)

    def gap(self, start: np.ndarray) -> np.ndarray:
        """Give the distance of the hand from the place `start` (worlds, 1) ahead of the cube on the line."""
        return _length(self.relative - start * self.along)

    def around(self, target: np.ndarray, start: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Cross to the start of the push where the way is free, else back off while rising (worlds, 2)."""
        cross = np.clip(0.6 * (self.cube + start * self.along - target), -0.03, 0.03)
        reach = _length(self.relative)
        retreat = 0.01 * soft(0.055 - reach, 0.003) * self.relative / (reach + 0.005)
        return free * cross + (1.0 - free) * retreat

    def push(self, target: np.ndarray) -> np.ndarray:
        """Lead the contact by less and less as the goal comes near; undo errors aside first (worlds, 2)."""
        straight = np.exp(-((self.error / STRAIGHT) ** 2))
        lead = np.minimum(LEAD, 0.35 * self.distance) * soft(self.distance - 0.8 * THERE, 0.002)
        lead = straight * lead - 0.004 * (1.0 - straight)
        return 0.7 * (self.cube + self.along * (lead - CONTACT) - 0.3 * self.aside - target)


def _length(vectors: np.ndarray) -> np.ndarray:
    """Give lengths (worlds, 1) of vectors (worlds, 2)."""
    return np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True))
