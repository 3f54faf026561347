"""Distractors show as they were asked for, and never in the colour of what matters."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from envs.engine import ObjectSpec
from envs.rendering.appearance import nominal_appearance
from envs.rendering.assets import arm_scene
from envs.rendering.distractors import Distractors
from envs.rendering.hues import GAP_DEG, apart, hues

ARM = SimpleNamespace(name="panda")
TASK = SimpleNamespace(objects=(ObjectSpec("cube", (0.02, 0.02, 0.02), 0.1, 0.8, (0.9, 0.1, 0.1)),))
SCENE = arm_scene(ARM, TASK)


def test_as_many_distractors_show_as_were_asked_for_in_the_shape_and_size_that_was_asked_for():
    look, distractors = nominal_appearance(SCENE, 3), Distractors(SCENE, 3)
    mine = distractors.knobs(1)
    mine["distractors.count"].write(2.0)
    mine["distractors.1.shape"].write("ball")
    mine["distractors.1.size"].write(0.08)
    transforms = np.zeros((3, len(SCENE.parts), 3, 4), np.float32)
    distractors.place(look, transforms, np.arange(3))
    shown = [part.name for part, visible in zip(SCENE.parts, look.visible[1]) if visible]
    assert [name for name in shown if name.startswith("distractor")] == [
        "distractor0.box",
        "distractor1.ball",
    ]
    assert not look.visible[0, [part.name.startswith("distractor") for part in SCENE.parts]].any()
    pose = transforms[1, [part.name for part in SCENE.parts].index("distractor1.ball")]
    assert np.allclose(pose[:, :3], 0.08 * np.eye(3))
    assert pose[2, 3] == pytest.approx(0.04)


@pytest.mark.parametrize("cubes", [1, 3])
def test_no_distractor_has_the_hue_of_an_object_and_others_keep_every_bit(cubes):
    paints = [(0.82, 0.16, 0.12), (0.1, 0.2, 0.8), (0.5, 0.5, 0.5)][:cubes]  # the last one is grey and forbids nothing
    things = [ObjectSpec(f"cube{i}", (0.02, 0.02, 0.02), 0.1, 0.8, paint) for i, paint in enumerate(paints)]
    scene = arm_scene(ARM, SimpleNamespace(objects=tuple(things)))
    look, distractors = nominal_appearance(scene, 500), Distractors(scene, 500)
    rows = np.arange(500)
    drawn = np.random.default_rng(0).uniform(0.0, 1.0, (500, 4, 3)).astype(np.float32)
    for index in range(4):
        distractors.columns()[f"texture.distractor{index}.colour"].write(rows, drawn[:, index])
    for _ in range(2):  # a second time changes nothing
        distractors.place(look, np.zeros((500, len(scene.parts), 3, 4), np.float32), rows)
    shown = look.colour[:, [list(scene.surfaces).index(f"distractor{i}") for i in range(4)]]
    assert np.array_equal(distractors.colour, drawn)
    angles = cv2.cvtColor(shown, cv2.COLOR_RGB2HSV)[..., 0]
    before = cv2.cvtColor(drawn, cv2.COLOR_RGB2HSV)
    for forbidden in (3.43, 231.43)[:cubes]:
        assert np.abs((angles - forbidden + 180.0) % 360.0 - 180.0).min() > GAP_DEG - 0.1
    assert np.allclose(cv2.cvtColor(shown, cv2.COLOR_RGB2HSV)[..., 1:], before[..., 1:], atol=1e-5)
    kept = np.abs((before[..., 0] - angles + 180.0) % 360.0 - 180.0) < 1e-3
    assert 0.4 < kept.mean() < 0.9 and np.array_equal(shown[kept], drawn[kept])


def test_the_nominal_distractors_are_far_enough_from_the_cube_and_greys_are_left_alone():
    look, distractors = nominal_appearance(SCENE, 1), Distractors(SCENE, 1)
    before = look.colour.copy()
    distractors.place(look, np.zeros((1, len(SCENE.parts), 3, 4), np.float32), np.array([0]))
    assert np.array_equal(look.colour, before)
    greys = np.full((2, 3), 0.5, np.float32)
    assert not len(hues(greys)) and np.array_equal(apart(greys, hues(np.array([[0.9, 0.1, 0.1]]))), greys)


def test_with_objects_of_all_colours_the_gap_shrinks_and_something_is_left():
    circle = np.arange(0.0, 360.0, 30.0)
    reds = np.tile(np.array([0.8, 0.1, 0.1], np.float32), (3, 1))
    away = np.abs(hues(apart(reds, circle))[:, None] - circle)
    assert np.minimum(away, 360.0 - away).min() > 11.0
