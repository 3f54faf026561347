"""Laws of one PyBullet world: knobs, repeatability, drawn frames."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pybullet as pb
import pytest

from envs.arms import kinematics, profile
from envs.arms.controller import Controller
from envs.bullet.world import BulletWorld
from envs.engine import Command, State
from envs.physics import substeps
from envs.rendering.assets import arm_scene
from envs.tasks import base

PANDA = profile.load("panda")
LIFT = base.get("lift")
SCENE = arm_scene(PANDA, LIFT)
ROOT = Path(__file__).parents[1]
HASH = """
import sys; sys.path.insert(0, {tests!r})
from test_world import episode, push_world
print(episode(push_world(), 3))
"""


@pytest.fixture
def world():
    made = BulletWorld(LIFT, PANDA, SCENE)
    yield made
    made.close()


def push_world() -> BulletWorld:
    task = base.get("push")
    return BulletWorld(task, PANDA, arm_scene(PANDA, task))


def episode(world: BulletWorld, number: int, seed: int = 0) -> str:
    """Run the push expert and give the bytes of every joint and object along the way."""
    task, state, controller = base.get("push"), State.zeros(1, 1), Controller(PANDA, 1, grips=False)
    layout, seen = task.layout(seed, np.array([number])), b""
    state.goal[:] = layout.goal
    world.reset(controller.commands()[0], layout.object_poses[0])
    for _ in range(40):
        world.measure(state, 0)
        state.hand_target[:] = controller.targets
        command = controller.act(task.expert(state))[0]
        world.advance(command, command, 0.0)
        seen += state.joint_positions.tobytes() + state.object_poses.tobytes()
    return __import__("hashlib").sha256(seen).hexdigest()


def test_every_knob_reads_back_what_was_written_and_returns_to_nominal(world):
    for name, knob in world.knobs.items():
        nominal = np.asarray(knob.nominal)
        value = np.clip(1.3 * nominal + 0.05 * (nominal == 0.0), *knob.limits)
        knob.write(value)
        assert knob.read() == pytest.approx(value, abs=1e-9), name
        knob.write(knob.nominal)
        assert knob.read() == pytest.approx(knob.nominal, abs=1e-9), name


def test_inertia_follows_mass(world):
    body = world._things.bodies[0]

    def inertia() -> np.ndarray:
        return np.array(pb.getDynamicsInfo(body, -1, physicsClientId=world._client)[2])

    before, knob = inertia(), world.knobs["mass.cube"]
    for _ in range(3):
        knob.write(2.0 * knob.nominal)
    assert knob.read() == 2.0 * knob.nominal  # asking the engine tells it first
    assert np.allclose(inertia(), 2.0 * before) and (before > 0).all()


def test_a_heavier_hand_or_a_slower_servo_moves_differently(world):
    home = Command(np.array(PANDA.home), 0.08)
    away = Command(np.array(PANDA.home) + 0.1, 0.0)
    cube = LIFT.layout(0, np.array([0])).object_poses[0]
    state = State.zeros(3, 1)
    changes = (("mass.hand", 1.0), ("gain.panda_joint1", 0.5), ("damping.panda_joint1", 5.0))
    for row, (name, factor) in enumerate(changes):
        knob = world.knobs[name]
        knob.write(factor * knob.nominal)
        world.reset(home, cube)
        world.advance(away, away, 0.0)
        world.measure(state, row)
        knob.write(knob.nominal)
    assert len({positions.tobytes() for positions in state.joint_positions}) == 3


def test_a_switch_delays_the_command(world):
    home, cube = Command(np.array(PANDA.home), 0.08), LIFT.layout(0, np.array([0])).object_poses[0]
    away, state = Command(np.array(PANDA.home) + 0.1, 0.08), State.zeros(3, 1)
    for row, switch in enumerate((0.0, 0.5, 1.0)):
        world.reset(home, cube)
        world.advance(home, away, switch)
        world.measure(state, row)
    moved = np.abs(state.joint_positions - PANDA.home).max(axis=1)
    assert moved[0] > moved[1] > moved[2] and moved[2] < 0.01


def test_an_episode_repeats_bit_for_bit_after_foreign_episodes_with_other_knobs():
    world = push_world()
    first = episode(world, 3)
    for number in range(5):
        world.knobs["mass.cube"].write(0.05 * (number + 1))
        world.knobs["friction.table"].write(0.4 + 0.1 * number)
        episode(world, number, seed=9)
    for knob in world.knobs.values():
        knob.write(knob.nominal)
    assert episode(world, 3) == first
    world.close()
    code = HASH.format(tests=str(ROOT / "tests"))
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert fresh.stdout.split()[-1] == first


def test_drawn_frames_are_where_the_simulator_says(world):
    rng, state = np.random.default_rng(0), State.zeros(1, 1)
    out = np.zeros((len(SCENE.parts), 3, 4), np.float32)
    names = [part.name for part in SCENE.parts]
    command = Command(np.array(PANDA.home) + rng.uniform(-0.3, 0.3, 7), 0.06)
    world.reset(command, LIFT.layout(0, np.array([0])).object_poses[0])
    world.transforms(out)
    world.measure(state, 0)
    for index in range(7):
        where = world._robot.body, world._robot.motors[index]
        link = pb.getLinkState(*where, computeForwardKinematics=1, physicsClientId=world._client)
        place = out[names.index(f"panda_link{index + 1}")]
        assert np.allclose(place[:, 3], link[4], atol=1e-5)
        turn = np.array(pb.getMatrixFromQuaternion(link[5])).reshape(3, 3)
        assert np.allclose(place[:, :3], turn, atol=1e-5)
    assert np.allclose(out[names.index("cube")][:, 3], state.object_poses[0, 0, :3], atol=1e-6)
    pads = out[[names.index(name) for name in PANDA.hand.finger_links], :, 3]
    assert np.linalg.norm(pads[0] - pads[1]) == pytest.approx(0.06, abs=1e-3)


def test_the_measured_hand_is_the_tool_point_of_the_measured_joints(world):
    state = State.zeros(1, 1)
    world.reset(Command(np.array(PANDA.home), 0.04), LIFT.layout(0, np.array([0])).object_poses[0])
    world.measure(state, 0)
    assert np.allclose(state.hand_position[0], kinematics.tool_pose(PANDA.chain, np.array(PANDA.home))[0])
    assert state.gripper_opening[0] == pytest.approx(0.04)


def test_a_physics_rate_that_no_control_period_holds_is_refused():
    with pytest.raises(ValueError, match="whole multiple"):
        substeps(110, 20)
