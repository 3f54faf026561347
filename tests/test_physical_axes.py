"""Laws of the physical axes: nothing changes until something varies, and then by the laws of physics."""

import hashlib

import numpy as np
import pybullet as pb
import pytest

from envs.actuation import Actuation
from envs.adversary import Adversary
from envs.arms.controller import Controller
from envs.arms.profile import load
from envs.audit import SIGHT, supported
from envs.capability import every, kinds
from envs.clock import Clock
from envs.engine import State
from envs.poses import compose, inverse, matrix, pose, rotation_deg
from envs.spec import WorldsSpec
from envs.transmission import SERVO_STIFFNESS, Transmission
from randomizers import Every, Push, Randomization

PANDA = load("panda")
BLIND = [each for each in every() if not kinds(each)[0].startswith(SIGHT)]


def run(worlds, row, number, strength=1.0, steps=40):
    """Hash what an episode does in one row, while the others go on."""
    worlds.begin([row], 3, number, strength=strength)
    seen = hashlib.sha256()
    for _ in range(steps):
        worlds.step(worlds.expert_actions())
        for array in (worlds.state.joint_positions, worlds.state.object_poses, worlds.state.hand_position):
            seen.update(np.ascontiguousarray(array[row]).tobytes())
    return seen.hexdigest()


@pytest.fixture(scope="module")
def varied():
    """Worlds of place in which everything varies that it has, but what cameras see."""
    bare = WorldsSpec("place").build(1)
    everything, refused = supported(BLIND, bare)
    bare.close()
    assert [each.name for each in refused] == ["clearance.{of}"]
    worlds = WorldsSpec("place", randomization=everything).build(3)
    worlds.begin(np.arange(3), 0, np.arange(3))
    yield worlds
    worlds.close()


@pytest.fixture
def push():
    """One nominal world of push, its engine, client and cube."""
    worlds = WorldsSpec("push").build(1)
    worlds.begin([0], 0, 0)
    engine = worlds.engines[0]
    yield worlds, engine, engine._client, engine._things.bodies[0]
    worlds.close()


def free(worlds, engine, turn=(0.0, 0.0, 0.0, 1.0), steps=1):
    """Let the cube go in mid-air for some control periods."""
    command = worlds.actuation.controller.commands()[0]
    engine.reset(command, np.array([[0.5, 0.0, 0.5, *turn]]))
    for _ in range(steps):
        engine.advance(command, command, 0.0)


def test_at_strength_zero_worlds_with_every_axis_are_those_without_any_bit_for_bit(varied):
    plain = WorldsSpec("place").build(1)
    expected = run(plain, 0, 5)
    plain.close()
    assert run(varied, 1, 5) != expected  # at full strength
    assert run(varied, 1, 5, strength=0.0) == expected


def test_an_episode_with_every_axis_is_the_same_in_any_row_whatever_ran_before(varied):
    first = run(varied, 0, 7)
    for number in range(3):
        run(varied, 2, number, steps=5)
    assert run(varied, 2, 7) == first


def test_a_push_is_force_over_mass_for_a_tenth_of_a_second_and_stops(push):
    worlds, engine, client, cube = push
    knobs, turn = worlds.knobs[0], pb.getQuaternionFromEuler([0.3, 0.5, 1.0])
    knobs["gravity.magnitude"].write(0.0)
    knobs["push.cube"].write(np.array([0.0, 0.3, 0.12]))
    free(worlds, engine, turn, steps=4)
    linear, angular = pb.getBaseVelocity(cube, client)
    np.testing.assert_allclose(linear, np.array([0.0, 0.3, 0.12]) * 0.1 / 0.12, atol=1e-9)
    np.testing.assert_allclose(angular, 0.0, atol=1e-9)


def test_pushes_come_again_and_again_and_are_written_with_their_times():
    worlds = WorldsSpec("push", randomization=Push("cube", when=Every(0.2, 0.3))).build(1)
    worlds.begin([0], 0, 0)
    drawn = set()
    for _ in range(20):
        worlds.step(worlds.expert_actions())
        drawn.add(tuple(worlds.draws[0].values["push.cube"]))
    worlds.close()
    assert 4 <= len(drawn) <= 6
    usual = Push()
    assert "when" not in usual.to_dict() and Push(when="episode").to_dict()["when"] == "episode"
    assert Randomization.from_dict((usual | Push("hand")).to_dict()) == usual | Push("hand")


def test_a_weight_off_centre_turns_a_cube_by_its_moment_and_does_not_move_it(push):
    worlds, engine, client, cube = push
    turn = pb.getQuaternionFromEuler([0.3, 0.5, 1.0])
    worlds.knobs[0]["centre.cube"].write(np.array([0.005, 0.0, 0.0]))
    worlds.knobs[0]["mass.cube"].write(0.24)
    free(worlds, engine, turn)
    linear, angular = pb.getBaseVelocity(cube, client)
    arm = np.array(pb.getMatrixFromQuaternion(turn)).reshape(3, 3) @ [0.005, 0.0, 0.0]
    moment = np.cross(arm, [0.0, 0.0, -9.81 * 0.24])
    np.testing.assert_allclose(angular, moment / 1e-4 * 0.05, atol=1e-6)
    np.testing.assert_allclose(linear, [0.0, 0.0, -9.81 * 0.05], atol=1e-9)


def test_things_fall_where_gravity_is_tilted_to_and_slide_where_it_is_steep(push):
    worlds, engine, client, cube = push
    worlds.knobs[0]["gravity.tilt_deg"].write(np.array([0.0, 10.0]))
    free(worlds, engine)
    linear, _ = pb.getBaseVelocity(cube, client)
    turn = np.deg2rad(10.0)
    np.testing.assert_allclose(linear, -9.81 * 0.05 * np.array([np.sin(turn), 0.0, np.cos(turn)]), atol=1e-9)


def test_a_bouncy_cube_comes_up_again(push):
    worlds, engine, _, _ = push
    heights = {}
    for bounce in (0.0, 0.6):
        worlds.knobs[0]["restitution.cube"].write(bounce)
        free(worlds, engine, steps=6)
        rising = []
        for _ in range(8):
            engine.advance(*[worlds.actuation.controller.commands()[0]] * 2, 0.0)
            engine.measure(worlds.state, 0)
            rising.append(worlds.state.object_velocities[0, 0, 2])
        heights[bounce] = max(rising)
    fall = np.sqrt(2.0 * 9.81 * 0.475)
    assert heights[0.0] < 0.1 and heights[0.6] == pytest.approx(0.6 * fall, rel=0.15)


def test_objects_lie_on_a_table_that_stands_higher_and_askew_and_cameras_see_it_there():
    worlds = WorldsSpec("push", images=("front",), image_size=32).build(2)
    worlds.begin(np.arange(2), 0, [0, 0])
    level = worlds.state.object_poses[0, 0].copy()
    knobs = worlds.knobs[0]
    knobs["table_pose.height"].write(0.02)
    knobs["table_pose.tilt_deg"].write(np.array([3.0, 0.0]))
    engine, command = worlds.engines[0], worlds.actuation.controller.commands()[0]
    engine.reset(command, level[None])
    for _ in range(10):
        engine.advance(command, command, 0.0)
    engine.measure(worlds.state, 0)
    there = worlds.state.object_poses[0, 0]
    expected = 0.02 + np.tan(np.deg2rad(3.0)) * level[1] + 0.025 / np.cos(np.deg2rad(3.0))
    assert there[2] == pytest.approx(expected, abs=1e-3)
    assert knobs["table_pose.tilt_deg"].read() == pytest.approx([3.0, 0.0])
    frames = np.zeros((len(engine.scene.parts), 3, 4), np.float32)
    frames[:, :, :3] = np.eye(3)
    engine.transforms(frames)
    table = frames[[part.name for part in engine.scene.parts].index("table")]
    assert (table @ [0.45, 0.0, 0.0, 1.0])[2] == pytest.approx(0.02) and table[2, 1] > 0.05
    worlds.close()


def test_an_arm_bolted_elsewhere_is_drawn_there_and_its_hand_is_there(push):
    worlds, engine, client, _ = push
    before = worlds.state.hand_position[0].copy()
    worlds.knobs[0]["base_pose.position"].write(np.array([0.01, 0.0, 0.005]))
    worlds.knobs[0]["base_pose.rotation_deg"].write(np.array([0.0, 0.0, 2.0]))
    free(worlds, engine, steps=0)
    engine.measure(worlds.state, 0)
    move = matrix(pose((0.01, 0.0, 0.005), (0.0, 0.0, 2.0)))
    np.testing.assert_allclose(worlds.state.hand_position[0], move @ [*before, 1.0], atol=1e-9)
    robot, link = engine._robot.body, engine._robot.last
    told = pb.getLinkState(robot, link, computeForwardKinematics=1, physicsClientId=client)[4]
    frames = np.zeros((len(engine.scene.parts), 3, 4), np.float32)
    engine.transforms(frames)
    drawn = frames[[part.name for part in engine.scene.parts].index("panda_link7")]
    np.testing.assert_allclose(drawn[:, 3], told, atol=1e-4)


def test_rotor_inertia_and_factors_join_in_what_the_engine_is_told(push):
    worlds, engine, client, cube = push
    nominal = np.array(pb.getDynamicsInfo(cube, -1, client)[2])
    knobs = worlds.knobs[0]
    for _ in range(2):
        knobs["mass.cube"].write(0.24)
        knobs["inertia.cube"].write(1.5)
    assert knobs["inertia.cube"].read() == pytest.approx(1.5) and knobs["mass.cube"].read() == 0.24
    np.testing.assert_allclose(pb.getDynamicsInfo(cube, -1, client)[2], 3.0 * nominal)
    knobs["armature.panda_joint7"].write(0.1)
    knobs["mass.hand"].write(1.2 * knobs["mass.hand"].nominal)
    assert knobs["armature.panda_joint7"].read() == pytest.approx(0.1)
    assert knobs["inertia.hand"].read() == pytest.approx(1.0)


def test_dry_friction_stops_short_backlash_waits_and_gears_err():
    transmission, rows = Transmission(("a",), 1), np.array([0])
    knob = {name: column.knob(0) for name, column in transmission.columns.items()}
    transmission.begin(rows, np.zeros((1, 1)))

    def bent(asked, measured=0.0):
        commands = np.array([[asked]])
        transmission.bend(rows, commands, np.array([[measured]]))
        return commands[0, 0]

    assert bent(0.3) == 0.3
    knob["joint_friction.a"].write(2.0)
    assert bent(0.3) == pytest.approx(0.3 - 2.0 / SERVO_STIFFNESS) and bent(0.3, measured=0.2995) == 0.2995
    knob["joint_friction.a"].write(0.0)
    knob["backlash.a"].write(0.02)
    assert [bent(asked) for asked in (0.005, 0.1, 0.095, 0.0)] == pytest.approx([0.0, 0.09, 0.09, 0.01])
    knob["backlash.a"].write(0.0)
    knob["gear_error.a.amplitude"].write(0.001)
    knob["gear_error.a.phase_deg"].write(90.0)
    assert bent(0.0) == pytest.approx(0.001)


def test_an_adversary_disturbs_by_its_network_alone_and_no_more_than_its_amplitude():
    state, rng = State.zeros(4, 1), np.random.default_rng(0)
    state.joint_positions[:], state.hand_position[:] = rng.normal(size=7), rng.normal(size=3)
    rows, actions = np.arange(4), np.full((4, 4), 0.2)
    adversary = Adversary(7, 4)
    assert adversary.disturb(rows, actions, state) is actions
    adversary.columns["adversary.amplitude"].write(rows, np.array([0.1, 0.1, 0.1, 0.0]))
    adversary.columns["adversary.network"].write(rows, np.array([0.5, 0.5, 0.6, 0.5]))
    given = adversary.disturb(rows, actions, state)
    assert (given[0] == given[1]).all() and (given[0] != given[2]).all() and (given[3] == 0.2).all()
    assert 0.01 < np.abs(given - actions).max() <= 0.1
    alone = Adversary(7, 4)
    alone.columns["adversary.amplitude"].write(rows[:1], np.array([0.1]))
    alone.columns["adversary.network"].write(rows[:1], np.array([0.5]))
    assert (alone.disturb(rows[:1], actions[:1], state)[0] == given[0]).all()


def test_nothing_that_is_not_varied_bends_a_command():
    actuation, rows = Actuation(Controller(PANDA, 2), Clock.of(2, 0.05)), np.arange(2)
    asked = Controller(PANDA, 2).move(rows, np.full((2, 4), 0.3))
    actuation.begin(rows)
    _, after, _ = actuation.push(rows, np.full((2, 4), 0.3), State.zeros(2, 0))
    assert (after.joints == asked.joints).all()


def test_moves_join_and_undo_each_other():
    left, right = pose((0.1, 0.2, 0.3), (10.0, -20.0, 5.0)), pose((0.0, 0.1, 0.0), (0.0, 0.0, 30.0))
    both = matrix(left) @ np.vstack([matrix(right), [0, 0, 0, 1]])
    np.testing.assert_allclose(matrix(compose(left, right)), both, atol=1e-12)
    np.testing.assert_allclose(compose(left, inverse(left)), [0, 0, 0, 0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(rotation_deg(left[3:]), (10.0, -20.0, 5.0))
