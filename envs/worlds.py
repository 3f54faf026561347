"""Many worlds as one batch: episodes by address, actions in, observations out.

    worlds = WorldsSpec("push", images=("front",)).build(8)     # envs/spec.py
    worlds.begin(np.arange(8), seed=0, episodes=np.arange(8))
    while not (worlds.terminated | worlds.truncated).all():
        worlds.step(worlds.expert_actions(), active=~(worlds.terminated | worlds.truncated))
    worlds.success                                              # (8,) bool

An episode is addressed by (seed, episode) and the same in any row of any batch, bit for bit, whatever ran
before. Engines and renderer are handed in, so PyBullet and the MuJoCo twin share all of this.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from envs.actuation import Actuation
from envs.address import addresses, chosen, drawn_with
from envs.arms.controller import Controller
from envs.capability import check
from envs.chance import Chance
from envs.clock import Clock, Pace
from envs.columns import Row, RowKnobs
from envs.engine import Engine
from envs.extras import Extras
from envs.observing import heard, numbers
from envs.outcome import Outcome
from envs.props import Props
from envs.rendering.scene import Renderer
from envs.senses import Senses
from envs.sight import Sight
from envs.tape import Tape
from envs.tasks.base import SPLITS, Task
from envs.truth import Truth
from envs.wording import Instructions
from randomizers import Domain, Randomization
from randomizers.errors import unknown
from randomizers.strength import Pin, Strength


class Worlds:
    """A batch of worlds of one task.

    Args:
        task: What is to be done.
        engines: One for each world, all alike.
        controller: Turns actions into commands; as many rows as engines.
        randomization: What varies.
        strength: Randomization strength of episodes that name none.
        split: "train", or "heldout" for worlds and layouts that training cannot have.
        renderer: Draws the images; needed where there are cameras.
        cameras: Names of the cameras whose images are observed.
        image_size: Height and width of an image [px].
        depth: Depth is observed beside the images.
        extras: What else is told of the images; see `envs.extras`.
        reward: "dense", the task's shaped reward, "sparse", 1 where it is done, or "progress"; see `envs.outcome`.
        spare: Makes an engine in place of one that blew up; None where a reset heals it.
        spec: What the batch is built of, for records.

    Attributes:
        state: Ground truth; of a world that blew up, the last sound one.
        randomization: What varies, bound to these worlds; prints as a table.
        knobs: Everything that can be set and read back, by name, for each world.
        draws: What is drawn now, for each world.
        terms: Strength and pin of each episode.
        values: The same as arrays (worlds, *shape) by axis; not to be written.
        cameras: Names of the cameras whose images are observed.
        renderer: What draws the images; its name goes into every report.
        seeds, episodes: (worlds,) address of the present episodes.
        elapsed: (worlds,) control steps since the beginning.
        reward: (worlds,) of the last step.
        success: (worlds,) bool, the task has been done for `HOLD_STEPS` steps in a row.
        diverged: (worlds,) bool, the simulation blew up; such a world waits for `begin`.
        terminated: (worlds,) bool, success or divergence.
        truncated: (worlds,) bool, the task's horizon was reached first.
        redrawn: (n,) rows whose draw the last step changed.
        unstable: (worlds,) bool, things moved by themselves before the present episode began; see `envs/props.py`.
        tape: What happened in the present episodes, since `record` was called.
    """

    def __init__(
        self,
        task: Task,
        engines: Sequence[Engine],
        *,
        controller: Controller,
        randomization: Randomization | None = None,
        strength: Strength = 1.0,
        split: str = "train",
        renderer: Renderer | None = None,
        cameras: Sequence[str] = (),
        image_size: int = 84,
        depth: bool = False,
        extras: Sequence[str] = (),
        reward: str = "dense",
        spare: Callable[[], Engine] | None = None,
        spec: Any = None,
    ):
        if split not in SPLITS:
            raise ValueError(unknown("split", split, SPLITS))
        self.task, self.engines = task, list(engines)
        self.split, self._spare, self.spec = split, spare, spec
        self.tape: Tape | None = None
        self.num, self.control_period_s = len(self.engines), self.engines[0].control_period_s
        scene = self.engines[0].scene
        clock = Clock.of(self.num, self.control_period_s)
        self.sight = Sight(scene, clock, cameras, image_size, renderer, depth)
        self.cameras, self.renderer = self.sight.cameras, renderer
        self.actuation, self._pace = Actuation(controller, clock), Pace(clock, self.engines)
        self._truth = Truth(self.num, len(task.objects), len(controller.profile.joints))
        self.state, self.diverged = self._truth.state, self._truth.diverged
        told = heard(task, len(controller.profile.joints))
        self.senses = Senses(self.state, clock, controller.profile.chain, [each.name for each in task.objects], told)
        self.props = Props(task, scene, self.num, rebuilds=hasattr(self.engines[0], "build"))
        own = self.engines[0].knobs  # what an engine can do itself is not emulated
        parts = (self.actuation, self._pace, self.senses, self.sight, self.props)
        columns = {name: column for part in parts for name, column in part.columns.items()}
        self._columns = {name: column for name, column in columns.items() if name not in own}
        self.knobs = [RowKnobs(engine.knobs, self._columns, row) for row, engine in enumerate(self.engines)]
        varying = randomization or Randomization()
        check(varying, self.engines[0].name, self.knobs[0])
        self.randomization: Domain = varying.bind(Row(self.knobs[0]))
        self.sight.check(self.randomization)
        self.senses.expect(list(self.randomization))
        self.props.follow(self.randomization.axes)
        self.unstable = self.props.unstable
        self.strength = strength
        self._chance = Chance(self.randomization, self.knobs, self._columns, clock)
        self.draws, self.values, self.terms = self._chance.draws, self._chance.values, self._chance.terms
        parties = (task, self.state, self.sight, self._chance, self.randomization)
        self._extras = Extras(extras, *parties) if extras else None
        self._instructions = Instructions(task, self.state, clock, self.props.objects)
        self.seeds, self.episodes = np.zeros(self.num, np.int64), np.zeros(self.num, np.int64)
        self.redrawn, self._begun = np.zeros(0, int), np.zeros(self.num, bool)
        self._outcome = judged = Outcome(task, self.state, reward)
        self.elapsed, self.reward, self.success = judged.elapsed, judged.reward, judged.success
        self.terminated, self.truncated = judged.terminated, judged.truncated

    @property
    def instructions(self) -> np.ndarray:
        """What a person says to have the task done, (worlds,) str."""
        return self._instructions.said()

    @property
    def strength(self) -> Strength:
        """Randomization strength of episodes that name none."""
        return self._strength

    @strength.setter
    def strength(self, strength: Strength) -> None:
        self.randomization.draw(0, 0, strength=strength)  # a mistake shows here, not at the next reset
        self._strength = strength

    def begin(
        self,
        rows: ArrayLike,
        seed: ArrayLike,
        episodes: ArrayLike,
        strength: Strength | None = None,
        pin: Pin | None = None,
    ) -> None:
        """Begin episodes in some of the worlds.

        Args:
            rows: (n,) indices of the worlds.
            seed: One for all, or (n,); whole numbers in [0, 2**63).
            episodes: One for all, or (n,); whole numbers in [0, 2**32).
            strength: Of the randomization of these episodes; the batch's own where not given.
            pin: Unit coordinates to fix, by axis; 0 and 1 are the ends of its range.

        Raises:
            ValueError: An address, strength or pin is impossible; nothing was changed then.
        """
        rows = np.atleast_1d(np.asarray(rows, int))
        seeds, numbers = addresses(rows, seed, episodes)
        self._replace(rows[self.diverged[rows]])
        drawn, strength = drawn_with(seeds, self.split), self.strength if strength is None else strength
        self._chance.begin(rows, drawn, numbers, strength, pin)
        commands = self.actuation.begin(rows)
        self._pace.begin(rows, self.engines)
        self.props.begin(rows, self.engines, self.state, self.sight.appearance.visible)
        for seed_of_some in np.unique(seeds):
            some = seeds == seed_of_some
            layout = self.props.arranged(rows[some], self.task.layout(int(seed_of_some), numbers[some], self.split))
            self.state.goal[rows[some]], self.state.target[rows[some]] = layout.goal, layout.target
            for row, poses in zip(rows[some], layout.object_poses):
                self.engines[row].reset(commands[row], poses)
        self.props.settle(rows, self.engines, commands, self.sight.appearance.visible)
        self.seeds[rows], self.episodes[rows], self._begun[rows] = seeds, numbers, True
        self._truth.forget(rows)
        self._measure(rows)
        self.senses.begin(rows)
        self._outcome.begin(rows, self.diverged)
        self._instructions.begin(rows)
        self.sight.begin(rows, rows[~self.diverged[rows]], self.engines, self.state)
        if self.tape is not None:
            self.tape.begin(rows, self.draws)

    def step(self, actions: np.ndarray, active: np.ndarray | None = None) -> None:
        """Simulate one control step.

        Args:
            actions: (worlds, A) in [-1, 1].
            active: (worlds,) bool; the others stand still and their actions are not looked at. Default: all.
                Worlds that diverged always stand still.

        Raises:
            ValueError: A world has not begun, or an active action is not finite.
        """
        moving = chosen(active, self._begun) & ~self.diverged
        rows = np.flatnonzero(moving)
        wanted = self.actuation.checked(actions, rows)
        self.redrawn = self._chance.advance(rows)
        before, after, switch = self.actuation.push(rows, wanted, self.state)
        self._pace.advance(rows, self.engines)
        for row, *command in zip(rows.tolist(), before.each(), after.each(), switch.tolist()):
            engine = self.engines[row]
            engine.advance(*command)
            engine.measure(self.state, row)  # at once, while its memory is at hand
        self._settle(rows)
        self.senses.record(rows)
        self.sight.record(rows[~self.diverged[rows]], self.engines, self.state)
        self._outcome.judge(moving, rows, self.diverged)
        if self.tape is not None:
            self.tape.note(rows, np.asarray(actions))

    def observe(self, active: np.ndarray | None = None) -> dict[str, Any]:
        """Give fresh arrays of what can be known now.

        Args:
            active: (worlds,) bool; images of the others are black. Default: all.

        Returns:
            What `envs.observing.numbers` says, all float32. With cameras, "images" {camera: (worlds, height,
            width, 3)} uint8, and where it is observed "depth" {camera: (worlds, height, width)} [m]; besides,
            what `envs.extras` tells.
        """
        seen: dict[str, Any] = numbers(self.task, self.senses.measured, self.state, self._chance.vectors)
        if self.cameras:
            rows = np.flatnonzero(chosen(active, self._begun))
            seen |= self.sight.look(rows)
            if self.tape is not None:
                self.tape.see(rows, seen)
            if self._extras is not None:
                seen |= self._extras.look(rows)
        return seen

    def expert_actions(self) -> np.ndarray:
        """Give what the task's scripted expert would do, (worlds, A) in [-1, 1], whatever actions mean here."""
        return self.actuation.controller.from_delta(self.task.expert(self.state))

    def auxiliary(self) -> np.ndarray:
        """Give what a vision encoder may be asked to predict, (worlds, K)."""
        return self.task.auxiliary(self.state)

    def picture(self, row: int, renderer: Renderer, camera: str, size: int) -> np.ndarray:
        """Draw one world and its goal for a person, (size, size, 3) uint8."""
        mark = self.state.goal[row], self.task.radius
        return self.sight.picture(row, self.engines[row], renderer, camera, size, mark)

    def record(self) -> None:
        """Keep what happens from the next `begin` on, for `envs.record.Record.of`."""
        if self.tape is None:
            self.tape = Tape(self.state, self.task.horizon)

    def close(self) -> None:
        """Give back engines and renderer."""
        for engine in self.engines:
            engine.close()
        self.engines = []
        self.sight.close()

    def _replace(self, rows: np.ndarray) -> None:
        """Put new engines in the place of those that blew up: a solver may remember what was not finite."""
        spare = self._spare
        if spare is None:
            return
        for row in rows:
            self.engines[row].close()
            self.engines[row] = spare()
            self.knobs[row] = RowKnobs(self.engines[row].knobs, self._columns, row)

    def _measure(self, rows: np.ndarray) -> None:
        """Read the state of some worlds; of those that blew up, keep the last sound one."""
        for row in rows:
            self.engines[row].measure(self.state, row)
        self._settle(rows)

    def _settle(self, rows: np.ndarray) -> None:
        """Judge what was measured."""
        self.state.hand_target[rows] = self.actuation.targets[rows]
        self._truth.settle(rows)
