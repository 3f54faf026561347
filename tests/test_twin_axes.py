"""Laws of the twin's further knobs: each does what its name says, from nominal, and leaves no trace."""

import numpy as np
import pytest

from envs.arms import profile as arms
from envs.arms.controller import Controller
from envs.engine import Command, State
from envs.tasks import base as tasks
from envs.twin.scene import twin_scene

PANDA = arms.load("panda")
CUBE = np.array([[0.5, 0.1, 0.026, 0.0, 0.0, 0.0, 1.0]])
WRITTEN = {
    "inertia.cube": 1.7, "inertia.hand": 1.7,
    "push.cube": np.array([0.5, 0.0, 0.0]), "push.hand": np.array([0.0, 20.0, 0.0]),
    "centre.cube": np.array([0.01, 0.0, 0.0]), "link_mass.panda_link4": 4.5, "spinning_friction.cube": 0.02,
    "armature.panda_joint2": 0.4, "joint_friction.panda_joint1": 3.0, "limits.panda_joint4.upper": -2.5,
    "effort.panda_joint1": 8.0, "effort.fingers": 10.0, "gravity.magnitude": 9.0,
    "gravity.tilt_deg": np.array([3.0, 0.0]), "table_pose.height": 0.01, "table_pose.tilt_deg": np.array([0.0, 2.0]),
    "base_pose.position": np.array([0.01, 0.0, 0.0]), "base_pose.rotation_deg": np.array([0.0, 0.0, 2.0]),
}  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    from envs.twin.engine import TwinEngine

    return TwinEngine(tasks.get("push"), PANDA, twin_scene(PANDA, tasks.get("push")))


def ride(engine) -> bytes:
    """Start askew in the air, move every joint and the fingers; give what happened bit for bit."""
    home, state = Controller(PANDA, 1, opening=0.08).commands()[0], State.zeros(1, 1)
    poses, seen = CUBE.copy(), b""
    poses[0, 2:] = 0.04, 0.1, 0.0, 0.2, np.sqrt(0.95)
    engine.reset(home, poses)
    for step in range(16):
        asked = Command(home.joints + 0.03 * step, 0.08 if step == 0 else 0.0)
        engine.advance(asked, asked, 0.0)
        engine.measure(state, 0)
        seen += state.joint_positions.tobytes() + state.object_poses.tobytes() + state.gripper_opening.tobytes()
        seen += state.hand_position.tobytes()
    return seen


@pytest.mark.parametrize("name", WRITTEN)
def test_a_knob_reads_back_changes_the_motion_and_comes_back_bit_for_bit(engine, name):
    before, knob = ride(engine), engine.knobs[name]
    others = {other: each.read() for other, each in engine.knobs.items() if other != name}
    for _ in range(3):
        knob.write(WRITTEN[name])
    assert knob.read() == pytest.approx(WRITTEN[name], abs=1e-9)
    for other, value in others.items():
        assert engine.knobs[other].read() == pytest.approx(value, abs=1e-9), other
    assert ride(engine) != before
    knob.write(knob.nominal)
    assert ride(engine) == before


def test_the_cube_rests_on_the_tilted_table_and_is_drawn_there(engine):
    engine.knobs["table_pose.height"].write(0.02)
    engine.knobs["table_pose.tilt_deg"].write(np.array([2.0, 0.0]))
    home, state = Controller(PANDA, 1, opening=0.08).commands()[0], State.zeros(1, 1)
    engine.reset(home, CUBE)
    for _ in range(20):
        engine.advance(home, home, 0.0)
    engine.measure(state, 0)
    assert state.object_poses[0, 0, 2] == pytest.approx(0.02 + 0.1 * np.tan(np.deg2rad(2.0)) + 0.025, abs=1e-3)
    frames = np.zeros((len(engine.scene.parts), 3, 4), np.float32)
    engine.transforms(frames)
    table = frames[[part.name for part in engine.scene.parts].index("table")]
    assert (table @ [0.45, 0.0, 0.0, 1.0])[2] == pytest.approx(0.02)
    for name in ("table_pose.height", "table_pose.tilt_deg"):
        engine.knobs[name].write(engine.knobs[name].nominal)


def test_a_push_lasts_a_tenth_of_a_second_and_is_force_over_mass(engine):
    home, state = Controller(PANDA, 1, opening=0.08).commands()[0], State.zeros(1, 1)
    engine.knobs["push.cube"].write(np.array([0.0, 0.24, 0.0]))
    high = CUBE.copy()
    high[0, 2] = 0.6
    engine.reset(home, high)
    for _ in range(4):
        engine.advance(home, home, 0.0)
    engine.measure(state, 0)
    assert state.object_velocities[0, 0, 1] == pytest.approx(0.24 * 0.1 / tasks.get("push").objects[0].mass, rel=1e-3)
    engine.knobs["push.cube"].write(np.zeros(3))
