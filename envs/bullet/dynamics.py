"""What `changeDynamics` sets, gathered link by link and sent in one call each.

    dynamics = Dynamics(client)
    cube = dynamics.link(body, -1)
    cube.scale(mass=0.2)                        # inertia follows
    cube.set(lateralFriction=0.5)
    dynamics.settle()                           # one call of PyBullet; none where nothing changed

PyBullet's traps are dealt with here: a mass without its inertia would take the inertia of the collision shape,
stiffness and damping of contacts are refused unless they come together, and so are joint limits. Values that are
already set are not sent again, so what nobody varies costs nothing and stays bit for bit what was loaded.
"""

from typing import Any

import numpy as np
import pybullet as pb

TOGETHER = (("contactStiffness", "contactDamping"), ("jointLowerLimit", "jointUpperLimit"))
"""Arguments that PyBullet takes only in pairs."""
TOLD = {
    "mass": 0, "lateralFriction": 1, "restitution": 5, "rollingFriction": 6, "spinningFriction": 7,
    "contactDamping": 8, "contactStiffness": 9,
}  # fmt: skip
"""Where `getDynamicsInfo` tells each of them; what it does not tell is remembered."""


class LinkDynamics:
    """One link of one body.

    Attributes:
        nominal_mass: As it was loaded [kg].
        nominal_inertia: (3,) along its principal axes, as it was loaded [kg m^2].
    """

    def __init__(self, owner: "Dynamics", client: int, body: int, link: int):
        self._owner, self._client, self._body, self._index = owner, client, body, link
        told = pb.getDynamicsInfo(body, link, client)
        self.nominal_mass, self.nominal_inertia = told[0], np.array(told[2])
        self._inertial = {"mass": told[0], "factor": 1.0, "armature": 0.0}
        self._now: dict[str, float] = {name: told[place] for name, place in TOLD.items()}
        self._pending: dict[str, Any] = {}

    @property
    def mass(self) -> float:
        """What it weighs now [kg]."""
        return self._inertial["mass"]

    def assume(self, **values: float) -> None:
        """Take for set what PyBullet loaded and does not tell."""
        self._now |= values

    def set(self, **values: float) -> None:
        """Ask for values by PyBullet's names."""
        for name, value in values.items():
            if self._now.get(name) != value:
                self._now[name] = self._pending[name] = value
                self._owner.unsettled[self] = None

    def scale(self, **values: float) -> None:
        """Ask for a `mass` [kg], a `factor` on the inertia [1] or an `armature` about every axis [kg m^2]."""
        for name, value in values.items():
            if self._inertial[name] != value:
                self._inertial[name] = value
                now = self._inertial
                inertia = self.nominal_inertia * (now["mass"] / self.nominal_mass)
                if now["factor"] != 1.0 or now["armature"]:
                    inertia = inertia * now["factor"] + now["armature"]
                self._pending |= {"mass": now["mass"], "localInertiaDiagonal": inertia.tolist()}
                self._owner.unsettled[self] = None

    def read(self, name: str) -> float:
        """Give a value as the engine tells it, or as it was set where the engine tells nobody."""
        self._owner.settle()
        if name in TOLD:
            return pb.getDynamicsInfo(self._body, self._index, self._client)[TOLD[name]]
        return self._now[name]

    def inertial(self, name: str) -> float:
        """Work the mass, the factor on the inertia or the armature out from what the engine tells."""
        self._owner.settle()
        told, now = pb.getDynamicsInfo(self._body, self._index, self._client), self._inertial
        bare = self.nominal_inertia[0] * told[0] / self.nominal_mass
        armature = told[2][0] - now["factor"] * bare
        return {"mass": told[0], "factor": (told[2][0] - now["armature"]) / bare, "armature": armature}[name]

    def send(self) -> None:
        """Make the one call."""
        pending = self._pending
        for pair in TOGETHER:
            if pair[0] in pending or pair[1] in pending:
                pending |= {name: self._now[name] for name in pair}
        pb.changeDynamics(self._body, self._index, physicsClientId=self._client, **pending)
        self._pending = {}


class Dynamics:
    """All links of a PyBullet client that something was asked of.

    Attributes:
        unsettled: Links with values that were not sent yet, in the order in which they were asked for.
    """

    def __init__(self, client: int):
        self._client = client
        self._links: dict[tuple[int, int], LinkDynamics] = {}
        self.unsettled: dict[LinkDynamics, None] = {}

    def link(self, body: int, link: int) -> LinkDynamics:
        """Give one link; the same object for the same link."""
        if (body, link) not in self._links:
            self._links[body, link] = LinkDynamics(self, self._client, body, link)
        return self._links[body, link]

    def settle(self) -> None:
        """Send what was asked for."""
        if self.unsettled:
            for link in self.unsettled:
                link.send()
            self.unsettled.clear()
