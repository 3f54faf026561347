"""Random still images of a task's table: no physics, any renderer, everything that is seen may vary.

    stills = Stills("push", renderer, 64, randomization=SIGHT, image_size=64)
    images, cubes = stills.take(seed=0, first=128)     # (64, 64, 64, 3) uint8, (64, 2) [m]

Image i of a seed is the same in any batch. `photograph` takes images of the same kind in worlds with physics,
such as the reality twin's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from envs.address import drawn_with
from envs.arms import kinematics
from envs.arms import profile as arms
from envs.arms.controller import DOWN
from envs.arms.profile import ArmProfile
from envs.chance import Chance
from envs.clock import Clock
from envs.columns import RowKnobs
from envs.engine import Command, State
from envs.rendering.assets import arm_scene
from envs.rendering.scene import Renderer, Scene
from envs.sight import Sight
from envs.tasks import base as tasks
from envs.tasks.base import Task, between, upright
from envs.transforms import PartFrames
from randomizers import Randomization
from randomizers.streams import uniforms
from randomizers.strength import Strength

if TYPE_CHECKING:
    from envs.worlds import Worlds

CUBE_LOW_M, CUBE_HIGH_M = (0.36, -0.20), (0.64, 0.20)
"""Where cubes lie: the part of the table that both nominal cameras see well."""
HAND_LOW_M, HAND_HIGH_M = (0.32, -0.30, 0.03), (0.66, 0.28, 0.36)
"""Where the tool point is: the workspace of the arm."""
CLEAR_M, ABOVE_M = 0.08, 0.12
"""A hand nearer to a cube than the first, seen from above, is lifted to the second."""
SOLVES = 8
"""Calls of inverse kinematics from home, three iterations each: leaves less than a centimetre."""


@dataclass(frozen=True)
class Poses:
    """Where arm and cube are in each image.

    Attributes:
        joints: (n, joints) [rad].
        opening: (n,) distance between the pads [m].
        cube: (n, 7) position [m] and quaternion (x, y, z, w).
    """

    joints: np.ndarray
    opening: np.ndarray
    cube: np.ndarray


def draw_poses(profile: ArmProfile, task: Task, seed: int, numbers: np.ndarray, split: str = "train") -> Poses:
    """Draw poses by the numbers (n,) of their images: a cube on the table, a hand that points down somewhere else."""
    luck = uniforms(seed, numbers, 0, (f"stills.{split}",), (7,))  # (n, 7) in (0, 1)
    place = between(CUBE_LOW_M, CUBE_HIGH_M, luck[:, :2])
    turn = upright((luck[:, 2] - 0.5) * np.pi / 2.0)
    height = np.full((len(numbers), 1), task.objects[0].half_extents[2])
    hand = between(HAND_LOW_M, HAND_HIGH_M, luck[:, 3:6])
    near = np.linalg.norm(hand[:, :2] - place, axis=1) < CLEAR_M
    hand[near, 2] = np.maximum(hand[near, 2], ABOVE_M)
    home = np.array(profile.home)
    joints, rows = np.tile(home, (len(numbers), 1)), np.arange(len(numbers))
    for _ in range(SOLVES):
        kinematics.track(profile.chain, profile.lower, profile.upper, home, hand, DOWN, rows, joints)
    return Poses(joints, profile.hand.max_opening * luck[:, 6], np.hstack([place, height, turn]))


class Stills:
    """A batch of worlds in which nothing moves, seen by one camera.

    Args:
        task: Its first object is the cube; the others stay away.
        renderer: Draws the training scene of the task, `scene_of(task)`.
        worlds: Images of a batch.
        randomization: What varies; only what is seen can.
        camera: Name of the camera.
        image_size: Height and width of an image [px].
        split: "train", or "heldout" for poses and draws that training cannot have.
        strength: Of the randomization.
    """

    def __init__(
        self,
        task: str,
        renderer: Renderer,
        worlds: int,
        *,
        randomization: Randomization,
        camera: str = "front",
        image_size: int = 64,
        split: str = "train",
        strength: Strength = 1.0,
    ):
        self.worlds, self._split, self._strength, self._camera = worlds, split, strength, camera
        self._task, self._profile, scene = tasks.get(task), arms.load("panda"), scene_of(task)
        clock = Clock.of(worlds, self._profile.control_period_s)
        self.sight = Sight(scene, clock, (camera,), image_size, renderer)
        columns = self.sight.columns
        knobs = [RowKnobs({}, columns, row) for row in range(worlds)]
        self.domain = randomization.bind(_Row(knobs[0]))
        self.chance = Chance(self.domain, knobs, columns, clock)
        frames = PartFrames(scene, self._profile, self._task)
        self._engines: Any = [_Posed(frames, row) for row in range(worlds)]

    def redraw(self, seed: int, first: int) -> None:
        """Draw the looks of images `first` and following."""
        rows = np.arange(self.worlds)
        seeds = drawn_with(np.full(self.worlds, seed), self._split)
        self.chance.begin(rows, seeds, first + rows, self._strength, None)

    def take(self, seed: int, first: int) -> tuple[np.ndarray, np.ndarray]:
        """Give images `first` and following, (worlds, size, size, 3) uint8, and where their cubes are (worlds, 2)."""
        rows = np.arange(self.worlds)
        self.redraw(seed, first)
        poses = draw_poses(self._profile, self._task, seed, first + rows, self._split)
        for engine in self._engines:
            engine.poses = poses
        self.sight.begin(rows, rows, self._engines)
        return self.sight.look(rows)["images"][self._camera], poses.cube[:, :2].copy()

    def close(self) -> None:
        """Give back what the renderer holds."""
        self.sight.close()


def photograph(worlds: "Worlds", seed: int, first: int, strength: Strength) -> tuple[np.ndarray, np.ndarray]:
    """Take the like of `Stills.take` in worlds with physics: images of their first camera, and the cubes' places."""
    rows, profile = np.arange(worlds.num), arms.load("panda")
    worlds.begin(rows, seed, first + rows, strength)
    poses = draw_poses(profile, worlds.task, seed, first + rows, worlds.split)
    for row, engine in enumerate(worlds.engines):
        engine.reset(Command(poses.joints[row], float(poses.opening[row])), poses.cube[row : row + 1])
    worlds.sight.begin(rows, rows, worlds.engines)
    return worlds.observe()["images"][worlds.cameras[0]], poses.cube[:, :2].copy()


def scene_of(task: str) -> Scene:
    """Build the scene that images of a task show.

    Raises:
        ValueError: The task has no cube.
    """
    found = tasks.get(task)
    if len(found.objects) != 1:
        names = ", ".join(name for name in tasks.NAMES if len(tasks.get(name).objects) == 1)
        raise ValueError(f"task `{task}` has {len(found.objects)} objects to look for; take one with one: {names}.")
    return arm_scene(arms.load("panda"), found)


@dataclass(frozen=True)
class _Row:
    """A world as randomizers see it."""

    knobs: RowKnobs


@dataclass
class _Posed:
    """What stands for a physics engine: arm and cube of one row where they were put."""

    frames: PartFrames
    row: int
    poses: Poses | None = None

    def transforms(self, out: np.ndarray, known: tuple[State, int] | None = None) -> None:
        if self.poses is not None:
            joints, opening, cube = self.poses.joints, self.poses.opening, self.poses.cube
            self.frames.write(joints[self.row], float(opening[self.row]), cube[self.row : self.row + 1], out)
