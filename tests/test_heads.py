"""Every head learns, exports and is deterministic given its noise."""

from dataclasses import replace

import pytest
import torch
from one_batch import FIT, batch_of, error_after, onnx_error, policy_of

from agents.acting import Actor
from agents.heads import Luck, build
from agents.heads.tokens import Bins, Cosines, cosine_basis
from agents.onnx_export import example, to_onnx
from agents.parts import DIRECT, HEADS, HeadSpec
from agents.spec import PolicySpec

STATE = PolicySpec(observes="state", cameras=(), state=9, hidden=64, chunk=4, proprioception=11)
SIZES = {"inputs": 6, "chunk": 4, "action_size": 2, "hidden": 64, "layers": 2}


def spec_of(kind, **changes):
    return replace(STATE, head=HeadSpec(kind, width=48, bins=64, steps=8), **changes)


@pytest.mark.parametrize("kind", HEADS)
def test_every_head_learns_one_batch_by_heart(kind):
    noisy = HeadSpec(kind).noisy  # these see fresh noise at every step, and are still on their way after few
    spec = spec_of(kind, hidden=128 if noisy else 64)
    fit = replace(FIT, steps=150 if kind in (*DIRECT, "mixture") else 500)
    assert error_after(policy_of(spec), batch_of(spec), fit) < (0.08 if noisy else 0.04)


@pytest.mark.parametrize("kind", HEADS)
def test_every_head_acts_the_same_in_onnxruntime(kind):
    spec = spec_of(kind)
    assert onnx_error(policy_of(spec)) <= 1e-5


@pytest.mark.parametrize("kind", HEADS)
def test_the_exported_model_asks_for_noise_where_the_head_starts_from_it(kind):
    asked = Actor(to_onnx(policy_of(spec_of(kind))), 2).inputs
    assert ("noise" in asked) == (kind in ("diffusion", "flow"))


@pytest.mark.parametrize("kind", ["diffusion", "flow"])
def test_other_noise_is_another_action_and_the_same_noise_the_same(kind):
    spec = spec_of(kind)
    policy, inputs = policy_of(spec), example(spec, 3)
    first, again = policy(inputs)[0], policy(inputs)[0]
    assert torch.equal(first, again)
    assert not torch.allclose(first, policy(inputs | {"noise": torch.randn(3, 4, 4)})[0], atol=1e-3)


@pytest.mark.parametrize("kind", ["mixture", "diffusion", "flow", "bins", "dct"])
def test_two_ways_of_acting_are_not_averaged(kind):
    """The expert goes left or right by chance; what regression makes of it, straight on, is what nobody did."""
    head = build(HeadSpec(kind, width=32, bins=32, components=2, steps=10), **SIZES | {"hidden": 128})
    features, rng = torch.zeros(64, 6), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(head.parameters(), lr=3e-3)
    for _ in range(300 if kind in ("diffusion", "flow") else 100):
        side = torch.randint(0, 2, (64, 1, 1), generator=rng) * 2.0 - 1.0
        labels = 0.7 * side.expand(64, 4, 2)
        luck = Luck(torch.randn(labels.shape, generator=rng), torch.rand(64, generator=rng))
        loss = head.loss(features, labels, torch.full((64, 4), 0.25), luck)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        acted = head.act(features, torch.randn(64, 4, 2, generator=rng))
    assert ((acted.abs() - 0.7).abs() < 0.3).float().mean() > 0.85
    same_side = acted.sign() == acted[:, :1, :1].sign()
    assert same_side.all(2).all(1).float().mean() > 0.85


def test_the_mixture_s_loss_of_one_component_is_the_normal_likelihood():
    head = build(HeadSpec("mixture", components=1), **SIZES)
    features, labels = torch.randn(3, 6), torch.rand(3, 4, 2)
    hidden = head.stack(features)
    log_std = -4.0 + 5.0 * torch.sigmoid(head.log_stds(hidden).view(3, 4, 2))
    normal = torch.distributions.Normal(head.act(features), log_std.exp()).log_prob(labels)
    loss = head.loss(features, labels, torch.full((3, 4), 0.25))
    assert loss.item() == pytest.approx(-normal.mean().item(), abs=1e-5)


@pytest.mark.parametrize("steps", [1, 7])
def test_a_perfect_field_turns_any_noise_into_the_action(steps):
    """The velocity of a single action is known in closed form; DDIM and Euler both find it, in any number of steps."""
    action = torch.tensor([0.3, -0.6]).expand(5, 4, 2)
    for kind in ("diffusion", "flow"):
        head = build(HeadSpec(kind, steps=steps), **SIZES)

        def perfect(context, chunks, time, kind=kind):
            if kind == "flow":
                return (action - chunks) / (1.0 - time.view(-1, 1, 1))
            phi = 0.5 * torch.pi * time.view(-1, 1, 1)
            noise = (chunks - phi.cos() * action) / phi.sin()
            return phi.cos() * noise - phi.sin() * action

        head.field.forward = perfect
        found = head.act(torch.zeros(5, 6), torch.randn(5, 4, 2))
        assert torch.allclose(found, action, atol=1e-5)


@pytest.mark.parametrize("bins", [2, 37, 256])
def test_a_token_brings_its_action_back_to_half_a_bin(bins):
    code = Bins(bins, 4, 3)
    actions = torch.rand(50, 4, 3) * 2 - 1
    assert (code.decode(code.encode(actions)) - actions).abs().max() <= 1.0 / bins + 1e-6
    assert code.encode(torch.full((1, 4, 3), 1.0)).max() == bins - 1
    line = torch.linspace(-1, 1, 101)[:, None, None].expand(101, 4, 3)
    assert (code.encode(line).diff(dim=0) >= 0).all()


def test_cosines_are_orthonormal_and_put_a_constant_into_the_first_token():
    basis = cosine_basis(8)
    assert torch.allclose(basis @ basis.T, torch.eye(8), atol=1e-6)
    code = Cosines(255, 8, 1)
    tokens = code.encode(torch.full((1, 8, 1), 0.5))[0]
    assert (tokens[1:] == 127).all() and tokens[0] > 127


def test_a_cosine_token_is_off_by_half_a_bin_of_its_coefficient():
    code, actions = Cosines(256, 8, 3), torch.rand(50, 8, 3) * 2 - 1
    error = code.decode(code.encode(actions)) - actions
    assert error.norm(dim=1).max() <= 8**0.5 * (8**0.5 / 256) + 1e-6


@pytest.mark.parametrize("kind", DIRECT)
def test_what_lies_behind_an_episode_s_end_does_not_count(kind):
    head = build(HeadSpec(kind), **SIZES)
    features, labels = torch.randn(3, 6), torch.rand(3, 4, 2)
    weights = torch.tensor([1.0, 1.0, 0.0, 0.0]).expand(3, 4)
    changed = labels.clone()
    changed[:, 2:] += 5.0
    assert head.loss(features, labels, weights) == head.loss(features, changed, weights)


def test_an_unknown_head_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `diffusion`"):
        HeadSpec("difusion")


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"bins": 1}, {"components": 0}, {"width": 0}])
def test_an_impossible_head_says_why(wrong):
    with pytest.raises(ValueError, match=f"head.{next(iter(wrong))}"):
        HeadSpec("flow", **wrong)
