"""Reach: bring the tool point to a place in the air."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.physics import REACH
from envs.tasks.base import Chances, Layout, Task, action, between

SLOWING = 0.5
"""Share of the remaining way that the expert goes per step: it arrives without overshoot under servo lag."""


class Reach(Task):
    """The hand is within 2 cm of the goal."""

    name = "reach"
    objects: ClassVar[tuple[ObjectSpec, ...]] = ()
    physics = REACH
    horizon = 50
    opening = 0.0
    radius = 0.02
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Move your hand to the goal.", "Reach for the marked point."),
        "interrogative": ("Can you bring your hand to the goal?", "Would you reach for the marked point?"),
        "deictic": ("Go there, to the marked point.", "Bring your hand to that point."),
        "colloquial": ("Just get your hand over to the goal, please.", "Hey, reach out to the marked point for me."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw a goal in the workspace."""
        goal = between((0.35, -0.22, 0.06), (0.65, 0.22, 0.32), chances("goal", 3))
        return Layout(np.zeros((len(goal), 0, 7)), goal)

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the hand is there."""
        return self.distance(state) < self.radius

    def reward(self, state: State) -> np.ndarray:
        """Give minus the distance [m], and 1 more within the radius."""
        return self.success(state) - self.distance(state)

    def distance(self, state: State) -> np.ndarray:
        """Give the distance from hand to goal (worlds,) [m]."""
        return np.linalg.norm(state.goal - state.hand_position, axis=1)

    def features(self, state: State) -> np.ndarray:
        """Give hand, hand to goal, hand to target (worlds, 9) [m]."""
        hand = state.hand_position
        return np.hstack([hand, state.goal - hand, state.hand_target - hand]).astype(np.float32)

    def contact(self, state: State) -> np.ndarray:
        """Give the goal (worlds, 3) [m]: there is nothing to touch."""
        return state.goal.copy()

    def expert(self, state: State) -> np.ndarray:
        """Move the target towards the goal."""
        return action(SLOWING * (state.goal - state.hand_target))

    def auxiliary(self, state: State) -> np.ndarray:
        """Give the hand's position (worlds, 3) [m]: what a camera can tell of this task."""
        return state.hand_position.astype(np.float32)
