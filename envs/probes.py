"""Short episodes in which something has to show: what a world did, seen and said, as fingerprints.

    trace = drive(worlds, [({"*": 0.0}, {}), ({"*": 0.0, "mass.cube": 1.0}, {"mass.cube": 1.0})])
    trace.differs(0, 1)                        # {"trajectory"}: the second row moved otherwise

All rows of a probe begin the same episode; they differ in strength and pins alone. No probe suits every axis, so
there are several: nobody sees a joint's limits unless the joint goes there, nor a bounce unless something falls.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from envs.engine import Command
from envs.poses import compose, pose
from envs.worlds import Worlds
from randomizers.strength import Pin, Strength

Terms = Sequence[tuple[Strength, Pin]]
"""Strength and pins of each row."""
SENSES = ("trajectory", "image", "observation")
FALL_M = 0.08
"""Objects are dropped from so high, turned: fast enough to bounce."""
BELOW_M = 0.03
"""Furniture is put so far below the hand."""
BEYOND = 0.2
"""How far joints are asked beyond their limits [rad]."""
UP_DEG = np.array([40.0, 0.0, 0.0])
"""Turn of a camera by which it sees over the walls, about its own horizontal axis."""
DRIVE_STEPS, DROP_STEPS, WATCH_STEPS, STOP_STEPS = 50, 14, 30, 24
SHOTS = (2, 12)
"""Control steps of a drive after which images are taken: some while everything moves."""


@dataclass
class Trace:
    """What the rows of a batch did.

    Attributes:
        marks: Fingerprints of trajectory, image and observation of each row.
    """

    rows: int
    marks: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.marks = [{sense: blake2b(digest_size=16) for sense in SENSES} for _ in range(self.rows)]

    def add(self, sense: str, arrays: Sequence[Any]) -> None:
        """Take arrays (rows, ...) in; whatever is no array goes in as text."""
        for row, marks in enumerate(self.marks):
            for array in arrays:
                one = array[row]
                plain = np.ascontiguousarray(one).tobytes() if isinstance(array, np.ndarray) else repr(one).encode()
                marks[sense].update(plain)

    def differs(self, row: int, other: int, whose: "Trace | None" = None) -> set[str]:
        """Name the senses by which a row differs from another one, of this trace or of `whose`."""
        mine, theirs = self.marks[row], (whose or self).marks[other]
        return {sense for sense in SENSES if mine[sense].digest() != theirs[sense].digest()}


def begin(worlds: Worlds, terms: Terms, seed: int, episode: int) -> None:
    """Begin the same episode in all rows, each with its own strength and pins."""
    for row, (strength, pin) in enumerate(terms):
        worlds.begin([row], seed, episode, strength=strength, pin=dict(pin))


def look(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Look once, when an episode begins."""
    trace = Trace(worlds.num)
    begin(worlds, terms, seed, episode)
    _see(worlds, trace)
    return trace


def drive(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Let the scripted expert work: the hand moves, things are touched, pushed and held."""
    trace = Trace(worlds.num)
    begin(worlds, terms, seed, episode)
    for step in range(DRIVE_STEPS):
        worlds.step(worlds.expert_actions())
        _feel(worlds, trace)
        if step in SHOTS:
            _see(worlds, trace)
    return trace


def drop(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Drop the objects, turned, beside a hand that moves anyhow."""
    trace, rng = Trace(worlds.num), np.random.default_rng(seed)
    begin(worlds, terms, seed, episode)
    fallen = pose((0.0, 0.0, FALL_M), (20.0, 10.0, 5.0))
    rows, objects = np.arange(worlds.num), worlds.task.objects
    layout = worlds.task.layout(seed, np.full(worlds.num, episode), worlds.split)
    for row, poses in enumerate(np.array(worlds.props.arranged(rows, layout).object_poses, float)):
        for index, each in enumerate(poses):
            if index >= len(objects) or objects[index].loose:
                each[3:], each[2] = compose(fallen, each)[3:], each[2] + FALL_M
        engine = worlds.engines[row]
        engine.reset(_home(worlds, row), poses)
        engine.measure(worlds.state, row)
    for _ in range(DROP_STEPS):
        worlds.step(np.tile(rng.uniform(-1.0, 1.0, worlds.expert_actions().shape[1]), (worlds.num, 1)))
        _feel(worlds, trace)
    return trace


def watch(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Look all the time while the expert works: not every image is late or lost."""
    trace = Trace(worlds.num)
    begin(worlds, terms, seed, episode)
    for _ in range(WATCH_STEPS):
        worlds.step(worlds.expert_actions())
        _see(worlds, trace)
    return trace


def stops(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Drive every joint against its stops, and the hand against the table on the way; then the wrist alone."""
    trace = Trace(worlds.num)
    begin(worlds, terms, seed, episode)
    _swing(worlds, trace, worlds.state.object_poses.copy())
    return trace


def bump(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Do the same with furniture under the hand: whatever else happens, nobody runs into it."""
    trace = Trace(worlds.num)
    begin(worlds, terms, seed, episode)
    poses = worlds.state.object_poses.copy()
    for index, spec in enumerate(worlds.task.objects):
        if spec.fixed and spec.solid:
            poses[:, index, :3] = worlds.state.hand_position - (0.0, 0.0, spec.half_extents[2] + BELOW_M)
    _swing(worlds, trace, poses)
    return trace


def _swing(worlds: Worlds, trace: Trace, poses: np.ndarray) -> None:
    """Swing all joints to and fro between their ends, starting from home, with objects at poses (worlds, n, 7)."""
    profile = worlds.actuation.controller.profile
    wrist = np.where(np.arange(len(profile.lower)) < len(profile.lower) // 2, profile.home, profile.lower - BEYOND)
    for joints in (profile.upper + BEYOND, profile.lower - BEYOND, wrist):
        for row, engine in enumerate(worlds.engines):
            engine.reset(_home(worlds, row), poses[row])
        for _ in range(STOP_STEPS):
            for row, engine in enumerate(worlds.engines):
                command = Command(joints, 0.0)
                engine.advance(command, command, 0.0)
                engine.measure(worlds.state, row)
            _feel(worlds, trace, said=False)


def arrange(worlds: Worlds, terms: Terms, seed: int = 0, episode: int = 0) -> Trace:
    """Look with all cameras turned up and everything put on the table that the scene has."""
    trace = Trace(worlds.num)
    begin(worlds, terms, seed, episode)
    for knobs in worlds.knobs:
        for name, knob in knobs.items():
            if name.startswith("camera.") and name.endswith(".rotation_deg"):
                for turn in (UP_DEG, np.zeros(3)):
                    knob.write(turn)
                    _see(worlds, trace)
            elif name == "distractors.count":
                knob.write(knob.limits[1])
    return trace


PROBES: Mapping[str, Callable[..., Trace]] = {
    probe.__name__: probe for probe in (look, drive, drop, watch, stops, bump, arrange)
}


def _home(worlds: Worlds, row: int) -> Command:
    """Give what a row is asked for now."""
    return worlds.actuation.controller.commands()[row]


def _feel(worlds: Worlds, trace: Trace, said: bool = True) -> None:
    """Take the state in, and what the sensors say of it."""
    state = worlds.state
    moved = [state.joint_positions, state.gripper_opening, state.hand_position, state.object_poses]
    trace.add("trajectory", moved)
    if said:
        seen = worlds.observe(np.zeros(worlds.num, bool))
        trace.add("observation", [seen[key] for key in sorted(seen) if key not in ("images", "depth", "privileged")])


def _see(worlds: Worlds, trace: Trace) -> None:
    """Take in what the cameras see, and the sensors beside them."""
    seen = worlds.observe()
    trace.add("image", [image for kind in ("images", "depth") for image in seen.get(kind, {}).values()])
    trace.add("observation", [seen[key] for key in sorted(seen) if key not in ("images", "depth", "privileged")])
