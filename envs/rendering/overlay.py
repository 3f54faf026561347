"""Marks for human eyes: a goal drawn where the camera sees it. Policies never get these pixels.

picture = ring(image, look, row=0, camera=0, centre=goal, radius=0.05)
cv2.imwrite("sheet.png", tile(pictures, columns=8)[..., ::-1])
"""

from collections.abc import Sequence

import cv2
import numpy as np

from envs.rendering.scene import Appearance

NEAREST_M = 0.02
Colour = tuple[int, int, int]


def project(
    points: np.ndarray, look: Appearance, row: int, camera: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find where a camera sees points.

    Args:
        points: (..., 3) in the arm's base frame [m].
        look: Cameras of all worlds.
        row: The world.
        camera: Index of the camera.
        size: Height and width of the image [px].

    Returns:
        Columns and rows (..., 2) in pixels, where 0.5 is the centre of the first one, and the distance along
        the optical axis (...,) [m]; what is not in front of the camera has a distance of 0 or less.
    """
    offset = np.asarray(points, float) - look.camera_position[row, camera]
    seen = offset @ look.world_from_camera[row, camera].astype(float)
    focal = 0.5 * size / np.tan(np.radians(float(look.fov_deg[row, camera])) / 2.0)
    depth = seen[..., 2]
    return 0.5 * size + focal * seen[..., :2] / np.maximum(depth, NEAREST_M)[..., None], depth


def ring(
    image: np.ndarray,
    look: Appearance,
    row: int,
    camera: int,
    *,
    centre: np.ndarray,
    radius: float,
    colour: Colour = (40, 220, 60),
) -> np.ndarray:
    """Draw a horizontal circle of `radius` [m] about a point (3,) [m]; gives a new image."""
    angle = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
    circle = np.stack((np.cos(angle), np.sin(angle), np.zeros(32)), axis=1) * radius + np.asarray(
        centre, float
    )
    pixels, depth = project(circle, look, row, camera, len(image))
    marked = np.ascontiguousarray(image).copy()
    if (depth > NEAREST_M).all():
        # OpenCV counts from the centre of the first pixel, in sixteenths here.
        path = np.rint((pixels - 0.5) * 16).astype(np.int32)
        cv2.polylines(marked, [path], True, colour, max(1, len(image) // 128), cv2.LINE_AA, shift=4)
    return marked


def dot(
    image: np.ndarray,
    look: Appearance,
    row: int,
    camera: int,
    *,
    point: np.ndarray,
    colour: Colour = (40, 220, 60),
) -> np.ndarray:
    """Draw a filled spot at a point (3,) [m]; gives a new image."""
    pixel, depth = project(point, look, row, camera, len(image))
    marked = np.ascontiguousarray(image).copy()
    if depth > NEAREST_M:
        place = tuple(int(number) for number in np.rint((pixel - 0.5) * 16))
        cv2.circle(marked, place, 16 * max(1, len(image) // 64), colour, cv2.FILLED, cv2.LINE_AA, shift=4)
    return marked


def tile(images: Sequence[np.ndarray] | np.ndarray, columns: int, gap: int = 1) -> np.ndarray:
    """Lay equal images (height, width, 3) uint8 out in rows, with a white line between them."""
    if not len(images) or columns < 1:
        raise ValueError(f"tile needs at least one image and one column, got {len(images)} and {columns}.")
    height, width = images[0].shape[:2]
    rows = -(-len(images) // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for number, image in enumerate(images):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet
