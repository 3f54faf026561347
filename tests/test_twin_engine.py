"""Laws of the twin's physics: every knob does what its name says, from nominal, in SI units."""

import numpy as np
import pytest

from envs.arms import kinematics
from envs.arms import profile as arms
from envs.arms.controller import Controller
from envs.engine import State
from envs.tasks import base as tasks
from envs.twin.scene import twin_scene


@pytest.fixture(scope="module")
def engine():
    from envs.twin.engine import TwinEngine

    task, profile = tasks.get("push"), arms.load("panda")
    return TwinEngine(task, profile, twin_scene(profile, task))


@pytest.fixture
def rested(engine):
    """The engine with nominal knobs and the cube out of the way."""
    for knob in engine.knobs.values():
        knob.write(knob.nominal)
    controller = Controller(arms.load("panda"), 1, opening=0.08)
    home = controller.commands()[0]
    engine.reset(home, np.array([[0.5, 0.2, 0.02, 0, 0, 0, 1.0]]))
    return engine, home


def measured(engine) -> State:
    state = State.zeros(1, 1)
    engine.measure(state, 0)
    return state


def test_every_knob_reads_back_what_was_written(engine):
    for name, knob in engine.knobs.items():
        knob.write(1.25 * knob.nominal)
        assert knob.read() == pytest.approx(1.25 * knob.nominal), name
        knob.write(knob.nominal)
        assert knob.read() == pytest.approx(knob.nominal), name


def test_inertia_grows_with_mass_and_never_compounds(engine):
    body = engine._model.body("cube").id
    inertia = engine._model.body_inertia[body].copy()
    for _ in range(100):
        engine.knobs["mass.cube"].write(2.0 * engine.knobs["mass.cube"].nominal)
    np.testing.assert_allclose(engine._model.body_inertia[body], 2.0 * inertia)
    engine.knobs["mass.cube"].write(engine.knobs["mass.cube"].nominal)
    np.testing.assert_array_equal(engine._model.body_inertia[body], inertia)


def test_the_tool_is_where_the_kinematics_of_the_arm_say(rested):
    engine, home = rested
    engine.advance(home, home, 0.0)
    state = measured(engine)
    expected = kinematics.tool_pose(arms.load("panda").chain, state.joint_positions[0])[0]
    np.testing.assert_allclose(state.hand_position[0], expected, atol=1e-6)


def test_a_compensated_arm_stays_and_a_heavier_hand_sags(rested):
    engine, home = rested
    for _ in range(10):
        engine.advance(home, home, 0.0)
    still = measured(engine).hand_position[0, 2]
    engine.knobs["mass.hand"].write(3.0)
    engine.reset(home, np.array([[0.5, 0.2, 0.02, 0, 0, 0, 1.0]]))
    for _ in range(10):
        engine.advance(home, home, 0.0)
    assert abs(still - kinematics.tool_pose(arms.load("panda").chain, home.joints)[0][2]) < 1e-4
    assert 1e-4 < still - measured(engine).hand_position[0, 2] < 0.02


def test_a_slower_servo_lags_more(rested):
    engine, home = rested
    moved = type(home)(home.joints + 0.05, home.opening)
    travelled = {}
    for rate in (10.0, 40.0):
        for joint in range(1, 8):
            engine.knobs[f"gain.panda_joint{joint}"].write(rate)
        engine.reset(home, np.array([[0.5, 0.2, 0.02, 0, 0, 0, 1.0]]))
        engine.advance(moved, moved, 0.0)
        travelled[rate] = (measured(engine).joint_positions[0] - home.joints).mean() / 0.05
    # One control period of 50 ms after a step: 1 - exp(-0.5) and 1 - exp(-2), less what inertia holds back.
    assert travelled[10.0] == pytest.approx(1 - np.exp(-0.5), abs=0.12)
    assert travelled[40.0] == pytest.approx(1 - np.exp(-2.0), abs=0.12)


def test_latency_shifts_the_command_within_the_period(rested):
    engine, home = rested
    moved = type(home)(home.joints + 0.05, home.opening)
    path = []
    for switch in (0.0, 0.5, 1.0):
        engine.reset(home, np.array([[0.5, 0.2, 0.02, 0, 0, 0, 1.0]]))
        engine.advance(home, moved, switch)
        path.append(measured(engine).joint_positions[0, 0] - home.joints[0])
    assert path[0] > path[1] > 1e-3 and abs(path[2]) < 1e-9


def test_a_cube_slides_further_with_less_friction_and_the_larger_coefficient_counts(rested):
    engine, home = rested
    slid = {}
    for cube, table in ((0.3, 0.1), (0.6, 0.1), (0.1, 0.6)):
        engine.knobs["friction.cube"].write(cube)
        engine.knobs["friction.table"].write(table)
        engine.reset(home, np.array([[0.5, 0.2, 0.02, 0, 0, 0, 1.0]]))
        engine._data.joint("cube").qvel[0] = -1.0  # [m/s]
        for _ in range(20):
            engine.advance(home, home, 0.0)
        slid[cube, table] = 0.5 - measured(engine).object_poses[0, 0, 0]
    assert slid[0.3, 0.1] > 1.5 * slid[0.6, 0.1]
    assert slid[0.6, 0.1] == pytest.approx(slid[0.1, 0.6], rel=0.02)
    # v^2 / (2 mu g) with mu = 0.6
    assert slid[0.6, 0.1] == pytest.approx(1.0 / (2 * 0.6 * 9.81), rel=0.15)


def test_the_grip_holds_the_cube_up(rested):
    engine, home = rested
    controller = Controller(arms.load("panda"), 1, opening=0.08)
    engine.reset(controller.commands()[0], np.array([[0.45, 0.0, 0.02, 0, 0, 0, 1.0]]))
    for step in range(70):
        where = np.array([0.45, 0.0, 0.02 if step < 30 else 0.25]) - controller.targets[0]
        action = np.append(np.clip(where / 0.03, -1, 1), 1.0 if step < 20 else -1.0)
        command = controller.act(action[None])[0]
        engine.advance(command, command, 0.0)
    state = measured(engine)
    assert state.object_poses[0, 0, 2] > 0.2
    assert np.linalg.norm(state.object_poses[0, 0, :3] - state.hand_position[0]) < 0.015
