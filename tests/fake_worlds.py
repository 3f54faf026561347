"""Worlds without physics, for laws about batches: an engine of plain numbers, a task, a renderer of hashes.

The tool point is where the first three joints say, and follows the command at the rate of a knob; the cube
slides away at a speed that grows with its mass. Everything a knob or command does shows in the state.
"""

import hashlib
import zlib
from typing import ClassVar

import numpy as np

from envs.arms.controller import Controller
from envs.arms.profile import load
from envs.engine import Command, ObjectSpec, Physics, State
from envs.rendering.assets import DISTRACTOR_SHAPES, DISTRACTORS
from envs.rendering.scene import EVERYTHING as EVERY_KIND
from envs.rendering.scene import CameraSpec, Mesh, Part, Scene, Surface
from envs.tasks.base import Chances, Layout, Task
from envs.worlds import Worlds
from randomizers import (
    Camera,
    Distractors,
    Every,
    Exposure,
    Knob,
    Latency,
    Lighting,
    LogUniform,
    Mass,
    Noise,
    Table,
    Texture,
    Uniform,
    nominal,
)

EMPTY = Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32), *np.zeros((2, 0, 3), np.float32))
NAMES = (
    "table",
    "hand",
    "cube",
    *(f"distractor{i}.{shape}" for i in range(DISTRACTORS) for shape in DISTRACTOR_SHAPES),
)
SCENE = Scene(
    tuple(Part(name, EMPTY, name.split(".")[0]) for name in NAMES),
    {name.split(".")[0]: Surface((0.5, 0.4, 0.3)) for name in NAMES},
    {
        "front": CameraSpec((1.0, 0.0, 0.6), (0.4, 0.0, 0.0), 40.0),
        "side": CameraSpec((0.4, 1.0, 0.5), (0.4, 0.0, 0.0), 40.0),
    },
)
SIZE = 12


class FakeEngine:
    """Ten numbers that move."""

    name, scene, control_period_s = "fake", SCENE, 0.05

    def __init__(self):
        self.mass, self.joints, self.cube = 0.1, np.zeros(7), np.zeros(7)
        self.commands, self.steps, self.closed = [], 0, False
        self.explodes_at = -1
        self.knobs = {"mass.cube": Knob(0.1, "kg", lambda: self.mass, self._set_mass, (1e-3, 10.0))}

    def _set_mass(self, mass):
        self.mass = mass

    def reset(self, command: Command, object_poses):
        self.joints[:], self.cube[:], self.steps = command.joints, object_poses[0], 0
        self.commands = []
        self._explode()

    def _explode(self):
        if self.steps == self.explodes_at:
            self.joints[2] = np.nan

    def advance(self, before: Command, after: Command, switch: float):
        self.commands.append((before.joints.copy(), after.joints.copy(), switch))
        for command, share in ((before, switch), (after, 1.0 - switch)):
            self.joints += 0.7 * share * (command.joints - self.joints)
        self.cube[0] += 0.001 * self.mass
        self.steps += 1
        self._explode()

    def measure(self, state: State, row: int):
        state.joint_positions[row], state.object_poses[row, 0] = self.joints, self.cube
        state.hand_position[row] = self.joints[:3]

    def transforms(self, out, known=None):
        out[1, :, 3], out[2, :, 3] = self.joints[:3], self.cube[:3]

    def close(self):
        self.closed = True


class FakeTask(Task):
    """Wait until the cube has slid 2 cm."""

    name: ClassVar = "fake"
    objects: ClassVar = (ObjectSpec("cube", (0.02, 0.02, 0.02), 0.1, 1.0, (1.0, 0.0, 0.0)),)
    physics: ClassVar = Physics(120, 5, False)
    horizon: ClassVar = 12
    opening: ClassVar = 0.0
    radius: ClassVar = 0.05
    slide: ClassVar = 0.02

    def place(self, chances: Chances) -> Layout:
        poses = np.zeros((len(chances.episodes), 1, 7))
        poses[:, 0, :3], poses[..., 6] = chances("cube", 3), 1.0
        return Layout(poses, poses[:, 0, :3] + [self.slide, 0.0, 0.0])

    def success(self, state):
        return state.object_poses[:, 0, 0] >= state.goal[:, 0]

    def reward(self, state):
        return state.object_poses[:, 0, 0] - state.goal[:, 0]

    def features(self, state):
        return (state.object_poses[:, 0, :3] - state.hand_position).astype(np.float32)

    def instruction(self, target, luck, *where):
        return "wait for the cube"

    def expert(self, state):
        return np.full((len(state.goal), 4), 0.5)


class FakeRenderer:
    """Paints each image in bytes that depend on everything a picture may depend on, and counts."""

    name = "fake"
    draws = EVERY_KIND

    def __init__(self):
        self.drawn, self.closed = [], False

    def draw(self, frame, images):
        look = frame.appearance
        self.drawn.append([int(row) for row in frame.worlds])
        for row in frame.worlds:
            for slot, camera in enumerate(frame.cameras):
                seen = (frame.transforms, look.pattern, look.colour, look.visible, look.lamps.direction)
                lens = (look.camera_position, look.world_from_camera, look.fov_deg)
                parts = [array[row].tobytes() for array in seen] + [
                    array[row, camera].tobytes() for array in lens
                ]
                value = zlib.crc32(b"".join(parts))
                images.rgb[row, slot] = np.frombuffer(value.to_bytes(4, "big")[:3], np.uint8)

    def close(self):
        self.closed = True


def fake_worlds(num=1, randomization=None, cameras=(), task=None, **settings) -> Worlds:
    """Build a batch of fake worlds."""
    engines = [FakeEngine() for _ in range(num)]
    settings = {"renderer": FakeRenderer() if cameras else None} | settings
    return Worlds(
        task or FakeTask(), engines, controller=Controller(load("panda"), num), randomization=randomization,
        cameras=cameras, image_size=SIZE, **settings,
    )  # fmt: skip


EVERYTHING = (
    Mass(by=nominal * LogUniform(0.5, 2.0))
    | Latency(action=Uniform(0.0, 0.2), images=Uniform(0.0, 0.2))
    | Texture()
    | Lighting(when=Every(0.1, 0.2))
    | Camera("front")
    | Camera("side", fov_deg=nominal + Uniform(-3.0, 3.0), when="startup")
    | Exposure(when="step")
    | Noise(by=Uniform(0.01, 0.05))
    | Table()
    | Distractors()
)
CAMERAS = ("front", "side")


def flat(observation):
    """All arrays of an observation, images too."""
    for value in observation.values():
        yield from value.values() if isinstance(value, dict) else (value,)


def episode(worlds, row, seed=3, number=5, steps=8, others=True, expert=False, **terms):
    """Run one episode in one row while other rows do other things; hash every byte that row gives."""
    worlds.begin([row], seed, number, **terms)
    seen, rng = hashlib.sha256(), np.random.default_rng(1)
    for _ in range(steps):
        observation = worlds.observe()
        for array in flat(observation):
            seen.update(np.ascontiguousarray(array[row]).tobytes())
        actions = np.random.default_rng(worlds.elapsed).uniform(-1, 1, (worlds.num, 4))
        actions[row] = worlds.expert_actions()[row] if expert else rng.uniform(-1, 1, 4)
        active = np.full(worlds.num, others)
        active[row] = True
        worlds.step(actions, active)
        seen.update(repr((worlds.reward[row], worlds.draws[row].to_dict())).encode())
    return seen.hexdigest()


def busy(num, **settings):
    """A batch with other episodes begun and some steps done."""
    worlds = fake_worlds(num, EVERYTHING, CAMERAS, **settings)
    worlds.begin(np.arange(num), 0, 100 + np.arange(num))
    for _ in range(3):
        worlds.step(worlds.expert_actions())
    return worlds
