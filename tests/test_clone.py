"""Cloning learns, resumes to the same bits, and draws its minibatches by address."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_worlds import ToySpec

from agents import checkpoint, clone
from agents.acting import Actor
from agents.behaviour import Behaviour
from agents.clone import FitSettings, Minibatches, fit
from agents.dagger import fresh_policy
from agents.dataset import Dataset, Frames
from agents.onnx_export import to_onnx
from agents.policy import Policy, PolicySpec
from agents.rollout import collect, plan

STATE = PolicySpec(observes="state", cameras=(), state=3, proprioception=3, hand=0, hidden=32, chunk=3)
VISION = PolicySpec(image_size=16, proprioception=3, hand=0, hidden=32, channels=(4, 8), keypoints=4, chunk=3)
QUICK = FitSettings(steps=40, batch=32, threads=1, checkpoint_s=1e9)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    made = Dataset.create(tmp_path_factory.mktemp("data"), ToySpec().to_dict())
    behaviour = Behaviour("expert", noise=0.5)
    collect(ToySpec(), plan(0, 48, 16, behaviour, record=True), backend="serial", on_result=made.add)
    return made


def weights(policy):
    return {name: value.clone() for name, value in policy.state_dict().items()}


def same(a, b):
    return all(torch.equal(value, b[name]) for name, value in a.items())


def frames_of(lengths, **columns):
    ends = np.repeat(np.cumsum(lengths), lengths)
    return Frames(columns, ends)


def plain_batches(settings, lengths=(3, 5)):
    """Make batches whose label at row r is r."""
    rows = np.arange(sum(lengths), dtype=np.float32)[:, None]
    zeros = np.zeros((len(rows), 3), np.float32)
    state, label = rows.repeat(3, 1), rows.repeat(4, 1)
    frames = frames_of(lengths, proprioception=zeros, goal=zeros, state=state, label=label)
    return Minibatches(frames, Policy(STATE), settings)


def test_a_cloned_state_policy_does_what_the_expert_does(dataset, tmp_path):
    settings = FitSettings(steps=300, batch=128, threads=1)
    policy = fit(fresh_policy(STATE, dataset, 0), dataset, settings, tmp_path / "c")
    jobs = plan(9, 40, 20, Behaviour("student"))
    results = collect(ToySpec(), jobs, backend="serial", policy=to_onnx(policy))
    assert np.mean([record["success"] for result in results for record in result.records]) >= 0.95


def test_a_vision_policy_learns_where_the_object_is(dataset, tmp_path):
    settings = replace(QUICK, steps=400, batch=64, learning_rate=3e-3)
    fitted = fit(fresh_policy(VISION, dataset, 0), dataset, settings, tmp_path / "c")
    columns = dataset.load(("images.front", "proprioception", "goal", "auxiliary")).columns
    _, predicted = fitted({name: torch.from_numpy(values[:200]) for name, values in columns.items()})
    places = columns["auxiliary"][:, :2]
    error = np.abs(predicted[:, :2].detach().numpy() - places[:200]).mean()
    assert error < 0.5 * np.abs(places - places.mean(0)).mean()


@pytest.mark.parametrize("spec", [STATE, VISION], ids=["state", "vision"])
def test_a_killed_run_ends_with_the_same_weights(dataset, tmp_path, spec):
    whole = fit(fresh_policy(spec, dataset, 0), dataset, QUICK, tmp_path / "whole")

    def die(stage, done, total):
        raise KeyboardInterrupt

    hurried = replace(QUICK, checkpoint_s=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clone, "LOG_EVERY", 17)
        with pytest.raises(KeyboardInterrupt):
            fit(fresh_policy(spec, dataset, 0), dataset, hurried, tmp_path / "cut", progress=die)
    assert checkpoint.load(tmp_path / "cut").step == 16
    resumed = fit(fresh_policy(spec, dataset, 1), dataset, hurried, tmp_path / "cut")
    assert same(weights(whole), weights(resumed))


def test_a_finished_run_is_not_trained_again(dataset, tmp_path):
    done = weights(fit(fresh_policy(STATE, dataset, 0), dataset, QUICK, tmp_path / "c"))
    called = []
    start = fresh_policy(STATE, dataset, 1)
    again = fit(start, dataset, QUICK, tmp_path / "c", log=lambda *heard: called.append(heard))
    assert same(done, weights(again)) and not called


def test_a_checkpoint_of_other_settings_is_refused(dataset, tmp_path):
    fit(fresh_policy(STATE, dataset, 0), dataset, QUICK, tmp_path / "c")
    with pytest.raises(ValueError, match="another training run.*Use a new folder"):
        fit(fresh_policy(STATE, dataset, 0), dataset, replace(QUICK, batch=16), tmp_path / "c")


def test_the_log_hears_every_term_of_the_loss(dataset, tmp_path):
    heard = []
    start = fresh_policy(VISION, dataset, 0)
    fit(start, dataset, QUICK, tmp_path / "c", log=lambda step, terms: heard.append((step, terms)))
    assert heard[-1][0] == QUICK.steps
    assert set(heard[-1][1]) == {"action", "auxiliary", "loss"}


def test_first_weights_depend_on_the_seed_alone(dataset):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = weights(fresh_policy(STATE, dataset, 5))
    assert torch.equal(before, torch.random.get_rng_state())
    assert same(first, weights(fresh_policy(STATE, dataset, 5)))
    assert not same(first, weights(fresh_policy(STATE, dataset, 6)))


def test_a_minibatch_is_addressed_by_seed_and_step():
    batches = plain_batches(QUICK)
    assert torch.equal(batches[3]["labels"], plain_batches(QUICK)[3]["labels"])
    assert not torch.equal(batches[3]["labels"], batches[4]["labels"])
    assert not torch.equal(batches[3]["labels"], plain_batches(replace(QUICK, seed=1))[3]["labels"])


def test_a_chunk_holds_the_labels_that_follow_and_stops_at_the_episodes_end():
    batch = plain_batches(replace(QUICK, batch=200, later_weight=1.0))[0]
    for state, labels, weight in zip(batch["state"][:, 0], batch["labels"][..., 0], batch["weights"]):
        end = 3 if state < 3 else 8
        for k in range(STATE.chunk):
            inside = state + k < end
            assert (weight[k] > 0) == inside
            assert not inside or labels[k] == state + k


def test_later_weight_zero_trains_the_first_action_alone():
    batch = plain_batches(replace(QUICK, later_weight=0.0))[0]
    assert (batch["weights"][:, 0] == 1.0).all() and (batch["weights"][:, 1:] == 0.0).all()


def image_batch(**settings):
    images = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), np.uint8)
    batches = plain_batches(replace(QUICK, **settings))
    return images, batches._augment(images.repeat(64, 0), np.random.default_rng(1))


def test_no_augmentation_is_no_change():
    images, made = image_batch()
    assert (made == images).all()


def test_a_shift_moves_the_image_by_at_most_so_many_pixels_and_repeats_the_edge():
    images, made = image_batch(shift_px=2)
    padded = np.pad(images[0], ((2, 2), (2, 2), (0, 0)), mode="edge")
    windows = [padded[i : i + 16, j : j + 16] for i in range(5) for j in range(5)]
    assert all(any((image == window).all() for window in windows) for image in made)
    assert len({image.tobytes() for image in made}) > 10


def test_colour_scales_channels_within_its_bounds():
    images, made = image_batch(colour=0.2)
    middle = (images > 50) & (images < 200)
    ratio = (made / np.maximum(images, 1))[np.broadcast_to(middle, made.shape)]
    assert made.dtype == np.uint8 and 0.75 < ratio.min() < 0.9 and 1.1 < ratio.max() < 1.25


def test_a_frozen_encoder_does_not_move(dataset, tmp_path):
    start = fresh_policy(VISION, dataset, 0)
    before = weights(start)
    after = weights(fit(start, dataset, replace(QUICK, encoder_rate=0.0), tmp_path / "c"))
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved and not [name for name in moved if name.startswith("encoders")]


def test_the_rate_warms_up_then_falls_to_its_final_share():
    settings = FitSettings(steps=1000, learning_rate=1.0, final_rate=0.1)
    rates = [settings.rate(step) for step in range(1000)]
    assert rates[0] < 0.1 and max(rates) == pytest.approx(1.0) and rates[-1] == pytest.approx(0.1, abs=1e-3)


def test_a_dataset_without_frames_is_one_clear_error(tmp_path):
    empty = Dataset.create(tmp_path / "d", {})
    with pytest.raises(ValueError, match="no frames"):
        fresh_policy(STATE, empty, 0)


WRONG = [{"steps": 0}, {"learning_rate": 0.0}, {"final_rate": 2.0}, {"shift_px": -1}]


@pytest.mark.parametrize("wrong", WRONG)
def test_impossible_settings_say_why(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FitSettings(**wrong)


def test_an_exported_fit_acts_like_the_fit(dataset, tmp_path):
    policy = fit(fresh_policy(VISION, dataset, 0), dataset, QUICK, tmp_path / "c")
    columns = dataset.load(policy.spec.inputs).columns
    plain = {"proprioception": columns["proprioception"][:8], "goal": columns["goal"][:8]}
    plain["images"] = {"front": columns["images.front"][:8]}
    ours = policy({n: torch.from_numpy(v[:8]) for n, v in columns.items()})[0].detach().numpy()
    assert np.abs(Actor(to_onnx(policy), 8).predict(plain) - ours).max() <= 1e-5
