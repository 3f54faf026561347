"""Checkpoints: whole, verified, exact."""

import json
import os

import pytest
import torch

from agents import checkpoint, storage
from agents.onnx_export import example
from agents.policy import Policy, PolicySpec

SPEC = PolicySpec(image_size=16, channels=(4, 8), keypoints=5, hidden=16)


def step(policy, optimizer, seed):
    """Take a made-up optimization step."""
    actions, predicted = policy(example(SPEC, 4, seed))
    optimizer.zero_grad()
    (actions.square().sum() + predicted.square().sum()).backward()
    optimizer.step()


@pytest.fixture
def trained():
    policy = Policy(SPEC)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    step(policy, optimizer, 0)
    return policy, optimizer


@pytest.fixture
def folder(tmp_path, trained):
    policy, optimizer = trained
    made = tmp_path / "saved"
    checkpoint.save(made, policy, step=1, record={"worlds": {"arm": "panda"}}, optimizer=optimizer)
    return made


def test_what_is_loaded_is_what_was_saved(folder, trained):
    loaded = checkpoint.load(folder)
    assert loaded.step == 1 and loaded.record == {"worlds": {"arm": "panda"}} and loaded.policy.spec == SPEC
    for name, value in trained[0].state_dict().items():
        assert torch.equal(value, loaded.policy.state_dict()[name])


def test_training_goes_on_bit_for_bit(folder, trained):
    loaded = checkpoint.load(folder)
    optimizer = torch.optim.Adam(loaded.policy.parameters(), lr=1e-2)
    checkpoint.restore_moments(loaded.policy, optimizer, loaded.optimizer)
    for seed in (1, 2):
        step(*trained, seed)
        step(loaded.policy, optimizer, seed)
    for name, value in trained[0].state_dict().items():
        assert torch.equal(value, loaded.policy.state_dict()[name])


def test_a_folder_holds_tensors_and_json_only(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"checkpoint.json", "optimizer.safetensors", "weights.safetensors"}


def test_without_an_optimizer_none_is_kept(tmp_path, trained):
    checkpoint.save(tmp_path / "bare", trained[0], step=1, record={})
    assert checkpoint.load(tmp_path / "bare").optimizer == {}


def test_saving_again_replaces_the_former_one_and_leaves_nothing_behind(folder, trained):
    checkpoint.save(folder, trained[0], step=2, record={})
    assert checkpoint.load(folder).step == 2
    assert [p.name for p in folder.parent.iterdir()] == ["saved"]


@pytest.mark.parametrize("after", [0, 1])
def test_a_kill_between_the_two_renames_loses_nothing(folder, trained, monkeypatch, after):
    """The swap is two renames; whichever is the last that happens, the former or the new one is found."""
    real, done = os.replace, []

    def dying(source, target):
        if str(target).endswith((".json", ".safetensors")):
            return real(source, target)
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(target)
        return real(source, target)

    monkeypatch.setattr(storage.os, "replace", dying)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(folder, trained[0], step=2, record={})
    monkeypatch.undo()
    assert checkpoint.exists(folder) and checkpoint.load(folder).step == 1
    checkpoint.save(folder, trained[0], step=3, record={})
    assert checkpoint.load(folder).step == 3


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.OPTIMIZER])
def test_a_truncated_file_is_one_clear_error(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=f"{name} is truncated"):
        checkpoint.load(folder)


def test_a_missing_file_is_one_clear_error(folder):
    (folder / checkpoint.WEIGHTS).unlink()
    with pytest.raises(ValueError, match="weights.safetensors is missing"):
        checkpoint.load(folder)


def test_a_cut_off_record_is_one_clear_error(folder):
    path = folder / checkpoint.RECORD
    path.write_text(path.read_text()[:40])
    with pytest.raises(ValueError, match="checkpoint.json of the checkpoint is broken"):
        checkpoint.load(folder)


def test_no_checkpoint_is_named(tmp_path):
    assert not checkpoint.exists(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        checkpoint.load(tmp_path / "none")


FOREIGN = [({"kind": "other"}, "kind is 'other'"), ({"schema": 9}, "schema 9")]


@pytest.mark.parametrize(("change", "text"), FOREIGN)
def test_a_foreign_folder_is_refused(folder, change, text):
    path = folder / checkpoint.RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=text):
        checkpoint.load(folder)


def test_weights_of_another_policy_are_refused(folder):
    path = folder / checkpoint.RECORD
    about = json.loads(path.read_text())
    about["policy"]["hidden"] = 32
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match="weights of another policy"):
        checkpoint.load(folder)
