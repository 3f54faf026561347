"""The arm of a PyBullet world: loaded lean, driven by position servos that are first-order lags.

Contact parameters of the fingers were chosen by measurement: what holds a grasp and costs least.
"""

import numpy as np
import pybullet as pb

from envs.arms.kinematics import tool_point
from envs.arms.profile import ArmProfile
from envs.arms.urdf import arm_file
from envs.engine import Command, Physics, State

FINGER_FRICTION = 1.0
"""Nominal coefficient; Bullet multiplies those of the two bodies that touch."""
FINGER_CONTACT = {
    "spinningFriction": 0.01,
    "rollingFriction": 0.01,
    "contactStiffness": 3e4,
    "contactDamping": 300.0,
    "frictionAnchor": 1,
}
"""Soft pads. Without these an object turns and creeps in the grasp (simulator.md, section 2). Rolling friction
[m] stands for the width of a pad: at 0.16 to 0.25 between cube and pads, 160 of 160 lifts hold with it and with
this contact damping, 56 without rolling friction and with 1e3; the rest spin out of the fingers."""
GEAR = {"gearRatio": -1, "erp": 0.05, "maxForce": 100}
"""Couples the fingers; without it the object drifts 14 mm sideways in the hand."""


class Robot:
    """An arm with its gripper in one PyBullet client.

    Args:
        client: Of `pybullet.connect`.
        profile: The arm, its base at the origin.
        physics: Its rate, and whether the fingers move.

    Attributes:
        body: Of the arm.
        motors: Index of each joint that moves: the arm's, then the fingers'. The second finger has no motor: a gear
            couples it to the first, which saves a row of the solver and holds as well (400 of 400 grasps).
        fingers: Links of the moving fingers; empty where they are welded.
        last: Link that carries the hand.
        forces: Largest torque or force of each motor [N m, N]; the first finger's is that of both.
        rates: Rate of each servo of the arm [1/s]; changed by `servo`.
    """

    def __init__(self, client: int, profile: ArmProfile, physics: Physics):
        self._client, self._key = client, {"physicsClientId": client}
        self._profile, self._rate_hz = profile, physics.rate_hz
        with arm_file(profile, physics.fingers) as path:
            self.body = pb.loadURDF(path, useFixedBase=True, flags=pb.URDF_USE_INERTIA_FROM_FILE, **self._key)
        infos = [pb.getJointInfo(self.body, j, **self._key) for j in range(pb.getNumJoints(self.body, **self._key))]
        index = {info[1].decode(): info[0] for info in infos}
        moving = list(profile.hand.finger_joints) if physics.fingers else []
        self.motors = [index[name] for name in (*profile.joint_names, *moving)]
        self.fingers = [index[name] for name in moving]
        self.last = index[profile.joint_names[-1]]
        self.forces = [joint.effort for joint in profile.joints] + [2.0 * profile.hand.force] * bool(moving)
        self.rates = [profile.servo_rate] * len(profile.joints)
        self._driven = self.motors[: len(self.forces)]
        self._gains = [self._gain(profile.servo_rate)] * len(self.forces)
        self._still = [[0.0]] * len(self.motors)
        self._couple()

    def reset(self, command: Command) -> None:
        """Put the arm at rest where it is asked to be."""
        places = [[place] for place in self._targets(command)]
        pb.resetJointStatesMultiDof(self.body, self.motors, places, self._still, **self._key)

    def ask(self, command: Command) -> None:
        """Send targets to the position servos."""
        targets = [*command.joints, command.opening / 2.0] if self.fingers else list(command.joints)
        pb.setJointMotorControlArray(
            self.body, self._driven, pb.POSITION_CONTROL, targetPositions=targets, forces=self.forces,
            positionGains=self._gains, physicsClientId=self._client,
        )  # fmt: skip

    def servo(self, joint: int, rate: float) -> None:
        """Set how fast a servo follows [1/s]; it takes effect with the next command."""
        self.rates[joint], self._gains[joint] = rate, self._gain(rate)

    def measure(self, state: State, row: int) -> None:
        """Write joints, opening and hand into one row of `state`."""
        places, speeds, _, _ = zip(*pb.getJointStates(self.body, self.motors, self._client))
        joints = state.joint_positions[row]
        if self.fingers:
            state.gripper_opening[row] = places[-2] + places[-1]
            places, speeds = places[:-2], speeds[:-2]
        joints[:], state.joint_velocities[row] = places, speeds
        tool_point(self._profile.chain, joints, state.hand_position[row])

    def _targets(self, command: Command) -> list[float]:
        """Give the position of every motor: joints [rad], then each finger's half of the opening [m]."""
        return [*command.joints, *[command.opening / 2.0] * len(self.fingers)]

    def _gain(self, rate: float) -> float:
        """Share of the error that goes in a physics step, for a rate [1/s]."""
        return 1.0 - float(np.exp(-rate / self._rate_hz))

    def _couple(self) -> None:
        """Prepare the fingers, where they move."""
        for finger in self.fingers:
            pb.changeDynamics(self.body, finger, lateralFriction=FINGER_FRICTION, **FINGER_CONTACT, **self._key)
        if self.fingers:
            free = {"controlMode": pb.VELOCITY_CONTROL, "force": 0.0, **self._key}
            pb.setJointMotorControl2(self.body, self.fingers[1], **free)
            gear = pb.createConstraint(
                self.body, self.fingers[0], self.body, self.fingers[1],
                pb.JOINT_GEAR, [1, 0, 0], [0, 0, 0], [0, 0, 0], **self._key,
            )  # fmt: skip
            pb.changeConstraint(gear, **GEAR, **self._key)
