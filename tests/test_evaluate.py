"""Laws of evaluation, selection and recording. Worlds are toys; the twin itself is tested in test_twin_*."""

import json

import numpy as np
import pytest
import torch
from toy_worlds import ToySpec

from agents.behaviour import Behaviour
from agents.onnx_export import to_onnx
from agents.policy import Policy, PolicySpec
from agents.rollout import SerialPool, collect, plan
from envs.arms.profile import load
from envs.reality import RealitySpec
from envs.spec import WorldsSpec
from transfer.demonstrations.episode import ACTION_SCALE, Layout
from transfer.demonstrations.lerobot import read
from transfer.demonstrations.record import demonstration_of, episodes_of, record
from transfer.evaluate import evaluate, renderer_of
from transfer.select import select
from transfer.statistics import paired


class Blind(ToySpec):
    """Toy worlds whose expert never moves."""

    image_size, task = 16, "point"

    def build(self, num):
        worlds = super().build(num)
        worlds.expert_actions = lambda: np.zeros((num, 4))
        return worlds


STATE = PolicySpec(observes="state", cameras=(), state=3, proprioception=3, hand=0, hidden=16, chunk=2)


@pytest.fixture(scope="module")
def novice():
    """An untrained policy."""
    torch.manual_seed(0)
    return to_onnx(Policy(STATE))


def test_the_expert_succeeds_and_a_novice_does_not(novice):
    expert = evaluate(ToySpec(), "expert", episodes=20, backend="serial")
    student = evaluate(ToySpec(), novice, episodes=20, backend="serial")
    assert expert.rate.rate == 1.0 and expert.rate.n == 20 and student.rate.rate < 0.5
    assert paired(student.success, expert.success).difference > 0.5


def test_how_episodes_are_grouped_does_not_change_them(novice):
    one, many = (evaluate(ToySpec(), novice, episodes=10, worlds=n, backend="serial") for n in (1, 4))
    assert [r["length"] for r in one.records] == [r["length"] for r in many.records]
    assert [r["episode"] for r in many.records] == list(range(10))


def test_episodes_have_addresses():
    late = evaluate(ToySpec(), "expert", episodes=4, first_episode=6, seed=3, backend="serial")
    all_of_them = evaluate(ToySpec(), "expert", episodes=10, seed=3, backend="serial")
    assert late.records == all_of_them.records[6:]


def test_a_simulation_that_blows_up_counts_as_a_failure():
    result = evaluate(ToySpec(blows_up=2), "expert", episodes=5, backend="serial")
    assert result.success.tolist() == [True, True, False, True, True]
    assert len(result.faults) == 1 and result.rate.n == 5


def test_an_open_pool_is_used_and_left_open(novice):
    pool = SerialPool(ToySpec(), 4)
    first, second = (evaluate(ToySpec(), novice, episodes=6, worlds=4, pool=pool) for _ in range(2))
    assert first.records == second.records


def test_progress_ends_at_the_number_of_episodes():
    seen = []
    evaluate(ToySpec(), "expert", episodes=10, worlds=4, backend="serial", progress=lambda *told: seen.append(told))
    assert seen == [("evaluate", 4, 10), ("evaluate", 8, 10), ("evaluate", 10, 10)]


def test_results_are_plain_data_without_draws():
    result = evaluate(ToySpec(), "expert", episodes=3, backend="serial")
    told = json.loads(json.dumps(result.to_dict()))
    assert {"rate", "n", "low", "high", "renderer"} <= set(told) and "randomization" not in told["episodes"][0]


def test_strips_show_the_first_episodes():
    result = evaluate(ToySpec(), "expert", episodes=5, strips=2, backend="serial")
    assert sorted(result.strips) == [0, 1]
    assert result.strips[0].shape == (result.records[0]["length"], 16, 16, 3)


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="Did you mean"):
        evaluate(ToySpec(), "exprt", episodes=1, backend="serial")


def test_reports_say_what_drew_the_images(monkeypatch):
    monkeypatch.setenv("SIM2ARM_GL", "osmesa")
    assert renderer_of(WorldsSpec("push")) == "none"
    assert renderer_of(WorldsSpec("push", images=("front",))) == "sim2arm raster"
    assert renderer_of(RealitySpec("push", images=("front",))) == "mujoco-osmesa"
    monkeypatch.setenv("SIM2ARM_GL", "none")
    assert renderer_of(RealitySpec("push", images=("front",))) == "TinyRenderer"


def outcomes(successes, n=100):
    return np.arange(n) < successes


@pytest.mark.parametrize(
    ("reality", "simulation", "kept", "why"),
    [
        ((50, 80), (80, 80), "candidate", "better in reality"),
        ((50, 80), (80, 75), "candidate", "better in reality"),
        ((50, 80), (80, 74), "original", "forgot too much"),
        ((50, 50), (80, 90), "original", "not better in reality"),
        ((80, 50), (80, 99), "original", "not better in reality"),
    ],
)
def test_a_candidate_has_to_be_better_and_to_remember(reality, simulation, kept, why):
    chosen = select(tuple(map(outcomes, reality)), tuple(map(outcomes, simulation)))
    assert chosen.kept == kept and why in chosen.reason
    assert json.loads(json.dumps(chosen.to_dict()))["reality"]["n"] == 100


def test_the_tolerance_decides_how_much_may_be_forgotten():
    reality, simulation = (outcomes(50), outcomes(60)), (outcomes(80), outcomes(70))
    assert select(reality, simulation, tolerance=0.1).kept == "candidate"
    assert select(reality, simulation, tolerance=0.05).kept == "original"
    with pytest.raises(ValueError, match="tolerance"):
        select(reality, simulation, tolerance=5)


@pytest.mark.slow
def test_demonstrations_of_the_twin_can_be_learnt_from_and_hide_what_is_hidden(tmp_path):
    spec = RealitySpec("reach", card="medium", images=("front",), image_size=32)
    recording = record(spec, tmp_path / "set", demonstrations=2, seed=9, worlds=2, backend="serial")
    demonstrations = read(tmp_path / "set", Layout.of(load("panda"), ("front",), 32))
    assert len(demonstrations) == 2 and recording.frames == sum(map(len, demonstrations))
    notes = json.loads((tmp_path / "set/meta/sim2arm.json").read_text())
    assert notes["episodes"][0]["randomization"]["values"]
    columns = set(json.loads((tmp_path / "set/meta/info.json").read_text())["features"])
    assert not [name for name in columns if "random" in name or "privileged" in name]
    again = record(spec, tmp_path / "again", demonstrations=2, seed=9, worlds=1, backend="serial")
    assert again.episodes == recording.episodes
    for a, b in zip(demonstrations, read(tmp_path / "again", Layout.of(load("panda"), ("front",), 32))):
        assert np.array_equal(a.actions, b.actions)
        assert np.array_equal(a.images["front"], b.images["front"])


def test_an_expert_that_keeps_failing_is_given_up_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="0 of 20 episodes"):
        record(Blind(), tmp_path / "set", demonstrations=2, backend="serial")
    assert not list(tmp_path.iterdir())


def test_a_demonstration_keeps_what_was_asked_for_and_not_what_noise_made_of_it():
    (result,) = collect(
        ToySpec(), plan(0, 4, 4, Behaviour("expert", noise=0.5, calm=0.0), record=True), backend="serial"
    )
    for entry, columns in episodes_of(result):
        shown = demonstration_of(entry, columns, Blind())
        assert np.allclose(shown.actions / np.array(ACTION_SCALE), columns["label"], atol=1e-6)
        assert not np.allclose(columns["label"], columns["action"], atol=0.1)


def test_recording_needs_a_camera_and_a_number(tmp_path):
    with pytest.raises(ValueError, match="need images"):
        record(ToySpec(images=()), tmp_path / "set", backend="serial")
    with pytest.raises(ValueError, match="at least 1"):
        record(ToySpec(), tmp_path / "set", demonstrations=0, backend="serial")
