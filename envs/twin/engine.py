"""One world of the reality twin: MuJoCo behind the same interface as the training simulator.

    engine = TwinEngine(task, profile, scene)
    engine.reset(command, object_poses)
    engine.advance(before, after, switch=0.5)

The same episode gives the same bits whatever ran before: a reset clears all solver state, only knobs survive.
"""

from collections.abc import Callable, Mapping

import mujoco
import numpy as np

from envs.arms.profile import ArmProfile
from envs.engine import Command, State
from envs.rendering.objects import places
from envs.rendering.scene import TOOL, Scene
from envs.site import SiteFrames
from envs.tasks.base import Task
from envs.twin.axes import TwinAxes
from envs.twin.model import DAMPING, FINGERS, JOINTS, SERVO_RATE, TIMESTEP_S, table_world
from envs.twin.objects import Placing
from randomizers.world import Knob, Value

# A world that blows up shows in its state; MuJoCo's warning would write a file into the working directory.
mujoco.set_mju_user_warning(lambda message: None)

MASS_KG = (1e-3, 20.0)
FRICTION = (0.01, 3.0)
DAMPING_LIMITS = (0.0, 40.0)
# Slower than 0.5 s is no servo; faster than five physics steps the spring cannot be integrated.
GAIN_LIMITS = (2.0, 1.0 / (5 * TIMESTEP_S))


class TwinEngine:
    """MuJoCo world with arm, table and the objects of a task.

    Args:
        task: Gives the objects.
        profile: Gives the control period; geometry and dynamics are the twin's own.
        scene: Parts in the order of `transforms`; its table is where things rest.

    Attributes:
        substeps: Physics steps of a control period.
    """

    name = "MuJoCo twin"

    def __init__(self, task: Task, profile: ArmProfile, scene: Scene):
        self.scene = scene
        self.control_period_s = profile.control_period_s
        self.substeps = round(profile.control_period_s / TIMESTEP_S)
        self._model = table_world(task.objects, _table_box(scene), profile.hand.tool_depth)
        self._data = mujoco.MjData(self._model)
        self._tool = self._model.site("tool").id
        self._objects = task.objects
        self._placing = Placing(self._model, self._data, task.objects)
        self._stale = False  # derived constants of the model lag behind a written mass
        model = self._model
        shown = {name: (task.objects[owner].name, centre) for name, owner, centre in places(task.objects)}
        drawn = [shown.get(part.name, (part.name, (0.0, 0.0, 0.0))) for part in scene.parts]
        bodies = np.array([self._body_of(name) for name, _ in drawn])
        self._parts = np.flatnonzero(bodies >= 0)
        self._bodies, self._offsets = bodies[self._parts], np.array([at for _, at in drawn])[self._parts]
        self._carriers = np.flatnonzero([part.name == TOOL for part in scene.parts])
        self._nominal_mass = model.body_mass.copy()
        self._nominal_inertia = model.body_inertia.copy()
        self._axes = TwinAxes(model, self._data, profile, [spec.name for spec in task.objects if spec.loose], self._lag)
        self._furniture = SiteFrames(scene, profile)
        self._knobs = {**self._make_knobs(), **self._axes.knobs}

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """Physical knobs by name; nominal values are the twin's."""
        return self._knobs

    def reset(self, command: Command, object_poses: np.ndarray) -> None:
        """Put arm and objects at rest; knobs keep their values."""
        model, data = self._model, self._data
        self._axes.settle()
        if self._stale:
            mujoco.mj_setConst(model, data)
            self._stale = False
        mujoco.mj_resetData(model, data)
        data.qpos[:7] = command.joints
        data.qpos[7:9] = command.opening / 2.0
        self._placing.place(self._axes.site.carried(np.asarray(object_poses, float)))
        self._ask(command)
        mujoco.mj_forward(model, data)

    def advance(self, before: Command, after: Command, switch: float) -> None:
        """Simulate one control period; the switch is rounded to whole physics steps (2 ms)."""
        first = min(max(round(switch * self.substeps), 0), self.substeps)
        self._axes.settle()
        self._axes.act(self.control_period_s)
        for command, steps in ((before, first), (after, self.substeps - first)):
            if steps:
                self._ask(command)
                mujoco.mj_step(self._model, self._data, nstep=steps)
        mujoco.mj_kinematics(self._model, self._data)  # body frames lag one step behind the joints otherwise

    def measure(self, state: State, row: int) -> None:
        """Write joints, gripper and objects into one row of `state`."""
        data = self._data
        state.joint_positions[row] = data.qpos[:7]
        state.joint_velocities[row] = data.qvel[:7]
        state.hand_position[row] = data.site_xpos[self._tool]
        state.gripper_opening[row] = data.qpos[7] + data.qpos[8]
        self._placing.measure(state, row)

    def transforms(self, out: np.ndarray, known: tuple[State, int] | None = None) -> None:
        """Write `world_from_part` (parts, 3, 4) of what moves; furniture stands in the base frame."""
        turns = self._data.xmat[self._bodies].reshape(-1, 3, 3)
        out[self._parts, :, :3] = turns
        out[self._parts, :, 3] = self._data.xpos[self._bodies] + (turns @ self._offsets[:, :, None])[..., 0]
        out[self._carriers, :, :3] = self._data.site_xmat[self._tool].reshape(3, 3)
        out[self._carriers, :, 3] = self._data.site_xpos[self._tool]
        if self._axes.site.moved:
            self._furniture.table(self._axes.site.wanted, out)

    def close(self) -> None:
        """Let go of the model; MuJoCo frees it with the last reference."""
        del self._data

    def _lag(self) -> None:
        self._stale = True

    def _ask(self, command: Command) -> None:
        self._data.ctrl[:7] = command.joints
        self._data.ctrl[7] = command.opening / 2.0

    def _body_of(self, part: str) -> int:
        return mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_BODY, part)

    def _make_knobs(self) -> dict[str, Knob]:
        knobs = {}
        solid = [thing for thing in self._objects if thing.solid]
        bodies = {thing.name: thing.name for thing in solid if not thing.fixed} | {"hand": "panda_hand"}
        for name, body in bodies.items():
            knobs[f"mass.{name}"] = self._mass(self._model.body(body).id)
        rubbing: dict[str, tuple[str, ...]] = {thing.name: thing.parts() for thing in solid} | {"table": ("table",)}
        rubbing["fingers"] = tuple(f"{finger}_{piece}" for finger in FINGERS for piece in ("pad", "stem"))
        for name, geoms in rubbing.items():
            knobs[f"friction.{name}"] = self._friction([self._model.geom(geom).id for geom in geoms])
        for index, joint in enumerate(JOINTS):
            knobs[f"damping.{joint}"] = self._damping(index)
            knobs[f"gain.{joint}"] = self._gain(index)
        return knobs

    def _mass(self, body: int) -> Knob:
        """Mass with inertia in proportion; the arm compensates the weight of the nominal hand only."""
        model, nominal = self._model, float(self._nominal_mass[body])
        compensated = float(model.body_gravcomp[body])

        def write(value: Value) -> None:
            model.body_mass[body] = value
            model.body_inertia[body] = self._nominal_inertia[body] * (float(value) / nominal)
            model.body_inertia[body] *= self._axes.factors.get(body, 1.0)
            model.body_gravcomp[body] = compensated * nominal / float(value)
            self._stale = True

        return Knob(nominal, "kg", _reader(model.body_mass, body), write, MASS_KG)

    def _friction(self, geoms: list[int]) -> Knob:
        column = self._model.geom_friction[:, 0]

        def write(value: Value) -> None:
            column[geoms] = value

        return Knob(float(column[geoms[0]]), "1", _reader(column, geoms[0]), write, FRICTION)

    def _damping(self, joint: int) -> Knob:
        column = self._model.dof_damping

        def write(value: Value) -> None:
            column[joint] = value

        return Knob(DAMPING, "N m s/rad", _reader(column, joint), write, DAMPING_LIMITS)

    def _gain(self, joint: int) -> Knob:
        """Servo rate 1/tau of a spring with stiffness kp: its damper is kp * tau."""
        stiffness = float(self._model.actuator_gainprm[joint, 0])
        damper = self._model.actuator_biasprm[:, 2]

        def write(value: Value) -> None:
            damper[joint] = -stiffness / float(value)

        return Knob(SERVO_RATE, "1/s", lambda: float(-stiffness / damper[joint]), write, GAIN_LIMITS)


def _reader(column: np.ndarray, index: int) -> Callable[[], float]:
    return lambda: float(column[index])


def _table_box(scene: Scene) -> np.ndarray:
    """Corners (2, 3) of the drawn table [m]."""
    table = next(part for part in scene.parts if part.name == "table")
    low, high = table.mesh.vertices.min(axis=0), table.mesh.vertices.max(axis=0)
    low[2] = min(low[2], -0.02)  # a table drawn without thickness still bears
    return np.stack((low, high)).astype(float)
