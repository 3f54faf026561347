"""Marks land where the camera sees the point; the front camera sees the work."""

from types import SimpleNamespace

import numpy as np
import pytest

from envs.rendering.appearance import nominal_appearance
from envs.rendering.assets import CAMERAS, arm_scene
from envs.rendering.overlay import dot, project, ring, tile

SCENE = arm_scene(SimpleNamespace(name="panda"), SimpleNamespace(objects=()))


def test_the_front_camera_sees_the_workspace_and_a_cube_of_six_pixels():
    look = nominal_appearance(SCENE, 1)
    corners = np.array([(x, y, z) for x in (0.35, 0.65) for y in (-0.24, 0.24) for z in (0.0, 0.15)])
    pixels, depth = project(corners, look, 0, list(CAMERAS).index("front"), 64)
    assert (depth > 0).all()
    assert (pixels > 0.0).all()
    assert (pixels < 64.0).all()
    cube = np.array([(0.5 + x, y, 0.025 + z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    cube = (cube - (0.5, 0.0, 0.025)) * 0.025 + (0.5, 0.0, 0.025)
    seen, _ = project(cube, look, 0, 0, 64)
    assert np.ptp(seen[:, 1]) >= 6.0


def test_marks_are_drawn_where_the_point_is_seen():
    look, image = nominal_appearance(SCENE, 1), np.zeros((64, 64, 3), np.uint8)
    point = np.array((0.5, 0.1, 0.0))
    pixel, _ = project(point, look, 0, 0, 64)
    for marked in (dot(image, look, 0, 0, point=point), ring(image, look, 0, 0, centre=point, radius=0.05)):
        where = np.argwhere(marked.any(axis=-1)).mean(axis=0) + 0.5
        assert np.abs(where - pixel[::-1]).max() < 1.0
    assert not image.any()
    assert not dot(image, look, 0, 0, point=np.array((3.0, 0.0, 1.0))).any()


def test_tiles_keep_their_order():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    sheet = tile(images, columns=3)
    assert sheet.shape == (5, 8, 3)
    assert sheet[::3, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 255]]
    with pytest.raises(ValueError, match="at least one image"):
        tile([], 3)
