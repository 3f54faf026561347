"""Laws of worlds with any arm and any way of actions: experts solve them, pictures show them, workers rebuild them."""

import numpy as np
import pytest
from test_arms_profiles import made

import envs
from envs.arms.actions import MODES, Actions
from envs.arms.controller import Controller
from envs.arms.profile import load
from envs.rendering.arms import drawn
from envs.rendering.assets import arm_scene
from envs.rendering.distractors import NOMINAL_POSITIONS, NOMINAL_SIZE_M
from envs.spec import WorldsSpec
from envs.tasks import base as tasks
from envs.transforms import PartFrames
from experiments.config import load as load_config
from experiments.policies import reality_spec
from randomizers import Texture

NEW = ("iiwa", "xarm6")


def solved(spec, count):
    """Share of episodes that the expert solves."""
    worlds = spec.build(count)
    worlds.begin(np.arange(count), 0, np.arange(count))
    while not (worlds.terminated | worlds.truncated).all():
        worlds.step(worlds.expert_actions(), active=~(worlds.terminated | worlds.truncated))
    worlds.close()
    return worlds.success.mean()


@pytest.mark.parametrize("task", ["reach", "push", "lift"])
@pytest.mark.parametrize("arm", NEW)
def test_the_expert_solves_every_task_with_every_arm(arm, task):
    assert solved(WorldsSpec(task, arm=arm), 6) == 1.0


@pytest.mark.parametrize("task", ["reach", "push"])
@pytest.mark.parametrize("mode", MODES)
def test_the_expert_solves_a_task_in_every_way_of_actions(mode, task):
    assert solved(WorldsSpec(task, arm="xarm6", actions=mode), 4) == 1.0


def test_an_arm_of_ones_own_moves_and_travels_by_its_contents(tmp_path):
    path = made(tmp_path)
    spec = WorldsSpec("reach", arm=str(path))
    path.unlink()
    (tmp_path / "my.urdf").unlink()
    again = WorldsSpec.from_dict(spec.to_dict())
    assert again == spec and again.profile.name == "my_arm"
    assert solved(again, 2) == 1.0


@pytest.mark.parametrize("mode", MODES)
def test_spaces_follow_the_way_of_actions(mode):
    env = envs.make("reach", arm="xarm6", actions=mode)
    assert env.action_space.shape == ((4,) if mode.startswith("ee") else (7,))
    env.reset(seed=0)
    env.step(env.action_space.sample())
    env.close()


def test_an_unknown_way_of_actions_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean `joint_delta`"):
        WorldsSpec("reach", actions="joint_deltas")


@pytest.mark.parametrize("mode", MODES)
def test_asking_for_what_is_asked_for_already_moves_nothing(mode):
    controller = Controller(load("panda"), 2, actions=mode)
    before = controller.commands()
    after = controller.act(controller.from_delta(np.zeros((2, 4))))
    assert np.allclose(after.joints, before.joints, atol=1e-9) and np.allclose(after.opening, before.opening)


@pytest.mark.parametrize("mode", MODES)
def test_an_action_asks_for_no_more_than_a_step(mode):
    profile = load("panda")
    controller, ways = Controller(profile, 1, actions=mode), Actions.of(mode, profile)
    for corner in (1.0, -1.0):
        start = (controller.targets.copy(), controller.commands())
        command = controller.act(np.full((1, ways.size), corner))
        if ways.of_joints:
            assert (np.abs(command.joints - start[1].joints) <= ways.fastest[:-1] + 1e-12).all()
        else:
            assert (np.abs(controller.targets - start[0]) <= ways.fastest[:3] + 1e-12).all()
        assert np.abs(command.opening - start[1].opening) <= 0.04 + 1e-12


def test_places_in_the_table_frame_are_the_corners_of_the_workspace():
    profile = load("panda")
    controller = Controller(profile, 1, actions="ee_absolute")
    for _ in range(40):
        controller.act(np.array([[1.0, -1.0, -1.0, 1.0]]))
    low, high = profile.workspace.low, profile.workspace.high
    assert np.allclose(controller.targets[0], (high[0], low[1], low[2]))
    assert controller.commands()[0].opening == pytest.approx(profile.hand.max_opening)


@pytest.mark.parametrize("arm", NEW)
def test_every_arm_has_the_surfaces_arm_and_hand_and_fingers_that_move(arm):
    profile, task = load(arm), tasks.get("reach")
    scene = arm_scene(profile, task)
    assert {"arm", "hand"} <= {part.surface for part in scene.parts}
    frames, out = PartFrames(scene, profile, task), np.tile(np.eye(3, 4, dtype=np.float32), (2, len(scene.parts), 1, 1))
    for row, opening in enumerate((0.0, 0.08)):
        frames.write(np.array(profile.home), opening, np.zeros((0, 7)), out[row])
    index = [part.name for part in scene.parts].index(profile.hand.finger_links[0])
    assert np.linalg.norm(out[1, index, :, 3] - out[0, index, :, 3]) == pytest.approx(0.04, abs=1e-6)


@pytest.mark.parametrize("arm", NEW)
def test_distractors_are_not_inside_the_arm(arm):
    profile, task = load(arm), tasks.get("reach")
    scene = arm_scene(profile, task)
    out = np.tile(np.eye(3, 4, dtype=np.float32), (len(scene.parts), 1, 1))
    PartFrames(scene, profile, task).write(np.array(profile.home), 0.0, np.zeros((0, 7)), out)
    parts = {part.name for part in drawn(profile).parts}
    points = np.concatenate([part.mesh.vertices @ pose[:, :3].T + pose[:, 3]
                             for part, pose in zip(scene.parts, out) if part.name in parts])  # fmt: skip
    low = points[points[:, 2] < 0.15]
    for place in NOMINAL_POSITIONS:
        assert np.abs(low[:, :2] - place).max(axis=1).min() > NOMINAL_SIZE_M


def test_textures_of_arm_and_hand_fit_every_arm():
    for arm in (*NEW, "panda"):
        worlds = WorldsSpec("reach", arm=arm, randomization=Texture("arm") | Texture("hand")).build(1)
        worlds.close()


@pytest.mark.parametrize("change", ["arm=xarm6", "actions=joint_delta"])
def test_the_reality_twin_refuses_what_it_is_not(change):
    with pytest.raises(ValueError, match="reality twin"):
        reality_spec(load_config(None, [change]))


def test_a_bundle_is_refused_for_other_ways_of_actions():
    from transfer.bundle.export import check_actions

    check_actions({"worlds": WorldsSpec("reach").to_dict()})
    with pytest.raises(ValueError, match="acts by `joint_delta`; bundles speak `ee_delta`"):
        check_actions({"worlds": WorldsSpec("reach", actions="joint_delta").to_dict()})
