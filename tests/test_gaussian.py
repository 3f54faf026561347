"""A policy as a distribution."""

from dataclasses import replace

import pytest
import torch
from one_batch import policy_of

from agents.gaussian import Gaussian
from agents.onnx_export import example
from agents.parts import HeadSpec
from agents.spec import PolicySpec

STATE = PolicySpec(observes="state", cameras=(), state=9, hidden=32, proprioception=11)


@pytest.mark.parametrize("by_state", [False, True])
def test_reinforcement_learning_starts_from_what_was_cloned(by_state):
    policy = policy_of(STATE)
    seen = example(STATE, 5)
    mean, log_std = Gaussian(policy, -0.7, by_state)(seen)
    assert torch.equal(mean, policy(seen)[0][:, 0])
    assert log_std.shape == (5, 4) and torch.allclose(log_std, torch.tensor(-0.7))


def test_the_likelihood_reaches_policy_and_spread():
    actor = Gaussian(policy_of(STATE), by_state=True)
    mean, log_std = actor(example(STATE, 5))
    (-torch.distributions.Normal(mean, log_std.exp()).log_prob(torch.zeros(5, 4)).sum()).backward()
    assert actor.log_std.grad.abs().sum() > 0 and actor.spread.weight.grad.abs().sum() > 0
    assert actor.policy.act[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", ["flow", "bins", "mixture"])
def test_a_head_without_a_mean_is_refused(kind):
    with pytest.raises(ValueError, match="which network.head.kind="):
        Gaussian(policy_of(replace(STATE, head=HeadSpec(kind))))
