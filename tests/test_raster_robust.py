"""Odd scenes, sizes and processors give a correct image, and compiled code is made once."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numba
import numpy as np
import pytest
from raster_frames import SCENE, drawn, light, varied

from envs.rendering.appearance import nominal_appearance
from envs.rendering.meshes import ball, box
from envs.rendering.raster import RasterRenderer, compiled, plain, simd
from envs.rendering.raster.layout import CHUNK, CORNERS, FAR_M, PART, RECORD, RECORD_OF, SAMPLE_FLOATS, SAMPLE_INTS
from envs.rendering.raster.pack import mip_maps
from envs.rendering.scene import CameraSpec, Mesh, Part, Scene, Surface

ROOT = Path(__file__).parents[1]
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


# The two paths.


def both_paths(name, *arrays):
    """Run one block of both files on copies of the same arrays, through a loop compiled here; gives both results."""
    results = []
    for module in (plain, simd):
        block = getattr(module, name)
        copies = [array.copy() for array in arrays]
        LOOPS[name](block)(*copies)
        results.append(copies)
    return zip(*results)


def _loop_cover(block):
    @numba.njit
    def loop(nearness, ids, numbers):
        for i in range(numbers.shape[0]):
            n = numbers[i]
            at = 8 * (i % 30)
            block(nearness, ids, at, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], np.int32(i))

    return loop


def _loop_depth(block):
    @numba.njit
    def loop(nearness, numbers):
        for i in range(numbers.shape[0]):
            n = numbers[i]
            block(nearness, 8 * (i % 30), n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9])

    return loop


def _loop_samples(block):
    @numba.njit
    def loop(samples, integers, records):
        for i in range(0, CHUNK, 8):
            block(samples, integers, records, i)

    return loop


def _loop_planes(block):
    @numba.njit
    def loop(records, parts, corners, n):
        for i in range(n.shape[0]):
            block(
                records, RECORD * i, parts, PART * (i % 3), corners, CORNERS * i, n[i, 0], n[i, 1], n[i, 2],
                n[i, 3], n[i, 4], n[i, 5], n[i, 6], n[i, 7], n[i, 8], n[i, 9],
            )  # fmt: skip

    return loop


LOOPS = {
    "cover": _loop_cover,
    "cover_depth": _loop_depth,
    "sample_attributes": _loop_samples,
    "triangle_planes": _loop_planes,
}


@pytest.mark.parametrize("name", LOOPS)
def test_vector_and_plain_blocks_agree_bit_for_bit(name):
    rng = np.random.default_rng(0)
    floats = rng.normal(size=(500, 10)).astype(np.float32)
    nearness = rng.uniform(0.0, 1.0, 256).astype(np.float32).view(np.int32)
    samples = rng.normal(size=SAMPLE_FLOATS).astype(np.float32)
    integers = np.zeros(SAMPLE_INTS, np.int32)
    integers[RECORD_OF : RECORD_OF + CHUNK] = rng.integers(0, 40, CHUNK)
    records = rng.normal(size=500 * RECORD).astype(np.float32)
    parts, corners = (rng.normal(size=n).astype(np.float32) for n in (3 * PART, 500 * CORNERS))
    arrays = {
        "cover": (nearness, np.full(256, -1, np.int32), floats),
        "cover_depth": (nearness, floats),
        "sample_attributes": (samples, integers, records),
        "triangle_planes": (records, parts, corners, floats),
    }[name]
    for ours, theirs in both_paths(name, *arrays):
        assert ours.tobytes() == theirs.tobytes()


IMAGES = """
import sys; sys.path.insert(0, "tests")
import numpy as np
from raster_frames import SCENE, drawn, varied
from envs.rendering.raster import RasterRenderer, compiled
look, poses = varied(6)
images = [drawn(RasterRenderer(SCENE, 53, ("front",), samples=n), look, poses, 53) for n in (1, 4)]
np.savez(sys.argv[1], plain=compiled.PLAIN, **{f"{name}{n}": getattr(image, name)
         for n, image in enumerate(images) for name in ("rgb", "depth", "segmentation")})
"""


@pytest.mark.slow
def test_the_plain_path_in_another_process_draws_the_same_bytes(tmp_path):
    """Compiles the plain path the first time, half a minute."""
    environment = os.environ | {compiled.PLAIN_VARIABLE: "1"}
    path = tmp_path / "images.npz"
    subprocess.run([sys.executable, "-c", IMAGES, str(path)], cwd=ROOT, check=True, env=environment)
    look, poses = varied(6)
    with np.load(path) as other:
        assert other["plain"]
        for n, samples in enumerate((1, 4)):
            ours = drawn(RasterRenderer(SCENE, 53, ("front",), samples=samples), look, poses, 53)
            assert np.array_equal(ours.rgb, other[f"rgb{n}"])
            assert np.array_equal(ours.depth, other[f"depth{n}"])
            assert np.array_equal(ours.segmentation, other[f"segmentation{n}"])


def test_the_plain_path_is_taken_where_the_processor_lacks_avx2(monkeypatch):
    monkeypatch.delenv(compiled.PLAIN_VARIABLE, raising=False)
    monkeypatch.setattr(compiled.llvmlite.binding, "get_host_cpu_features", lambda: {"avx2": False})
    assert compiled.wants_plain()
    monkeypatch.setattr(compiled.llvmlite.binding, "get_host_cpu_features", lambda: {"avx2": True})
    assert not compiled.wants_plain()
    monkeypatch.setenv(compiled.PLAIN_VARIABLE, "1")
    assert compiled.wants_plain()


def test_many_that_start_at_once_compile_one_after_the_other_and_only_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "code_folder", lambda: tmp_path)
    cold = []

    def start():
        with compiled.compiling_once():
            if not (tmp_path / "ready").exists():
                cold.append(1)
                time.sleep(0.05)

    workers = [threading.Thread(target=start) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(cold) == 1 and (tmp_path / "ready").exists()


def test_a_compile_that_fails_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "code_folder", lambda: tmp_path)
    with pytest.raises(RuntimeError), compiled.compiling_once():
        raise RuntimeError
    with compiled.compiling_once():
        assert not (tmp_path / "ready").exists()
    assert (tmp_path / "ready").exists()

