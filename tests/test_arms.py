"""Laws of arm profiles, kinematics and the controller."""

import numpy as np
import pytest
import yaml

from envs.arms import kinematics, profile
from envs.arms.controller import MAX_STEP, Controller

PANDA = profile.load("panda")
TEXT = (profile.FOLDER / "panda.yaml").read_text()


def changed(path: list, value) -> str:
    """The Panda's profile with one entry changed."""
    data = yaml.safe_load(TEXT)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return yaml.safe_dump(data)


def test_an_unknown_arm_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean `panda`"):
        profile.load("pande")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["home"], [0.0, 0.0], "home has 2 values for 7 joints"),
        (["home", 3], 1.0, "panda_joint4.*outside its limits"),
        (["joints", 0, "lower"], 3.0, "panda_joint1.*must be below upper"),
        (["links", 2, "mass"], 0.0, "panda_link2.*must be > 0"),
        (["workspace", "low"], [1.0, 0.0, 0.0], "must be below high"),
        (["joints", 0, "lowr"], 1.0, "Did you mean `lower`"),
    ],
)
def test_an_impossible_profile_names_its_fault(path, value, says):
    with pytest.raises(ValueError, match=says):
        profile.parse(changed(path, value), "test")


def test_broken_yaml_names_its_file():
    with pytest.raises(ValueError, match="lab.yaml: not valid YAML"):
        profile.parse("a: [", "lab.yaml")


def test_the_jacobian_is_the_derivative_of_the_tool_point():
    joints, step = np.array(PANDA.home), 1e-6

    def tool(q):
        return kinematics.tool_pose(PANDA.chain, q)[0]

    slopes = [(tool(joints + step * e) - tool(joints - step * e)) / (2 * step) for e in np.eye(7)]
    assert np.allclose(kinematics.tool_jacobian(PANDA.chain, joints)[:3], np.array(slopes).T, atol=1e-8)


def test_the_tool_follows_a_path_within_a_millimetre():
    controller, rng, errors = Controller(PANDA, 1), np.random.default_rng(0), []
    for _ in range(400):
        command = controller.act(rng.uniform(-1, 1, (1, 4)))[0]
        errors.append(np.linalg.norm(kinematics.tool_pose(PANDA.chain, command.joints)[0] - controller.targets[0]))
    assert np.quantile(errors, 0.99) < 1e-3


def test_the_hand_keeps_pointing_down():
    controller, rng = Controller(PANDA, 1), np.random.default_rng(1)
    for _ in range(200):
        command = controller.act(rng.uniform(-1, 1, (1, 4)))[0]
    turn = kinematics.tool_pose(PANDA.chain, command.joints)[1]
    assert np.degrees(np.arccos(-turn[2, 2])) < 1.0


def test_joint_targets_stay_within_limits_at_the_corners_of_the_workspace():
    controller = Controller(PANDA, 8)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    for _ in range(60):
        commands = controller.act(np.hstack([corners, np.zeros((8, 1))]))
    assert (commands.joints >= PANDA.lower).all() and (commands.joints <= PANDA.upper).all()


def test_an_action_moves_the_target_by_its_scale():
    controller = Controller(PANDA, 2)
    before = controller.targets.copy()
    controller.act(np.array([[1.0, 0.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0]]))
    assert np.allclose(controller.targets - before, [[MAX_STEP, 0, 0]] * 2)


def test_a_gripper_that_does_not_grip_ignores_its_action():
    still, grips = Controller(PANDA, 1, grips=False), Controller(PANDA, 1)
    action = np.array([[0.0, 0.0, 0.0, 1.0]])
    assert still.act(action)[0].opening == 0.0 and grips.act(action)[0].opening == pytest.approx(0.04)


def test_an_action_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="world 1 is not finite"):
        Controller(PANDA, 2).act(np.array([[0.0] * 4, [np.nan] * 4]))


def test_worlds_do_not_disturb_each_other():
    alone, among = Controller(PANDA, 1), Controller(PANDA, 3)
    rng = np.random.default_rng(2)
    for _ in range(20):
        actions = rng.uniform(-1, 1, (3, 4))
        one, three = alone.act(actions[1:2]), among.act(actions)
    assert np.array_equal(one.joints[0], three.joints[1])
