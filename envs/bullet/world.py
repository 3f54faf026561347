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
from dataclasses import replace

import numpy as np
import pybullet as pb

from envs.arms.profile import ArmProfile
from envs.bullet.dynamics import Dynamics
from envs.bullet.forces import Forces, Pushed, Weight
from envs.bullet.ground import BulletGround
from envs.bullet.knobs import Knobs
from envs.bullet.robot import Robot
from envs.bullet.things import Things
from envs.engine import Command, Physics, State
from envs.objects import Build, ObjectSpec, Stock
from envs.physics import substeps
from envs.poses import move_point
from envs.rendering.scene import Scene
from envs.site import Site, SiteFrames
from envs.tasks.base import Task
from envs.transforms import PartFrames
from randomizers.world import Knob, Value

REFRESH = 64
"""After so many rebuilds the client is replaced, which takes 20 ms: each of them leaks about 6 KB (measured)."""


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

    name = "PyBullet"

    def __init__(self, task: Task, profile: ArmProfile, scene: Scene, physics: Physics | None = None):
        self.scene, self.control_period_s = scene, profile.control_period_s
        self._profile, self._objects, self._physics = profile, task.objects, physics or task.physics
        self.substeps = substeps(self._physics.rate_hz, profile.control_rate_hz)
        self._connect()
        self._frames, self._furniture = PartFrames(scene, profile, task), SiteFrames(scene, profile)
        self._live: dict[str, Knob] = {}
        self._written: dict[str, Value] = {}
        self._stock = Stock((Build(),) * len(task.objects))
        self._load()
        self._knobs = {name: self._lasting(name, knob) for name, knob in self._live.items()}

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The physical knobs of this world by name."""
        return self._knobs

    def build(self, stock: Stock) -> None:
        """Put other things into the world where they differ from those there are; knobs keep their values.

        Everything is loaded again in the same order: a body that is only replaced would change places in the
        solver's lists, and the next episode would not be the one that a fresh world gives.
        """
        if stock == self._stock:
            return
        self._rebuilt += 1
        if self._rebuilt % REFRESH:
            pb.removeState(self._snapshot, **self._key)
            pb.resetSimulation(**self._key)
        else:
            pb.disconnect(**self._key)
            self._connect()
        self._stock = stock
        self._load()
        for name, value in self._written.items():
            self._live[name].write(value)

    def _lasting(self, name: str, knob: Knob) -> Knob:
        """Give a knob that outlives rebuilds, and remembers what was written: not all can be read back exactly."""

        def write(value: Value) -> None:
            self._written[name] = value
            self._live[name].write(value)

        return replace(knob, read=lambda: self._live[name].read(), write=write)

    def _connect(self) -> None:
        self._client, self._rebuilt = pb.connect(pb.DIRECT), 0
        self._key = {"physicsClientId": self._client}

    def _load(self) -> None:
        """Fill the client with table, objects and arm, and take the snapshot that resets go back to."""
        self._set_solver()
        made = tuple(spec.made(build) for spec, build in zip(self._objects, self._stock.builds))
        self._things = Things(self._client, (*made, *self._stock.clutter))
        self._robot = Robot(self._client, self._profile, self._physics)
        self._dynamics = Dynamics(self._client)
        self._ground = BulletGround(self._client, self._robot.body, self._things.table)
        self._site = Site(self._ground)
        self._forces = self._outside(made)
        self._live = self._all_knobs(made)
        for knob in self._live.values():
            knob.write(knob.nominal)
        self._settle()
        self._now = State.zeros(1, len(self._things.bodies), len(self._profile.joints))
        self._frames.build(self._objects, self._stock)
        self._snapshot = pb.saveState(**self._key)

    def reset(self, command: Command, object_poses: np.ndarray) -> None:
        """Put arm and objects at rest; knobs keep their values."""
        self._settle()
        # Some steps with everything apart, then the snapshot: contacts are forgotten. Bullet looks at a few pairs a
        # step, so one is not enough: a sorted cube came to rest 0.01 mm aside after one episode in a thousand.
        self._robot.reset(command)
        self._things.scatter()
        for _ in range(2 + 2 * len(self._things.bodies)):
            pb.stepSimulation(self._client)
        pb.restoreState(self._snapshot, **self._key)
        if self._site.moved:  # the snapshot has put table and arm back
            self._ground.stand(self._site.wanted)
        self._robot.reset(command)
        self._things.place(self._site.carried(object_poses))
        self._robot.ask(command)

    def advance(self, before: Command, after: Command, switch: float) -> None:
        """Simulate one control period; the switch is rounded to whole physics steps."""
        self._settle()
        first = min(max(round(switch * self.substeps), 0), self.substeps)
        step, client = pb.stepSimulation, self._client
        forces = self._forces.given(self._site.wanted.gravity) if self._forces.acting else ()
        for command, count in ((before, first), (after, self.substeps - first)):
            if count:
                self._robot.ask(command)
                for _ in range(count):
                    for apply in forces:  # PyBullet forgets them after every physics step
                        apply()
                    step(client)

    def measure(self, state: State, row: int) -> None:
        """Write joints, gripper and objects into one row of `state`."""
        self._robot.measure(state, row)
        self._things.measure(state, row)
        if self._site.base is not None:
            move_point(self._site.base, state.hand_position[row])

    def transforms(self, out: np.ndarray, known: tuple[State, int] | None = None) -> None:
        """Write `world_from_part` (parts, 3, 4) of what moves; furniture stands in the base frame."""
        now, row = (self._now, 0) if known is None or self._stock.clutter else known
        if now is self._now:
            self.measure(now, 0)
        self._frames.write(now.joint_positions[row], float(now.gripper_opening[row]), now.object_poses[row], out)
        if self._site.moved:
            self._furniture.write(self._site.wanted, out)

    def close(self) -> None:
        """Disconnect from PyBullet."""
        if self._client >= 0:
            pb.disconnect(**self._key)
            self._client = -1

    def _settle(self) -> None:
        """Tell PyBullet what was written to the knobs."""
        self._dynamics.settle()
        self._site.settle()

    def _all_knobs(self, objects: tuple[ObjectSpec, ...]) -> dict[str, Knob]:
        step_s, links = 1.0 / self._physics.rate_hz, self._dynamics
        own = Knobs(
            self._client, self._profile, self._robot, self._things, objects, dynamics=links, step_s=step_s
        )  # fmt: skip
        return {**own.all(), **self._site.knobs(), **self._forces.knobs()}

    def _outside(self, objects: tuple[ObjectSpec, ...]) -> Forces:
        """Prepare pushes on objects and hand, and weights off centre."""
        places = {spec.name: place for spec, place in zip(objects, self._things.places) if not spec.fixed}
        loose = {spec.name for spec in objects if spec.loose}
        pushed = {name: Pushed(*place) for name, place in places.items()}
        pushed["hand"] = Pushed(self._robot.body, self._robot.last)
        weights = {
            name: Weight(place[0], self._dynamics.link(*place)) for name, place in places.items() if name in loose
        }
        return Forces(self._client, self.control_period_s, pushed, weights)

    def _set_solver(self) -> None:
        pb.setGravity(0.0, 0.0, -9.81, **self._key)
        pb.setTimeStep(1.0 / self._physics.rate_hz, **self._key)
        pb.setPhysicsEngineParameter(
            numSolverIterations=self._physics.iterations,
            solverResidualThreshold=self._physics.residual,
            deterministicOverlappingPairs=1,
            **self._key,
        )
