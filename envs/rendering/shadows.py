"""Shadows on the table top: each part's outline, cast along the light onto the plane and darkened.

    casters = Casters(scene)
    mask = casters.mask(transforms, visible, look, row, camera, size)      # (size, size) float32 in [0, 1]

A part's shadow is the convex hull of its shadow points, exact for convex parts. This costs 0.1 ms where
TinyRenderer's own shadow map costs 3 ms an image, and its darkness can be any number, not only on or off.
"""

import cv2
import numpy as np

from envs.rendering.assets import TABLE_TOP_M
from envs.rendering.overlay import NEAREST_M, project
from envs.rendering.scene import Appearance, Mesh, Scene

NO_CASTERS = ("floor", "wall", "table")
DIRECTIONS = 48
LOWEST_LIGHT = 0.15
"""Sine of the lamp's height below which shadows would be longer than the table."""


class Casters:
    """Outline points of every part that can throw a shadow."""

    def __init__(self, scene: Scene) -> None:
        casting = [i for i, part in enumerate(scene.parts) if part.name not in NO_CASTERS]
        self._parts = np.array(casting)
        self._points = np.stack(
            [extreme_points(scene.parts[i].mesh) for i in casting]
        )  # (casters, points, 3)

    def mask(
        self, transforms: np.ndarray, visible: np.ndarray, look: Appearance, row: int, camera: int, size: int
    ) -> np.ndarray | None:
        """Draw how much of each pixel lies in shadow, if it shows the table top; None without any.

        Args:
            transforms: (parts, 3, 4) world_from_part of one world.
            visible: (parts,) bool.
            look: Light and cameras of all worlds.
            row, camera: Which of them.
            size: Height and width of the image [px].
        """
        light = look.lamps.direction[row, 0].astype(float)
        if light[2] < LOWEST_LIGHT:
            return None
        shown = visible[self._parts]
        pose = transforms[self._parts[shown]].astype(float)
        points = self._points[shown] @ pose[..., :3].swapaxes(-1, -2) + pose[:, None, :, 3]
        height = np.maximum(points[..., 2:] - TABLE_TOP_M, 0.0)
        pixels, depth = project(points - height * (light / light[2]), look, row, camera, size)
        mask = np.zeros((size, size), np.uint8)
        limit = 16.0 * 4.0 * size
        paths = np.clip((pixels - 0.5) * 16.0, -limit, limit).astype(np.int32)
        for path in paths[(depth > NEAREST_M).all(axis=1)]:
            cv2.fillConvexPoly(mask, cv2.convexHull(path), 255, cv2.LINE_AA, shift=4)
        return mask.astype(np.float32) / 255.0


def extreme_points(mesh: Mesh) -> np.ndarray:
    """Pick the vertices that stick out most in evenly spread directions: (DIRECTIONS, 3) [m]."""
    step = np.arange(DIRECTIONS) + 0.5
    z, angle = 1.0 - 2.0 * step / DIRECTIONS, np.pi * (1.0 + np.sqrt(5.0)) * step  # Fibonacci sphere
    flat = np.sqrt(1.0 - z * z)
    directions = np.stack((flat * np.cos(angle), flat * np.sin(angle), z), axis=1)
    return mesh.vertices[np.argmax(mesh.vertices @ directions.T, axis=0)].astype(float)
