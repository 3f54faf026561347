"""Laws of records: an episode comes back bit for bit, a change is found and named, a bad file is one clear error."""

import json

import numpy as np
import pytest

from agents.dataset import Dataset
from agents.lockstep import run_job
from agents.rollout import Behaviour, Job
from envs.rebuilding import rebuild
from envs.record import Record, fingerprint
from envs.spec import WorldsSpec
from experiments import bench_records
from experiments.__main__ import main
from randomizers import (
    ControlRate,
    Dropout,
    Encoder,
    Every,
    Exposure,
    Jitter,
    Latency,
    Lighting,
    Mass,
    Pose,
    Refresh,
)  # fmt: skip

VARIED = Mass() | Encoder() | Pose() | Latency() | Jitter() | Dropout() | Refresh() | ControlRate()
SIGHT = Lighting(when=Every(0.1, 0.3)) | Exposure(when="step")
SPEC = WorldsSpec("push", randomization=VARIED)


@pytest.fixture(scope="module")
def worlds():
    made = SPEC.build(3)
    made.record()
    yield made
    made.close()


@pytest.fixture(scope="module")
def record(worlds):
    """Twelve steps of random actions in a busy batch, at a strength, with a pin."""
    terms = {"strength": {"*": 0.7, "mass.cube": (0.2, 1.0)}, "pin": {"control.period": 0.9}}
    worlds.begin(np.arange(3), 11, [4, 5, 6], **terms)
    rng = np.random.default_rng(0)
    for step in range(12):
        worlds.step(rng.uniform(-1.0, 1.0, (3, 4)).astype(np.float32 if step else float))
    return Record.of(worlds, 1)


def test_an_episode_is_rebuilt_bit_for_bit_in_fresh_worlds(record):
    again = Record.from_json(record.to_json())
    assert again == record and len(record.to_json()) < 8000
    found = rebuild(again)
    assert found.match and found.difference == "" and not found.versions
    assert found.record == record


def test_an_episode_that_was_not_kept_cannot_be_told(worlds):
    fresh = SPEC.build(1)
    fresh.begin([0], 0, 0)
    with pytest.raises(ValueError, match="worlds.record"):
        Record.of(fresh, 0)
    fresh.record()
    with pytest.raises(ValueError, match="worlds.record"):
        Record.of(fresh, 0)
    fresh.close()


def test_the_experts_actions_need_not_be_kept(worlds):
    worlds.begin([0], 1, 2)
    for _ in range(10):
        worlds.step(worlds.expert_actions(), np.array([True, False, False]))
    told, plain = Record.of(worlds, 0, "expert"), Record.of(worlds, 0)
    assert told.actions == "expert" and told.trajectory == plain.trajectory
    assert rebuild(told).match and rebuild(plain, worlds).match


def test_images_are_compared_where_somebody_looked():
    spec = SPEC.but(randomization=VARIED | SIGHT, images=("front",), image_size=16)
    worlds = spec.build(2)
    worlds.record()
    worlds.begin([0, 1], 3, [0, 1])
    for step in range(6):
        if step % 2:
            worlds.observe()
        worlds.step(worlds.expert_actions())
    told = Record.of(worlds, 1, "expert")
    assert told.images is not None and (told.words[:, 3] != 0).tolist() == [False, True] * 3 + [False]
    assert rebuild(told).match
    dark = told.words.copy()
    dark[3, 3] ^= 1
    other = Record.from_dict(told.to_dict() | {"steps": _text(dark), "images": "0" * 64})
    assert rebuild(other).difference == "step 3: images"
    worlds.close()


def test_a_difference_is_named_by_step_and_quantity(record):
    words = record.words.copy()
    words[7:, 1] += 1
    data = record.to_dict() | {"steps": _text(words), "trajectory": "0" * 64}
    found = rebuild(Record.from_dict(data))
    assert not found.match and found.difference == "step 7: joints"
    other = {**record.to_dict(), "versions": {**record.versions, "numpy": "1.0"}}
    assert [line.partition(":")[0] for line in rebuild(Record.from_dict(other)).versions] == ["numpy"]
    moved = {**record.to_dict(), "draw": {**record.draw, "mass.cube": 0.5}}
    assert "the draw: `mass.cube` was 0.5" in rebuild(Record.from_dict(moved)).difference


def _text(words):
    import base64

    return base64.b64encode(words.tobytes()).decode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "x"}, "no record of an episode"),
        ({"version": 9}, "version 9"),
        ({"seed": "7"}, "`seed` is missing or of the wrong kind"),
        ({"length": -1}, "length is -1"),
        ({"length": 3}, "damaged"),
        ({"steps": "!!"}, "damaged"),
        ({"actions": {"dtype": "object", "shape": [1], "data": ""}}, "damaged"),
        ({"actions": "student"}, "damaged"),
        ({"config": "0" * 16}, "was edited"),
    ],
)
def test_a_bad_record_says_what_is_wrong(record, change, told):
    with pytest.raises(ValueError, match=told):
        Record.from_dict(record.to_dict() | change)


def test_records_travel_in_datasets(worlds, tmp_path):
    job = Job(0, 5, (0, 1), Behaviour("expert", noise=0.3), record=True)
    dataset = Dataset.create(tmp_path / "data", SPEC.to_dict())
    dataset.add(run_job(worlds, 3, job, None))
    for entry in Dataset.open(tmp_path / "data").records():
        told = Record.joined(dataset.header, entry)
        assert rebuild(told, worlds).match and told.length == entry["length"]
    with pytest.raises(ValueError, match="was edited"):
        Record.joined({**dataset.header, "strength": 0.5}, entry)


def test_look_rebuilds_a_record_and_draws_it(record, tmp_path, capsys):
    file = tmp_path / "records.jsonl"
    other = Record.from_dict({**record.to_dict(), "episode": 99})
    file.write_text(f"{record.to_json()}\n{other.to_json()}\n")
    assert main(["look", f"record={file}#5", f"run={tmp_path / 'run'}", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["record"]["match"] is True and result["record"]["hash"] == record.trajectory
    assert (tmp_path / "run" / "record.png").stat().st_size > 10_000 and result["task"] == "push"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("gone.json", None, "no such file"),
        ("broken.json", "{", "not valid JSON"),
        ("other.json", "{}", "no record of an episode"),
        ("empty.jsonl", "", "is empty"),
    ],
)
def test_look_refuses_a_bad_file_with_one_error(name, text, told, tmp_path, capsys):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert main(["look", f"record={tmp_path / name}", f"run={tmp_path / 'run'}"]) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_look_refuses_worlds_that_cannot_be_built_here(record, tmp_path, capsys):
    spec = {**record.spec, "task": "pish"}
    other = {**record.to_dict(), "spec": spec, "config": fingerprint(spec)}
    (tmp_path / "other.json").write_text(json.dumps(other))
    assert main(["look", f"record={tmp_path / 'other.json'}", f"run={tmp_path / 'run'}"]) == 2
    assert "Did you mean `push`" in capsys.readouterr().err


def test_records_of_every_task_come_back_from_any_number_of_processes():
    found = bench_records.rebuilt(12, 0, workers=(1, 2))
    assert found["n"] == 12 and found["workers_1"]["mismatches"] == found["workers_2"]["mismatches"] == 0
