"""Laws of fine-tuning on a few demonstrations. Reality is a toy world in a haze."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_worlds import ToySpec

from agents.clone import FitSettings, Minibatches, columns_for, losses, train
from agents.dataset import Dataset, Frames
from agents.policy import Policy, PolicySpec
from agents.rollout import collect, plan
from agents.spec import LanguageSpec
from agents.words import texts_of
from transfer import finetune as module
from transfer.demonstrations.episode import ACTION_SCALE, Demonstration
from transfer.demonstrations.record import episodes_of
from transfer.finetune import FinetuneSettings, Mixture, choose, error_of, finetune, frames_of, held_out

VISION = PolicySpec(image_size=16, proprioception=3, hand=0, hidden=32, channels=(4, 8), keypoints=4, chunk=3)
DEPTH = np.array([0.0, 0.0, 1.0], np.float32)  # of the goal; only the image says the rest
QUICK = FinetuneSettings(steps=120, batch=64, validate_every=40, learning_rate=2e-3, shift_px=0, colour=0.0, threads=1)


@pytest.fixture(scope="module")
def simulated():
    """Frames of simulated expert episodes."""
    results = collect(ToySpec(), plan(0, 24, 8, record=True), backend="serial")
    names = (*columns_for(Policy(VISION)),)
    columns = {name: np.concatenate([result.columns[name] for result in results]) for name in names}
    columns["goal"] = columns["goal"] * DEPTH
    lengths = np.array([record["frames"] for result in results for record in result.records])
    return Frames(columns, np.repeat(np.cumsum(lengths), lengths))


@pytest.fixture(scope="module")
def demonstrations():
    """Some episodes of "reality", where nothing is darker than grey."""
    results = collect(ToySpec(), plan(7, 24, 8, record=True), backend="serial")
    return [
        Demonstration(
            columns["proprioception"],
            columns["goal"] * DEPTH,
            (columns["action"] * np.array(ACTION_SCALE)).astype(np.float32),
            {"front": np.maximum(columns["images.front"], 140)},
            "point",
        )
        for result in results
        for _, columns in episodes_of(result)
    ]


@pytest.fixture(scope="module")
def policy(simulated):
    """A policy that has learnt simulation."""
    torch.manual_seed(0)
    learner = Policy(VISION)
    learner.fit_normalizers(simulated.columns)
    settings = FitSettings(steps=400, batch=64, learning_rate=3e-3, threads=1)
    train(learner, Minibatches(simulated, learner, settings), settings)
    return learner.eval()


def error(policy, frames):
    return error_of(policy, frames)["validation"]


def test_demonstrations_are_predicted_better_and_simulation_is_remembered(policy, demonstrations, simulated):
    tuned = finetune(policy, demonstrations, simulated, QUICK)
    held = frames_of([demonstrations[i] for i in tuned.held_out])
    assert tuned.step > 0
    assert error(tuned.policy, held) < 0.75 * error(policy, held)
    assert error(tuned.policy, simulated) < 2.0 * error(policy, simulated)


def test_without_rehearsal_simulation_is_forgotten_more(policy, demonstrations, simulated):
    """Mutation check: the law above would notice a mixture that leaves simulation out."""
    alone = finetune(policy, demonstrations, None, FinetuneSettings(**vars(QUICK) | {"share": 1.0}))
    mixed = finetune(policy, demonstrations, simulated, QUICK)
    assert error(alone.policy, simulated) > 2.0 * error(mixed.policy, simulated)


def test_the_policy_that_came_in_is_not_changed(policy, demonstrations, simulated):
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    finetune(policy, demonstrations, simulated, QUICK)
    assert all(torch.equal(value, before[name]) for name, value in policy.state_dict().items())


def test_scales_of_the_inputs_stay_those_of_simulation(policy, demonstrations, simulated):
    tuned = finetune(policy, demonstrations, simulated, QUICK).policy
    for name, value in policy.named_buffers():
        assert torch.equal(value, tuned.get_buffer(name))


def test_a_frozen_encoder_does_not_move(policy, demonstrations, simulated):
    tuned = finetune(policy, demonstrations, simulated, FinetuneSettings(**vars(QUICK) | {"encoder_rate": 0.0}))
    moved = {
        name for name, value in policy.named_parameters() if not torch.equal(value, tuned.policy.get_parameter(name))
    }
    assert moved and not any(name.startswith("encoders") for name in moved)


def test_fine_tuning_twice_gives_the_same_bits(policy, demonstrations, simulated):
    first, second = (finetune(policy, demonstrations, simulated, QUICK) for _ in range(2))
    for name, value in first.policy.state_dict().items():
        assert torch.equal(value, second.policy.state_dict()[name])


def test_steps_that_only_hurt_leave_the_policy_as_it_came(policy, demonstrations, simulated):
    wild = FinetuneSettings(**vars(QUICK) | {"learning_rate": 30.0, "steps": 20})
    tuned = finetune(policy, demonstrations, simulated, wild)
    assert tuned.step == 0
    assert all(torch.equal(value, tuned.policy.get_parameter(name)) for name, value in policy.named_parameters())


def test_the_share_is_of_the_loss_whatever_the_sizes(policy, demonstrations, simulated):
    for share in (0.25, 0.5, 0.9):
        settings = FinetuneSettings(**vars(QUICK) | {"share": share})
        mixture = Mixture(policy, frames_of(demonstrations), simulated, settings)
        terms = mixture.losses(policy, 0)
        assert settings.real_batch + settings.simulated_batch == settings.batch
        rehearsed = losses(policy, mixture.simulated[0], mixture.simulated.settings)["loss"]
        assert torch.isclose(terms["loss"], share * terms["real"] + (1 - share) * rehearsed)


def test_held_out_demonstrations_never_train(policy, demonstrations, simulated, monkeypatch):
    seen = []
    inner = module.frames_of
    monkeypatch.setattr(module, "frames_of", lambda demos, *told: seen.append(list(demos)) or inner(demos, *told))
    tuned = finetune(policy, demonstrations, simulated, QUICK)
    training, validating = seen
    assert [demonstrations.index(demo) for demo in validating] == list(tuned.held_out)
    assert len(training) + len(validating) == len(demonstrations)
    assert not {id(demo) for demo in training} & {id(demo) for demo in validating}


def test_at_least_one_demonstration_validates_and_one_trains():
    for count in range(2, 20):
        assert 1 <= len(held_out(count, QUICK)) < count
    with pytest.raises(ValueError, match="At least 2 demonstrations"):
        held_out(1, QUICK)


def test_labels_are_unit_actions_again(demonstrations):
    frames = frames_of(demonstrations[:2])
    assert np.abs(frames.columns["label"]).max() == pytest.approx(1.0, abs=1e-6)
    assert frames.ends[0] == len(demonstrations[0]) and frames.ends[-1] == len(frames)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 0.0}, "share"),
        ({"share": 1.5}, "share"),
        ({"held_out": 1.0}, "held_out"),
        ({"steps": 0}, "steps"),
        ({"learning_rate": 0.0}, "learning_rate"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        FinetuneSettings(**changes)


def test_what_cannot_be_fine_tuned_says_why(policy, demonstrations):
    blind = Policy(PolicySpec(observes="state", cameras=(), state=3, proprioception=3, hand=0))
    with pytest.raises(ValueError, match="only a vision policy"):
        finetune(blind, demonstrations, None, QUICK)
    with pytest.raises(ValueError, match="rehearses simulation"):
        finetune(policy, demonstrations, None, QUICK)


def test_a_dataset_on_disk_rehearses_like_frames_in_memory(policy, demonstrations, tmp_path):
    dataset = Dataset.create(tmp_path, {"arm": "point"})
    collect(ToySpec(), plan(0, 24, 8, record=True), backend="serial", on_result=dataset.add)
    short = FinetuneSettings(**vars(QUICK) | {"steps": 5})
    sources = (dataset, dataset.load(columns_for(policy)))
    first, second = (finetune(policy, demonstrations, source, short) for source in sources)
    assert first.curve == second.curve


def test_fine_tuning_cannot_see_the_twin():
    names = {
        node.module
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    assert not [name for name in names if name and ("reality" in name or "twin" in name or "record" in name)]


@pytest.mark.parametrize(
    ("errors", "chosen"),
    [
        ([0.3, 0.2, 0.1, 0.2], 2),
        ([0.3, 0.2, 0.1, 0.105], 3),
        ([0.3, 0.2, 0.1, 0.105, 0.12], 3),
        ([0.1, 0.2, 0.105], 0),
        ([0.104, 0.2, 0.1, 0.105], 2),
    ],
)
def test_the_latest_step_that_cannot_be_told_from_the_best_is_kept(errors, chosen):
    assert choose([{"validation": value, "standard_error": 0.01} for value in errors]) == chosen


def test_a_policy_that_reads_is_told_what_each_demonstration_is_of(demonstrations):
    torch.manual_seed(0)
    learner = Policy(replace(VISION, language=LanguageSpec("film", buckets=64)))
    told = [replace(demo, task=("go up", "go down")[i % 2]) for i, demo in enumerate(demonstrations)]
    learner.fit_normalizers(frames_of(told).columns | {"auxiliary": np.zeros((2, 3))})
    alone = replace(QUICK, share=1.0, steps=2, validate_every=2)
    assert finetune(learner, told, None, alone).curve[-1]["validation"] > 0.0
    letters = frames_of(told, instructed=True).columns["instruction"]
    assert texts_of(letters[:1]) == ["go up"] and texts_of(letters[len(told[0]) :][:1]) == ["go down"]
    assert "instruction" not in frames_of(told).columns
