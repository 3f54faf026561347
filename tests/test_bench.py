"""Laws of `bench`: result keys that scripts read, rivals that draw the same table, stills with an address."""

import json

import numpy as np
import pytest

from envs.rendering.raster import RasterRenderer
from envs.rendering.scene import Images as Pixels
from envs.rivals import MESHES, SameMeshes, StockScene, table_scene, table_views
from envs.stills import CUBE_HIGH_M, CUBE_LOW_M, Stills, scene_of
from envs.twin import gl
from experiments import bench_render, localiser
from experiments.__main__ import configure, main, parse
from experiments.bench import check
from experiments.schema import Bench, Config, Images
from randomizers.default import SIGHT

TINY = ["bench.sizes=[16]", "bench.worlds=2", "bench.repeats=2", "bench.views=3", "bench.cold=false"]
LIGHTS = ("lights1", "lights1_shadow", "lights3_shadow")
DRAWS = gl.available() != gl.NONE


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "run"
    assert main(["bench", "render", *TINY, f"run={folder}"]) == 0
    return json.loads((folder / "result.json").read_text())


def stills(worlds, **settings):
    renderer = RasterRenderer(scene_of("push"), 32, ("front",))
    return Stills("push", renderer, worlds, randomization=SIGHT, image_size=32, **settings)


def test_the_result_has_the_keys_that_scripts_read(measured):
    for lights in LIGHTS:
        found = measured["render"]["16"][lights]
        assert {"images_per_s", "ms", "tiny_same_ratio", "tiny_stock_ratio"} <= set(found)
        assert found["images_per_s"] == pytest.approx(1e3 / found["ms"])
        assert sum(found["stages"].values()) == pytest.approx(1.0)
    assert {"segmentation_worst", "depth_median_relative", "mujoco_depth_within_1pct"} <= set(measured["agreement"])
    assert measured["redraw_ms"] > 0.0 and measured["warm_start_s"] > 0.0


def test_renderers_agree(measured):
    agreement = measured["agreement"]
    assert agreement["segmentation_worst"] >= 0.999 and agreement["depth_median_relative"] <= 1e-5
    if DRAWS:
        assert agreement["mujoco_depth_within_1pct"] >= 0.999


def test_its_table_names_every_figure_that_was_promised(measured):
    told = bench_render.table(measured)
    assert all(word in told for word in (*LIGHTS, "segmentation_worst", "redraw_ms", "warm_start_s", "shading"))


@pytest.mark.parametrize("words", [["bench", "localiser"], ["bench", "what=localiser"]])
def test_what_is_measured_stands_with_or_without_its_key(words):
    assert configure(parse(words)).bench.what == "localiser"
    assert configure(parse(["bench"])).bench.what == "render"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (Config(bench=Bench(what="rendr")), "Did you mean `render`"),
        (Config(bench=Bench(repeats=0)), "bench.repeats=0"),
        (Config(bench=Bench(sizes=[])), "at least one side"),
        (Config(bench=Bench(sizes=[4])), "8 to 2048"),
        (Config(bench=Bench(what="localiser"), task="reach"), "0 objects to look for"),
        (Config(bench=Bench(what="localiser"), images=Images(cameras=[])), "the first, of front, side"),
    ],
    ids=("what", "repeats", "no size", "small", "reach", "camera"),
)
def test_mistakes_show_before_anything_is_measured(config, told):
    with pytest.raises(ValueError, match=told):
        check(config)


@pytest.mark.parametrize("meshes", MESHES)
def test_tinyrenderer_draws_the_table_that_we_draw(meshes):
    scene = table_scene(meshes)
    frame = table_views(scene, 2, lamps=1)
    images = np.zeros((2, 1, 48, 48, 3), np.uint8)
    RasterRenderer(scene, 48, ("front",)).draw(frame, Pixels(images))
    with SameMeshes(scene, frame) as tiny:
        for row in range(2):
            tiny.set_out(row)
            error = np.abs(tiny.snap(row, 48, shadow=False).astype(int) - images[row, 0])
            assert np.median(error) <= 4 and error.mean() < 16  # it knows no mip maps: far tiles flicker


def test_the_stock_scene_has_shadows_when_asked():
    frame = table_views(table_scene(), 2, lamps=1, shadows=1)
    with StockScene(frame) as stock:
        stock.set_out(1)
        bright, dark = (stock.snap(1, 48, shadow=shadow).astype(int) for shadow in (False, True))
    assert bright.mean() > dark.mean() + 0.5


def test_lamps_do_not_change_what_else_a_view_shows():
    scene = table_scene()
    one, three = (table_views(scene, 3, lamps=lamps) for lamps in (1, 3))
    assert np.array_equal(one.transforms, three.transforms)
    assert np.array_equal(one.appearance.colour, three.appearance.colour)
    assert not np.array_equal(one.appearance.lamps.kind, three.appearance.lamps.kind)


def test_a_still_is_the_same_in_any_batch_and_its_cube_lies_on_the_table():
    (pictures, cubes), (again, places) = stills(4).take(seed=5, first=0), stills(2).take(seed=5, first=2)
    assert np.array_equal(pictures[2:], again) and np.array_equal(cubes[2:], places)
    assert (cubes >= CUBE_LOW_M).all() and (cubes <= CUBE_HIGH_M).all()
    assert len({picture.tobytes() for picture in pictures}) == 4


def test_held_out_stills_are_others_and_strength_zero_shows_one_look():
    train, heldout = (stills(2, split=split).take(seed=5, first=0) for split in ("train", "heldout"))
    assert not np.array_equal(train[1], heldout[1])
    plain = stills(8, strength=0.0).take(seed=5, first=0)[0]
    corners = plain[:, -4:, -4:].reshape(8, -1)
    assert (corners.std(axis=0) < 3).all()


@pytest.mark.slow
def test_the_localiser_is_one_command(tmp_path):
    folder, few = tmp_path / "run", ["bench.images=256", "bench.plain_images=128", "bench.tests=8"]
    assert main(["bench", "localiser", *few, f"run={folder}"]) == 0
    result = json.loads((folder / "result.json").read_text())
    assert result["localiser"]["heldout_cm"] > 0.0 and (folder / "localiser.png").is_file()
    if DRAWS:
        assert {"mujoco_cm", "mujoco_without_randomization_cm"} <= set(result["localiser"])


def test_a_network_learns_the_same_from_the_same_images():
    told = []
    for _ in range(2):
        network = localiser.train(stills(localiser.BATCH), 256, 2, 0, lambda *_: None)
        told.append(localiser.errors_cm(network, stills(8, split="heldout").take(0, 0)))
    assert told[0] == told[1]
