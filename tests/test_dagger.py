"""DAgger on toy worlds: it learns, and a kill at any moment changes nothing."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toy_worlds import ToySpec

from agents import checkpoint
from agents.clone import FitSettings
from agents.dagger import DaggerSettings, dagger
from agents.policy import PolicySpec
from agents.rollout import SerialPool

SPEC = ToySpec()
POLICY = PolicySpec(observes="state", cameras=(), state=1, hidden=32, hand=0, chunk=2)
SETTINGS = DaggerSettings(
    episodes=(12, 8, 6), steps=(12, 6, 12), worlds=4, fit=FitSettings(batch=64, threads=1, checkpoint_s=0.0)
)
ROOT = Path(__file__).parents[1]


def run(folder, settings=SETTINGS, **extra):
    return dagger(SPEC, POLICY, settings, folder, backend="serial", **extra)


def weights(outcome):
    return checkpoint.load(outcome.checkpoint).policy.state_dict()


def assert_same(outcome, expected):
    assert outcome.dataset.hash() == expected.dataset.hash()
    assert all(torch.equal(value, weights(outcome)[name]) for name, value in weights(expected).items())
    assert outcome.model == expected.model


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return run(tmp_path_factory.mktemp("unbroken"))


class Dies(Exception):
    """Stands for a kill."""


def test_sizes_of_the_policy_come_from_the_data(unbroken):
    spec = checkpoint.load(unbroken.checkpoint).policy.spec
    assert (spec.state, spec.proprioception, spec.goal, spec.action_size) == (3, 3, 3, 4)


def test_every_round_is_counted(unbroken):
    assert [entry["episodes"] for entry in unbroken.history] == [12, 8, 6]
    assert sum(entry["frames"] for entry in unbroken.history) == unbroken.dataset.frames


def test_rounds_collect_different_episodes(unbroken):
    numbers = [record["episode"] for record in unbroken.dataset.records()]
    assert numbers == list(range(26))


def test_the_checkpoint_says_what_it_was_trained_in(unbroken):
    record = checkpoint.read_about(unbroken.checkpoint)["record"]
    assert record["worlds"] == SPEC.to_dict() and record["dataset"] == unbroken.dataset.hash()


def test_running_a_finished_run_again_does_nothing(unbroken):
    folder = unbroken.checkpoint.parents[1]

    class Idle(SerialPool):
        def run(self, jobs, policy):
            raise AssertionError("nothing is left to collect")

    assert_same(run(folder, pool=Idle(SPEC, 4)), unbroken)


def stages():
    """Every stage of the small run."""
    return [f"{verb} round {number}" for number in range(3) for verb in ("collect", "fit")]


@pytest.mark.parametrize("stage", stages())
def test_a_run_that_dies_in_any_stage_ends_like_an_unbroken_one(unbroken, tmp_path, stage):
    def die(name, done, total):
        if name == stage:
            raise Dies

    with pytest.raises(Dies):
        run(tmp_path, progress=die)
    assert_same(run(tmp_path), unbroken)


def test_a_run_that_dies_at_every_report_still_ends_like_an_unbroken_one(unbroken, tmp_path):
    seen = set()

    def die(name, done, total):
        if (name, done) not in seen:
            seen.add((name, done))
            raise Dies

    for _ in range(30):
        try:
            outcome = run(tmp_path, progress=die)
        except Dies:
            continue
        break
    assert len(seen) >= 9
    assert_same(outcome, unbroken)


KILLED_RUN = """
import sys
from pathlib import Path
from test_dagger import POLICY, SETTINGS, dagger
from toy_worlds import ToySpec
spec = ToySpec(kills=int(sys.argv[2]), flag=sys.argv[3])
dagger(spec, POLICY, SETTINGS, Path(sys.argv[1]), backend="serial")
"""


@pytest.mark.slow
@pytest.mark.parametrize("episode", [5, 22])
def test_kill_9_of_the_whole_run_changes_nothing(unbroken, tmp_path, episode):
    """Episode 5 is collected in round 0, episode 22 in round 2."""
    command = [sys.executable, "-c", KILLED_RUN, str(tmp_path / "run"), str(episode), str(tmp_path / "flag")]
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    killed = subprocess.run(command, env=paths, cwd=tmp_path, capture_output=True)
    assert killed.returncode == -9
    assert_same(run(tmp_path / "run"), unbroken)


@pytest.mark.slow
def test_ray_with_a_dying_actor_ends_like_this_process(ray_cluster, unbroken, tmp_path):
    spec = ToySpec(kills=14, flag=str(tmp_path / "flag"))
    outcome = dagger(spec, POLICY, SETTINGS, tmp_path / "run", workers=2)
    assert (tmp_path / "flag").exists()
    assert_same(outcome, unbroken)


def test_other_settings_in_the_same_folder_are_refused(unbroken):
    with pytest.raises(ValueError, match="`noise` is 0.4 there, 0.9 here.*new folder"):
        run(unbroken.checkpoint.parents[1], replace(SETTINGS, noise=0.9))


def test_other_worlds_in_the_same_folder_are_refused(unbroken):
    with pytest.raises(ValueError, match="`arm` is 'point' there, 'ur5' here"):
        dagger(ToySpec(arm="ur5"), POLICY, SETTINGS, unbroken.checkpoint.parents[1], backend="serial")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"steps": (1,)}, "number per round"),
        ({"episodes": (0, 1, 1)}, "episodes"),
        ({"noise": -1.0}, "noise"),
        ({"worlds": 0}, "worlds"),
    ],
)
def test_impossible_settings_say_why(wrong, text):
    with pytest.raises(ValueError, match=text):
        replace(SETTINGS, **wrong)
