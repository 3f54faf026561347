"""Depth as an observation: beside the images, measured with the faults of a depth camera."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import envs
from envs.spec import WorldsSpec
from randomizers import DEFAULT, Depth, Randomization, Uniform

SIZE = 32
SEES = {"images": ("front", "side"), "image_size": SIZE}


def observed(randomization=None, depth=True, renderer="raster", worlds=2):
    """What some worlds observe at their beginning."""
    batch = WorldsSpec("push", randomization=randomization, renderer=renderer, depth=depth, **SEES).build(worlds)
    batch.begin(np.arange(worlds), seed=3, episodes=np.arange(worlds))
    seen = batch.observe()
    batch.close()
    return seen


def test_depth_lies_between_camera_and_wall_and_changes_no_image():
    seen = observed(DEFAULT)
    for camera in SEES["images"]:
        depth = seen["depth"][camera]
        assert depth.shape == (2, SIZE, SIZE) and depth.dtype == np.float32
        assert 0.4 < np.median(depth) < 1.6 and depth.min() > 0.1
        assert np.array_equal(seen["images"][camera], observed(DEFAULT, depth=False)["images"][camera])


def test_both_renderers_measure_the_same_nominal_depth():
    ours, theirs = (observed(renderer=name)["depth"]["front"] for name in ("raster", "tiny"))
    assert np.median(np.abs(ours - theirs)) < 1e-4


def test_faults_of_the_camera_make_holes_and_noise_that_have_an_address():
    faulty = Randomization((Depth(of="front", holes=Uniform(0.2, 0.2), noise=Uniform(0.01, 0.01)),))
    plain, seen, again = observed(), observed(faulty), observed(faulty)
    front = seen["depth"]["front"]
    assert (front == 0.0).mean(axis=(1, 2)) == pytest.approx(0.2, abs=0.01)
    kept = front > 0.0
    error = (front - plain["depth"]["front"])[kept] / plain["depth"]["front"][kept] ** 2
    assert error.std() == pytest.approx(0.01, rel=0.1)
    assert np.array_equal(front, again["depth"]["front"])
    assert np.array_equal(seen["depth"]["side"], plain["depth"]["side"])


def test_depth_without_cameras_is_refused():
    with pytest.raises(ValueError, match="name them"):
        WorldsSpec("push", depth=True).build(1)


@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_episodes_that_go_on_keep_their_depth_when_others_begin_anew(mode):
    worlds = envs.make_vec("reach", num_envs=2, depth=True, autoreset_mode=mode, **SEES)
    worlds.reset(seed=0)
    for _ in range(3):
        seen, *_ = worlds.step(worlds.worlds.expert_actions().astype(np.float32))
    assert worlds.single_observation_space["depth"]["front"].shape == (SIZE, SIZE)
    assert worlds.observation_space.contains(seen) and (seen["depth"]["side"] > 0.0).all()
    worlds.close()


def test_gymnasiums_checker_finds_nothing_to_say_of_depth():
    env = envs.make("push", randomization=DEFAULT | Depth(), depth=True, **SEES)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()
