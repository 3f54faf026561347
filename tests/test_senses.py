"""Laws of sensors: nominal ones tell the truth, faulty ones are late, noisy or silent, the same in any row."""

import numpy as np
import pytest
from fake_worlds import episode, fake_worlds

from envs import dice
from envs.arms.kinematics import tool_pose
from envs.arms.profile import load
from envs.clock import Clock
from envs.engine import State
from envs.senses import Senses
from randomizers import ControlRate, Dropout, Encoder, Jitter, Latency, Pose, Randomization, Refresh, Uniform
from randomizers.streams import uniforms

PERIOD, PROFILE = 0.05, load("panda")
FAULTY = Encoder() | Pose(yaw_bias=None, yaw_noise=None) | Latency() | Jitter() | Dropout() | Refresh()


def bench(worlds=1, **settings):
    """Sensors over a state that a test moves; settings are knobs with `_` for `.`."""
    clock, state = Clock.of(worlds, PERIOD), State.zeros(worlds, 1)
    state.object_poses[..., 6] = 1.0
    senses = Senses(state, clock, PROFILE.chain, ("cube",))
    senses.expect(list(senses.columns))
    for knob, value in settings.items():
        name = knob.replace("__", ".")
        senses.columns[name].write(np.arange(worlds), np.broadcast_to(value, (worlds, *np.shape(value))))
    senses.begin(np.arange(worlds))
    return senses, state, clock


def told(steps, field, **settings):
    """What is told of a quantity that is the number of the step, at each step."""
    senses, state, clock = bench(**settings)
    seen = []
    for step in range(steps):
        clock.ticks[:] = step
        state.joint_positions[:] = state.gripper_opening[:] = step
        state.object_poses[..., 0] = step
        senses.begin(np.arange(1)) if step == 0 else senses.record(np.arange(1))
        seen.append(np.ravel(getattr(senses.measured, field))[0])
    return np.array(seen)


def test_compiled_luck_is_that_of_the_streams():
    drawn = uniforms(2**63 + 5, [7], 9, ("encoder.noise",), (8,))[0]
    address = np.uint64(2**63 + 5), np.uint64(7), np.uint64(9), dice.name("encoder.noise")
    assert drawn[[0, 4]].tolist() == [dice.uniform(*address, np.uint64(block)) for block in (0, 1)]
    assert (drawn[:4].sum() - 2.0) * np.sqrt(3.0) == pytest.approx(dice.bell(*address, np.uint64(0)), abs=1e-12)


def test_sensors_that_nothing_disturbs_are_the_truth_itself():
    worlds = fake_worlds(2)
    assert worlds.senses.measured is worlds.state


def test_at_strength_0_everything_is_told_bit_for_bit():
    plain, faulty = (episode_bytes(fake_worlds(2, each), 0.0) for each in (None, FAULTY))
    assert plain == faulty


def episode_bytes(worlds, strength):
    worlds.begin([0, 1], 3, [0, 1], strength)
    seen = b""
    for _ in range(6):
        worlds.step(worlds.expert_actions())
        observation = worlds.observe()
        seen += b"".join(observation[name].tobytes() for name in ("proprioception", "goal", "state"))
    return seen


def test_an_episode_is_told_the_same_in_any_row_of_any_batch():
    alone = episode(fake_worlds(1, FAULTY), 0)
    other = fake_worlds(4, FAULTY)
    other.begin(np.arange(4), 9, np.arange(4))
    assert episode(other, 2) == alone and episode(other, 0, others=False) == alone
    assert episode(other, 0, strength=0.5) != alone


def test_the_expert_and_the_privileged_observation_keep_the_truth():
    worlds = fake_worlds(1, Encoder(bias=Uniform(0.1, 0.1)) | Pose(position_bias=Uniform(0.05, 0.05)))
    worlds.begin([0], 0, 0)
    seen, size = worlds.observe(), 3
    assert np.array_equal(seen["privileged"][0, :size], worlds.task.features(worlds.state)[0])
    assert np.abs(seen["state"] - seen["privileged"][:, :size]).min() > 1e-3


@pytest.mark.parametrize("late", [0.0, 0.02, 0.05, 0.125, 0.2])
def test_a_reading_is_late_by_any_fraction_of_a_step(late):
    expected = np.maximum(np.arange(12) - late / PERIOD, 0.0)
    assert told(12, "joint_positions", latency__joints=late) == pytest.approx(expected, abs=1e-9)
    assert told(12, "object_poses", pose__cube__latency=late) == pytest.approx(expected, abs=1e-9)


def test_a_slow_sensor_tells_the_newest_of_its_readings_and_keeps_its_rate():
    seen = told(200, "joint_positions", refresh__joints=0.125)
    fresh = np.diff(seen)[np.diff(seen) > 0.0]
    assert (np.diff(seen) >= 0.0).all() and fresh[1:] == pytest.approx(2.5, abs=1e-6)
    assert (np.arange(200) - seen).max() <= 2.5


def test_a_lost_reading_leaves_the_last_one_as_often_as_asked():
    seen = told(400, "gripper_opening", dropout__joints=0.3)
    assert (np.diff(seen) == 0.0).mean() == pytest.approx(0.3, abs=0.07)
    assert seen[np.flatnonzero(np.diff(seen)) + 1].tolist() == (np.flatnonzero(np.diff(seen)) + 1.0).tolist()


def test_jitter_varies_latency_and_never_turns_time_back():
    seen = told(300, "joint_positions", jitter__joints=0.1)
    late = np.arange(300) - seen
    assert (np.diff(seen) >= 0.0).all() and 0.0 <= late.min() < 0.2 and 1.5 < late[5:].max() <= 2.0


def test_the_hand_is_where_the_measured_joints_say():
    senses, state, _ = bench(encoder__bias=np.full(7, 0.02), encoder__noise=0.001)
    joints = senses.measured.joint_positions[0]
    assert 0.015 < joints.min() < joints.max() < 0.025
    assert np.array_equal(senses.measured.hand_position[0], tool_pose(PROFILE.chain, joints)[0])
    assert senses.measured.goal is state.goal and senses.measured.hand_target is state.hand_target


def test_noise_has_its_deviation_and_a_bias_stays():
    settings = {"pose__cube__position_noise": 0.01, "pose__cube__position_bias": np.array([0.05, 0.0, 0.0])}
    error = told(2000, "object_poses", **settings) - np.arange(2000)
    assert error.mean() == pytest.approx(0.05, abs=1e-3) and error.std() == pytest.approx(0.01, rel=0.06)
    assert np.abs(error - 0.05).max() <= 0.0347


def test_a_turned_pose_is_a_turned_quaternion():
    senses, _, _ = bench(pose__cube__yaw_bias=0.2)
    assert senses.measured.object_poses[0, 0, 3:] == pytest.approx([0.0, 0.0, np.sin(0.1), np.cos(0.1)])


def test_a_knob_written_by_hand_acts_from_the_next_step_on():
    worlds = fake_worlds(2)
    worlds.begin([0, 1], 0, [0, 1])
    worlds.knobs[1]["encoder.bias"].write(np.full(7, 0.1))
    worlds.step(np.zeros((2, 4)))
    error = worlds.senses.measured.joint_positions - worlds.state.joint_positions
    assert error[0].tolist() == [0.0] * 7 and error[1] == pytest.approx(np.full(7, 0.1))


def test_the_control_period_is_right_on_average_and_untouched_at_1():
    class Counting:
        substeps = 6

    from envs.clock import Pace

    for stretch, jitter in ((1.0, 0.0), (1.02, 0.0), (0.9, 0.3)):
        clock, engines, rows = Clock.of(2, PERIOD), [Counting(), Counting()], np.arange(2)
        pace = Pace(clock, engines)
        pace.columns["control.period"].write(rows, np.full(2, stretch))
        pace.columns["control.jitter"].write(rows, np.full(2, jitter))
        pace.begin(rows, engines)
        counts = []
        for tick in range(1, 1001):
            clock.ticks[:] = tick
            pace.advance(rows, engines)
            counts.append(engines[0].substeps)
        assert np.mean(counts) == pytest.approx(6 * stretch, abs=1e-9 if jitter == 0.0 else 0.1)
        pace.begin(rows, engines)
        assert [engine.substeps for engine in engines] == [6, 6]
        assert len(set(counts)) == 1 if stretch == 1.0 else len(set(counts)) > 1


def test_a_world_whose_engine_keeps_its_rate_has_no_control_rate_to_vary():
    with pytest.raises(ValueError, match="control"):
        fake_worlds(1, Randomization((ControlRate(),)))
