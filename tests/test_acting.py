"""Policies without torch."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.acting import Actor, addressed_noise
from agents.chunks import Execution, executor, overlap_weights
from agents.onnx_export import example, to_onnx
from agents.policy import Policy
from agents.spec import HeadSpec, PolicySpec

STATE = PolicySpec(observes="state", cameras=(), state=9, hidden=16, chunk=3)
VISION = PolicySpec(image_size=16, channels=(4, 8), keypoints=5, hidden=16, chunk=2)
WORLDS = 4


def observed(spec, seed=0, batch=WORLDS):
    """Make an observation as worlds give it, and the same as tensors."""
    tensors = example(spec, batch, seed)
    plain = {name: value.numpy() for name, value in tensors.items() if not name.startswith("images.")}
    plain["images"] = {n[7:]: v.numpy() for n, v in tensors.items() if n.startswith("images.")}
    return plain, tensors


@pytest.fixture(params=[STATE, VISION], ids=["state", "vision"])
def policy(request):
    torch.manual_seed(0)
    return Policy(request.param).eval()


def test_onnxruntime_agrees_with_torch(policy):
    plain, tensors = observed(policy.spec)
    difference = Actor(to_onnx(policy), WORLDS).predict(plain) - policy(tensors)[0].detach().numpy()
    assert np.abs(difference).max() <= 1e-5


def test_the_batch_size_is_free(policy):
    model = to_onnx(policy)
    for batch in (1, 7):
        plain, tensors = observed(policy.spec, batch=batch)
        actions = Actor(model, batch).predict(plain)
        assert np.abs(actions - policy(tensors)[0].detach().numpy()).max() <= 1e-5


def test_scale_turns_unit_actions_into_physical_ones(policy):
    plain, _ = observed(policy.spec)
    unit = Actor(to_onnx(policy), WORLDS).predict(plain)
    metres = Actor(to_onnx(policy, scale=(0.03, 0.03, 0.03, 0.04)), WORLDS).predict(plain)
    np.testing.assert_allclose(metres, unit * [0.03, 0.03, 0.03, 0.04], atol=1e-6)


def test_executing_one_action_looks_at_every_step():
    actor = Actor(to_onnx(Policy(STATE)), WORLDS, execute=1)
    for seed in range(3):
        plain, _ = observed(STATE, seed)
        np.testing.assert_array_equal(actor.act(plain), actor.predict(plain)[:, 0])


def test_a_chunk_is_carried_out_before_the_policy_looks_again():
    actor = Actor(to_onnx(Policy(STATE)), WORLDS, execute=2)
    first, second, third = (observed(STATE, seed)[0] for seed in range(3))
    plan = actor.predict(first)
    np.testing.assert_array_equal(actor.act(first), plan[:, 0])
    np.testing.assert_array_equal(actor.act(second), plan[:, 1])
    np.testing.assert_array_equal(actor.act(third), actor.predict(third)[:, 0])


def test_resetting_a_row_forgets_its_plan_and_no_other():
    actor = Actor(to_onnx(Policy(STATE)), WORLDS, execute=3)
    first, second = observed(STATE, 0)[0], observed(STATE, 1)[0]
    plan = actor.predict(first)
    actor.act(first)
    actor.reset(np.array([1]))
    action = actor.act(second)
    np.testing.assert_array_equal(action[1], actor.predict(second)[1, 0])
    np.testing.assert_array_equal(np.delete(action, 1, 0), np.delete(plan[:, 1], 1, 0))


def test_a_missing_camera_is_named_with_the_fix():
    actor = Actor(to_onnx(Policy(VISION)), WORLDS)
    plain, _ = observed(VISION)
    plain["images"] = {}
    with pytest.raises(ValueError, match=r"camera `front`.*images=\('front',\)"):
        actor.act(plain)


def test_another_number_of_worlds_is_refused():
    actor = Actor(to_onnx(Policy(STATE)), WORLDS)
    with pytest.raises(ValueError, match="5 rows.* 4 worlds"):
        actor.act(observed(STATE, batch=5)[0])


def test_executing_more_than_the_chunk_is_refused():
    with pytest.raises(ValueError, match=r"in \[1, 3\]"):
        Actor(to_onnx(Policy(STATE)), WORLDS, execute=4)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.onnx"):
        Actor(tmp_path / "nothing.onnx", WORLDS)


def test_acting_needs_neither_torch_nor_ray():
    heavy = "{'torch', 'ray', 'pybullet'}"
    code = f"import agents.acting, agents.lockstep, sys; print({heavy} & set(sys.modules))"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


HISTORY = replace(STATE, history=2)
MEMORY = replace(STATE, recurrent=6)
FLOW = replace(STATE, head=HeadSpec("flow", steps=3))


class Script:
    """Plans that say when they were made: action k of the plan of step s in row r is 100 r + s + k / 100."""

    def __init__(self, execution, worlds=2, chunk=6):
        self.plans = executor(execution, worlds=worlds, chunk=chunk, action_size=1)
        self.made, self.worlds, self.chunk = [], worlds, chunk

    def step(self, now):
        due = self.plans.due()
        self.made.append(due.copy())
        if due.any():
            plan = 100.0 * np.arange(self.worlds)[:, None] + now + np.arange(self.chunk) / 100
            self.plans.accept(due, plan[..., None].astype(np.float32))
        return self.plans.next()[:, 0]


def constant(execution, chunk=6, steps=20):
    plans = executor(execution, worlds=3, chunk=chunk, action_size=2)
    for _ in range(steps):
        plans.accept(plans.due(), np.full((3, chunk, 2), 0.3, np.float32))
        yield plans.next()


EXECUTIONS = [
    Execution(),
    Execution(execute=4),
    Execution("ensemble"),
    Execution("asynchronous", 3),
    Execution("asynchronous", 3, delay=2),
    Execution("asynchronous", 3, delay=3),
]


@pytest.mark.parametrize("execution", EXECUTIONS, ids=str)
def test_a_policy_that_never_changes_its_mind_is_carried_out_as_it_is(execution):
    for action in constant(execution):
        np.testing.assert_allclose(action, 0.3, atol=1e-6)


def test_an_ensemble_averages_what_all_plans_say_of_now_the_oldest_most():
    script = Script(Execution("ensemble", decay=0.5), worlds=1, chunk=3)
    found = [script.step(now)[0] for now in range(4)]
    assert found[0] == 0.0
    weights = np.exp(-0.5 * np.arange(2))
    assert found[1] == pytest.approx(np.dot(weights, [0.01, 1.0]) / weights.sum(), abs=1e-6)
    weights = np.exp(-0.5 * np.arange(3))
    assert found[3] == pytest.approx(np.dot(weights, [1.02, 2.01, 3.0]) / weights.sum(), abs=1e-6)


def test_while_a_plan_is_computed_the_old_one_goes_on():
    script = Script(Execution("asynchronous", 3, delay=2), worlds=1)
    found = [script.step(now)[0] for now in range(12)]
    assert [bool(made[0]) for made in script.made] == [True, False, False] * 4
    np.testing.assert_allclose(found[:5], [0.0, 0.01, 0.02, 0.03, 0.04], atol=1e-6)
    keep = overlap_weights(1)[0]  # the old plan holds one action more
    assert 0.0 < keep < 1.0
    assert found[5] == pytest.approx(keep * 0.05 + (1 - keep) * 3.02, abs=1e-5)
    assert found[6] == pytest.approx(3.03, abs=1e-5)  # of the plan seen at step 3, its action 3


def test_without_delay_an_asynchronous_plan_is_of_now():
    script = Script(Execution("asynchronous", 6), worlds=1)
    np.testing.assert_allclose([script.step(now)[0] for now in range(7)][-1], 6.0, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_old_plan_s_share_falls_along_the_overlap(count):
    shares = overlap_weights(count)
    assert (np.diff(shares) < 0).all() and shares[0] < 1.0 and shares[-1] > 0.0


@pytest.mark.parametrize("execution", EXECUTIONS, ids=str)
def test_a_row_that_begins_anew_forgets_its_plans_and_no_other(execution):
    whole, broken = Script(execution), Script(execution)
    for now in range(5):
        whole.step(now), broken.step(now)
    broken.plans.reset(np.array([1]))
    after = [(whole.step(now), broken.step(now)) for now in range(5, 12)]
    assert all(a[0] == b[0] for a, b in after)
    fresh = Script(execution)
    assert [round(float(b[1]), 4) for _, b in after] == [
        round(float(fresh.step(now)[1]), 4) for now in range(5, 12)
    ]


WRONG = [
    (("recede",), {}, "Did you mean `receding`"),
    (("receding", 7), {}, r"in \[1, 6\]"),
    (("receding", 1), {"delay": 1}, "is for asynchronous"),
    (("ensemble", 2), {}, "looks at every step"),
    (("asynchronous", 2), {"delay": 3}, r"delay must be in \[0, execute=2\]"),
    (("asynchronous", 4), {"delay": 3}, "need a chunk of 7 actions; the policy's has 6"),
]


@pytest.mark.parametrize(("given", "more", "text"), WRONG)
def test_an_impossible_execution_says_why(given, more, text):
    with pytest.raises(ValueError, match=text):
        executor(Execution(*given, **more), worlds=1, chunk=6, action_size=1)


def test_noise_is_addressed_by_seed_episode_and_step():
    steps = np.array([0, 0, 1])
    noise = addressed_noise(3, np.array([5, 6, 5]), steps, (7, 4))
    assert noise.shape == (3, 7, 4) and len({row.tobytes() for row in noise}) == 3
    alone = addressed_noise(3, np.array([6]), np.array([0]), (7, 4))
    np.testing.assert_array_equal(noise[1:2], alone)
    many = addressed_noise(0, np.arange(2000), np.zeros(2000, int), (4, 2))
    assert abs(many.mean()) < 0.02 and abs(many.std() - 1.0) < 0.02


def test_a_sampling_policy_acts_alike_whatever_runs_beside_it():
    model = to_onnx(Policy(FLOW))
    plain, _ = observed(FLOW)
    together, alone = Actor(model, WORLDS), Actor(model, WORLDS)
    together.begin(1, np.array([4, 5, 6, 7]))
    alone.begin(1, np.array([9, 5, 9, 9]))
    for _ in range(3):
        a, b = together.act(plain), alone.act(plain)
        np.testing.assert_array_equal(a[1], b[1])
        assert not np.allclose(a[0], b[0])


def test_on_an_arm_every_trial_starts_from_the_same_noise():
    actor = Actor(to_onnx(Policy(FLOW)), WORLDS)
    plain, _ = observed(FLOW)
    first = [actor.act(plain) for _ in range(3)]
    assert not np.allclose(first[0], first[1])
    actor.reset()
    np.testing.assert_array_equal(first, [actor.act(plain) for _ in range(3)])


def test_the_past_is_what_was_seen_and_at_first_the_present():
    policy = Policy(HISTORY).eval()
    actor = Actor(to_onnx(policy), WORLDS)
    seen = [observed(STATE, seed) for seed in range(4)]
    for now, (plain, tensors) in enumerate(seen):
        for name in ("proprioception", "state"):
            before = [seen[max(now - back, 0)][1][name] for back in (1, 2)]
            tensors = tensors | {f"past.{name}": torch.stack(before, dim=1)}
        expected = policy(tensors)[0][:, 0].detach().numpy()
        np.testing.assert_allclose(actor.act(plain), expected, atol=1e-5)


def test_the_memory_goes_from_step_to_step_and_begins_empty():
    policy = Policy(MEMORY).eval()
    actor = Actor(to_onnx(policy), WORLDS, execute=2)
    memory = None
    for now in range(4):
        plain, tensors = observed(STATE, now)
        actions, _, memory = policy.step(tensors if memory is None else tensors | {"memory": memory})
        plan = actions.detach().numpy() if now % 2 == 0 else plan  # noqa: F821  # bound at step 0
        np.testing.assert_allclose(actor.act(plain), plan[:, now % 2], atol=1e-5)
        np.testing.assert_allclose(actor.memory, memory.detach().numpy(), atol=1e-5)
    actor.reset(np.array([2]))
    assert (actor.memory[2] == 0.0).all() and (actor.memory[1] != 0.0).any()


def test_unrolling_a_window_is_stepping_through_it():
    policy = Policy(replace(MEMORY, sequence=3)).eval()
    features = policy.perceive(example(policy.spec, 6)).features
    unrolled = policy.unroll(features).view(2, 3, -1)
    memory = None
    for step in range(3):
        stepped, memory = policy.remember(features.view(2, 3, -1)[:, step], memory)
        assert torch.allclose(unrolled[:, step], stepped, atol=1e-6)
