"""Extra losses fall, leave acting alone, and name what they lack; policies survive their checkpoints."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from one_batch import batch_of, onnx_error, policy_of
from toy_worlds import ToySpec, ToyWorlds

from agents import checkpoint
from agents.acting import Actor
from agents.batches import Minibatches
from agents.behaviour import Behaviour
from agents.clone import FitSettings, columns_for, descend, fit, losses, optimizer_for
from agents.dagger import DaggerSettings, dagger, fresh_policy
from agents.dataset import Dataset, Frames
from agents.extras import recorded
from agents.onnx_export import example, to_onnx
from agents.parts import EncoderSpec, ExtrasSpec, HeadSpec, LanguageSpec
from agents.policy import Policy, PolicySpec
from agents.rollout import collect, plan

VISION = PolicySpec(image_size=16, channels=(4, 8), keypoints=4, hidden=32, proprioception=3, hand=0, chunk=3)
STATE = PolicySpec(observes="state", cameras=(), state=3, proprioception=3, hand=0, hidden=32, chunk=3)
QUICK = FitSettings(steps=40, batch=32, threads=1)
ALL = ("invariance", "dynamics", "grounding", "depth", "affordance")


def with_targets(spec, rows=8):
    """One minibatch with everything that extra losses read."""
    rng = np.random.default_rng(0)
    batch = batch_of(spec, rows)
    images = {f"again.{name}": batch[name].flip(3) for name in spec.seen if name.startswith("images.")}
    following = {f"next.{name}": batch[name].roll(1, 0) for name in spec.inputs}
    names = ("depth.front", "affordance.front")
    maps = {name: torch.from_numpy(rng.random((rows, 4, 4), np.float32)) for name in names}
    maps["affordance.front"] = (maps["affordance.front"] > 0.5).float()
    mask = torch.zeros(rows, 4, 4)
    mask[:, 1, 2] = 1.0
    done = {"action": batch["labels"][:, 0], "goes_on": torch.ones(rows), "mask.front": mask}
    return batch | images | following | maps | done


@pytest.mark.parametrize("name", ALL)
def test_every_extra_loss_falls(name):
    spec = replace(VISION, extras=ExtrasSpec(**{name: 1.0}))
    policy, batch = policy_of(spec), with_targets(spec)
    settings = replace(QUICK, steps=60, learning_rate=3e-3)
    optimizer = optimizer_for(policy, settings)
    heard = [descend(policy, optimizer, batch, settings, step)[name].item() for step in range(60)]
    assert np.isfinite(heard).all() and heard[-1] < 0.95 * heard[0]


def test_extra_losses_count_by_their_weight_and_stay_out_of_the_exported_model():
    spec = replace(VISION, extras=ExtrasSpec(depth=0.5, dynamics=0.25))
    policy = policy_of(spec)
    terms = losses(policy, with_targets(spec), QUICK)
    parts = terms["action"] + 0.5 * terms["auxiliary"] + 0.5 * terms["depth"] + 0.25 * terms["dynamics"]
    assert terms["loss"].item() == pytest.approx(parts.item(), rel=1e-5)
    assert set(columns_for(policy)) >= {"depth.front", "action"}
    assert onnx_error(policy) <= 1e-5
    assert len(to_onnx(policy)) < 1.02 * len(to_onnx(policy_of(VISION)))


def test_what_is_unknown_does_not_count():
    spec = replace(VISION, extras=ExtrasSpec(depth=1.0, affordance=1.0, grounding=1.0))
    policy, batch = policy_of(spec), with_targets(spec)
    nothing = {"depth.front": torch.zeros(8, 4, 4), "affordance.front": -torch.ones(8, 4, 4)}
    terms = losses(policy, batch | nothing | {"mask.front": torch.zeros(8, 4, 4)}, QUICK)
    assert [terms[name].item() for name in ("depth", "affordance", "grounding")] == [0.0, 0.0, 0.0]


def test_a_loss_names_what_jobs_have_to_record():
    told = replace(VISION, extras=ExtrasSpec(depth=1.0, invariance=0.5), language=LanguageSpec("film"))
    assert recorded(told) == ("instruction", "depth", "again")
    assert recorded(replace(VISION, extras=ExtrasSpec(dynamics=1.0))) == ()


@pytest.mark.parametrize("more", ["depth", "instruction", "mask", "again"])
def test_worlds_that_lack_what_is_to_be_recorded_say_so(more):
    job = replace(plan(0, 2, 2, Behaviour("expert"), record=True)[0], more=(more,))
    with pytest.raises(ValueError, match=f"to record `{more}`, which these worlds do not give"):
        collect(ToySpec(), [job], backend="serial")


class Speaking(ToyWorlds):
    """Toy worlds whose goal only the instruction tells."""

    @property
    def instructions(self):
        return np.array(["go up" if draw.episode % 2 else "go down" for draw in self.draws])

    def expert_actions(self):
        actions = np.zeros((self.num, 4))
        actions[:, 2] = [0.8 if draw.episode % 2 else -0.8 for draw in self.draws]
        return actions


class SpeakingSpec(ToySpec):
    def build(self, num):
        return Speaking(self, num)


def test_an_instruction_goes_from_the_worlds_through_the_dataset_to_the_action(tmp_path):
    spec = replace(STATE, language=LanguageSpec("film", buckets=64), hidden=64)
    settings = DaggerSettings((8,), (120,), worlds=4, noise=0.1, fit=replace(QUICK, learning_rate=3e-3))
    outcome = dagger(SpeakingSpec(images=()), spec, settings, tmp_path, backend="serial")
    assert outcome.dataset.shapes()["instruction"] == (300,)
    actor = Actor(outcome.model, 2)
    numbers = {"proprioception": np.full((2, 3), 0.5), "goal": np.full((2, 3), 0.5), "state": np.zeros((2, 3))}
    up, down = actor.act(numbers | {"instruction": np.array(["Go UP", "go down"])})
    assert up[2] > 0.4 and down[2] < -0.4


def frames_of(lengths, seed=0):
    rng, rows = np.random.default_rng(seed), sum(lengths)
    sizes = {"proprioception": 3, "goal": 3, "state": 3, "label": 4, "action": 4}
    columns = {name: rng.random((rows, size), np.float32) for name, size in sizes.items()}
    columns["state"][:] = np.arange(rows)[:, None]
    return Frames(columns, np.repeat(np.cumsum(lengths), lengths))


def test_the_past_of_a_minibatch_stays_within_its_episode():
    policy = policy_of(replace(STATE, history=2))
    batch = Minibatches(frames_of((3, 5)), policy, replace(QUICK, batch=100))[0]
    for row, past in zip(batch["state"][:, 0], batch["past.state"][..., 0]):
        start = 0 if row < 3 else 3
        assert past.tolist() == [max(row - 1, start), max(row - 2, start)]


def test_windows_run_to_the_episode_s_end_and_not_beyond():
    policy = policy_of(replace(STATE, recurrent=4, sequence=4))
    batch = Minibatches(frames_of((3, 5)), policy, replace(QUICK, batch=80))[0]
    assert len(batch["state"]) == 80
    for rows, weights in zip(batch["state"][:, 0].view(-1, 4), batch["weights"][:, 0].view(-1, 4)):
        last = 2 if rows[0] < 3 else 7
        assert rows.tolist() == [min(rows[0] + i, last) for i in range(4)]
        assert (weights > 0).tolist() == [rows[0].item() + i <= last for i in range(4)]


def test_noise_of_a_minibatch_is_addressed_and_nobody_else_pays_for_it():
    specs = STATE, replace(STATE, head=HeadSpec("flow"))
    plain, noisy = (Minibatches(frames_of((9,)), policy_of(spec), QUICK) for spec in specs)
    assert torch.equal(plain[5]["labels"], noisy[5]["labels"]) and "noise" not in plain[5]
    assert torch.equal(noisy[5]["noise"], noisy[5]["noise"]) and not torch.equal(noisy[5]["noise"], noisy[6]["noise"])


SPECS = [
    replace(STATE, head=HeadSpec("flow", steps=4)),
    replace(STATE, head=HeadSpec("dct", bins=33), recurrent=5, sequence=4),
    replace(VISION, encoder=EncoderSpec("resnet", widths=(8, 8)), history=1, extras=ExtrasSpec(dynamics=0.1)),
    replace(VISION, language=LanguageSpec("attention"), cameras=("front", "side")),
]


@pytest.mark.parametrize("spec", SPECS, ids=range(4))
def test_a_policy_survives_its_checkpoint(spec, tmp_path):
    assert PolicySpec.from_dict(spec.to_dict()) == spec
    policy = policy_of(spec).eval()
    checkpoint.save(tmp_path / "c", policy, step=0, record={})
    back = checkpoint.load(tmp_path / "c").policy.eval()
    assert back.spec == spec and to_onnx(back) == to_onnx(policy)


# Of `Policy` at the first commit that had one, torch.manual_seed(0); sha256 of names and bytes of all weights.
FIRST = {
    "state": (PolicySpec(observes="state", cameras=(), state=9), "fa9cd2b3fa1633d8", [0.0132976, -0.0575987]),
    "vision": (
        PolicySpec(image_size=16, channels=(4, 8), keypoints=5, hidden=16),
        "41c5e4a1ed6fe74c",
        [0.3032731, -0.2014103],
    ),
    "default": (PolicySpec(), "8d900832f70c68d3", [-0.0281081, 0.0124092]),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_usual_policy_is_bit_for_bit_what_the_first_checkpoints_hold(name):
    spec, expected, first = FIRST[name]
    policy = policy_of(spec)
    digest = hashlib.sha256(b"".join(k.encode() + v.numpy().tobytes() for k, v in policy.state_dict().items()))
    assert digest.hexdigest()[:16] == expected
    assert policy(example(spec, 3))[0].flatten()[:2].tolist() == pytest.approx(first, abs=1e-6)


def test_what_is_at_its_default_is_left_out_so_that_former_runs_compare_equal():
    assert set(PolicySpec().to_dict()) == {
        "observes", "cameras", "image_size", "proprioception", "hand", "goal", "state", "auxiliary", "action_size",
        "chunk", "channels", "keypoints", "hidden", "layers", "stop_gradient",
    }  # fmt: skip


@pytest.mark.parametrize("spec", [SPECS[0], SPECS[1]], ids=["flow", "dct, recurrent"])
def test_a_killed_run_of_any_head_ends_with_the_same_weights(spec, tmp_path):
    made = Dataset.create(tmp_path / "d", {})
    behaviour = Behaviour("expert", noise=0.5)
    collect(ToySpec(images=()), plan(0, 8, 8, behaviour, record=True), backend="serial", on_result=made.add)
    whole = fit(fresh_policy(spec, made, 0), made, QUICK, tmp_path / "whole")

    def die(stage, done, total):
        raise KeyboardInterrupt

    hurried = replace(QUICK, checkpoint_s=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agents.clone.LOG_EVERY", 17)
        with pytest.raises(KeyboardInterrupt):
            fit(fresh_policy(spec, made, 0), made, hurried, tmp_path / "cut", progress=die)
    resumed = fit(fresh_policy(spec, made, 1), made, hurried, tmp_path / "cut")
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


def test_features_are_what_the_head_reads():
    policy = Policy(replace(STATE, recurrent=4))
    seen = example(policy.spec, 3)
    features = policy.features(seen)
    assert features.shape == (3, policy.size)
    assert torch.equal(policy.head.act(features), policy(seen)[0])
