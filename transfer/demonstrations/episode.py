"""A demonstration and what all demonstrations of a dataset share.

    layout = Layout.of(load("panda"), cameras=("front",), image_size=64)
    layout.check(demonstration)
"""

from dataclasses import dataclass, field

import numpy as np

from envs.arms.controller import MAX_OPENING_STEP, MAX_STEP
from envs.arms.profile import ArmProfile

AXES = ("x", "y", "z")
ACTIONS = ("delta_x", "delta_y", "delta_z", "delta_opening")
ACTION_SCALE = (MAX_STEP, MAX_STEP, MAX_STEP, MAX_OPENING_STEP)
"""Physical size of a policy's unit action per control step [m]."""


@dataclass(frozen=True, eq=False)
class Demonstration:
    """One episode that somebody, or the scripted expert, carried out.

    Attributes:
        proprioception: (frames, P) float32: joints [rad], opening [m], hand [m], hand target minus hand [m].
        goal: (frames, 3) float32 [m], in the arm's base frame.
        actions: (frames, 4) float32, moves of the tool point and of the opening per control step [m].
        images: Per camera (frames, height, width, 3) uint8 RGB.
        task: What was done, in words.
        source: Where it comes from (seed, draw, ...); written to disk, never read by training.
    """

    proprioception: np.ndarray
    goal: np.ndarray
    actions: np.ndarray
    images: dict[str, np.ndarray]
    task: str
    source: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.actions)


@dataclass(frozen=True)
class Layout:
    """What all demonstrations of a dataset share.

    Attributes:
        arm: Name of the arm's profile.
        fps: Control rate [1/s].
        cameras: Names.
        image_size: Side of the square images [px].
        state: Name of every number of the proprioception.
    """

    arm: str
    fps: int
    cameras: tuple[str, ...]
    image_size: int
    state: tuple[str, ...]

    @classmethod
    def of(cls, profile: ArmProfile, cameras: tuple[str, ...], image_size: int) -> "Layout":
        """Give the layout of an arm whose observations are those of `envs.worlds`."""
        hand = [f"{what}_{axis}" for what in ("hand", "ahead") for axis in AXES]
        fps = round(profile.control_rate_hz)
        return cls(profile.name, fps, tuple(cameras), image_size, (*profile.joint_names, "opening", *hand))

    def shapes(self, frames: int) -> dict[str, tuple[int, ...]]:
        """Give the shape of every array of a demonstration."""
        picture = (frames, self.image_size, self.image_size, 3)
        rows = {"proprioception": len(self.state), "goal": len(AXES), "actions": len(ACTIONS)}
        return {name: (frames, size) for name, size in rows.items()} | dict.fromkeys(self.cameras, picture)

    def check(self, demonstration: Demonstration) -> None:
        """Refuse a demonstration of other shapes, or with numbers that are not finite."""
        if len(demonstration) == 0:
            raise ValueError("The demonstration has no frames.")
        if set(demonstration.images) != set(self.cameras):
            raise ValueError(
                f"The demonstration has cameras {sorted(demonstration.images)}; expected {sorted(self.cameras)}."
            )
        for name, shape in self.shapes(len(demonstration)).items():
            seen = name in self.cameras
            array = demonstration.images[name] if seen else getattr(demonstration, name)
            if array.shape != shape:
                raise ValueError(f"`{name}` of the demonstration has shape {array.shape}; expected {shape}.")
            if seen and array.dtype != np.uint8:
                raise ValueError(f"Images of camera `{name}` are {array.dtype}; expected uint8.")
            if not seen and not np.isfinite(array).all():
                frame = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
                raise ValueError(f"`{name}` is not finite at frame {frame}: {array[frame]}.")
