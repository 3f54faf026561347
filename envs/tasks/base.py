"""What a task is, for every engine: objects, layout, success, reward, features and a scripted expert.

    task = get("push")
    layout = task.layout(seed=7, episodes=np.arange(64), split="train")
    actions = task.expert(state)                 # (64, 4), smooth in the state, without memory

Tasks read only `State`, so PyBullet, the MuJoCo twin and a real arm share them. All functions take all worlds
at once and treat every row alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import ClassVar

import numpy as np

from envs.arms.controller import ACTION_SIZE, MAX_STEP
from envs.engine import ObjectSpec, Physics, State
from envs.tasks.language import described, phrase
from randomizers.errors import unknown
from randomizers.streams import uniforms

HOLD_STEPS = 4
"""Success has to hold for so many control steps in a row before an episode ends."""
SPLITS = ("train", "heldout")
NAMES = ("reach", "push", "lift", "place", "stack", "insert", "drawer", "sort")
REWARDS = ("dense", "sparse", "progress")
PROGRESS_PER_M = 10.0
"""What a metre of progress is worth: a whole task is worth a few units, as critics like it."""
DONE = 5.0
"""What finishing is worth beside the progress."""


@dataclass(frozen=True)
class Layout:
    """Where episodes start.

    Attributes:
        object_poses: (episodes, objects, 7) position [m] and quaternion (x, y, z, w).
        goal: (episodes, 3) [m].
        target: (episodes,) index of the object that is to be moved; the first where not given.
    """

    object_poses: np.ndarray
    goal: np.ndarray
    target: np.ndarray = field(default_factory=lambda: np.zeros(0, int))

    def __post_init__(self) -> None:
        if not len(self.target):
            object.__setattr__(self, "target", np.zeros(len(self.goal), int))


class Task(ABC):
    """One thing to do with the arm.

    Attributes:
        name: Its name on the command line.
        objects: Movable bodies in the order of every object array.
        physics: Rates and solver effort it needs.
        horizon: Control steps after which an episode is cut.
        opening: Distance between the finger pads at the start [m].
        radius: Distance that counts as there [m].
        marks: Index of the object that stands where the goal is; None where nothing does.
        sentences: What may be said, by mood; {thing} is the object to be moved, {goal} the one that marks the goal.
    """

    name: ClassVar[str]
    objects: ClassVar[tuple[ObjectSpec, ...]]
    physics: ClassVar[Physics]
    horizon: ClassVar[int]
    opening: ClassVar[float]
    radius: ClassVar[float]
    marks: ClassVar[int | None] = None
    sentences: ClassVar[dict[str, tuple[str, ...]]]

    def layout(self, seed: int, episodes: np.ndarray, split: str = "train") -> Layout:
        """Place objects and goal; addressed by seed, episode and split, whatever the randomization.

        Args:
            seed: Of the run.
            episodes: (n,) episode numbers.
            split: "train", or "heldout" for layouts that no training episode can have.
        """
        if split not in SPLITS:
            raise ValueError(unknown("split", split, SPLITS))
        prefix = "layout" if split == "train" else f"layout.{split}"
        return self.place(Chances(seed, np.atleast_1d(episodes), prefix))

    @abstractmethod
    def place(self, chances: "Chances") -> Layout:
        """Turn uniform numbers into a layout."""

    @abstractmethod
    def success(self, state: State) -> np.ndarray:
        """Say for each world (worlds,) bool whether the task is done at this moment."""

    @abstractmethod
    def reward(self, state: State) -> np.ndarray:
        """Give the shaped reward of this moment (worlds,)."""

    def sparse(self, state: State) -> np.ndarray:
        """Give the sparse reward of this moment (worlds,): 1 where the task is done, else 0."""
        return self.success(state).astype(float)

    def potential(self, state: State) -> np.ndarray:
        """Give how far along the task is (worlds,) [m]: the shaped reward without its share for success."""
        return self.reward(state) - self.success(state)

    @abstractmethod
    def features(self, state: State) -> np.ndarray:
        """Give the ground truth a state policy sees (worlds, S) float32, mostly relative vectors [m]."""

    @abstractmethod
    def expert(self, state: State) -> np.ndarray:
        """Give the scripted expert's action (worlds, 4) in [-1, 1]."""

    def contact(self, state: State) -> np.ndarray:
        """Give where the hand acts on the object, now or next (worlds, 3) [m]: here, where it is grasped."""
        return state.object_poses[np.arange(len(state.target)), state.target.astype(int), :3]

    def instruction(
        self,
        target: int,
        luck: float,
        poses: np.ndarray | None = None,
        objects: Sequence[ObjectSpec] | None = None,
    ) -> str:
        """Say in words what is to be done; true of the scene, and not to be mistaken.

        Args:
            target: Index of the object that is to be moved, as in `State.target`.
            luck: Chooses among all that can be said, in [0, 1).
            poses: (objects, 7) where things are; without them, nothing is said of left and right.
            objects: As they are built now, where their size or shape varies.

        Raises:
            ValueError: No words mean that object alone.
        """
        known = self.objects if objects is None else objects
        names = {"thing": described(known, int(target), poses)} if known else {}
        if self.marks is not None:
            names["goal"] = described(known, self.marks)
        return phrase(self.sentences, luck, **names)

    def auxiliary(self, state: State) -> np.ndarray:
        """Give what a vision encoder may be asked to predict (worlds, 3): the object's position [m]."""
        return state.object_poses[:, 0, :3].astype(np.float32)


@dataclass(frozen=True)
class Chances:
    """Addressed uniform numbers for the layouts of some episodes."""

    seed: int
    episodes: np.ndarray
    prefix: str

    def __call__(self, name: str, *shape: int) -> np.ndarray:
        """Give (episodes, *shape) numbers in [0, 1) that belong to a name."""
        address, count = f"{self.prefix}.{name}", int(np.prod(shape, dtype=int))
        drawn = uniforms(self.seed, self.episodes, 0, (address,), (count,))
        return np.ascontiguousarray(drawn).reshape(len(self.episodes), *shape)


def between(low: tuple[float, ...], high: tuple[float, ...], u: np.ndarray) -> np.ndarray:
    """Map u in [0, 1) (..., d) linearly to the box from low to high (d,)."""
    return np.asarray(low) + u * (np.asarray(high) - np.asarray(low))


def upright(yaw: np.ndarray) -> np.ndarray:
    """Give quaternions (..., 4) as (x, y, z, w) of turns about the vertical axis [rad]."""
    zero = np.zeros_like(yaw)
    return np.stack([zero, zero, np.sin(yaw / 2.0), np.cos(yaw / 2.0)], axis=-1)


def soft(x: np.ndarray, width: float) -> np.ndarray:
    """Blend from 0 (x far below 0) to 1 (far above) over about `width`: experts switch with it, not `if`."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x) / width))


def action(velocity: np.ndarray, opening: np.ndarray | float = 0.0) -> np.ndarray:
    """Build actions (worlds, 4) from moves of the tool point (worlds, 3) [m per step] and gripper actions."""
    actions = np.zeros((len(velocity), ACTION_SIZE))
    actions[:, :3] = velocity / MAX_STEP
    actions[:, 3] = opening
    return np.minimum(np.maximum(actions, -1.0), 1.0)


def rewarding(task: Task, kind: str) -> Callable[[State], np.ndarray]:
    """Give the function that says what a moment is worth; of "progress", the difference counts."""
    if kind not in REWARDS:
        raise ValueError(unknown("reward", kind, REWARDS))
    return getattr(task, {"dense": "reward", "sparse": "sparse", "progress": "potential"}[kind])


@cache
def get(name: str) -> Task:
    """Give the task of a name.

    Raises:
        ValueError: There is no such task; the nearest name is given.
    """
    if name not in NAMES:
        raise ValueError(unknown("task", name, NAMES))
    return getattr(import_module(f"envs.tasks.{name}"), name.capitalize())()
