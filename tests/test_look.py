"""Laws of the contact sheet."""

import json

import cv2
import numpy as np
import pytest

from experiments.look import COLUMNS, SIDE_PX, check, main, pictures, save
from experiments.policies import sim_spec
from experiments.run import Run
from experiments.schema import Config, Images

BARE = {"Lighting": {}, "Texture": {"of": "*"}}


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """Look at a few worlds."""
    folder = tmp_path_factory.mktemp("look") / "run"
    config = Config(task="reach", worlds=10, randomize=BARE, run=str(folder))
    result, following = main(Run.open("look", config), config)
    return folder, result, following


@pytest.fixture(scope="module")
def worlds():
    made = sim_spec(Config(task="reach", randomize=BARE), images=("front",), image_size=SIDE_PX).build(3)
    yield made
    made.close()


def test_a_sheet_has_a_tile_for_every_world_below_its_head(looked):
    folder, result, _ = looked
    for name in ("image", "heldout", "pictures", "reality"):
        assert result[name] == str(next(folder.glob(result[name].rpartition("/")[2])))
    sheet = cv2.imread(result["image"])
    assert sheet.shape[1] == COLUMNS * (SIDE_PX + 1) - 1
    rows = sheet[-(2 * (SIDE_PX + 1) - 1) :]  # ten worlds are two rows
    tops = [rows[:SIDE_PX, i * (SIDE_PX + 1) :][:, :SIDE_PX] for i in range(COLUMNS)]
    assert all(tile.std() > 5 for tile in tops)
    assert (rows[SIDE_PX + 1 :, 2 * (SIDE_PX + 1) :] == 255).all()


def test_held_out_worlds_and_reality_look_different(looked):
    _, result, _ = looked
    seen, heldout = (cv2.imread(result[name]) for name in ("image", "heldout"))
    assert seen.shape == heldout.shape and (seen != heldout).mean() > 0.2
    assert cv2.imread(result["reality"]).std() > 10


def test_both_pools_of_pictures_stand_side_by_side_and_differ(looked):
    _, result, _ = looked
    sheet = cv2.imread(result["pictures"])[-(9 * 65 - 1) :]
    seen, unseen = sheet[:, : 8 * 65 - 1], sheet[:, -(8 * 65 - 1) :]
    assert seen.std() > 10 and (seen != unseen).any(axis=-1).mean() > 0.8


def test_the_table_of_axes_is_kept_as_text_and_as_data(looked):
    folder, result, following = looked
    axes = json.loads(json.dumps(result["axes"]))
    lines = (folder / "axes.txt").read_text().splitlines()
    assert len(lines) == len(axes) + 1 and lines[0].split()[:2] == ["axis", "expression"]
    assert {"name", "expression", "nominal", "unit", "when"} <= set(axes[0])
    assert following == f"python -m experiments train {folder / 'config.yaml'} run=null"


def test_how_worlds_are_batched_does_not_change_a_picture(worlds):
    five = list(pictures(worlds, 5, seed=3))
    again = list(pictures(worlds, 2, seed=3))
    assert len(five) == 5 and all(np.array_equal(a, b) for a, b in zip(five, again))


def test_the_nominal_picture_is_the_same_whatever_varies(worlds):
    varied = next(pictures(worlds, 1, seed=3))
    nominal = next(pictures(worlds, 1, seed=3, strength=0.0))
    plain = sim_spec(Config(task="reach", randomize={}), images=("front",), image_size=SIDE_PX).build(1)
    bare = next(pictures(plain, 1, seed=3))
    plain.close()
    assert np.array_equal(nominal, bare) and not np.array_equal(nominal, varied)


def test_a_sheet_of_one_world_still_holds_its_words(tmp_path):
    one = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    path = save(tmp_path / "one.png", ["a", "b"], one, [one])
    assert cv2.imread(str(path)).shape[1] == COLUMNS * (SIDE_PX + 1) - 1


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (Config(worlds=0), "at least 1"),
        (Config(images=Images(cameras=[])), "at least one camera"),
        (Config(images=Images(cameras=["frnt"])), "front"),
        (Config(cards="mediun"), "medium"),
        (Config(randomize={"Mass": {"by": "nominal * Uniform(-2.0, -1.0)"}}), "mass"),
    ],
    ids=("no worlds", "no camera", "camera", "card", "mass"),
)
def test_mistakes_show_before_anything_is_drawn(config, told):
    with pytest.raises((ValueError, FileNotFoundError), match=told):
        check(config)
