"""What the sensors of all worlds say, beside the cameras: joints, gripper, objects.

    senses = Senses(truth.state, clock, profile.chain, objects=("cube",))
    senses.begin(rows)
    senses.record(rows)                  # once per control step, after the engines were measured
    senses.measured.joint_positions      # (worlds, joints) [rad], as an encoder reports them

Encoders are a little off and noisy, a tracker of objects as well, and both may be late, slow or silent for a
while; see `envs/schedule.py`. Between control steps the past is interpolated. The hand is where the measured joints
say. Velocities are as late as positions, but neither noisy nor biased: a tracker that tells them has filtered them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from envs import reading
from envs.clock import Clock
from envs.columns import Column, Rows, number
from envs.dice import name
from envs.engine import State
from envs.schedule import TIMING, depth_of, timing_column

Heard = Collection[tuple[int, str]]
PARTS = ("position", "yaw")
"""What is told of a pose."""
Write = Callable[[Rows, np.ndarray], None]
TURN = (-0.5, 0.5)
"""Limits of errors of angles [rad]."""
SHIFT = (-0.2, 0.2)
"""Limits of errors of places [m]."""


class Senses:
    """Sensors of all worlds of a batch.

    Args:
        state: Ground truth, written elsewhere.
        clock: Of the worlds.
        chain: Of the arm's profile, to place the hand.
        objects: Names of the objects.
        heard: Index of an object with "position" or "yaw": what policies are told; anything where not given.

    Attributes:
        measured: What the sensors say; the truth itself where nothing can disturb them.
    """

    def __init__(
        self, state: State, clock: Clock, chain: np.ndarray, objects: Sequence[str], heard: Heard | None = None
    ):
        worlds, joints = state.joint_positions.shape
        self._heard = [(i, what) for i in range(len(objects)) for what in PARTS] if heard is None else heard
        self._truth, self._clock, self._chain, self._objects = state, clock, chain, tuple(objects)
        self._arm = np.zeros((worlds, reading.ARM + joints))
        self._things = np.zeros((worlds, len(objects), reading.THING + 3))
        self._names = np.array([name(f"sense.{what}") for what in ("joints", *objects)], np.uint64)
        self._seen = np.full((worlds, 1 + len(objects)), -1.0)
        width = 2 * joints + 1 + 13 * len(objects)
        self._past = np.zeros((worlds, depth_of(clock.period_s), width))
        self._told = replace(state, **{field: np.zeros_like(getattr(state, field)) for field in reading.FIELDS})
        self._used = False

    @property
    def measured(self) -> State:
        """What the sensors say."""
        return self._told if self._used else self._truth

    @property
    def columns(self) -> Mapping[str, Column]:
        """Name everything that disturbs the sensors."""
        found = {f"{what}.joints": timing_column(self._arm, what) for what in TIMING}
        joints = self._truth.joint_positions.shape[1]
        biases = slice(reading.ARM, reading.ARM + joints)
        found["encoder.bias"] = number(self._arm, (0.0,) * joints, "rad", TURN, (biases,))
        found["encoder.noise"] = number(self._arm, 0.0, "rad", (0.0, TURN[1]), (reading.ENCODER_NOISE,))
        found["opening.bias"] = number(self._arm, 0.0, "m", SHIFT, (reading.OPENING_BIAS,))
        found["opening.noise"] = number(self._arm, 0.0, "m", (0.0, SHIFT[1]), (reading.OPENING_NOISE,))
        for index, thing in enumerate(self._objects):
            found |= self._thing(f"pose.{thing}", index)
        return {called: replace(column, write=self._noted(column.write)) for called, column in found.items()}

    def _noted(self, write: Write) -> Write:
        """Write a column, and begin to sense where that disturbs what was not disturbed yet."""

        def noted(rows: Rows, values: np.ndarray) -> None:
            write(rows, values)
            if not self._used and np.any(values):
                self._used = True
                self._wake()

        return noted

    def _wake(self) -> None:
        """Begin to sense in the middle of episodes: the past was as the present is."""
        self.record(np.arange(len(self._seen)))
        self._past[:] = self._past[np.arange(len(self._past)), self._clock.ticks % self._past.shape[1]][:, None]

    def _thing(self, pose: str, index: int) -> dict[str, Column]:
        """Name what disturbs the pose that is told of one object."""
        faults, place = self._things, slice(reading.THING, reading.THING + 3)
        found = {}
        if (index, "position") in self._heard:
            noise = (index, reading.POSITION_NOISE)
            found[f"{pose}.position_bias"] = number(faults, (0.0,) * 3, "m", SHIFT, (index, place))
            found[f"{pose}.position_noise"] = number(faults, 0.0, "m", (0.0, SHIFT[1]), noise)
        if (index, "yaw") in self._heard:
            found[f"{pose}.yaw_bias"] = number(faults, 0.0, "rad", TURN, (index, reading.YAW_BIAS))
            found[f"{pose}.yaw_noise"] = number(faults, 0.0, "rad", (0.0, TURN[1]), (index, reading.YAW_NOISE))
        timed = TIMING if found else ()
        return {**{f"{pose}.{what}": timing_column(faults, what, (index,)) for what in timed}, **found}

    def expect(self, axes: Sequence[str]) -> None:
        """Say which axes will vary; where none is a sensor's, sensing costs nothing."""
        self._used |= bool(set(axes) & set(self.columns))

    def begin(self, rows: np.ndarray) -> None:
        """Forget the past of some worlds and sense their present."""
        self._seen[rows] = -1.0
        self.record(rows)

    def record(self, rows: np.ndarray) -> None:
        """Sense once more in some worlds."""
        if not self._used:
            return
        clock, truth, told = self._clock, self._truth, self._told
        reading.read(
            rows, (self._arm, self._things), (clock.seeds, clock.episodes, clock.ticks, clock.stretch), clock.period_s,
            self._names, tuple(getattr(truth, field) for field in reading.FIELDS), self._chain, self._past, self._seen,
            tuple(getattr(told, field) for field in reading.FIELDS),
        )  # fmt: skip
