"""From actions to joint targets: small moves of the tool point and the gripper, in worlds and on the arm.

    controller = Controller(profile, worlds=64)
    controller.reset(np.arange(64))
    commands = controller.act(actions)          # (64, 4) in [-1, 1]
    engine.advance(commands[0], commands[0], 0.0)

An action is (dx, dy, dz, opening): the first three move the *asked-for* tool point, never the measured one,
so that the servo's lag does not leak into the path. The hand keeps pointing down.
"""

from dataclasses import dataclass

import numpy as np

from envs.arms import kinematics
from envs.arms.profile import ArmProfile
from envs.engine import Command

MAX_STEP = 0.03
"""Largest move of the tool point per action and axis [m]: 0.6 m/s at 20 Hz."""
MAX_OPENING_STEP = 0.04
"""Largest change of the distance between the pads per action [m]."""
ACTION_SIZE = 4
DOWN = np.diag([1.0, -1.0, -1.0])
"""Orientation of a tool that points down, fingers opening along the base's y axis."""


@dataclass(frozen=True)
class Commands:
    """What the servos of all worlds are asked for.

    Attributes:
        joints: (worlds, 7) [rad].
        opening: (worlds,) distance between the pads [m].
    """

    joints: np.ndarray
    opening: np.ndarray

    def __getitem__(self, row: int) -> Command:
        """Give one world's command."""
        return Command(self.joints[row], float(self.opening[row]))

    def __len__(self) -> int:
        return len(self.joints)


class Controller:
    """Integrates actions into tool targets and solves the joints for them, one row a world.

    Args:
        profile: The arm.
        worlds: Number of rows.
        opening: Distance between the pads at the start of an episode [m]; a task says which.
        grips: False keeps the fingers where they started whatever the action says.

    Attributes:
        targets: (worlds, 3) the tool point asked for [m].
        scale: (4,) physical units per unit of action: m, m, m, m.
    """

    scale = np.array([MAX_STEP, MAX_STEP, MAX_STEP, MAX_OPENING_STEP])

    def __init__(self, profile: ArmProfile, worlds: int, *, opening: float = 0.0, grips: bool = True):
        if not 0.0 <= opening <= profile.hand.max_opening:
            raise ValueError(
                f"opening {opening} m is outside [0, {profile.hand.max_opening}] of `{profile.name}`."
            )
        self.profile = profile
        self.targets = np.zeros((worlds, 3))
        self._start_opening, self._grips = opening, grips
        self._home = np.array(profile.home)
        self._joints = np.zeros((worlds, len(profile.joints)))
        self._openings = np.zeros(worlds)
        self._low, self._high = np.array(profile.workspace.low), np.array(profile.workspace.high)
        self.reset(np.arange(worlds))

    def reset(self, rows: np.ndarray) -> None:
        """Ask the given worlds for the home pose and the opening at start."""
        self._joints[rows] = self._home
        self._openings[rows] = self._start_opening
        self.targets[rows] = kinematics.tool_pose(self.profile.chain, self._home)[0]

    def commands(self) -> Commands:
        """Give what is asked for now, as a copy that later actions leave alone."""
        return Commands(self._joints.copy(), self._openings.copy())

    def act(self, actions: np.ndarray, active: np.ndarray | None = None) -> Commands:
        """Move the targets by one action each and solve the joints.

        Args:
            actions: (worlds, 4), clipped to [-1, 1].
            active: (worlds,) bool; worlds that are False keep their command. Default: all.

        Raises:
            ValueError: Wrong shape, or an action of an active world is not finite.
        """
        rows = np.arange(len(self.targets)) if active is None else np.flatnonzero(active)
        return self.move(rows, self.checked(actions, rows))

    def move(self, rows: np.ndarray, moves: np.ndarray) -> Commands:
        """Do the same with what `checked` gave for the rows, (rows, 4)."""
        moves = moves * self.scale
        self.targets[rows] = np.clip(self.targets[rows] + moves[:, :3], self._low, self._high)
        if self._grips:
            openings = self._openings[rows] + moves[:, 3]
            self._openings[rows] = np.clip(openings, 0.0, self.profile.hand.max_opening)
        arm = self.profile
        kinematics.track(arm.chain, arm.lower, arm.upper, self._home, self.targets, DOWN, rows, self._joints)
        return self.commands()

    def checked(self, actions: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Give the actions of the rows (rows, 4) as float64 in [-1, 1].

        Raises:
            ValueError: Wrong shape, or one of them is not finite.
        """
        actions = np.asarray(actions)
        expected = (len(self.targets), ACTION_SIZE)
        if actions.shape != expected:
            raise ValueError(f"actions have shape {actions.shape}; expected {expected}.")
        chosen = actions[rows].astype(float)
        bad = rows[~np.isfinite(chosen).all(axis=1)]
        if bad.size:
            told = actions[bad[0]]
            raise ValueError(f"action of world {bad[0]} is not finite: {told}. Check the policy's output.")
        return np.clip(chosen, -1.0, 1.0)
