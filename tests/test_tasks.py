"""Laws of tasks: layouts, success, experts."""

import numpy as np
import pytest

from envs.arms import profile
from envs.spec import WorldsSpec
from envs.tasks import base
from envs.tasks.push import GOAL_HIGH, GOAL_LOW
from randomizers import DEFAULT
from randomizers.default import DYNAMICS

WORKSPACE = profile.load("panda").workspace


def run_expert(task: str, randomization, episodes: int, seed: int = 0) -> np.ndarray:
    """Success of each episode (episodes,) bool."""
    worlds = WorldsSpec(task, randomization=randomization).build(episodes)
    worlds.begin(np.arange(episodes), seed, np.arange(episodes))
    while (active := ~(worlds.terminated | worlds.truncated)).any():
        worlds.step(worlds.expert_actions(), active)
    worlds.close()
    return worlds.success


def test_an_unknown_task_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean `push`"):
        base.get("psh")


@pytest.mark.parametrize("name", base.NAMES)
def test_a_layout_depends_on_its_address_alone(name):
    task = base.get(name)
    many = task.layout(3, np.arange(20))
    one = task.layout(3, np.array([7]))
    assert np.array_equal(many.goal[7], one.goal[0]) and np.array_equal(many.object_poses[7], one.object_poses[0])


@pytest.mark.parametrize("name", ("reach", "push"))
def test_heldout_layouts_are_none_of_the_training_layouts(name):
    task, episodes = base.get(name), np.arange(200)
    seen, unseen = (task.layout(0, episodes, split).goal for split in base.SPLITS)
    assert not (seen[:, None, :2] == unseen[None, :, :2]).all(axis=2).any()


@pytest.mark.parametrize("name", base.NAMES)
def test_everything_starts_within_the_workspace_and_undone(name):
    task = base.get(name)
    layout = task.layout(1, np.arange(300))
    solid = [layout.object_poses[:, i, :3] for i, spec in enumerate(task.objects) if spec.solid]
    points = np.concatenate([layout.goal, *solid])
    assert (points > np.array(WORKSPACE.low) - 0.01).all() and (points < WORKSPACE.high).all()


def test_push_goals_lie_in_the_goal_area_at_the_drawn_distance():
    layout = base.get("push").layout(2, np.arange(500))
    distance = np.linalg.norm(layout.goal - layout.object_poses[:, 0, :3], axis=1)
    assert (layout.goal[:, :2] >= GOAL_LOW).all() and (layout.goal[:, :2] <= GOAL_HIGH).all()
    assert distance.min() > 0.10 and distance.max() <= 0.20 + 1e-9


@pytest.mark.parametrize("name", ("place", "stack", "insert", "drawer", "sort"))
def test_the_expert_does_its_task_in_a_few_worlds(name):
    assert run_expert(name, DYNAMICS, 4, seed=9).all()


@pytest.mark.parametrize("name", ("place", "stack", "insert", "drawer", "sort"))
def test_an_expert_asks_for_little_more_where_the_state_is_a_little_different(name):
    worlds = WorldsSpec(name).build(2)
    worlds.begin(np.arange(2), 0, np.arange(2))
    for _ in range(40):
        state, steepest = worlds.state, 0.0
        asked = worlds.expert_actions()
        kept = state.object_poses.copy()
        state.object_poses[:, 0, :3] += 1e-6
        steepest = np.abs(worlds.expert_actions() - asked).max() / 1e-6
        state.object_poses[:] = kept
        assert steepest < 1500.0  # 1 mm changes an action by 1.5 at most: no switch is sharper than sight of 1 mm
        worlds.step(asked)
    worlds.close()


@pytest.mark.parametrize("name", base.NAMES)
def test_the_sparse_reward_is_success_and_nothing_else(name):
    worlds = WorldsSpec(name, reward="sparse").build(2)
    worlds.begin(np.arange(2), 0, np.arange(2))
    while (active := ~(worlds.terminated | worlds.truncated)).any():
        worlds.step(worlds.expert_actions(), active)
        told = worlds.task.success(worlds.state) & active
        assert np.array_equal(worlds.reward, told.astype(float))
    worlds.close()


def test_an_unknown_reward_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean `sparse`"):
        WorldsSpec("reach", reward="spars")


def test_every_object_of_sort_is_meant_as_often_and_none_lies_on_another():
    layout = base.get("sort").layout(0, np.arange(400))
    assert np.bincount(layout.target, minlength=4).min() > 70
    places = layout.object_poses[:, :, :2]
    gaps = np.linalg.norm(places[:, :, None] - places[:, None], axis=3) + 10.0 * np.eye(5)
    assert gaps.min() > 0.085


def test_the_features_of_sort_tell_which_one_is_meant():
    task = base.get("sort")
    worlds = WorldsSpec("sort").build(1)
    worlds.begin([0], 0, 0)
    told = []
    for target in range(4):
        worlds.state.target[:] = target
        told.append(task.features(worlds.state)[0])
    assert len({told[i].tobytes() for i in range(4)}) == 4
    worlds.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", base.NAMES)
def test_the_expert_succeeds_in_nominal_worlds(name):
    assert run_expert(name, None, 50).mean() >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("name", base.NAMES)
def test_the_expert_succeeds_under_the_default_randomization(name):
    # 95 % is the law (n = 200 in docs/results.md); 57 of 60 leaves it room for its own luck.
    assert run_expert(name, DEFAULT, 60, seed=1).sum() >= 54


@pytest.mark.parametrize("name", base.NAMES)
def test_no_world_succeeds_when_the_arm_stands_still(name):
    worlds = WorldsSpec(name).build(4)
    worlds.begin(np.arange(4), 0, np.arange(4))
    for _ in range(10):
        worlds.step(np.zeros((4, 4)))
    assert not worlds.success.any()
    worlds.close()
