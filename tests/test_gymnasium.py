"""Gymnasium's contracts: the checker, autoreset, infos, and a vector that equals its worlds one by one."""

import warnings

import gymnasium
import numpy as np
import pytest
from fake_worlds import SIZE, FakeRenderer, fake_worlds
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import FlattenObservation, RecordEpisodeStatistics
from gymnasium.wrappers.vector import RecordEpisodeStatistics as RecordVectorStatistics

import envs
from envs.single import World
from envs.vector import VectorWorlds
from randomizers import Camera, Every, LogUniform, Mass, Texture, nominal

VARIED = Mass(by=nominal * LogUniform(0.5, 2.0)) | Texture("table") | Camera("front", when=Every(0.1, 0.2))
TASKS = ("reach", "push", "lift")


def world(**settings):
    return World(fake_worlds(1, VARIED, ("front",), **settings))


def vector(num, mode="next_step", **settings):
    return VectorWorlds(fake_worlds(num, VARIED, ("front",), **settings), mode)


def run(env, steps, seed):
    """Everything a vector environment gives."""
    given = [env.reset(seed=seed)]
    rng = np.random.default_rng(0)
    for _ in range(steps):
        given.append(env.step(rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)))
    return given


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_vector_gives_what_gymnasium_makes_of_its_worlds_one_by_one(mode):
    """Also through the ends of episodes: observations, rewards, flags, infos, final ones too."""
    batch = run(vector(3, mode), 40, seed=[7, 8, 7])
    single = run(SyncVectorEnv([world] * 3, autoreset_mode=mode), 40, seed=[7, 8, 7])
    for step, (one, other) in enumerate(zip(batch, single)):
        assert data_equivalence(one, other, exact=True), step
    assert any("final_obs" in given[-1] for given in batch) == (mode == AutoresetMode.SAME_STEP)


def test_observations_and_actions_are_in_their_spaces():
    env = vector(2)
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    assert observation["images"]["front"].shape == (2, SIZE, SIZE, 3)
    assert env.action_space.shape == (2, 4) and env.single_action_space.shape == (4,)
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP


def test_one_seed_gives_every_world_its_own_episodes():
    env = vector(3, "same_step")
    _, infos = env.reset(seed=5)
    assert infos["address"]["seed"].tolist() == [5, 5, 5] and infos["address"]["episode"].tolist() == [
        0,
        1,
        2,
    ]
    while "final_obs" not in infos:
        *_, infos = env.step(np.zeros((3, 4), np.float32))
    assert infos["address"]["episode"].tolist() == [3, 4, 5]
    assert infos["final_info"]["address"]["episode"].tolist() == [0, 1, 2]
    _, infos = env.reset()
    assert infos["address"]["episode"].tolist() == [6, 7, 8]


def test_row_zero_of_a_vector_runs_the_episode_of_a_single_world():
    batch, info = vector(4).reset(seed=5)
    single, alone = world().reset(seed=5)
    assert np.array_equal(batch["images"]["front"][0], single["images"]["front"])
    assert info["randomization"]["mass.cube"][0] == alone["randomization"]["mass.cube"]


def test_next_step_resets_in_the_step_after_the_end():
    env = vector(2)
    env.reset(seed=0)
    truncated, count = np.zeros(2, bool), 0
    while not truncated.any():
        _, _, _, truncated, _ = env.step(np.zeros((2, 4), np.float32))
        count += 1
    observation, reward, terminated, truncated, infos = env.step(np.full((2, 4), np.nan, np.float32))
    assert count == 12 and not reward.any() and not (terminated | truncated).any()
    assert infos["address"]["episode"].tolist() == [2, 3]
    assert observation in env.observation_space


def test_disabled_waits_for_a_reset_of_those_that_ended():
    env = vector(2, "disabled")
    env.reset(seed=0)
    for _ in range(6):
        env.step(np.zeros((2, 4), np.float32))
    env.reset(options={"reset_mask": np.array([False, True])})
    for _ in range(6):
        _, _, _, truncated, _ = env.step(np.zeros((2, 4), np.float32))
    assert truncated.tolist() == [True, False]
    with pytest.raises(ValueError, match="reset_mask"):
        env.step(np.zeros((2, 4), np.float32))
    _, infos = env.reset(options={"reset_mask": truncated})
    assert infos["_address"].tolist() == [True, False]
    env.step(np.zeros((2, 4), np.float32))


def test_options_hold_for_the_episode_they_begin():
    env = world(strength=0.0)
    masses = [
        env.reset(seed=7, options=options)[1]["randomization"]["mass.cube"]
        for options in ({}, {"strength": 1.0}, {"pin": {"mass.cube": 1.0}, "strength": 1.0}, None)
    ]
    assert masses[0] == masses[3] == pytest.approx(0.1)
    assert masses[1] != masses[0] and masses[2] == pytest.approx(0.2)
    env.strength = 1.0
    assert env.reset(seed=7)[1]["randomization"]["mass.cube"] == masses[1]


def test_any_episode_can_be_asked_for():
    env = world()
    env.reset(seed=7)
    for _ in range(4):
        observation, info = env.reset()
    assert info["address"] == {"seed": 7, "episode": 4}
    again, _ = world().reset(seed=7, options={"episode": 4})
    assert data_equivalence(observation, again, exact=True)
    assert env.reset()[1]["address"]["episode"] == 5


def test_without_a_seed_worlds_differ():
    assert world().reset()[1]["address"]["seed"] != world().reset()[1]["address"]["seed"]
    assert vector(2).reset()[1]["address"]["seed"][0] != vector(2).reset()[1]["address"]["seed"][0]


def test_gymnasiums_wrappers_fit():
    env = FlattenObservation(RecordEpisodeStatistics(world()))
    env.reset(seed=0)
    for _ in range(12):
        *_, info = env.step(env.action_space.sample())
    assert info["episode"]["l"] == 12
    vectors = RecordVectorStatistics(vector(2))
    vectors.reset(seed=0)
    for _ in range(12):
        *_, infos = vectors.step(np.zeros((2, 4), np.float32))
    assert infos["episode"]["l"].tolist() == [12, 12]


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (lambda: world().reset(seed=0, options={"strenght": 1.0}), "strength"),
        (lambda: world().reset(seed=-3), "seed -3"),
        (lambda: vector(2).reset(seed=[1]), "1 seeds for 2 worlds"),
        (lambda: vector(2).reset(seed=[1, None]), "first reset"),
        (lambda: vector(2, "same-step"), "same_step"),
        (lambda: vector(2).reset(options={"reset_mask": np.ones(3, bool)}), "reset_mask"),
        (lambda: World(fake_worlds(2)), "VectorWorlds"),
        (lambda: envs.make("psh"), "Did you mean `push`"),
        (lambda: envs.make("push", arm="pand"), "Did you mean `panda`"),
        (lambda: envs.make("push", images=("frnt",)), "Did you mean `front`"),
        (lambda: envs.make("push", split="held-out"), "Did you mean `heldout`"),
        (lambda: envs.make("push", render_mode="human"), "rgb_array"),
        (lambda: envs.make("push", image_size=0), "image_size"),
        (lambda: envs.make("push", randomization={"Mas": {}}), "Did you mean `Mass`"),
        (lambda: envs.make_vec("push", num_envs=0), "worlds"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(mistake, told):
    with pytest.raises(ValueError, match=told):
        mistake()


def test_a_camera_name_alone_is_not_a_tuple_of_names():
    with pytest.raises(TypeError, match=r"images=\('front',\)"):
        envs.make("push", images="front")


def test_a_painter_makes_pictures_for_people():
    env = World(fake_worlds(1, VARIED), FakeRenderer())
    env.reset(seed=0)
    assert env.render_mode == "rgb_array" and env.render().shape == (256, 256, 3)
    assert world().render() is None
    env.close()
    env.close()


@pytest.mark.parametrize("images", [(), ("front",)])
@pytest.mark.parametrize("task", TASKS)
def test_gymnasiums_checker_finds_nothing(task, images):
    env = envs.make(task, randomization=VARIED, images=images, image_size=32, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*(infinity|does not have a spec|not having a spec).*")
        check_env(env)
    assert isinstance(env, gymnasium.Env)
    env.close()
    env.close()
