"""One PyBullet world: a table, an arm, the objects of a task; its knobs, its state as arrays.

    world = BulletWorld(get("push"), load("panda"), scene)
    world.knobs["mass.cube"].write(0.2)              # [kg], inertia follows
    world.reset(command, object_poses)
    world.advance(command, command, switch=0.0)      # one control period
    world.measure(state, row=0)

Solver settings and contact parameters were chosen by measurement: what holds a grasp and costs least.
Episodes repeat bit for bit whatever was simulated before: `reset` restores a snapshot (Bullet keeps contacts
otherwise), and all that the snapshot leaves out (masses, frictions, motors) is written from the outside. Only
numbers that are not finite survive a reset: a world that blew up has to be replaced.
"""

from collections.abc import Mapping

import numpy as np
import pybullet as pb

from envs.arms.kinematics import tool_pose
from envs.arms.profile import ArmProfile
from envs.arms.urdf import arm_file
from envs.engine import Command, ObjectSpec, State
from envs.rendering.scene import Scene
from envs.tasks.base import Task
from envs.transforms import PartFrames
from randomizers.world import Knob, Value

TABLE_HALF_EXTENTS = (0.65, 0.65, 0.2)
TABLE_CENTRE = (0.45, 0.0, -0.2)
FLOOR_HEIGHT = -0.75
"""Where objects that fall off the table come to rest [m]."""
TABLE_FRICTION = 1.0
FINGER_FRICTION = 1.0
"""Nominal coefficients; Bullet multiplies those of the two bodies that touch."""
MAX_DAMPING = 0.5
"""Bullet integrates joint damping explicitly: far below 2 I / dt, 1.4 N m s/rad for the wrist [N m s/rad]."""
MASS_LIMITS = (1e-3, 20.0)
FRICTION_LIMITS = (0.0, 5.0)
GAIN_LIMITS = (2.0, 100.0)
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


class BulletWorld:
    """A world of one task in its own PyBullet client; implements `envs.engine.Engine`.

    Args:
        task: Its objects and physics preset.
        profile: The arm, its base at the origin, table top at z = 0.
        scene: What is drawn; its parts are filled by `transforms`.
    """

    def __init__(self, task: Task, profile: ArmProfile, scene: Scene):
        self.scene, self.control_period_s = scene, profile.control_period_s
        self._profile, self._physics = profile, task.physics
        self._substeps = _substeps(task.physics.rate_hz, profile.control_rate_hz)
        self._client = pb.connect(pb.DIRECT)
        self._key = {"physicsClientId": self._client}
        self._set_solver()
        self._table = self._static_box(TABLE_HALF_EXTENTS, TABLE_CENTRE)
        self._static_box((3.0, 3.0, 0.1), (0.0, 0.0, FLOOR_HEIGHT - 0.1))
        self._arm = self._load_arm()
        self._objects = [self._load_object(spec) for spec in task.objects]
        self._rates = [profile.servo_rate] * len(profile.joints)
        self._dampings = [profile.joint_damping] * len(profile.joints)
        rate = 1.0 - float(np.exp(-profile.servo_rate / task.physics.rate_hz))
        self._gains = [rate] * len(self._motors)
        self._knobs = self._make_knobs(task)
        self._frames = PartFrames(scene, profile, task)
        self._now = State.zeros(1, len(task.objects), len(profile.joints))
        self._write_nominal()
        self._snapshot = pb.saveState(**self._key)

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The physical knobs of this world by name."""
        return self._knobs

    def reset(self, command: Command, object_poses: np.ndarray) -> None:
        """Put arm and objects at rest; knobs keep their values."""
        self._forget_contacts()
        places = [[place] for place in self._targets(command)]
        pb.resetJointStatesMultiDof(self._arm, self._motors, places, [[0.0]] * len(places), **self._key)
        for body, pose in zip(self._objects, object_poses):
            pose = [float(value) for value in pose]
            pb.resetBasePositionAndOrientation(body, pose[:3], pose[3:], **self._key)
            pb.resetBaseVelocity(body, [0.0] * 3, [0.0] * 3, **self._key)
        self._ask(command)

    def _forget_contacts(self) -> None:
        """Empty Bullet's contact caches: one step with everything apart, then the snapshot."""
        for index, body in enumerate(self._objects):
            pb.resetBasePositionAndOrientation(body, (10.0 + index, 0.0, 10.0), (0, 0, 0, 1), **self._key)
        pb.stepSimulation(self._client)
        pb.restoreState(self._snapshot, **self._key)

    def advance(self, before: Command, after: Command, switch: float) -> None:
        """Simulate one control period; the switch is rounded to whole physics steps."""
        first = min(max(round(switch * self._substeps), 0), self._substeps)
        step, client = pb.stepSimulation, self._client
        for command, count in ((before, first), (after, self._substeps - first)):
            if count:
                self._ask(command)
                for _ in range(count):
                    step(client)

    def measure(self, state: State, row: int) -> None:
        """Write joints, gripper and objects into one row of `state`."""
        joints = pb.getJointStates(self._arm, self._motors, **self._key)
        arm = len(self._profile.joints)
        state.joint_positions[row] = [joint[0] for joint in joints[:arm]]
        state.joint_velocities[row] = [joint[1] for joint in joints[:arm]]
        state.gripper_opening[row] = sum(joint[0] for joint in joints[arm:])
        state.hand_position[row] = tool_pose(self._profile.chain, state.joint_positions[row])[0]
        for index, body in enumerate(self._objects):
            place, turn = pb.getBasePositionAndOrientation(body, **self._key)
            state.object_poses[row, index] = place + turn
            linear, angular = pb.getBaseVelocity(body, **self._key)
            state.object_velocities[row, index] = linear + angular

    def transforms(self, out: np.ndarray) -> None:
        """Write `world_from_part` (parts, 3, 4) of what moves; furniture stands in the base frame."""
        now = self._now
        self.measure(now, 0)
        self._frames.write(now.joint_positions[0], float(now.gripper_opening[0]), now.object_poses[0], out)

    def close(self) -> None:
        """Disconnect from PyBullet."""
        if self._client >= 0:
            pb.disconnect(**self._key)
            self._client = -1

    def _set_solver(self) -> None:
        pb.setGravity(0.0, 0.0, -9.81, **self._key)
        pb.setTimeStep(1.0 / self._physics.rate_hz, **self._key)
        # 1e-3 saves a tenth to a third of a step in free motion and is harmless to grasps.
        pb.setPhysicsEngineParameter(
            numSolverIterations=self._physics.iterations,
            solverResidualThreshold=1e-3,
            deterministicOverlappingPairs=1,
            **self._key,
        )

    def _static_box(self, half_extents: tuple[float, ...], centre: tuple[float, ...]) -> int:
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=half_extents, **self._key)
        return pb.createMultiBody(0.0, shape, -1, centre, **self._key)

    def _load_arm(self) -> int:
        """Load the lean arm, prepare its motors and, where it grips, its fingers."""
        profile, hand = self._profile, self._profile.hand
        with arm_file(profile, self._physics.fingers) as path:
            arm = pb.loadURDF(path, useFixedBase=True, flags=pb.URDF_USE_INERTIA_FROM_FILE, **self._key)
        infos = [pb.getJointInfo(arm, j, **self._key) for j in range(pb.getNumJoints(arm, **self._key))]
        index = {info[1].decode(): info[0] for info in infos}
        fingers = list(hand.finger_joints) if self._physics.fingers else []
        self._motors = [index[name] for name in (*profile.joint_names, *fingers)]
        self._fingers = [index[name] for name in fingers]
        self._last = index[profile.joint_names[-1]]
        self._forces = [joint.effort for joint in profile.joints] + [hand.force] * len(fingers)
        for finger in self._fingers:
            pb.changeDynamics(arm, finger, lateralFriction=FINGER_FRICTION, **FINGER_CONTACT, **self._key)
        if self._fingers:
            gear = pb.createConstraint(
                arm, self._fingers[0], arm, self._fingers[1],
                pb.JOINT_GEAR, [1, 0, 0], [0, 0, 0], [0, 0, 0], **self._key,
            )  # fmt: skip
            pb.changeConstraint(gear, **GEAR, **self._key)
        return arm

    def _load_object(self, spec: ObjectSpec) -> int:
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=spec.half_extents, **self._key)
        start = (0.5, 0.0, spec.half_extents[2])
        body = pb.createMultiBody(spec.mass, shape, -1, start, **self._key)
        pb.changeDynamics(body, -1, linearDamping=0.0, angularDamping=0.0, **self._key)
        return body

    def _ask(self, command: Command) -> None:
        """Send targets to the position servos: first-order lags with the rates of the `gain` knobs."""
        pb.setJointMotorControlArray(
            self._arm, self._motors, pb.POSITION_CONTROL, targetPositions=self._targets(command),
            forces=self._forces, positionGains=self._gains, **self._key,
        )  # fmt: skip

    def _targets(self, command: Command) -> list[float]:
        """Give the position of every motor: joints [rad], then each finger's half of the opening [m]."""
        return [*command.joints.tolist(), *[command.opening / 2.0] * len(self._fingers)]

    def _make_knobs(self, task: Task) -> dict[str, Knob]:
        profile, knobs = self._profile, {}
        bodies = {spec.name: (body, -1) for spec, body in zip(task.objects, self._objects)}
        for name, (body, link) in (bodies | {"hand": (self._arm, self._last)}).items():
            knobs[f"mass.{name}"] = self._mass(body, link)
        frictions = {name: [where] for name, where in bodies.items()} | {"table": [(self._table, -1)]}
        frictions["fingers"] = [(self._arm, link) for link in self._fingers or [self._last]]
        nominal = {spec.name: spec.friction for spec in task.objects}
        nominal |= {"table": TABLE_FRICTION, "fingers": FINGER_FRICTION}
        for name, links in frictions.items():
            knobs[f"friction.{name}"] = self._friction(nominal[name], links)
        for index, name in enumerate(profile.joint_names):
            knobs[f"damping.{name}"] = self._damping(index)
            knobs[f"gain.{name}"] = self._gain(index)
        return knobs

    def _mass(self, body: int, link: int) -> Knob:
        """Mass with inertia in proportion; Bullet would recompute it from the collision shape otherwise."""
        info = pb.getDynamicsInfo(body, link, **self._key)
        nominal, inertia = info[0], np.array(info[2])

        def write(value: Value) -> None:
            scaled = (inertia * (float(value) / nominal)).tolist()
            pb.changeDynamics(body, link, mass=float(value), localInertiaDiagonal=scaled, **self._key)

        return Knob(nominal, "kg", lambda: pb.getDynamicsInfo(body, link, **self._key)[0], write, MASS_LIMITS)

    def _friction(self, nominal: float, links: list[tuple[int, int]]) -> Knob:
        def write(value: Value) -> None:
            for body, link in links:
                pb.changeDynamics(body, link, lateralFriction=float(value), **self._key)

        return Knob(
            nominal, "1", lambda: pb.getDynamicsInfo(*links[0], **self._key)[1], write, FRICTION_LIMITS
        )

    def _damping(self, index: int) -> Knob:
        """Viscous friction of a joint; Bullet tells nobody what it is, so what was written is remembered."""

        def write(value: Value) -> None:
            self._dampings[index] = float(value)
            pb.changeDynamics(self._arm, self._motors[index], jointDamping=float(value), **self._key)

        return Knob(
            self._profile.joint_damping,
            "N m s/rad",
            lambda: self._dampings[index],
            write,
            (0.0, MAX_DAMPING),
        )

    def _gain(self, index: int) -> Knob:
        """Rate of a servo; it takes effect with the next command."""

        def write(value: Value) -> None:
            self._rates[index] = float(value)
            self._gains[index] = 1.0 - float(np.exp(-float(value) / self._physics.rate_hz))

        return Knob(self._profile.servo_rate, "1/s", lambda: self._rates[index], write, GAIN_LIMITS)

    def _write_nominal(self) -> None:
        for knob in self._knobs.values():
            knob.write(knob.nominal)


def _substeps(physics_hz: float, control_hz: float) -> int:
    """Give the physics steps of one control period."""
    count = round(physics_hz / control_hz)
    if count < 1 or abs(count * control_hz - physics_hz) > 1e-9:
        raise ValueError(
            f"physics rate {physics_hz} Hz must be a whole multiple of the control rate {control_hz} Hz."
        )
    return count
