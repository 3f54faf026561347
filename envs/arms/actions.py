"""What the numbers of an action mean: four ways, all in [-1, 1], frames and units below.

| mode             | numbers                       | unit action stands for                                   |
|------------------|-------------------------------|----------------------------------------------------------|
| `ee_delta`       | dx, dy, dz, d opening         | 3 cm a step along the table's axes; 4 cm of opening      |
| `ee_absolute`    | x, y, z, opening              | corners of the workspace, table's frame; closed to open  |
| `joint_delta`    | d of each joint, d opening    | its largest speed for one step [rad]; 4 cm of opening    |
| `joint_position` | each joint, opening           | its limits [rad]; closed to open                         |

Whatever is asked for, the tool point (`ee_*`) moves by at most 3 cm a step and axis and stays in the workspace, a
joint (`joint_*`) turns no faster than it can and stays within its limits, the pads move by at most 4 cm a step.
"""

from dataclasses import dataclass

import numpy as np

from envs.arms.profile import ArmProfile
from randomizers.errors import unknown

MAX_STEP = 0.03
"""Largest move of the tool point per action and axis [m]: 0.6 m/s at 20 Hz."""
MAX_OPENING_STEP = 0.04
"""Largest change of the distance between the pads per action [m]."""
EE_DELTA, EE_ABSOLUTE, JOINT_DELTA, JOINT_POSITION = "ee_delta", "ee_absolute", "joint_delta", "joint_position"
MODES = (EE_DELTA, EE_ABSOLUTE, JOINT_DELTA, JOINT_POSITION)


@dataclass(frozen=True)
class Actions:
    """One of the ways: physical = offset + scale * action.

    Attributes:
        mode: Its name.
        names: Of the numbers, in order.
        scale: (size,) physical units per unit of action [m or rad].
        offset: (size,) what the action 0 means; 0 for deltas [m or rad].
        fastest: (size,) largest change per step [m or rad].
        of_joints: The numbers are joints, not a tool point.
        absolute: They are places, not changes.
    """

    mode: str
    names: tuple[str, ...]
    scale: np.ndarray
    offset: np.ndarray
    fastest: np.ndarray
    of_joints: bool
    absolute: bool

    @classmethod
    def of(cls, mode: str, profile: ArmProfile) -> "Actions":
        """Describe a mode of an arm.

        Raises:
            ValueError: There is no such mode.
        """
        if mode not in MODES:
            raise ValueError(unknown("way of actions", mode, MODES))
        joints, absolute = mode in (JOINT_DELTA, JOINT_POSITION), mode in (EE_ABSOLUTE, JOINT_POSITION)
        names = (*(profile.joint_names if joints else ("x", "y", "z")), "opening")
        fastest = np.append(profile.velocity * profile.control_period_s if joints else [MAX_STEP] * 3, MAX_OPENING_STEP)
        if not absolute:
            return cls(mode, names, fastest, np.zeros(len(names)), fastest, joints, False)
        box = profile.workspace
        low = np.append(profile.lower if joints else box.low, 0.0)
        high = np.append(profile.upper if joints else box.high, profile.hand.max_opening)
        return cls(mode, names, 0.5 * (high - low), 0.5 * (high + low), fastest, joints, True)

    @property
    def size(self) -> int:
        """Numbers of an action."""
        return len(self.names)

    def changes(self, actions: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Give the changes (rows, size) that actions (rows, size) ask for, from where the targets are now."""
        if not self.absolute:
            return actions * self.scale
        return np.clip(self.offset + self.scale * actions - now, -self.fastest, self.fastest)

    def units(self, changes: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Give the actions (rows, size) in [-1, 1] that ask for some changes; the inverse of `changes`."""
        wanted = now + changes - self.offset if self.absolute else changes
        return np.clip(wanted / self.scale, -1.0, 1.0)
