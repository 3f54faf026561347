"""Frames for the rasterizer's tests: a Panda in random poses, a cube, distractors, and looks of every kind."""

import numpy as np

from envs.arms import profile as arms
from envs.rendering.appearance import knobs, nominal_appearance, unit
from envs.rendering.assets import arm_scene
from envs.rendering.distractors import Distractors
from envs.rendering.scene import LIGHT_KINDS, Appearance, Frame, Images
from envs.tasks import base as tasks
from envs.transforms import PartFrames

TASK, PROFILE = tasks.get("push"), arms.load("panda")
SCENE = arm_scene(PROFILE, TASK)
NAMES = [part.name for part in SCENE.parts]
ARM = [i for i, part in enumerate(SCENE.parts) if part.surface in ("arm", "hand")]
CUBE, TABLE = NAMES.index("cube"), NAMES.index("table")
POSES = np.array([[-1.0, -0.9, -1.0, -2.6, -1.0, 1.0, -1.0], [1.0, 0.5, 1.0, -1.2, 1.0, 2.5, 1.0]])
"""Lowest and highest joint angles of random poses [rad]."""


def transforms(worlds: int, seed: int = 0) -> np.ndarray:
    """Random poses of arm and cube: (worlds, parts, 3, 4)."""
    rng, frames = np.random.default_rng(seed), PartFrames(SCENE, PROFILE, TASK)
    out = np.zeros((worlds, len(NAMES), 3, 4), np.float32)
    out[..., :3] = np.eye(3)
    for world in range(worlds):
        angle = rng.uniform(0.0, np.pi)
        pose = [*rng.uniform((0.35, -0.25), (0.65, 0.25)), 0.02, 0.0, 0.0, np.sin(angle / 2), np.cos(angle / 2)]
        frames.write(rng.uniform(*POSES), rng.uniform(0.0, 0.08), np.array([pose]), out[world])
    return out


def light(look: Appearance, index: int, kind: str, **values) -> None:
    """Switch a light of all worlds on and set some of its numbers."""
    look.lamps.kind[:, index] = LIGHT_KINDS.index(kind)
    for name, value in values.items():
        getattr(look.lamps, name)[:, index] = unit(value) if name == "direction" else value


def varied(worlds: int, seed: int = 1, distractors: int = 4) -> tuple[Appearance, np.ndarray]:
    """Looks that differ in textures, lights and cameras, with distractors; and the transforms."""
    rng = np.random.default_rng(seed)
    look, poses = nominal_appearance(SCENE, worlds), transforms(worlds, seed)
    beside = Distractors(SCENE, worlds)
    for world in range(worlds):
        for name, knob in {**knobs(look, world, SCENE), **beside.knobs(world)}.items():
            if knob.options:
                knob.write(str(rng.choice(knob.options)))
            elif name.endswith(("variant", "colour", "intensity", "shadow", "ambient", "specular")):
                knob.write(rng.uniform(0.2, 1.0, np.shape(knob.nominal)))
            elif name.endswith(("rotation_deg", "fov_deg")):
                knob.write(knob.nominal + rng.uniform(-3.0, 3.0, np.shape(knob.nominal)))
            elif name.endswith((".turn_deg", ".scale")):
                knob.write(rng.uniform(0.5, 2.0))
    beside.count[:] = distractors
    beside.place(look, poses, np.arange(worlds))
    return look, poses


def blank(worlds: int, cameras: int, size: int) -> Images:
    """Images of zeros."""
    shape = (worlds, cameras, size, size)
    return Images(np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.float32), np.zeros(shape, np.int32))


def drawn(renderer, look: Appearance, poses: np.ndarray, size: int, rows=None, cameras=(0,)) -> Images:
    """Draw worlds (all unless given) into fresh images."""
    images = blank(len(poses), len(cameras), size)
    rows = np.arange(len(poses)) if rows is None else np.asarray(rows)
    renderer.draw(Frame(poses, look, rows, cameras), images)
    return images


def same(left: Images, right: Images, rows=slice(None)) -> bool:
    """Compare all bytes of some rows."""
    return all(
        np.array_equal(getattr(left, name)[rows], getattr(right, name)[rows])
        for name in ("rgb", "depth", "segmentation")
    )
