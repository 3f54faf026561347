"""Forces from outside on the bodies of a PyBullet world: pushes, and weights that act off centre.

    forces = Forces(client, 0.05, {"cube": Pushed(body, -1)}, {})
    forces.knobs()["push.cube"].write(force)            # (3,) [N], for PUSH_S seconds from now
    for apply in forces.given(gravity):                 # asked once per control period,
        apply()                                         # done before each of its physics steps

PyBullet forgets a force after each physics step, so all of them are given again before each. Nothing is done,
and nothing costs time, unless something was drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numba
import numpy as np
import pybullet as pb

from envs.bullet.dynamics import LinkDynamics
from envs.poses import cross, turned
from randomizers.world import Knob, Value

WORLD, LINK = pb.WORLD_FRAME, pb.LINK_FRAME
PUSH_S = 0.1
"""How long a push lasts from the moment it was drawn [s]: a bump of an elbow; guessed."""
PUSH_LIMITS, CENTRE_LIMITS = (-50.0, 50.0), (-0.1, 0.1)


@dataclass
class Pushed:
    """A link that can be pushed.

    Attributes:
        body, link: Of PyBullet.
        force: Drawn last, in world axes [N].
        periods: Control periods that it still acts.
    """

    body: int
    link: int
    force: np.ndarray = field(default_factory=lambda: np.zeros(3))
    periods: int = 0


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
        period_s: Control period [s].
        pushed: Links that can be pushed, by name.
        weights: Objects whose centre of mass can be moved, by name.
    """

    def __init__(self, client: int, period_s: float, pushed: dict[str, Pushed], weights: dict[str, Weight]):
        self._client, self._periods = client, max(round(PUSH_S / period_s), 1)
        self._pushed, self._weights = pushed, weights
        self._shifted: list[Weight] = []
        self._acting: list[Pushed] = []

    @property
    def acting(self) -> bool:
        """Whether anything has to be done in the next control period."""
        return bool(self._shifted or self._acting)

    def given(self, gravity: np.ndarray) -> list[Callable[[], None]]:
        """Count a control period, and give what has to be called before each of its physics steps.

        A shifted weight acts where it should, as its object lies now; that the inertia is off centre as well is
        left out.
        """
        calls: list[Callable[[], None]] = []
        for weight in self._shifted:
            _, turn = pb.getBasePositionAndOrientation(weight.body, self._client)
            torque = _moment(turn, weight.centre, weight.mass.mass, gravity)
            calls.append(partial(pb.applyExternalTorque, weight.body, -1, torque, WORLD, self._client))
        for push in self._acting:
            # Given in the link's own axes, a force stays at its centre of mass wherever it moves.
            force = turned(_turn_back(push, self._client), push.force).tolist()
            centre = [0.0, 0.0, 0.0]
            calls.append(partial(pb.applyExternalForce, push.body, push.link, force, centre, LINK, self._client))
            push.periods -= 1
        if self._acting:
            self._acting = [push for push in self._acting if push.periods > 0]
        return calls

    def knobs(self) -> dict[str, Knob]:
        """Name everything that can be set."""
        pushes = {f"push.{name}": self._push(each) for name, each in self._pushed.items()}
        return pushes | {f"centre.{name}": self._centre(each) for name, each in self._weights.items()}

    def _push(self, pushed: Pushed) -> Knob:
        def write(value: Value) -> None:
            pushed.force = np.array(value, float)
            pushed.periods = self._periods if pushed.force.any() else 0
            self._acting = [each for each in self._pushed.values() if each.periods]

        return Knob(np.zeros(3), "N", lambda: pushed.force.copy(), write, PUSH_LIMITS)

    def _centre(self, weight: Weight) -> Knob:
        def write(value: Value) -> None:
            weight.centre = np.array(value, float)
            self._shifted = [each for each in self._weights.values() if each.centre.any()]

        return Knob(np.zeros(3), "m", lambda: weight.centre.copy(), write, CENTRE_LIMITS)


@numba.njit(cache=True)
def _moment(turn, centre, mass, gravity):
    """Give the moment of a weight about the middle of its object, as a tuple [N m]."""
    x, y, z = cross(turned(np.array(turn), centre), mass * gravity)
    return x, y, z


def _turn_back(push: Pushed, client: int) -> np.ndarray:
    """Find the turn from world axes to those of a link's inertial frame, a quaternion."""
    if push.link < 0:
        turn = pb.getBasePositionAndOrientation(push.body, client)[1]
    else:
        turn = pb.getLinkState(push.body, push.link, physicsClientId=client)[1]
    return np.array(turn) * (-1.0, -1.0, -1.0, 1.0)
