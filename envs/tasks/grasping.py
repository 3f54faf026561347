"""How experts take a thing from above, carry it and let it go: without memory, every switch smooth in the state.

    grasp = Grasp.of(state, thing, width=0.04)                    # thing: (worlds, 3), its centre
    move = grasp.blend(carry(thing, goal, over=0.05))             # (worlds, 3), approach it or carry it
    actions = action(*release(state, grasp, move, done))          # let go and rise where it is done

Switches of 2 to 4 mm: grasping itself needs sight as exact as that, however the expert is written.
"""

from dataclasses import dataclass

import numpy as np

from envs.engine import State
from envs.tasks.base import Chances, between, soft

HOVER = 0.07
"""Height above the grasp from which the hand comes down [m]."""
FUNNEL = 0.02
"""Over so much way a thing comes down to its goal [m]."""
OPENED = 0.019
"""Hand is off a thing where the pads are so much further apart than it is wide; a turned one is wider [m]."""
SPARE = 0.016
"""To judges a thing is let go where the pads are so much further apart than it is wide [m]; less than OPENED."""
LEVEL = 0.008
"""So far above or below its place a thing may rest [m]."""
NEAREST, FARTHEST = 0.11, 0.16
"""Ways that things are carried [m]."""
MIDDLE = (0.50, 0.0)
"""Of the workspace [m]."""
PRESS = 0.008
"""So far below the goal things are sent: coming near it ever more slowly, they would hang above it [m]."""


@dataclass(frozen=True)
class Grasp:
    """How far hands are with taking things; all (worlds, 1) in [0, 1], or metres.

    Attributes:
        approach: (worlds, 3) move that brings the hand around the thing [m].
        around: The hand is down at the thing.
        holding: It is closed on it.
        width: Of the thing between the pads [m].
    """

    approach: np.ndarray
    around: np.ndarray
    holding: np.ndarray
    width: np.ndarray | float

    @classmethod
    def of(cls, state: State, thing: np.ndarray, width: np.ndarray | float, above: float = 0.0) -> "Grasp":
        """Look at hands and things (worlds, 3) that are taken `above` their centres [m]."""
        hand, target, place = state.hand_position, state.hand_target, thing + (0.0, 0.0, above)
        offset = place - hand
        aside = np.linalg.norm(offset[:, :2], axis=1, keepdims=True)
        around = soft(0.016 - aside, 0.002) * soft(0.014 + offset[:, 2:3], 0.002)
        closed = soft(width + 0.022 - state.gripper_opening[:, None], 0.002)
        inside = soft(0.030 - aside, 0.002) * soft(0.034 + offset[:, 2:3], 0.002)
        centred = soft(0.012 - aside, 0.002)
        height = place[:, 2:3] + HOVER * (1.0 - np.maximum(centred, around))
        approach = np.hstack([0.6 * (place - target)[:, :2], 0.5 * (height - target[:, 2:3])])
        return cls(approach, around, closed * inside, width)

    def blend(self, carrying: np.ndarray) -> np.ndarray:
        """Approach the thing or carry it (worlds, 3) [m]."""
        return self.holding * carrying + (1.0 - self.holding) * self.approach

    @property
    def grip(self) -> np.ndarray:
        """Close the hand around the thing: action of the gripper (worlds, 1)."""
        return 1.0 - 2.0 * np.maximum(self.around, self.holding)


def carry(
    thing: np.ndarray, goal: np.ndarray, over: float, mouth: float = 0.006, funnel: float = FUNNEL, sink: float = 0.012
) -> np.ndarray:
    """Raise things, cross, and come down a funnel (worlds, 3) [m].

    Args:
        thing, goal: (worlds, 3) where they are and have to be [m].
        over: Height above the goal at which they cross [m].
        mouth: Distance aside at which they are all the way down [m].
        funnel: Over so much more they come down [m].
        sink: Fastest way down [m per step].
    """
    way = goal - thing
    far = np.linalg.norm(way[:, :2], axis=1, keepdims=True)
    high = soft(-way[:, 2:3] - 0.6 * over, 0.004)
    free = np.maximum(high, soft(FUNNEL - far, 0.003))
    rise = way[:, 2:3] - PRESS + over * np.clip((far - mouth) / funnel, 0.0, 1.0)
    return np.hstack([free * np.clip(0.35 * way[:, :2], -0.02, 0.02), np.clip(0.4 * rise, -sink, 0.018)])


def release(state: State, grasp: Grasp, move: np.ndarray, done: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Open where things are where they have to be, and rise once open; moves (worlds, 3) and grip (worlds,)."""
    off = soft(state.gripper_opening[:, None] - grasp.width - OPENED, 0.003)
    away = np.hstack([np.zeros((len(move), 2)), 0.015 * off])
    grip = done + (1.0 - done) * grasp.grip
    return done * away + (1.0 - done) * move, grip[:, 0]


def put(thing: np.ndarray, goal: np.ndarray, radius: float = 0.012, low: float = 0.006) -> np.ndarray:
    """Say how far things are where they have to be, (worlds, 1) in [0, 1]."""
    way = goal - thing
    aside = np.linalg.norm(way[:, :2], axis=1, keepdims=True)
    return soft(radius - aside, 0.0015) * soft(low + way[:, 2:3], 0.001)


def square_yaw(poses: np.ndarray) -> np.ndarray:
    """Give cosine and sine of four times the yaw of poses (worlds, 7): a square looks alike every quarter turn."""
    turn = 8.0 * np.arctan2(poses[:, 5], poses[:, 6])
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give distances (worlds,) of places (worlds, 2 or 3) [m]."""
    return np.linalg.norm(one - other, axis=1)


def apart(chances: Chances, goal: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw places (episodes, 2) of a goal of that name, and of a cube that is inside too [m]."""
    there = between((0.42, -0.14), (0.58, 0.14), chances(f"{goal}.position", 2))
    side = -np.sign(there - MIDDLE)  # towards the middle of the table
    angle = between((0.0,), (np.pi / 2.0,), chances("cube.direction", 1))
    reach = between((NEAREST,), (FARTHEST,), chances("cube.distance", 1))
    return there, there + side * reach * np.hstack([np.cos(angle), np.sin(angle)])


def rests(state: State, way: np.ndarray, radius: float, width: float) -> np.ndarray:
    """Say whether things of that width [m] are let go within a radius of their places, `way` (worlds, 3) from them."""
    there = (np.linalg.norm(way[:, :2], axis=1) < radius) & (np.abs(way[:, 2]) < LEVEL)
    return there & (state.gripper_opening > width + SPARE)
