"""Sort: of several things, bring the one that the instruction names to the marked zone and let go."""

from typing import ClassVar

import numpy as np

from envs.engine import ObjectSpec, State
from envs.objects import Shape
from envs.physics import GRASP
from envs.tasks.base import Chances, Layout, Task, action, between, upright
from envs.tasks.grasping import Grasp, carry, distance, put, release

RED, BLUE, GREEN = (0.82, 0.14, 0.10), (0.10, 0.22, 0.80), (0.12, 0.60, 0.16)
LARGE, SMALL = 0.0225, 0.015


def _cylinder(name: str, half: float, mass: float, colour: tuple[float, float, float]) -> ObjectSpec:
    shape = Shape("cylinder", (half, half, half))
    return ObjectSpec(name, (half, half, half), mass, 0.7, colour, shapes=(shape,))


THINGS = (
    ObjectSpec("large_red_cube", (LARGE,) * 3, 0.12, 0.7, RED, sizes=(0.9, 1.1)),
    ObjectSpec("small_red_cube", (SMALL,) * 3, 0.06, 0.7, RED, sizes=(0.9, 1.1)),
    ObjectSpec("blue_cube", (LARGE,) * 3, 0.12, 0.7, BLUE),
    _cylinder("green_cylinder", LARGE, 0.12, GREEN),
)
"""Blocks that differ in colour, shape and size, so that each can be named in several ways."""
ZONE = ObjectSpec("zone", (0.055, 0.055, 0.0005), 0.0, 0.0, (0.93, 0.93, 0.95), fixed=True, solid=False)
"""A white square of 11 cm painted on the table."""
HALF = np.array([thing.half_extents[2] for thing in THINGS])
SLOTS = np.array([(x, y) for x in (0.41, 0.54) for y in (-0.19, -0.07, 0.05)])
"""Places with room for the open hand between them [m]."""
JITTER = 0.014
"""Things lie so far from the middle of their place, or less, along x and y [m]."""
NEAR = 0.04
"""Distance to the middle of the zone that counts as in it [m]."""


class Sort(Task):
    """The named thing lies in the zone, alone, and the hand has let go."""

    name = "sort"
    objects = (*THINGS, ZONE)
    physics = GRASP
    horizon = 110
    opening = 0.08
    radius = NEAR
    marks = 4
    sentences: ClassVar[dict[str, tuple[str, ...]]] = {
        "imperative": ("Put the {thing} onto the {goal}.", "Bring the {thing} to the {goal} and leave the rest."),
        "interrogative": ("Can you put the {thing} onto the {goal}?", "Would you bring the {thing} to the {goal}?"),
        "deictic": ("Put that {thing} there, onto the {goal}.", "See this {thing}? It belongs on that {goal}."),
        "colloquial": ("Just pop the {thing} onto the {goal}, please.", "Hey, I need the {thing} over on the {goal}."),
    }

    def place(self, chances: Chances) -> Layout:
        """Draw which thing is meant, things on different places of a grid, and a zone on one side of them."""
        episodes, number = len(chances.episodes), len(THINGS)
        slots = np.argsort(chances("slots", len(SLOTS)), axis=1)[:, :number]
        spots = SLOTS[slots] + JITTER * (2.0 * chances("jitter", number, 2) - 1.0)
        zone = between((0.43, 0.17), (0.53, 0.21), chances("zone.position", 2))
        places = np.concatenate([spots, zone[:, None]], axis=1)
        places[:, :, 1] *= np.where(chances("side", 1) < 0.5, 1.0, -1.0)
        heights = np.append(HALF, ZONE.half_extents[2])
        turns = (chances("yaw", number + 1) - 0.5) * np.deg2rad(30.0)
        turns[:, -1] = 0.0
        poses = np.concatenate([places, np.tile(heights, (episodes, 1))[:, :, None], upright(turns)], axis=2)
        target = np.minimum((chances("target") * number).astype(int), number - 1)
        goal = np.hstack([places[:, -1], HALF[target][:, None]])
        return Layout(poses, goal, target)

    def success(self, state: State) -> np.ndarray:
        """Say for each world whether the named thing, and no other, lies in the zone and is free."""
        places = state.object_poses[:, : len(THINGS), :3]
        inside = np.linalg.norm((places - state.goal[:, None])[:, :, :2], axis=2) < NEAR
        rows, index = np.arange(len(places)), meant(state)
        low = np.abs(places[rows, index, 2] - half(state)) < 0.008
        free = state.gripper_opening > 2.0 * half(state) + 0.016
        return inside[rows, index] & (inside.sum(axis=1) == 1) & low & free

    def reward(self, state: State) -> np.ndarray:
        """Give minus the distances hand to thing and thing to zone [m], and 1 more for success."""
        thing = place_of(state)
        return self.success(state) - 0.5 * distance(thing, state.hand_position) - distance(state.goal, thing)

    def features(self, state: State) -> np.ndarray:
        """Give hand, its way to target and thing, the thing's to the zone, opening [m], which one (worlds, 29).

        The others follow: where each thing is as seen from the hand.
        """
        hand, thing, number = state.hand_position, place_of(state), len(THINGS)
        which = np.eye(number)[meant(state)]
        seen = [hand, state.hand_target - hand, thing - hand, state.goal - thing, state.gripper_opening[:, None]]
        others = (state.object_poses[:, :number, :3] - hand[:, None]).reshape(len(hand), -1)
        return np.hstack([*seen, which, others]).astype(np.float32)

    def expert(self, state: State) -> np.ndarray:
        """Take the named thing, carry it over the others to the zone, put it down, let go and rise."""
        thing = place_of(state)
        grasp = Grasp.of(state, thing, 2.0 * half(state)[:, None])
        move = grasp.blend(carry(thing, state.goal, over=0.09))
        return action(*release(state, grasp, move, put(thing, state.goal)))

    def auxiliary(self, state: State) -> np.ndarray:
        """Give where the named thing is (worlds, 3) [m]."""
        return place_of(state).astype(np.float32)


def meant(state: State) -> np.ndarray:
    """Give the index of the named thing (worlds,)."""
    return state.target.astype(int)


def half(state: State) -> np.ndarray:
    """Give half of the height and width of the named thing (worlds,) [m]."""
    index = meant(state)
    return HALF[index] * state.sizes[np.arange(len(index)), index]


def place_of(state: State) -> np.ndarray:
    """Give where the named thing is (worlds, 3) [m]."""
    return state.object_poses[np.arange(len(state.target)), meant(state), :3]
