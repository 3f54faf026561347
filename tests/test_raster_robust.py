"""Odd scenes, sizes and places of lamps give a correct image, never a crash."""

import numpy as np
import pytest
from raster_frames import drawn, light

from envs.rendering.appearance import nominal_appearance
from envs.rendering.meshes import ball, box
from envs.rendering.raster import RasterRenderer
from envs.rendering.raster.layout import FAR_M
from envs.rendering.raster.pack import mip_maps
from envs.rendering.scene import CameraSpec, Mesh, Part, Scene, Surface

EYE = CameraSpec((0.0, -1.0, 0.0), (0.0, 0.0, 0.0), 60.0)
EMPTY = Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32), np.zeros((0, 3), np.float32),
             np.zeros((0, 2), np.float32))  # fmt: skip


def scene(*meshes):
    """Parts that share one surface, seen along +y."""
    parts = tuple(Part(f"part{i}", mesh, "paint") for i, mesh in enumerate(meshes))
    return Scene(parts, {"paint": Surface((0.8, 0.6, 0.4))} if parts else {}, {"eye": EYE})


def seen(made, places=None, size=32, kinds=("directional",), samples=1):
    """Draw one world with parts at places (parts, 3), under all kinds of light with shadows."""
    look = nominal_appearance(made, 1)
    poses = np.zeros((1, len(made.parts), 3, 4), np.float32)
    poses[..., :3] = np.eye(3)
    if places is not None:
        poses[0, :, :, 3] = places
    for index, kind in enumerate(kinds):
        light(look, index, kind, shadow=0.7, position=(0.2, -0.5, 0.6), direction=(0.3, -0.6, 0.7))
    return drawn(RasterRenderer(made, size, ("eye",), samples=samples), look, poses, size)


ALL_KINDS = ("directional", "point", "spot")


def test_an_empty_scene_shows_the_background():
    images = seen(scene(), kinds=ALL_KINDS)
    assert (images.segmentation == -1).all() and len(np.unique(images.rgb)) == 1
    assert np.allclose(images.depth, FAR_M)


def test_empty_meshes_and_triangles_without_area_are_passed_over():
    cube = box((0.2, 0.2, 0.2))
    flat = Mesh(np.zeros((3, 3), np.float32), np.array([[0, 1, 2], [0, 0, 0]], np.int32),
                np.zeros((3, 3), np.float32), np.zeros((3, 2), np.float32))  # fmt: skip
    needle = Mesh(np.array([[0, 0, -9], [1e-7, 0, 9], [0, 0, 9]], np.float32), np.array([[0, 1, 2]], np.int32),
                  np.ones((3, 3), np.float32), np.zeros((3, 2), np.float32))  # fmt: skip
    alone, among = seen(scene(cube), kinds=ALL_KINDS), seen(scene(cube, EMPTY, flat, needle), kinds=ALL_KINDS)
    assert np.array_equal(alone.segmentation, among.segmentation)
    assert np.array_equal(alone.rgb, among.rgb)


def test_a_thousand_parts_are_each_where_they_belong():
    one, rng = ball(0.02), np.random.default_rng(0)
    places = np.stack((*rng.uniform(-0.5, 0.5, (2, 1000)), rng.uniform(-0.5, 0.5, 1000)), axis=1)
    images = seen(scene(*[one] * 1000), places, size=256, kinds=ALL_KINDS)
    assert len(np.unique(images.segmentation)) > 700
    focal = 128 / np.tan(np.radians(30.0))
    for part in (5, 500, 999):
        rows, columns = np.nonzero(images.segmentation[0, 0] == part)
        if len(rows) > 30:
            x, y, z = places[part]
            assert abs(columns.mean() + 0.5 - (128 + focal * x / (1 + y))) < 3
            assert abs(rows.mean() + 0.5 - (128 - focal * z / (1 + y))) < 3


@pytest.mark.parametrize("size", [8, 9, 13, 31, 85, 257, 1031])
def test_any_image_size_shows_the_same_thing(size):
    images = seen(scene(box((0.3, 0.3, 0.3))), size=size, kinds=ALL_KINDS)
    share = 0.6 / 0.7 / (2.0 * np.tan(np.radians(30.0)))
    assert (images.segmentation == 0).mean() == pytest.approx(share**2, abs=2.5 / size)
    row, column = np.nonzero(images.segmentation[0, 0] == 0)
    assert abs(row.mean() + 0.5 - size / 2) <= 0.5 and abs(column.mean() + 0.5 - size / 2) <= 0.5


@pytest.mark.parametrize("samples", [1, 4])
def test_the_largest_image_can_be_drawn(samples):
    images = seen(scene(box((0.3, 0.3, 0.3))), size=2048, samples=samples)
    assert (images.segmentation == 0).mean() == pytest.approx(0.55, abs=0.02)


def test_from_inside_of_a_body_its_faces_are_not_seen():
    """As in TinyRenderer, which draws no face from behind."""
    images = seen(scene(box((3.0, 3.0, 3.0)), box((0.2, 0.2, 0.2))), kinds=ALL_KINDS)
    assert set(np.unique(images.segmentation)) == {-1, 1}


@pytest.mark.parametrize("depth", [0.0, 0.04, 0.06, 0.5])
def test_a_body_through_which_the_near_plane_cuts_is_drawn_as_far_as_it_goes(depth):
    """A long bar along the optical axis, from `depth` before the camera to far behind it."""
    bar = box((0.05, 2.0, 0.02))
    images = seen(scene(bar), [(0.0, 1.0 + depth, -0.1)], size=64, kinds=ALL_KINDS, samples=4)
    shown = images.segmentation == 0
    assert shown[0, 0, 40:].any() and not shown[0, 0, :32].any()
    assert images.depth[shown].min() >= 0.049


def test_lamps_inside_and_on_bodies_break_nothing():
    made = scene(box((0.2, 0.2, 0.2)), ball(0.3))
    look = nominal_appearance(made, 3)
    poses = np.zeros((3, 2, 3, 4), np.float32)
    poses[..., :3] = np.eye(3)
    for index, kind in enumerate(ALL_KINDS):
        light(look, index, kind, shadow=1.0)
    look.lamps.position[:] = np.array([(0, 0, 0), (0.2, 0, 0), (0, 0, 1e-9)])[:, None]
    images = drawn(RasterRenderer(made, 32, ("eye",)), look, poses, 32)
    assert (images.segmentation >= 0).any()


def test_meshes_that_would_read_beyond_their_arrays_are_refused():
    cube = box((0.1, 0.1, 0.1))
    for broken, message in (
        (Mesh(cube.vertices, cube.faces + 1, cube.normals, cube.uvs), "names vertex 24"),
        (Mesh(cube.vertices, cube.faces, cube.normals[:-1], cube.uvs), "one of each"),
        (Mesh(cube.vertices * np.float32(np.nan), cube.faces, cube.normals, cube.uvs), "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            RasterRenderer(scene(broken), 32, ("eye",))


def test_every_level_of_a_texture_keeps_its_mean_and_the_first_row_is_its_bottom():
    picture = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.uint8)
    packed = mip_maps(picture).reshape(2, 32, 16)
    assert packed[1, 0, 3] & 255 == picture[1, 15, 3, 0] and packed[1, 0, 3] >> 16 == picture[1, 15, 3, 2]
    for size in (8, 4, 2, 1):
        level = packed[:, 32 - 2 * size : 32 - size, :size]
        assert np.abs((level & 255).mean(axis=(1, 2)) - picture[..., 0].mean(axis=(1, 2))).max() < 0.6
    with pytest.raises(ValueError, match="power of two"):
        mip_maps(picture[:, :12, :12])
