"""Physical knobs of one PyBullet world: what can be set and read back, by name."""

from collections.abc import Callable

import pybullet as pb

from envs.arms.profile import ArmProfile
from envs.bullet.dynamics import Dynamics, LinkDynamics
from envs.bullet.robot import FINGER_CONTACT, FINGER_FRICTION, Robot
from envs.bullet.things import TABLE_FRICTION, Things
from envs.engine import ObjectSpec
from randomizers.world import Knob

MAX_DAMPING = 0.5
"""Bullet integrates joint damping explicitly: far below 2 I / dt, 1.4 N m s/rad for the wrist [N m s/rad]."""
MASS_LIMITS = (1e-3, 20.0)
FRICTION_LIMITS = (0.0, 5.0)
TWIST_LIMITS = (0.0, 0.1)
UNIT_LIMITS = (0.0, 1.0)
INERTIA_LIMITS = (0.1, 10.0)
ARMATURE_LIMITS = (0.0, 2.0)
GAIN_LIMITS = (2.0, 100.0)
STIFFNESS_LIMITS, PAD_DAMPING_LIMITS = (1e3, 1e6), (1.0, 1e4)
COMPLIANCE_LIMITS, RELAXATION_LIMITS = (0.0, 1e-2), (0.0, 0.5)
CONTACT_ERP = 0.08
"""Share of a contact's depth that PyBullet undoes in a physics step (measured: only this one changes no bit)."""
Limits = tuple[float, float]


class Knobs:
    """Makes the knobs of one world.

    Args:
        client: Of `pybullet.connect`.
        profile: The arm.
        robot, things: What is turned.
        objects: Of the task.
        dynamics: Sends what `changeDynamics` takes.
        step_s: Physics step [s].
    """

    def __init__(
        self,
        client: int,
        profile: ArmProfile,
        robot: Robot,
        things: Things,
        objects: tuple[ObjectSpec, ...],
        *,
        dynamics: Dynamics,
        step_s: float,
    ):
        self._client, self._step_s = client, step_s
        self._profile, self._robot, self._dynamics = profile, robot, dynamics
        solid = [(spec, dynamics.link(*place)) for spec, place in zip(objects, things.places) if spec.solid]
        self._objects = {spec.name: link for spec, link in solid}
        self._moving = {spec.name: link for spec, link in solid if not spec.fixed}
        self._turning = {spec.name: link for spec, link in solid if spec.loose}
        self._table = dynamics.link(things.table, -1)
        self._hand = dynamics.link(robot.body, robot.last)
        self._fingers = [dynamics.link(robot.body, link) for link in robot.fingers] or [self._hand]
        self._nominal = {spec.name: spec.friction for spec in objects}
        self._nominal |= {"table": TABLE_FRICTION, "fingers": FINGER_FRICTION}
        self._soft = {"compliance": 0.0, "relaxation": step_s * (1.0 / CONTACT_ERP - 1.0)}

    def all(self) -> dict[str, Knob]:
        """Name everything that can be set."""
        return {**self._bodies(), **self._surfaces(), **self._links(), **self._joints(), **self._contact()}

    def _bodies(self) -> dict[str, Knob]:
        """Mass of objects and hand, and inertia of what is on no rail, where nothing turns."""
        knobs = {}
        for name, link in {**self._moving, "hand": self._hand}.items():
            knobs[f"mass.{name}"] = _inertial(link, "mass", link.nominal_mass, "kg", MASS_LIMITS)
        for name, link in {**self._turning, "hand": self._hand}.items():
            knobs[f"inertia.{name}"] = _inertial(link, "factor", 1.0, "1", INERTIA_LIMITS)
        return knobs

    def _surfaces(self) -> dict[str, Knob]:
        """Friction and restitution of what touches; Bullet multiplies those of the two bodies.

        So that an object's restitution is that of the pair, table and fingers have 1; with that of objects at 0
        nothing bounces.
        """
        knobs = {}
        touching = {name: [link] for name, link in self._objects.items()}
        touching |= {"table": [self._table], "fingers": self._fingers}
        for name, links in touching.items():
            bounce = 0.0 if name in self._objects else 1.0
            spin, roll = (links[0].read(what) for what in ("spinningFriction", "rollingFriction"))
            knobs[f"friction.{name}"] = _dynamic(links, "lateralFriction", self._nominal[name], "1", FRICTION_LIMITS)
            knobs[f"spinning_friction.{name}"] = _dynamic(links, "spinningFriction", spin, "m", TWIST_LIMITS)
            knobs[f"rolling_friction.{name}"] = _dynamic(links, "rollingFriction", roll, "m", TWIST_LIMITS)
            knobs[f"restitution.{name}"] = _dynamic(links, "restitution", bounce, "1", UNIT_LIMITS)
        return knobs

    def _links(self) -> dict[str, Knob]:
        """Masses of the arm's links; the last one carries the hand and is `mass.hand`."""
        knobs, robot = {}, self._robot
        for spec, index in zip(self._profile.links[1:-1], robot.motors):
            link = self._dynamics.link(robot.body, index)
            knobs[f"link_mass.{spec.name}"] = _inertial(link, "mass", link.nominal_mass, "kg", MASS_LIMITS)
        return knobs

    def _joints(self) -> dict[str, Knob]:
        """Damping, servo rate, largest torque, rotor inertia and limits of each joint."""
        profile, robot, knobs = self._profile, self._robot, {}
        for index, joint in enumerate(profile.joints):
            link, name = [self._dynamics.link(robot.body, robot.motors[index])], joint.name
            knobs[f"damping.{name}"] = _dynamic(
                link, "jointDamping", profile.joint_damping, "N m s/rad", (0.0, MAX_DAMPING)
            )
            knobs[f"gain.{name}"] = self._gain(index)
            knobs[f"effort.{name}"] = self._effort(index, "N m")
            knobs[f"armature.{name}"] = _inertial(link[0], "armature", 0.0, "kg m^2", ARMATURE_LIMITS)
            ends = {"jointLowerLimit": joint.lower, "jointUpperLimit": joint.upper}
            link[0].assume(**ends)
            for end, nominal in ends.items():
                part = "lower" if end == "jointLowerLimit" else "upper"
                knobs[f"limits.{name}.{part}"] = _dynamic(link, end, nominal, "rad", (joint.lower, joint.upper))
        if robot.fingers:
            arm = len(profile.joints)
            knobs["effort.fingers"] = self._effort(arm, "N")
        return knobs

    def _contact(self) -> dict[str, Knob]:
        """Softness of the finger pads, and of everything else that touches.

        PyBullet cannot take a body's own stiffness back, so only pads have one, for they had it all along. The
        rest of the world shares what Bullet makes of stiffness k and damping d itself: with compliance 1 / k and
        relaxation time T = d / k, erp = dt / (dt + T) and cfm = 1 / (k (dt + T)).
        """
        knobs = {}
        if self._robot.fingers:
            hard, lossy = FINGER_CONTACT["contactStiffness"], FINGER_CONTACT["contactDamping"]
            knobs["pads.stiffness"] = _dynamic(self._fingers, "contactStiffness", hard, "N/m", STIFFNESS_LIMITS)
            knobs["pads.damping"] = _dynamic(self._fingers, "contactDamping", lossy, "N s/m", PAD_DAMPING_LIMITS)
        for name, unit, limits in (("compliance", "m/N", COMPLIANCE_LIMITS), ("relaxation", "s", RELAXATION_LIMITS)):
            knobs[f"contact.{name}"] = self._softness(name, unit, limits)
        return knobs

    def _softness(self, name: str, unit: str, limits: Limits) -> Knob:
        """One of two numbers that Bullet takes together for a whole world, and tells nobody."""

        soft, hard = self._soft, dict(self._soft)

        def write(value: float) -> None:
            if soft[name] != value:
                soft[name] = value
                span = self._step_s + soft["relaxation"]
                erp = CONTACT_ERP if soft["relaxation"] == hard["relaxation"] else self._step_s / span
                cfm = soft["compliance"] / span
                pb.setPhysicsEngineParameter(contactERP=erp, globalCFM=cfm, physicsClientId=self._client)

        return Knob(hard[name], unit, lambda: soft[name], _plain(write), limits)

    def _gain(self, index: int) -> Knob:
        robot = self._robot
        nominal = self._profile.servo_rate
        return Knob(
            nominal, "1/s", lambda: robot.rates[index], lambda value: robot.servo(index, float(value)), GAIN_LIMITS
        )

    def _effort(self, motor: int, unit: str) -> Knob:
        """Largest torque or force of a motor; it takes effect with the next command."""
        forces = self._robot.forces

        def write(value: float) -> None:
            forces[motor] = value

        nominal = forces[motor]
        return Knob(nominal, unit, lambda: forces[motor], _plain(write), (0.0, 10.0 * nominal))


def _dynamic(links: list[LinkDynamics], argument: str, nominal: float, unit: str, limits: Limits) -> Knob:
    """An argument of `changeDynamics`, the same for some links."""

    def write(value: float) -> None:
        for link in links:
            link.set(**{argument: value})

    return Knob(nominal, unit, lambda: links[0].read(argument), _plain(write), limits)


def _inertial(link: LinkDynamics, what: str, nominal: float, unit: str, limits: Limits) -> Knob:
    """Mass, factor on the inertia or armature of a link."""
    return Knob(nominal, unit, lambda: link.inertial(what), _plain(lambda value: link.scale(**{what: value})), limits)


def _plain(write: Callable[[float], None]) -> Callable[..., None]:
    """Take numpy's numbers as well."""
    return lambda value: write(float(value))

