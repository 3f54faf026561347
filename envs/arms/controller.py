"""From actions to joint targets: small moves of the tool point and the gripper, in worlds and on the arm.

    controller = Controller(profile, worlds=64)
    controller.reset(np.arange(64))
    commands = controller.act(actions)          # (64, 4) in [-1, 1]
    engine.advance(commands[0], commands[0], 0.0)

An action is (dx, dy, dz, opening) unless another way is chosen, see `envs.arms.actions`. It moves the *asked-for*
tool point, never the measured one, so that the servo's lag does not leak into the path. With moves of the tool the
hand keeps pointing down.
"""

from dataclasses import dataclass

import numpy as np

from envs.arms import kinematics
from envs.arms.actions import EE_DELTA, MAX_OPENING_STEP, MAX_STEP, Actions
from envs.arms.profile import ArmProfile
from envs.arms.reach import DOWN
from envs.engine import Command

__all__ = ["ACTION_SIZE", "DOWN", "MAX_OPENING_STEP", "MAX_STEP", "Commands", "Controller"]

ACTION_SIZE = 4
"""Of `ee_delta`, which experts speak; of any other way it is `Controller.size`."""


@dataclass(frozen=True)
class Commands:
    """What the servos of all worlds are asked for.

    Attributes:
        joints: (worlds, joints) [rad].
        opening: (worlds,) distance between the pads [m].
    """

    joints: np.ndarray
    opening: np.ndarray

    def __getitem__(self, row: int) -> Command:
        """Give one world's command."""
        return Command(self.joints[row], float(self.opening[row]))

    def each(self) -> list[Command]:
        """Give the commands of all worlds as plain numbers, which engines read fastest."""
        return list(map(Command, self.joints.tolist(), self.opening.tolist()))

    def __len__(self) -> int:
        return len(self.joints)


class Controller:
    """Integrates actions into tool targets and solves the joints for them, one row a world.

    Args:
        profile: The arm.
        worlds: Number of rows.
        opening: Distance between the pads at the start of an episode [m]; a task says which.
        grips: False keeps the fingers where they started whatever the action says.
        actions: What the numbers of an action mean, one of `envs.arms.actions.MODES`.

    Attributes:
        targets: (worlds, 3) the tool point asked for [m].
        actions: What the numbers of an action mean: names, scale, offset.
        scale: (size,) physical units per unit of action: m, or rad.
    """

    def __init__(
        self, profile: ArmProfile, worlds: int, *, opening: float = 0.0, grips: bool = True, actions: str = EE_DELTA
    ):
        self.actions = Actions.of(actions, profile)
        self.scale = self.actions.scale
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

    @property
    def size(self) -> int:
        """Numbers of an action."""
        return self.actions.size

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
            actions: (worlds, size), clipped to [-1, 1].
            active: (worlds,) bool; worlds that are False keep their command. Default: all.

        Raises:
            ValueError: Wrong shape, or an action of an active world is not finite.
        """
        rows = np.arange(len(self.targets)) if active is None else np.flatnonzero(active)
        return self.move(rows, self.checked(actions, rows))

    def move(self, rows: np.ndarray, moves: np.ndarray) -> Commands:
        """Do the same with what `checked` gave for the rows, (rows, size)."""
        changes = self.actions.changes(moves, self._now(rows)) if self.actions.absolute else moves * self.scale
        if self._grips:
            openings = self._openings[rows] + changes[:, -1]
            self._openings[rows] = np.clip(openings, 0.0, self.profile.hand.max_opening)
        if self.actions.of_joints:
            joints = self._joints[rows] + changes[:, :-1]
            self._joints[rows] = np.clip(joints, self.profile.lower, self.profile.upper)
            for row in rows:
                self.targets[row] = kinematics.tool_pose(self.profile.chain, self._joints[row])[0]
        else:
            self.targets[rows] = np.clip(self.targets[rows] + changes[:, :3], self._low, self._high)
            self._track(rows, self.targets, self._joints)
        return self.commands()

    def from_delta(self, actions: np.ndarray) -> np.ndarray:
        """Say in the present way what an expert says as `ee_delta`; asks for nothing yet.

        Args:
            actions: (worlds, 4) moves of the tool point and the opening, in [-1, 1].

        Returns:
            (worlds, size) in [-1, 1]. A joint that would have to turn faster than it can turns as fast as it can.
        """
        if self.actions.mode == EE_DELTA:
            return actions
        moves = np.clip(actions, -1.0, 1.0) * (MAX_STEP, MAX_STEP, MAX_STEP, MAX_OPENING_STEP)
        rows = np.arange(len(self.targets))
        targets = np.clip(self.targets + moves[:, :3], self._low, self._high)
        changes = targets - self.targets
        if self.actions.of_joints:
            joints = self._joints.copy()
            self._track(rows, targets, joints)
            changes = joints - self._joints
        return self.actions.units(np.column_stack((changes, moves[:, 3])), self._now(rows))

    def _now(self, rows: np.ndarray) -> np.ndarray:
        """Give what is asked for now in the units of the actions, (rows, size)."""
        place = self._joints if self.actions.of_joints else self.targets
        return np.column_stack((place[rows], self._openings[rows]))

    def _track(self, rows: np.ndarray, targets: np.ndarray, joints: np.ndarray) -> None:
        """Solve joints (worlds, joints) of some rows for targets (worlds, 3), in place."""
        arm = self.profile
        kinematics.track(arm.chain, arm.lower, arm.upper, self._home, targets, DOWN, rows, joints)

    def checked(self, actions: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Give the actions of the rows (rows, size) as float64 in [-1, 1].

        Raises:
            ValueError: Wrong shape, or one of them is not finite.
        """
        actions = np.asarray(actions)
        expected = (len(self.targets), self.size)
        if actions.shape != expected:
            raise ValueError(f"actions have shape {actions.shape}; expected {expected}.")
        chosen = actions[rows].astype(float)
        bad = rows[~np.isfinite(chosen).all(axis=1)]
        if bad.size:
            told = actions[bad[0]]
            raise ValueError(f"action of world {bad[0]} is not finite: {told}. Check the policy's output.")
        return np.clip(chosen, -1.0, 1.0)
