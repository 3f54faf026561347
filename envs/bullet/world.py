"""One PyBullet world: a table, an arm, the objects of a task; its knobs, its state as arrays.

    world = BulletWorld(get("push"), load("panda"), scene)
    world.knobs["mass.cube"].write(0.2)              # [kg], inertia follows
    world.reset(command, object_poses)
    world.advance(command, command, switch=0.0)      # one control period
    world.measure(state, row=0)

Episodes repeat bit for bit whatever was simulated before: `reset` restores a snapshot (Bullet keeps contacts
otherwise), and all that the snapshot leaves out (masses, frictions, motors) is written from the outside. Only
numbers that are not finite survive a reset: a world that blew up has to be replaced.
"""

from collections.abc import Mapping

import numpy as np
import pybullet as pb

from envs.arms.profile import ArmProfile
from envs.bullet.knobs import Knobs
from envs.bullet.robot import Robot
from envs.bullet.things import Things
from envs.engine import Command, Physics, State
from envs.physics import substeps
from envs.rendering.scene import Scene
from envs.tasks.base import Task
from envs.transforms import PartFrames
from randomizers.world import Knob


class BulletWorld:
    """A world of one task in its own PyBullet client; implements `envs.engine.Engine`.

    Args:
        task: Its objects and physics preset.
        profile: The arm, its base at the origin, table top at z = 0.
        scene: What is drawn; its parts are filled by `transforms`.
        physics: Rates and solver effort; the task's own unless given.

    Attributes:
        substeps: Physics steps of a control period.
    """

    def __init__(self, task: Task, profile: ArmProfile, scene: Scene, physics: Physics | None = None):
        self.scene, self.control_period_s = scene, profile.control_period_s
        self._physics = physics or task.physics
        self.substeps = substeps(self._physics.rate_hz, profile.control_rate_hz)
        self._client = pb.connect(pb.DIRECT)
        self._key = {"physicsClientId": self._client}
        self._set_solver()
        self._things = Things(self._client, task.objects)
        self._robot = Robot(self._client, profile, self._physics)
        self._knobs = Knobs(self._client, profile, self._robot, self._things, task.objects).all()
        self._frames = PartFrames(scene, profile, task)
        self._now = State.zeros(1, len(task.objects), len(profile.joints))
        for knob in self._knobs.values():
            knob.write(knob.nominal)
        self._snapshot = pb.saveState(**self._key)

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The physical knobs of this world by name."""
        return self._knobs

    def reset(self, command: Command, object_poses: np.ndarray) -> None:
        """Put arm and objects at rest; knobs keep their values."""
        self._things.scatter()  # one step with everything apart, then the snapshot: contacts are forgotten
        pb.stepSimulation(self._client)
        pb.restoreState(self._snapshot, **self._key)
        self._robot.reset(command)
        self._things.place(object_poses)
        self._robot.ask(command)

    def advance(self, before: Command, after: Command, switch: float) -> None:
        """Simulate one control period; the switch is rounded to whole physics steps."""
        first = min(max(round(switch * self.substeps), 0), self.substeps)
        step, client = pb.stepSimulation, self._client
        for command, count in ((before, first), (after, self.substeps - first)):
            if count:
                self._robot.ask(command)
                for _ in range(count):
                    step(client)

    def measure(self, state: State, row: int) -> None:
        """Write joints, gripper and objects into one row of `state`."""
        self._robot.measure(state, row)
        self._things.measure(state, row)

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
        pb.setPhysicsEngineParameter(
            numSolverIterations=self._physics.iterations,
            solverResidualThreshold=self._physics.residual,
            deterministicOverlappingPairs=1,
            **self._key,
        )
