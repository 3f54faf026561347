"""How well renderers agree: the same parts at the same places, the same depth, over random views of three arms."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from envs.rendering.reference import ArmScene
    from envs.rendering.scene import Frame

SIZE_PX = 84
NEAR = 0.01
"""Relative error of depth within which MuJoCo agrees."""


def measure(views: int, seed: int = 0) -> dict[str, Any]:
    """Compare our images with TinyRenderer's and MuJoCo's on the same meshes, poses and cameras.

    Returns:
        `segmentation_worst`: share of pixels that show the same part, in the worst image;
        `depth_median_relative`, `depth_99_relative`: error of depth against TinyRenderer where they do;
        `mujoco_depth_within_1pct`: share of pixels, None where MuJoCo cannot draw; `views`.
    """
    from envs.rendering.reference import ARMS, ArmScene

    same: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    mujoco: list[np.ndarray] = []
    for number, name in enumerate(ARMS):
        count = views // len(ARMS) + (number < views % len(ARMS))
        if count:
            arm = ArmScene.of(name)
            frame = arm.views(count, seed)
            compared = compare(arm, frame)
            for found, more in zip((same, errors, mujoco), compared):
                found.append(more)
    shares, relative, near = (np.concatenate(found) for found in (same, errors, mujoco))
    return {
        "segmentation_worst": float(shares.min()),
        "depth_median_relative": float(np.median(relative)),
        "depth_99_relative": float(np.quantile(relative, 0.99)),
        "mujoco_depth_within_1pct": float(near.mean()) if len(near) else None,
        "views": views,
    }


def compare(arm: "ArmScene", frame: "Frame") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give agreement of parts (views,), errors of depth (pixels,) and which of MuJoCo's are near (pixels,)."""
    from envs.rendering.raster import RasterRenderer
    from envs.rendering.reference import Reference
    from envs.rendering.scene import Images

    shape = (len(frame.worlds), 1, SIZE_PX, SIZE_PX)
    depth, parts = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
    images = Images(np.zeros((*shape, 3), np.uint8), depth, parts)
    RasterRenderer(arm.scene, SIZE_PX, ("view",)).draw(frame, images)
    with Reference(arm.scene) as tiny:
        pairs = [tiny.photograph(frame, row, SIZE_PX) for row in range(len(frame.worlds))]
    their_depth, their_parts = (np.stack(each)[:, None] for each in zip(*pairs))
    agree = parts == their_parts
    error = np.abs(depth / their_depth - 1.0)[agree & (parts >= 0)]
    return agree.mean(axis=(1, 2, 3)), error, _mujoco(arm, frame, depth, parts)


def _mujoco(arm: "ArmScene", frame: "Frame", depth: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Say of every pixel that shows something in both whether depths agree."""
    from envs.rendering.scene import Images
    from envs.twin import gl

    if gl.prepare() == gl.NONE:
        return np.zeros(0, bool)
    from envs.twin.renderer import MujocoRenderer

    their_depth, their_parts = np.zeros_like(depth), np.zeros_like(parts)
    renderer = MujocoRenderer(arm.scene, SIZE_PX, samples=0)  # Multisampling blends its depth at outlines.
    renderer.draw(frame, Images(np.zeros((*depth.shape, 3), np.uint8), their_depth, their_parts))
    renderer.close()
    return np.abs(depth / their_depth - 1.0)[(parts >= 0) & (their_parts >= 0)] <= NEAR
