"""Knobs that the twin has beside mass, friction, damping and gain: what MuJoCo varies cheaply while it runs.

    axes = TwinAxes(model, data, profile, things, stale)
    axes.knobs["armature.panda_joint1"].write(0.2)      # [kg m^2]
    axes.settle()                                       # before a physics step
    axes.act(period_s)                                  # once per control period: pushes, weights off centre

Nominal values are the twin's own. What MuJoCo has no number for at run time is not here: restitution, the softness
of contacts, rolling friction (its contacts have four dimensions).
"""

from collections.abc import Callable, Sequence

import mujoco
import numpy as np

from envs.arms.profile import ArmProfile
from envs.poses import STILL, compose, inverse
from envs.site import Site, Standing
from envs.twin.model import FINGERS, JOINTS
from randomizers.world import Knob, Value

MASS_KG, TWIST_M, ARMATURE, FRICTION_NM = (1e-3, 20.0), (0.0, 0.1), (0.0, 2.0), (0.0, 20.0)
INERTIA, PUSH_N, CENTRE_M = (0.1, 10.0), (-50.0, 50.0), (-0.1, 0.1)
PUSH_S = 0.1
"""How long a push lasts from the moment it was drawn [s], as in PyBullet."""
MUJOCO = [6, 3, 4, 5]
"""Quaternion of a move in MuJoCo's order: w, x, y, z."""


class TwinAxes:
    """More knobs of one MuJoCo world; implements `envs.site.Ground`.

    Args:
        model, data: Of MuJoCo.
        profile: Names the links.
        things: Names of the objects.
        stale: Called when derived constants of the model lag behind.

    Attributes:
        factors: Factor on the inertia by body.
        knobs: By name.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        profile: ArmProfile,
        things: Sequence[str],
        stale: Callable[[], None],
    ):
        self._model, self._data, self._stale = model, data, stale
        self._inertia, self._mass = model.body_inertia.copy(), model.body_mass.copy()
        self._bodies = {name: model.body(name).id for name in things} | {"hand": model.body("panda_hand").id}
        self._base, self._table = model.body("panda_link0").id, model.geom("table").id
        self._base_at = np.concatenate((model.body_pos[self._base], model.body_quat[self._base][[1, 2, 3, 0]]))
        self._table_at = np.concatenate((model.geom_pos[self._table], model.geom_quat[self._table][[1, 2, 3, 0]]))
        self._same = int(model.geom_sameframe[self._table])
        self._pushes = {name: np.zeros(3) for name in self._bodies}
        self._left = dict.fromkeys(self._bodies, 0.0)  # of each push [s]
        self._centres = {name: np.zeros(3) for name in things}
        self._acted = False
        self.factors = dict.fromkeys(self._bodies.values(), 1.0)
        self.site = Site(self)
        self.knobs = self._make(profile, things)

    def settle(self) -> None:
        """Put table and arm where they were asked to be."""
        self.site.settle()

    def act(self, period_s: float) -> None:
        """Set the forces from outside for one control period."""
        pushing = {name for name, left in self._left.items() if left > 0.0}
        shifted = {name for name, centre in self._centres.items() if centre.any()}
        if not (pushing or shifted or self._acted):
            return
        self._data.xfrc_applied[:] = 0.0
        for name in pushing:
            self._data.xfrc_applied[self._bodies[name], :3] = self._pushes[name]
            self._left[name] -= period_s
        for name in shifted:  # the weight acts where it should; that the inertia is off centre is left out
            body = self._bodies[name]
            arm = self._data.xmat[body].reshape(3, 3) @ self._centres[name]
            weight = self._model.body_mass[body] * self._model.opt.gravity
            self._data.xfrc_applied[body, 3:] = np.cross(arm, weight)
        self._acted = bool(pushing or shifted)

    def stand(self, wanted: Standing) -> None:
        """Put table and base there and let gravity pull that way."""
        table, base = compose(wanted.table, self._table_at), compose(wanted.base, self._base_at)
        still = (wanted.table == STILL).all()
        model = self._model
        # A geom that turns with its body has no orientation of its own until it is told so.
        model.geom_sameframe[self._table] = self._same if still else 0
        # The tree of boxes in which MuJoCo looks for contacts stays where it was compiled: do without it then.
        flag = int(mujoco.mjtDisableBit.mjDSBL_MIDPHASE)
        model.opt.disableflags = model.opt.disableflags & ~flag if still else model.opt.disableflags | flag
        model.geom_pos[self._table], model.geom_quat[self._table] = table[:3], table[MUJOCO]
        model.body_pos[self._base], model.body_quat[self._base] = base[:3], base[MUJOCO]
        model.opt.gravity[:] = wanted.gravity

    def standing(self) -> Standing:
        """Say how it is."""
        model = self._model
        table = np.concatenate((model.geom_pos[self._table], model.geom_quat[self._table][[1, 2, 3, 0]]))
        base = np.concatenate((model.body_pos[self._base], model.body_quat[self._base][[1, 2, 3, 0]]))
        there, here = compose(table, inverse(self._table_at)), compose(base, inverse(self._base_at))
        return Standing(there, here, model.opt.gravity.copy())

    def _make(self, profile: ArmProfile, things: Sequence[str]) -> dict[str, Knob]:
        model, knobs = self._model, self.site.knobs()
        for name, body in self._bodies.items():
            knobs[f"inertia.{name}"] = self._factor(body)
            knobs[f"push.{name}"] = self._push(name)
        for name in things:
            knobs[f"centre.{name}"] = self._centre(name)
        for link in profile.links[1:-1]:
            knobs[f"link_mass.{link.name}"] = self._link_mass(model.body(link.name).id)
        touching = {name: [name] for name in (*things, "table")}
        touching["fingers"] = [f"{finger}_{piece}" for finger in FINGERS for piece in ("pad", "stem")]
        for name, geoms in touching.items():
            places = [(model.geom(geom).id, 1) for geom in geoms]
            knobs[f"spinning_friction.{name}"] = self._number(model.geom_friction, places, "m", TWIST_M)
        for index, joint in enumerate(JOINTS):
            knobs |= self._joint(index, joint)
        knobs["effort.fingers"] = self._effort(len(JOINTS), 0.5, "N")  # one motor drives both fingers
        return knobs

    def _joint(self, index: int, name: str) -> dict[str, Knob]:
        model, ends = self._model, tuple(self._model.jnt_range[index].tolist())
        return {
            f"armature.{name}": self._number(model.dof_armature, [(index,)], "kg m^2", ARMATURE, derived=True),
            f"joint_friction.{name}": self._number(model.dof_frictionloss, [(index,)], "N m", FRICTION_NM),
            f"limits.{name}.lower": self._number(model.jnt_range, [(index, 0)], "rad", ends),
            f"limits.{name}.upper": self._number(model.jnt_range, [(index, 1)], "rad", ends),
            f"effort.{name}": self._effort(index, 1.0, "N m"),
        }

    def _number(
        self,
        array: np.ndarray,
        places: Sequence[tuple[int, ...]],
        unit: str,
        limits: tuple[float, float],
        derived: bool = False,
    ) -> Knob:
        """A number of the model, the same in some places."""

        def write(value: Value) -> None:
            if derived and array[places[0]] != value:
                self._stale()
            for place in places:
                array[place] = value

        return Knob(float(array[places[0]]), unit, lambda: float(array[places[0]]), write, limits)

    def _effort(self, motor: int, share: float, unit: str) -> Knob:
        range_ = self._model.actuator_forcerange[motor]

        def write(value: Value) -> None:
            range_[:] = -float(value) / share, float(value) / share

        nominal = float(range_[1]) * share
        return Knob(nominal, unit, lambda: float(range_[1]) * share, write, (0.0, 10.0 * nominal))

    def _factor(self, body: int) -> Knob:
        model = self._model

        def bare() -> np.ndarray:
            return self._inertia[body] * (model.body_mass[body] / self._mass[body])

        def write(value: Value) -> None:
            if self.factors[body] != value:
                self.factors[body] = float(value)
                model.body_inertia[body] = bare() * float(value)
                self._stale()

        return Knob(1.0, "1", lambda: float(model.body_inertia[body, 0] / bare()[0]), write, INERTIA)

    def _link_mass(self, body: int) -> Knob:
        """Mass with inertia in proportion; the arm compensates the nominal weight only."""
        model, nominal, compensated = self._model, float(self._mass[body]), float(self._model.body_gravcomp[body])

        def write(value: Value) -> None:
            if model.body_mass[body] != value:
                model.body_mass[body] = value
                model.body_inertia[body] = self._inertia[body] * (float(value) / nominal)
                model.body_gravcomp[body] = compensated * nominal / float(value)
                self._stale()

        return Knob(nominal, "kg", lambda: float(model.body_mass[body]), write, MASS_KG)

    def _push(self, name: str) -> Knob:
        def write(value: Value) -> None:
            self._pushes[name] = np.array(value, float)
            self._left[name] = PUSH_S - 1e-9 if self._pushes[name].any() else 0.0

        return Knob(np.zeros(3), "N", lambda: self._pushes[name].copy(), write, PUSH_N)

    def _centre(self, name: str) -> Knob:
        def write(value: Value) -> None:
            self._centres[name] = np.array(value, float)

        return Knob(np.zeros(3), "m", lambda: self._centres[name].copy(), write, CENTRE_M)

