"""Policies without torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.acting import Actor
from agents.onnx_export import example, to_onnx
from agents.policy import Policy, PolicySpec

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
