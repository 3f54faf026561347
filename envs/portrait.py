"""Pictures of an arm by itself: from all sides, with its gripper open and closed, at the ends of its joints.

    for name, image in portraits(load("xarm6"), size=200):
        print(name, image.shape)                             # "joint2 low" (200, 200, 3)
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from envs.arms import kinematics
from envs.arms.profile import ArmProfile
from envs.rendering.appearance import nominal_appearance
from envs.rendering.assets import arm_scene
from envs.rendering.raster import RasterRenderer
from envs.rendering.scene import CameraSpec, Frame, Images
from envs.rendering.textures import bank
from envs.tasks import base as tasks
from envs.transforms import PartFrames

SAMPLES = 4


def cameras_of(profile: ArmProfile) -> dict[str, CameraSpec]:
    """Stand around an arm, as far away as it is large."""
    frames = kinematics.link_frames(profile.chain, np.array(profile.home))
    tool, base = frames[-1, :, 3], profile.base[:, 3]
    high = max(float(frames[:, 2, 3].max()), 0.4)
    middle = np.array([0.5 * (tool[0] + base[0]), 0.5 * (tool[1] + base[1]), 0.5 * high])
    away = 1.3 * high + 0.9
    places = {"left": (0.5, 0.9, 0.45), "front": (1.0, 0.1, 0.35), "behind": (-0.6, 0.7, 0.6), "hand": (0.0, 0.0, 0.0)}
    found = {}
    for name, direction in places.items():
        place = middle + away * np.array(direction) / max(float(np.linalg.norm(direction)), 1e-9)
        found[name] = CameraSpec(tuple(place.tolist()), tuple(middle.tolist()), 42.0)
    close, at = tool + (0.42, 0.32, 0.12), tool + (0.0, 0.0, 0.06)
    return found | {"hand": CameraSpec(tuple(close.tolist()), tuple(at.tolist()), 32.0)}


def portraits(profile: ArmProfile, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Draw the arm at home, its gripper, and both ends of every joint; (size, size, 3) uint8 each."""
    task, widest, home = tasks.get("reach"), profile.hand.max_opening, np.array(profile.home)
    scene = replace(arm_scene(profile, task), cameras=cameras_of(profile))
    openings = {"open": widest, "half": widest / 2.0, "closed": 0.0}
    shots = [(f"home, {camera}", camera, home, 0.0) for camera in ("left", "front", "behind")]
    shots += [(f"gripper {word}", "hand", home, opening) for word, opening in openings.items()]
    for k, joint in enumerate(profile.joints):
        for word, end in (("low", joint.lower), ("high", joint.upper)):
            shots.append((f"{joint.name} {word}", "left", np.where(np.arange(len(home)) == k, end, home), 0.0))
    names, frames = list(scene.cameras), PartFrames(scene, profile, task)
    renderer = RasterRenderer(scene, size, tuple(names), textures=bank("seen"), samples=SAMPLES)
    look = nominal_appearance(scene, 1)
    look.visible[:, [part.name.startswith("distractor") for part in scene.parts]] = False
    try:
        for name, camera, joints, opening in shots:
            transforms = np.tile(np.eye(3, 4, dtype=np.float32), (1, len(scene.parts), 1, 1))
            frames.write(joints, float(opening), np.zeros((0, 7)), transforms[0])
            image = np.zeros((1, 1, size, size, 3), np.uint8)
            renderer.draw(Frame(transforms, look, np.array([0]), (names.index(camera),)), Images(image))
            yield name, image[0, 0]
    finally:
        renderer.close()
