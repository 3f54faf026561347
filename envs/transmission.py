"""What gears and bearings make of joint commands: dry friction, periodic gear error, backlash; for any engine.

    transmission = Transmission(joint_names, worlds=8)
    transmission.columns["backlash.panda_joint1"].write(rows, np.full(8, 0.004))     # [rad]
    transmission.begin(rows, home)                       # (worlds, joints) [rad]
    transmission.bend(rows, commands, measured)          # in place; untouched where nothing is written

Emulated on what the servos are asked for, once per control step, because no engine has backlash or gear error,
and in PyBullet a position servo takes the place of a joint's friction:

    friction f      the servo's spring, SERVO_STIFFNESS k, needs f / k more to move: it stops short by f / k,
                    and within f / k of its target it does not move at all
    gear error      q + a sin(GEAR_CYCLES q + phase): the wave of a strain-wave gear, after the motor's encoder
    backlash b      the joint stands still until the motor has crossed the gap b
"""

from collections.abc import Sequence

import numba
import numpy as np

from envs.columns import Column, number

SERVO_STIFFNESS = 2000.0
"""What dry friction works against [N m/rad]: between wrist and shoulder of the twin's servos; guessed."""
GEAR_CYCLES = 200.0
"""Waves of the gear error per turn of the joint: twice per turn of the wave generator at ratio 100."""
FRICTION_LIMITS, BACKLASH_LIMITS, ERROR_LIMITS, PHASE_LIMITS = (0.0, 20.0), (0.0, 0.1), (0.0, 0.05), (-360.0, 360.0)


class Transmission:
    """Gears and bearings of all joints of a batch of worlds.

    Args:
        joints: Their names.
        worlds: Number of rows.

    Attributes:
        columns: Everything that can be varied, by name.
    """

    def __init__(self, joints: Sequence[str], worlds: int):
        self._friction, self._backlash, self._error, self._phase = np.zeros((4, worlds, len(joints)))
        self._loose = np.zeros((worlds, len(joints)))  # where the loose side of the gap is [rad]
        self.columns: dict[str, Column] = {}
        for j, name in enumerate(joints):
            for kind, array, unit, limits in (
                (f"joint_friction.{name}", self._friction, "N m", FRICTION_LIMITS),
                (f"backlash.{name}", self._backlash, "rad", BACKLASH_LIMITS),
                (f"gear_error.{name}.amplitude", self._error, "rad", ERROR_LIMITS),
            ):
                self.columns[kind] = number(array, 0.0, unit, limits, at=(j,))
            turn = np.pi / 180.0
            self.columns[f"gear_error.{name}.phase_deg"] = number(
                self._phase, 0.0, "deg", PHASE_LIMITS, at=(j,), factor=turn
            )

    def begin(self, rows: np.ndarray, commands: np.ndarray) -> None:
        """Begin episodes with the gaps centred about commands (worlds, joints) [rad]."""
        self._loose[rows] = commands[rows]

    def bend(self, rows: np.ndarray, commands: np.ndarray, measured: np.ndarray) -> None:
        """Change the commands of some rows in place.

        Args:
            rows: (n,).
            commands: (worlds, joints) what motors are asked for [rad].
            measured: (worlds, joints) where the joints are [rad].
        """
        if self._friction.any() or self._backlash.any() or self._error.any():
            _bend(rows, commands, measured, self._friction, self._error, self._phase, self._backlash, self._loose)


@numba.njit(cache=True)
def _bend(rows, commands, measured, friction, error, phase, backlash, loose):
    """Pass commands through bearings, gears and gaps, joint by joint."""
    for row in rows:
        for j in range(commands.shape[1]):
            asked = commands[row, j]
            if friction[row, j] > 0.0:
                short = friction[row, j] / SERVO_STIFFNESS
                away = asked - measured[row, j]
                asked -= min(max(away, -short), short)
            if error[row, j] > 0.0:
                asked += error[row, j] * np.sin(GEAR_CYCLES * asked + phase[row, j])
            if backlash[row, j] > 0.0:
                half = 0.5 * backlash[row, j]
                asked = min(max(loose[row, j], asked - half), asked + half)
                loose[row, j] = asked
            commands[row, j] = asked
