"""Laws of instructions: every word is true of the scene, and none can be mistaken for another thing."""

from dataclasses import replace

import numpy as np
import pytest

from envs.objects import Build
from envs.rendering.assets import CAMERAS
from envs.tasks import base, language
from envs.tasks.language import described, meant, references
from randomizers.streams import unit

LUCK = (np.arange(160) + 0.5) / 160
TASKS = [name for name in base.NAMES if name != "reach"]


def said(name: str, episode: int) -> list[tuple[int, str, np.ndarray]]:
    """All that may be said in one episode of a task."""
    task = base.get(name)
    layout = task.layout(0, np.array([episode]))
    poses, target = layout.object_poses[0], int(layout.target[0])
    return [(target, task.instruction(target, float(luck), poses), poses) for luck in LUCK]


@pytest.mark.parametrize("name", TASKS)
def test_every_sentence_means_the_target_first_and_everything_else_in_it_is_one_thing(name):
    task = base.get(name)
    for episode in range(3):
        for target, text, poses in said(name, episode):
            found = references(text, task.objects, poses)
            assert found and found[0] == [target], text
            assert all(len(each) == 1 for each in found), text
            if task.marks is not None:
                assert [task.marks] in found[1:], text


@pytest.mark.parametrize("name", TASKS)
def test_every_phrasing_of_every_mood_can_be_said(name):
    task = base.get(name)
    assert set(task.sentences) == set(language.MOODS)
    texts = [text for _, text, _ in said(name, 0)]
    for mood in language.MOODS:
        assert len(task.sentences[mood]) >= 2
        for sentence in task.sentences[mood]:
            first, *_ = sentence.split("{")
            assert any(text.startswith(first) for text in texts)
    assert not any("{" in text for text in texts)


def test_every_target_of_sort_has_names_by_shape_colour_size_and_place():
    task = base.get("sort")
    layout = task.layout(0, np.arange(40))
    names = [name for poses in layout.object_poses for i in range(4) for name in described(task.objects, i, poses)]
    for word in ("cylinder", "blue", "small", "large", "on the left", "nearest to the robot", "to the right of"):
        assert any(word in name for name in names), word


def test_what_fits_two_things_is_not_said():
    objects = base.get("sort").objects
    assert meant("red cube", objects) == [0, 1] and "red cube" not in described(objects, 0)
    assert meant("small red cube", objects) == [1] and meant("large red cube", objects) == [0]
    assert meant("green cube", objects) == []


def test_twins_without_a_place_are_refused():
    cube = base.get("lift").objects[0]
    twins = (cube, replace(cube, name="other"))
    with pytest.raises(ValueError, match="no words mean `cube` alone"):
        described(twins, 0)
    poses = np.zeros((2, 7))
    poses[1, 1] = 0.1
    assert "cube on the left" in described(twins, 0, poses) and "cube on the right" in described(twins, 1, poses)
    poses[1, 1] = 0.01
    with pytest.raises(ValueError, match="no words"):
        described(twins, 0, poses)


def test_sizes_that_are_nearly_alike_have_no_names():
    objects = base.get("sort").objects
    near = (objects[0].made(Build(0.9)), objects[1].made(Build(1.3)), *objects[2:])
    assert meant("small red cube", near) == []


def test_left_is_left_in_the_front_camera():
    camera = CAMERAS["front"]
    forward = np.subtract(camera.target, camera.position)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    axis, sign = language.PLACES["on the right"]
    assert sign * right[axis] > 0.9 * np.linalg.norm(right)


def test_colours_keep_their_names_however_the_default_randomization_paints_them():
    # Texture multiplies each channel by 0.5 to 1.8; the painted hue must not become another colour's.
    for name in TASKS:
        for spec in base.get(name).objects:
            plain = language.colour_of(spec)
            if plain in ("red", "green", "blue"):
                factors = 0.5 * 3.6 ** unit(0, 0, 0, spec.name, (200, 3))
                for painted in np.clip(factors * spec.colour, 0.0, 1.0):
                    assert int(painted.argmax()) == int(np.argmax(spec.colour)), (spec.name, painted)


def test_the_same_luck_says_the_same():
    task = base.get("stack")
    assert task.instruction(0, 0.37) == task.instruction(0, 0.37)
    assert len({task.instruction(0, float(luck)) for luck in LUCK}) > 20


def test_what_is_no_description_is_refused():
    with pytest.raises(ValueError, match="is no description"):
        meant("shiny gadget", base.get("lift").objects)
