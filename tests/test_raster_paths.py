"""The vector and the plain path give the same bytes, and code is compiled once however many start."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numba
import numpy as np
import pytest
from raster_frames import SCENE, drawn, varied

from envs.rendering.raster import RasterRenderer, compiled, plain, simd
from envs.rendering.raster.layout import CHUNK, CORNERS, PART, RECORD, RECORD_OF, SAMPLE_FLOATS, SAMPLE_INTS

ROOT = Path(__file__).parents[1]


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


def test_code_of_old_sources_is_removed_and_the_rest_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "code_folder", lambda: tmp_path / "raster-new")
    for name in ("raster-new", "raster-old", "raster-recent", "other-old"):
        (tmp_path / name).mkdir()
        if name != "raster-new":
            (tmp_path / name / "ready").touch()
        if name.endswith("old"):
            os.utime(tmp_path / name / "ready", (0, 0))
    with compiled.compiling_once():
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other-old", "raster-new", "raster-recent"]


def test_a_compile_that_fails_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "code_folder", lambda: tmp_path)
    with pytest.raises(RuntimeError), compiled.compiling_once():
        raise RuntimeError
    with compiled.compiling_once():
        assert not (tmp_path / "ready").exists()
    assert (tmp_path / "ready").exists()
