"""What an arm offers to the runtime: readings, commands, a stop. Drivers of real arms have the same."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Description:
    """What an arm says of itself before anything moves.

    Attributes:
        arm: Name of the model.
        joints: Names in the order of its joint arrays.
        control_rate_hz: Commands per second that it expects.
        cameras: Height and width of each camera's images [px].
        level: How real it is, in words; printed in every result.
        notes: More of it, as plain data (reality card, renderer, ...).
        speaks: It says what is to be done when an episode begins.
    """

    arm: str
    joints: tuple[str, ...]
    control_rate_hz: float
    cameras: dict[str, tuple[int, int]]
    level: str
    notes: dict = field(default_factory=dict)
    speaks: bool = False


@dataclass(frozen=True)
class Reading:
    """What was measured at one moment.

    Attributes:
        stamp_s: When, on the arm's clock [s].
        joints: (joints,) in the arm's units and order.
        opening: Distance between the finger pads [m].
        images: Per camera (height, width, 3) uint8 RGB.
    """

    stamp_s: float
    joints: np.ndarray
    opening: float
    images: dict[str, np.ndarray]


@dataclass(frozen=True)
class Verdict:
    """What a judge says after a command: whether the episode is over, and whether it went well.

    It counts for the score alone; the policy never learns of it. An arm without a judge is never done.
    """

    done: bool = False
    success: bool = False


class Arm(Protocol):
    """An arm with its cameras. Any method may raise TimeoutError or ConnectionError.

    Attributes:
        description: What it says of itself.
        wanted: What is to be done in the present episode, in words; "" of an arm that does not speak.
    """

    description: Description
    wanted: str

    def begin(self, seed: int, episode: int) -> np.ndarray:
        """Bring arm and scene to the start of an episode; (3,) the goal in the base frame [m]."""
        ...

    def observe(self) -> Reading:
        """Measure."""
        ...

    def command(self, joints: np.ndarray, opening: float) -> Verdict:
        """Ask for joint positions, in the arm's units and order, and an opening [m]."""
        ...

    def stop(self) -> None:
        """Hold still where the arm is, until `begin`."""
        ...

    def close(self) -> None:
        """Let go of the arm."""
        ...
