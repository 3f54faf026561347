"""Laws of the closed loop on the robot's computer. The twin is played by an arm that obeys at once."""

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from touch_arm import PANDA, SCALE, SIZE, Played, bundle, contract, touching_worlds, towards_goal

from agents.behaviour import Behaviour
from agents.lockstep import run_job
from agents.rollout import Job
from transfer.deploy.arms.base import Verdict
from transfer.deploy.guard import Guard, Stop, agree
from transfer.deploy.loop import Loop, drive

ROOT = Path(__file__).parents[1]


def test_a_deployed_episode_is_the_evaluated_one():
    job = Job(0, seed=3, episodes=tuple(range(8)), behaviour=Behaviour("student"))
    evaluated = run_job(touching_worlds(8), 8, job, towards_goal()).records
    trials = drive(bundle(), Played(), 3, range(8)).trials
    assert [trial.success for trial in trials] == [record["success"] for record in evaluated]
    assert [trial.length for trial in trials] == [record["length"] for record in evaluated]
    assert sum(trial.success for trial in trials) == 8


def test_the_loop_sees_what_the_worlds_see():
    arm, worlds, rng = Played(), touching_worlds(1), np.random.default_rng(0)
    loop, goal = Loop(bundle(), arm, pace=False), arm.begin(0, 5)
    worlds.begin([0], 0, [5])
    for _ in range(6):
        reading = arm.observe()
        mine, theirs = loop.observation(reading, reading.joints, goal), worlds.observe()
        for name in ("proprioception", "goal"):
            assert np.abs(mine[name] - theirs[name]).max() < 1e-6
        assert np.array_equal(mine["images"]["front"], theirs["images"]["front"])
        action = rng.uniform(-1, 1, (1, 4))
        commands = loop.controller.act(action)
        arm.command(commands.joints[0], commands.opening[0])
        worlds.step(action)


def test_signs_and_offsets_of_joints_are_undone_on_the_way_in_and_out():
    class Mirrored(Played):
        def observe(self):
            reading = super().observe()
            return dataclasses.replace(reading, joints=0.25 - reading.joints)

        def command(self, joints, opening):
            return super().command(0.25 - joints, opening)

    turned = tuple(dataclasses.replace(joint, sign=-1.0, offset=0.25) for joint in contract().joints)
    straight = drive(bundle(), Played(), 0, range(4)).trials
    assert drive(bundle(joints=turned), Mirrored(), 0, range(4)).trials == straight


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"joints": np.full(7, np.nan)}, "not finite"),
        ({"joints": np.zeros(6)}, "6 joints instead of 7"),
        ({"opening": np.inf}, "not finite"),
        ({"stamp_s": 0.15}, "stale"),
        ({"stamp_s": 9.0}, "stale"),
        ({"images": {}}, "frame of camera `front` is missing"),
        ({"images": {"front": np.zeros((4, 4, 3), np.uint8)}}, r"uint8 \(4, 4, 3\)"),
        ({"images": {"front": np.zeros((SIZE, SIZE, 3), np.float32)}}, "float32"),
        ({"raises": TimeoutError("the arm is silent")}, "silent"),
        ({"raises": ConnectionError("cable out")}, "cable out"),
    ],
)
def test_a_bad_reading_stops_and_holds_the_arm(faults, why):
    arm = Played(**faults)
    trials = drive(bundle(), arm, 0, range(3)).trials
    assert len(trials) == 1 and not trials[0].success and trials[0].length == 4
    assert arm.calls == ["command"] * 4 + ["stop"]
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(trials[0].stopped)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_an_action_that_is_not_finite_never_reaches_the_arm(poison):
    arm = Played()
    trial = drive(bundle(towards_goal(SCALE, poison)), arm, 0, range(3)).trials[0]
    assert arm.calls == ["stop"] and "not finite" in trial.stopped and trial.length == 0


def test_an_action_beyond_the_contract_is_clipped():
    guard = Guard(contract())
    assert guard.action(np.array([9.0, -9.0, 0.01, 0.0])).tolist() == [0.03, -0.03, 0.01, 0.0]
    with pytest.raises(Stop, match="shape"):
        guard.action(np.zeros(3))


def test_an_arm_that_is_not_at_home_is_not_driven():
    class Astray(Played):
        def observe(self):
            reading = super().observe()
            return dataclasses.replace(reading, joints=reading.joints + 0.2)

    arm = Astray()
    trial = drive(bundle(), arm, 0, range(2)).trials[0]
    assert "bring the arm home" in trial.stopped and arm.calls == ["stop"]


def test_no_plan_survives_into_the_next_episode():
    action = dataclasses.replace(contract().action, chunk=3, execute=3)
    chunked = bundle(towards_goal(SCALE, chunk=3), action=action)
    alone = [drive(chunked, Played(), 0, [episode]).trials[0] for episode in range(6)]
    assert list(drive(chunked, Played(), 0, range(6)).trials) == alone
    assert all(trial.success for trial in alone) and any(trial.length % 3 for trial in alone[:-1])


def test_a_stopped_episode_is_no_success_whatever_the_judge_said():
    class Hasty(Played):
        def command(self, joints, opening):
            super().command(joints, opening)
            return Verdict(done=False, success=True)

    trial = drive(bundle(), Hasty(images={}), 0, range(1)).trials[0]
    assert trial.stopped and not trial.success


def test_an_arm_without_a_judge_is_held_at_the_horizon():
    class Silent(Played):
        def command(self, joints, opening):
            super().command(joints, opening)
            return Verdict()

    arm = Silent()
    trial = drive(bundle(horizon=5), arm, 0, range(1)).trials[0]
    assert trial.length == 5 and not trial.success and arm.calls == ["command"] * 5 + ["stop"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arm": "ur5"}, "this is `ur5`"),
        ({"joints": PANDA.joint_names[:6]}, "drives 7 joints, but this arm has 6"),
        ({"joints": PANDA.joint_names[::-1]}, "Joint 0 of the bundle is `panda_joint1`"),
        ({"control_rate_hz": 10.0}, "expects 10.0"),
        ({"cameras": {}}, "looks through camera `front`"),
        ({"cameras": {"front": (64, 64)}}, r"images of \(64, 64\) px"),
    ],
)
def test_another_arm_is_refused_before_it_moves(changes, message):
    arm = Played()
    arm.description = dataclasses.replace(arm.description, **changes)
    with pytest.raises(ValueError, match=message):
        drive(bundle(), arm, 0, range(1))
    assert arm.calls == []


def test_the_description_of_the_right_arm_is_accepted():
    agree(contract(), Played().description)


def test_the_rate_is_kept_in_real_time_when_asked():
    class Quick(Played):
        def __init__(self):
            super().__init__()
            self.description = dataclasses.replace(self.description, control_rate_hz=100.0)

        def observe(self):
            reading = super().observe()
            return dataclasses.replace(reading, stamp_s=reading.stamp_s / 5)

    began = time.perf_counter()
    log = drive(bundle(control_rate_hz=100.0, horizon=4), Quick(), 0, range(1), pace=True)
    assert log.trials[0].length == 4 and not log.trials[0].stopped
    assert time.perf_counter() - began >= 0.03


def test_the_runtime_loads_neither_torch_nor_ray_nor_a_simulator():
    code = "import sys, transfer.deploy.runtime\nprint(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {
        "torch",
        "ray",
        "pybullet",
        "mujoco",
        "gymnasium",
        "onnx",
        "pyarrow",
    }
