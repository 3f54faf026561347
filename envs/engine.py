"""What every physics engine offers to the layer above, so that tasks, arms and policies are written once.

An engine is one world: PyBullet (`envs/bullet/`) or the MuJoCo twin (`envs/reality.py`).
Many of them are stepped by `envs.worlds.Worlds`, which owns the arrays below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from envs.objects import ObjectSpec as ObjectSpec
from envs.rendering.scene import Scene
from randomizers.world import Knob


@dataclass(frozen=True)
class Physics:
    """Rates and solver effort; `envs.physics` has measured presets.

    Attributes:
        rate_hz: Physics steps per second.
        iterations: Solver iterations per physics step.
        fingers: False welds the closed fingers to the hand: half the cost where nothing is grasped.
        residual: Error at which the solver stops early; 1e-3 saves a tenth to a third of a step in free motion and
            is harmless to grasps.
    """

    rate_hz: int
    iterations: int
    fingers: bool
    residual: float = 1e-3


@dataclass
class State:
    """Ground truth of all worlds of a process, one row a world. Positions are in the arm's base frame.

    Attributes:
        joint_positions: (worlds, 7) [rad].
        joint_velocities: (worlds, 7) [rad/s].
        gripper_opening: (worlds,) distance between the finger pads [m].
        hand_position: (worlds, 3) tool point from the measured joints [m].
        hand_target: (worlds, 3) tool point the controller is asked for [m].
        object_poses: (worlds, objects, 7) position [m] and quaternion (x, y, z, w).
        object_velocities: (worlds, objects, 6) linear [m/s] and angular [rad/s].
        goal: (worlds, 3) where the object, or the hand, has to be [m].
        target: (worlds,) index of the object that is to be moved; 0 where there is one.
        sizes: (worlds, objects) factor on the lengths of each object.
    """

    joint_positions: np.ndarray
    joint_velocities: np.ndarray
    gripper_opening: np.ndarray
    hand_position: np.ndarray
    hand_target: np.ndarray
    object_poses: np.ndarray
    object_velocities: np.ndarray
    goal: np.ndarray
    target: np.ndarray
    sizes: np.ndarray

    @classmethod
    def zeros(cls, worlds: int, objects: int, joints: int = 7) -> "State":
        """Allocate the rows of `worlds` worlds."""
        return cls(
            joint_positions=np.zeros((worlds, joints)),
            joint_velocities=np.zeros((worlds, joints)),
            gripper_opening=np.zeros(worlds),
            hand_position=np.zeros((worlds, 3)),
            hand_target=np.zeros((worlds, 3)),
            object_poses=np.zeros((worlds, objects, 7)),
            object_velocities=np.zeros((worlds, objects, 6)),
            goal=np.zeros((worlds, 3)),
            target=np.zeros(worlds),
            sizes=np.ones((worlds, objects)),
        )


class Command(NamedTuple):
    """What the servos are asked for.

    Attributes:
        joints: Joint positions [rad], one for each joint of the arm.
        opening: Distance between the finger pads [m].
    """

    joints: Sequence[float] | np.ndarray
    opening: float


class Engine(Protocol):
    """One world of one physics engine; `name` is that of `envs.capability.ENGINES`."""

    name: str
    scene: Scene
    control_period_s: float
    substeps: int  # physics steps of a control period; may be changed between periods

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The physical knobs (mass, friction, damping, gain) of this world by name."""
        ...

    def reset(self, command: Command, object_poses: np.ndarray) -> None:
        """Put arm and objects at rest where they are asked to be; knobs keep their values.

        Args:
            command: Joint positions and opening to start from and to hold.
            object_poses: (objects, 7) position [m] and quaternion (x, y, z, w).
        """
        ...

    def advance(self, before: Command, after: Command, switch: float) -> None:
        """Simulate one control period.

        Args:
            before: Command obeyed until the switch; models the latency of actions.
            after: Command obeyed from then on.
            switch: Fraction of the control period in [0, 1] after which `after` arrives.
        """
        ...

    def measure(self, state: State, row: int) -> None:
        """Write joints, gripper and objects into one row of `state`."""
        ...

    def transforms(self, out: np.ndarray, known: tuple[State, int] | None = None) -> None:
        """Write `world_from_part` of every part of `scene`, (parts, 3, 4) float32 [m].

        Args:
            out: Where to.
            known: A state and the row in which this world was measured just now; it need not be asked again.
        """
        ...

    def close(self) -> None:
        """Give the engine's memory back."""
        ...
