"""Worlds behind Stable-Baselines3 and RLlib, and instructions in words: every checker is content."""

import warnings

import gymnasium
import numpy as np
import pytest
from fake_worlds import FakeTask, fake_worlds
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import envs
from agents.rllib import register, worlds_of
from agents.sb3 import SB3Worlds
from envs.single import World
from envs.spec import WorldsSpec
from envs.tasks.base import NAMES
from envs.vector import VectorWorlds
from envs.views import FlatVector, FlatWorld
from randomizers import Friction, Mass, Randomization

VARIED = Mass() | Friction()
VARIED_CUBE = Randomization((Mass("cube"),))


class Talking(FakeTask):
    """Says which object it means, in two ways."""

    def instruction(self, target, luck, *where):
        return f"{'take' if luck < 0.5 else 'fetch'} number {target}"


@pytest.mark.parametrize("task", NAMES)
def test_the_checkers_of_gymnasium_and_sb3_find_nothing(task):
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*(infinity|does not have a spec|not having a spec|render).*")
        env = envs.make(task, randomization=VARIED, images=("front",), image_size=36, language=True)
        check_env(env)
        check_for_sb3(FlatWorld(env))
        env.close()


def test_instructions_are_told_always_and_observed_where_asked_for():
    env = World(fake_worlds(1, task=Talking()))
    words = {env.reset(seed=seed)[1]["instruction"] for seed in range(12)}
    assert words == {"take number 0", "fetch number 0"} and "instruction" not in env.observation_space.spaces
    assert env.reset(seed=3)[1]["instruction"] == env.step(np.zeros(4))[4]["instruction"]
    talking = World(fake_worlds(1, task=Talking()), language=True)
    observation, info = talking.reset(seed=3)
    assert observation["instruction"] == info["instruction"] == env.reset(seed=3)[1]["instruction"]
    assert observation in talking.observation_space


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_vector_of_talking_worlds_gives_what_gymnasium_makes_of_them(mode):
    batch = VectorWorlds(fake_worlds(3, VARIED_CUBE, task=Talking()), mode, language=True)
    one = [lambda: World(fake_worlds(1, VARIED_CUBE, task=Talking()), language=True)]
    single = SyncVectorEnv(one * 3, autoreset_mode=mode)
    seeds, actions = [7, 8, 9], np.zeros((3, 4), np.float32)
    assert data_equivalence(batch.reset(seed=seeds), single.reset(seed=seeds), exact=True)
    for _ in range(30):
        assert data_equivalence(batch.step(actions), single.step(actions), exact=True)


def test_sb3_begins_new_episodes_at_once_and_keeps_the_last_observation():
    worlds, plain = (fake_worlds(3, VARIED_CUBE) for _ in range(2))
    ours, theirs = SB3Worlds(worlds, ("state", "goal"), seed=4), VectorWorlds(plain, "same_step")
    first, other = ours.reset(), theirs.reset(seed=4)[0]
    assert all(np.array_equal(first[name], other[name]) for name in ("state", "goal")) and len(first) == 2
    assert [info["address"]["episode"] for info in ours.reset_infos] == [0, 1, 2]
    returns, actions = np.zeros(3), np.zeros((3, 4), np.float32)
    for _ in range(FakeTask.horizon):
        observation, reward, done, infos = ours.step(actions)
        other, _, _, _, told = theirs.step(actions)
        returns += reward
    assert done.all() and observation["state"].tolist() == other["state"].tolist()
    for row, info in enumerate(infos):
        assert info["terminal_observation"]["goal"].tolist() == told["final_obs"][row]["goal"].tolist()
        assert info["TimeLimit.truncated"] and not info["is_success"] and info["address"]["episode"] == row + 3
        assert info["episode"]["l"] == FakeTask.horizon
        assert info["episode"]["r"] == pytest.approx(returns[row], rel=1e-5)


def test_sb3_sets_what_belongs_to_the_batch_and_refuses_the_rest():
    worlds = SB3Worlds(fake_worlds(2), "state")
    worlds.set_attr("strength", 0.5)
    assert worlds.get_attr("strength") == [0.5, 0.5] and worlds.get_attr("strength", 1) == [0.5]
    for mistake in (lambda: worlds.set_attr("strength", 0.1, 0), lambda: worlds.env_method("render")):
        with pytest.raises(ValueError, match="batch"):
            mistake()
    with pytest.raises(ValueError, match="Did you mean `state`"):
        SB3Worlds(fake_worlds(2), "stat")


def test_ppo_of_sb3_learns_in_the_worlds_without_complaint():
    from stable_baselines3 import PPO

    worlds = SB3Worlds(WorldsSpec("reach", randomization=VARIED, images=("front",), image_size=36).build(2), seed=0)
    model = PPO("MultiInputPolicy", worlds, n_steps=8, batch_size=16, n_epochs=1, device="cpu", seed=0)
    assert model.learn(16).num_timesteps == 16
    worlds.close()


def test_gymnasium_builds_the_batch_through_the_vector_entry_point():
    context = {"spec": WorldsSpec("reach").to_dict(), "observes": ["state"]}
    build = lambda num_envs: worlds_of({**context, "num_envs": num_envs})  # noqa: E731
    gymnasium.register("sim2arm-test-v0", vector_entry_point=build)
    made = gymnasium.make_vec("sim2arm-test-v0", num_envs=3, vectorization_mode="vector_entry_point")
    observation, _ = made.reset(seed=0)
    assert observation["state"].shape == (3, 9) and observation in made.observation_space
    assert made.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    made.close()
    assert isinstance(worlds_of(context), FlatWorld)
    for wrong in ({}, {"spec": context["spec"], "observe": "state"}):
        with pytest.raises(ValueError, match="spec|Did you mean `observes`"):
            worlds_of(wrong)


def test_a_runner_of_rllib_samples_whole_episodes():
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

    spec = WorldsSpec("reach", randomization=VARIED)
    config = (
        PPOConfig()
        .environment(register(), env_config={"spec": spec.to_dict(), "observes": "state"})
        .env_runners(num_env_runners=0, num_envs_per_env_runner=2, gym_env_vectorize_mode="vector_entry_point")
        .debugging(seed=3, log_level="ERROR")
    )
    runner = SingleAgentEnvRunner(config=config)
    episodes = runner.sample(num_episodes=2, random_actions=True)
    assert isinstance(runner.env.unwrapped, VectorWorlds)
    assert [len(episode) for episode in episodes] == [50, 50] and episodes[0].get_observations(0).shape == (9,)
    assert {episode.get_infos(0)["address"]["episode"] for episode in episodes} == {0, 1}
    runner.stop()


def test_a_flat_vector_is_the_vector_without_words():
    flat = FlatVector(VectorWorlds(fake_worlds(2, task=Talking()), language=True))
    observation, _ = flat.reset(seed=0)
    assert set(observation) == {"proprioception", "goal", "state", "privileged"}
    assert observation in flat.observation_space
