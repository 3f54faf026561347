"""PyBullet worlds from plain data: the laws of batches hold with real physics and real images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pybullet
import pytest
from fake_worlds import episode

import envs
from envs.spec import WorldsSpec
from randomizers import DEFAULT, Latency, Mass, Randomization, Texture, Uniform

TASKS = ("reach", "push", "lift")
SEEN = {"randomization": DEFAULT, "images": ("front", "side"), "image_size": 32}
FRESH = """
import sys
from test_spec import SEEN, WorldsSpec, episode
print(episode(WorldsSpec(sys.argv[1], **SEEN).build(1), 0, steps=10))
"""


def fresh_process(task):
    """Run the episode in a process of its own."""
    folder = Path(__file__).parent
    path = {**os.environ, "PYTHONPATH": f"{folder.parent}:{folder}"}
    command = [sys.executable, "-c", FRESH, task]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=path, cwd=folder.parent)
    return done.stdout.split()[-1]


@pytest.mark.parametrize("task", TASKS)
def test_an_episode_is_the_same_in_any_row_after_any_others_and_in_any_process(task):
    alone = WorldsSpec(task, **SEEN).build(1)
    first = episode(alone, 0, steps=10)
    batch = WorldsSpec(task, **SEEN).build(4)
    batch.begin(np.arange(4), 0, 100 + np.arange(4))
    for _ in range(25):
        batch.step(batch.expert_actions())
    batch.observe()
    assert episode(batch, 3, steps=10) == first
    for number in range(5):
        episode(alone, 0, number=20 + number, steps=4)
    assert episode(alone, 0, steps=10) == first
    assert fresh_process(task) == first
    alone.close()
    batch.close()


@pytest.mark.parametrize("task", TASKS)
def test_whole_episodes_with_contacts_repeat_in_any_row_after_any_others(task):
    alone, batch = (WorldsSpec(task, randomization=DEFAULT).build(num) for num in (1, 4))
    first = episode(alone, 0, steps=60, expert=True)
    batch.begin(np.arange(4), 0, 100 + np.arange(4))
    for _ in range(50):
        batch.step(batch.expert_actions())
    assert episode(batch, 3, steps=60, expert=True) == first
    for number in range(5):
        episode(alone, 0, number=20 + number, steps=30, expert=True)
    assert episode(alone, 0, steps=60, expert=True) == first
    alone.close()
    batch.close()


@pytest.mark.parametrize("task", TASKS)
def test_every_knob_reads_back_what_was_drawn(task):
    worlds = WorldsSpec(task, randomization=DEFAULT).build(2)
    worlds.begin(np.arange(2), 3, [5, 6])
    for draw, knobs in zip(worlds.draws, worlds.knobs):
        assert len(draw.values) > 50
        for name, value in draw.values.items():
            if name == "distractors.count" or isinstance(value, str):
                assert knobs[name].read() == value, name
            else:
                assert np.allclose(knobs[name].read(), value, rtol=1e-4, atol=1e-5), name
    worlds.close()


@pytest.mark.parametrize("task", ("push", "lift"))
def test_a_simulation_that_blew_up_leaves_nothing_behind(task):
    worlds = WorldsSpec(task, randomization=DEFAULT).build(2)
    worlds.begin(np.arange(2), 0, [0, 1])
    first = episode(worlds, 0, steps=20)
    engine = worlds.engines[0]
    pybullet.resetJointState(engine._robot.body, 0, np.nan, 0.0, physicsClientId=engine._client)
    worlds.step(worlds.expert_actions())
    assert worlds.diverged.tolist() == [True, False]
    assert episode(worlds, 0, steps=20) == first
    assert episode(worlds, 1, steps=20) == first
    worlds.close()


def test_a_spec_survives_json():
    spec = WorldsSpec(
        "push", randomization=DEFAULT, strength={"*": 0.5, "mass": (0.2, 0.7)}, images=("front",)
    )
    again = WorldsSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec and again.but(split="heldout") != spec


def test_what_a_person_writes_for_a_randomization_means_the_same():
    mass = Mass("cube", Uniform(0.1, 0.3))
    forms = (mass, Randomization((mass,)), {"Mass": {"of": "cube", "by": "Uniform(0.1, 0.3)"}})
    assert len({json.dumps(WorldsSpec("push", randomization=form).to_dict()) for form in forms}) == 1
    assert WorldsSpec("push", randomization=None).randomization == {}


def test_held_out_worlds_show_other_pictures():
    image = Texture("table", pattern="Choice('image')", variant=0.0)
    spec = WorldsSpec("reach", randomization=image, images=("front",), image_size=32)
    worlds = spec.build(1)
    worlds.begin([0], 0, 0)
    seen = worlds.observe()["images"]["front"]
    assert np.array_equal(seen, worlds.observe()["images"]["front"])
    worlds.sight.renderer = spec.but(split="heldout").make_renderer(("front",), 32)
    assert not np.array_equal(seen, worlds.observe()["images"]["front"])
    worlds.close()


def test_images_show_the_past_and_the_state_the_present():
    late = WorldsSpec(
        "reach", randomization=Latency(action=0.0, images=0.1), images=("front",), image_size=32
    ).build(1)
    sharp = WorldsSpec("reach", images=("front",), image_size=32).build(1)
    shots = []
    for worlds in (late, sharp):
        worlds.begin([0], 0, 0)
        seen = []
        for _ in range(6):
            seen.append(worlds.observe())
            worlds.step(np.array([[0.0, 1.0, 1.0, 0.0]]))
        shots.append(seen)
    for step in range(6):
        assert np.array_equal(shots[0][step]["state"], shots[1][step]["state"])
        past = shots[1][max(step - 2, 0)]["images"]["front"]
        assert np.array_equal(shots[0][step]["images"]["front"], past)
    assert not np.array_equal(shots[1][0]["images"]["front"], shots[1][5]["images"]["front"])
    late.close()
    sharp.close()


def test_pictures_for_people_mark_the_goal():
    env = envs.make("push", render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (256, 256, 3) and picture.std() > 10
    assert (np.abs(picture.astype(int) - (40, 220, 60)).sum(-1) < 60).sum() > 20  # the ring
    env.close()


def test_building_a_batch_checks_its_randomization():
    with pytest.raises(ValueError, match="Did you mean `cube`"):
        WorldsSpec("push", randomization=Mass("cub")).build(1)
    with pytest.raises(ValueError, match="mass"):
        WorldsSpec("push", randomization=Mass("cube", Uniform(-1.0, 2.0))).build(1)
    with pytest.raises(ValueError, match="strength"):
        WorldsSpec("push", strength=-0.5).build(1)
