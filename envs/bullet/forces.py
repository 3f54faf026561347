"""Forces from outside on the bodies of a PyBullet world: pushes, and weights that act off centre.

    forces = Forces(client, 120, {"cube": Pushed(body, -1)}, {})
    forces.knobs()["push.cube"].write(force)            # (3,) [N], for PUSH_S seconds from now
    torques = forces.torques(gravity)                   # once per control period
    forces.act(torques)                                 # before every physics step

PyBullet forgets a force after each physics step, so all of them are given again before each. Nothing is done,
and nothing costs time, unless something was drawn.
"""

from dataclasses import dataclass, field

import numpy as np
import pybullet as pb

from envs.bullet.dynamics import LinkDynamics
from envs.poses import turned
from randomizers.world import Knob, Value

PUSH_S = 0.1
"""How long a push lasts from the moment it was drawn [s]: a bump of an elbow; guessed."""
PUSH_LIMITS, CENTRE_LIMITS = (-50.0, 50.0), (-0.1, 0.1)


@dataclass
class Pushed:
    """A link that can be pushed.

    Attributes:
        body, link: Of PyBullet.
        force: Drawn last, in world axes [N].
        steps: Physics steps that it still acts.
    """

    body: int
    link: int
    force: np.ndarray = field(default_factory=lambda: np.zeros(3))
    steps: int = 0


@dataclass
class Weight:
    """An object whose weight may act off the middle of its shape.

    Attributes:
        body: Of PyBullet.
        mass: Knows what it weighs now.
        centre: Of mass, in the object's own axes from its middle [m].
    """

    body: int
    mass: LinkDynamics
    centre: np.ndarray = field(default_factory=lambda: np.zeros(3))


class Forces:
    """Pushes and shifted weights of one PyBullet client.

    Args:
        client: Of `pybullet.connect`.
        rate_hz: Physics steps per second.
        pushed: Links that can be pushed, by name.
        weights: Objects whose centre of mass can be moved, by name.
    """

    def __init__(self, client: int, rate_hz: int, pushed: dict[str, Pushed], weights: dict[str, Weight]):
        self._client, self._steps = client, round(PUSH_S * rate_hz)
        self._pushed, self._weights = pushed, weights
        self._shifted: list[Weight] = []
        self._acting: list[Pushed] = []

    @property
    def acting(self) -> bool:
        """Whether anything has to be done in the next control period."""
        return bool(self._shifted or self._acting)

    def torques(self, gravity: np.ndarray) -> list[tuple[int, list[float]]]:
        """Give the moment of each shifted weight about the middle of its object as it lies now [N m].

        The weight acts where it should; that the inertia is off centre as well is left out.
        """
        found = []
        for weight in self._shifted:
            _, turn = pb.getBasePositionAndOrientation(weight.body, self._client)
            arm = turned(np.array(turn), weight.centre)
            found.append((weight.body, np.cross(arm, weight.mass.mass * gravity).tolist()))
        return found

    def act(self, torques: list[tuple[int, list[float]]]) -> None:
        """Apply everything for one physics step."""
        for body, torque in torques:
            pb.applyExternalTorque(body, -1, torque, pb.WORLD_FRAME, self._client)
        for push in self._acting:
            where = _middle(push, self._client)
            pb.applyExternalForce(push.body, push.link, push.force.tolist(), where, pb.WORLD_FRAME, self._client)
            push.steps -= 1
        if self._acting:
            self._acting = [push for push in self._acting if push.steps > 0]

    def knobs(self) -> dict[str, Knob]:
        """Name everything that can be set."""
        pushes = {f"push.{name}": self._push(each) for name, each in self._pushed.items()}
        return pushes | {f"centre.{name}": self._centre(each) for name, each in self._weights.items()}

    def _push(self, pushed: Pushed) -> Knob:
        def write(value: Value) -> None:
            pushed.force = np.array(value, float)
            pushed.steps = self._steps if pushed.force.any() else 0
            self._acting = [each for each in self._pushed.values() if each.steps]

        return Knob(np.zeros(3), "N", lambda: pushed.force.copy(), write, PUSH_LIMITS)

    def _centre(self, weight: Weight) -> Knob:
        def write(value: Value) -> None:
            weight.centre = np.array(value, float)
            self._shifted = [each for each in self._weights.values() if each.centre.any()]

        return Knob(np.zeros(3), "m", lambda: weight.centre.copy(), write, CENTRE_LIMITS)


def _middle(push: Pushed, client: int) -> tuple[float, ...]:
    """Find the centre of mass of a link (3,) [m]."""
    if push.link < 0:
        return pb.getBasePositionAndOrientation(push.body, client)[0]
    return pb.getLinkState(push.body, push.link, physicsClientId=client)[0]
