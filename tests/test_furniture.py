"""The table as cameras see it: its edges move, its top never does."""

from types import SimpleNamespace

import numpy as np
import pytest

from envs import WorldsSpec
from envs.rendering.assets import arm_scene
from envs.rendering.furniture import CENTRE_M, TableTop
from randomizers import Randomization, Table

SCENE = arm_scene(SimpleNamespace(name="panda"), SimpleNamespace(objects=()))
PART = [part.name for part in SCENE.parts].index("table")
CORNERS = SCENE.parts[PART].mesh.vertices


def identity(worlds):
    return np.tile(np.eye(3, 4, dtype=np.float32), (worlds, len(SCENE.parts), 1, 1))


def placed(table, rows=(0,)):
    """Corners of the tables of some rows, (rows, vertices, 3)."""
    transforms = identity(len(table.size))
    table.place(transforms, np.array(rows))
    pose = transforms[list(rows), PART]
    return CORNERS @ pose[..., :3].swapaxes(-1, -2) + pose[:, None, :, 3]


def test_a_nominal_table_stands_where_the_scene_put_it():
    transforms = identity(2)
    TableTop(SCENE, 2).place(transforms, np.arange(2))
    assert np.array_equal(transforms, identity(2))


def test_a_table_grows_about_its_middle_and_its_top_stays():
    table = TableTop(SCENE, 1)
    table.columns()["table.size"].knob(0).write(1.5)
    corners = placed(table)[0]
    assert corners[:, 2].max() == pytest.approx(CORNERS[:, 2].max())
    assert np.ptp(corners[:, :2], axis=0) == pytest.approx(1.5 * np.ptp(CORNERS[:, :2], axis=0), rel=1e-5)
    middle = (corners.min(axis=0) + corners.max(axis=0))[:2] / 2.0
    assert middle == pytest.approx(CENTRE_M, abs=1e-6)


def test_a_shift_moves_every_corner_alike_and_other_worlds_not_at_all():
    table = TableTop(SCENE, 2)
    table.columns()["table.position"].knob(1).write(np.array([0.1, -0.05]))
    still, moved = placed(table, (0, 1))
    assert moved - still == pytest.approx(np.tile((0.1, -0.05, 0.0), (len(CORNERS), 1)), abs=1e-6)


def test_what_is_written_is_read_back_from_nominal_each_time():
    knobs = {name: column.knob(0) for name, column in TableTop(SCENE, 1).columns().items()}
    for _ in range(3):
        knobs["table.size"].write(1.2)
        knobs["table.position"].write(np.array([0.02, 0.03]))
    assert knobs["table.size"].read() == 1.2 and knobs["table.position"].read().tolist() == [0.02, 0.03]


def test_a_randomized_table_changes_the_image_and_not_the_motion():
    seen = []
    for strength in (0.0, 1.0):
        spec = WorldsSpec("push", randomization=Randomization((Table(),)), images=("front",), image_size=32)
        worlds = spec.but(strength=strength).build(1)
        worlds.begin(0, seed=3, episodes=1)
        for _ in range(3):
            worlds.step(worlds.expert_actions())
        seen.append((worlds.observe(), worlds.state.hand_position.copy()))
        worlds.close()
    (plain, hand), (varied, other_hand) = seen
    assert not np.array_equal(plain["images"]["front"], varied["images"]["front"])
    assert np.array_equal(hand, other_hand) and np.array_equal(plain["state"], varied["state"])
