"""Physical knobs of one PyBullet world: what can be set and read back, by name."""

import numpy as np
import pybullet as pb

from envs.arms.profile import ArmProfile
from envs.bullet.robot import FINGER_FRICTION, Robot
from envs.bullet.things import TABLE_FRICTION, Things
from envs.engine import ObjectSpec
from randomizers.world import Knob, Value

MAX_DAMPING = 0.5
"""Bullet integrates joint damping explicitly: far below 2 I / dt, 1.4 N m s/rad for the wrist [N m s/rad]."""
MASS_LIMITS = (1e-3, 20.0)
FRICTION_LIMITS = (0.0, 5.0)
GAIN_LIMITS = (2.0, 100.0)


class Knobs:
    """Makes the knobs of one world.

    Args:
        client: Of `pybullet.connect`.
        profile: The arm.
        robot, things: What is turned.
        objects: Of the task.
    """

    def __init__(
        self, client: int, profile: ArmProfile, robot: Robot, things: Things, objects: tuple[ObjectSpec, ...]
    ):
        self._key = {"physicsClientId": client}
        self._profile, self._robot, self._things, self._objects = profile, robot, things, objects
        self._dampings = [profile.joint_damping] * len(profile.joints)

    def all(self) -> dict[str, Knob]:
        """Name everything that can be set."""
        profile, robot, knobs = self._profile, self._robot, {}
        solid = {spec.name: (spec, where) for spec, where in zip(self._objects, self._things.places) if spec.solid}
        bodies = {name: where for name, (_, where) in solid.items()}
        moving = {name: where for name, (spec, where) in solid.items() if not spec.fixed}
        for name, (body, link) in (moving | {"hand": (robot.body, robot.last)}).items():
            knobs[f"mass.{name}"] = self._mass(body, link)
        frictions = {name: [where] for name, where in bodies.items()} | {"table": [(self._things.table, -1)]}
        frictions["fingers"] = [(robot.body, link) for link in robot.fingers or [robot.last]]
        nominal = {spec.name: spec.friction for spec in self._objects}
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

        return Knob(nominal, "1", lambda: pb.getDynamicsInfo(*links[0], **self._key)[1], write, FRICTION_LIMITS)

    def _damping(self, index: int) -> Knob:
        """Viscous friction of a joint; Bullet tells nobody what it is, so what was written is remembered."""

        def write(value: Value) -> None:
            self._dampings[index] = float(value)
            joint = self._robot.motors[index]
            pb.changeDynamics(self._robot.body, joint, jointDamping=float(value), **self._key)

        nominal, limits = self._profile.joint_damping, (0.0, MAX_DAMPING)
        return Knob(nominal, "N m s/rad", lambda: self._dampings[index], write, limits)

    def _gain(self, index: int) -> Knob:
        robot = self._robot
        nominal = self._profile.servo_rate
        return Knob(
            nominal, "1/s", lambda: robot.rates[index], lambda value: robot.servo(index, float(value)), GAIN_LIMITS
        )
