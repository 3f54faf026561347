"""Episodes on disk."""

import json

import numpy as np
import pytest

from agents.dataset import Dataset, Episodes

HEADER = {"arm": "panda", "task": "push"}


def episodes(index, frames=(3, 0, 2), seed=None):
    """Make a job's results with episodes of the given numbers of frames."""
    rng = np.random.default_rng(index if seed is None else seed)
    records = tuple(
        {"episode": i, "success": bool(n), "length": n, "fault": "" if n else "NaN", "frames": n}
        for i, n in enumerate(frames)
    )
    total = sum(frames)
    images = rng.integers(0, 9, (total, 4, 4, 3), np.uint8)
    columns = {"label": rng.random((total, 4), np.float32), "images.front": images}
    return Episodes(index, records, columns if total else {})


@pytest.fixture
def dataset(tmp_path):
    made = Dataset.create(tmp_path / "data", HEADER)
    for index in range(3):
        made.add(episodes(index))
    return made


def test_what_is_read_is_what_was_added(dataset):
    read = Dataset.open(dataset.folder, HEADER).read(1)
    assert read.records == episodes(1).records
    for name, values in episodes(1).columns.items():
        np.testing.assert_array_equal(read.columns[name], values)


def test_the_hash_does_not_depend_on_the_order_of_arrival(dataset, tmp_path):
    other = Dataset.create(tmp_path / "other", HEADER)
    for index in (2, 0, 1):
        other.add(episodes(index))
    assert other.hash() == dataset.hash()


def test_adding_a_job_again_changes_nothing(dataset):
    before = dataset.hash()
    dataset.add(episodes(1))
    assert dataset.hash() == before and dataset.frames == 15


@pytest.mark.parametrize("change", [{"seed": 9}, {"frames": (3, 1, 2)}, {"frames": (2, 0, 3)}])
def test_any_other_content_changes_the_hash(dataset, change):
    before = dataset.hash()
    dataset.add(episodes(1, **change))
    assert dataset.hash() != before


def test_frames_come_by_job_with_the_end_of_their_episode(dataset):
    frames = dataset.load(("label",))
    assert len(frames) == 15
    assert frames.ends.tolist() == [3, 3, 3, 5, 5, 8, 8, 8, 10, 10, 13, 13, 13, 15, 15]
    np.testing.assert_array_equal(frames.columns["label"][5:10], episodes(1).columns["label"])


def test_a_job_of_faults_alone_is_kept_and_holds_no_frames(dataset):
    dataset.add(episodes(3, frames=(0, 0)))
    assert dataset.has(3) and dataset.frames == 15
    assert len(dataset.load(("label",))) == 15
    assert dataset.shards["000003"]["faults"] == ["NaN", "NaN"]


def test_a_shard_without_its_line_in_the_manifest_was_never_added(dataset):
    """What a kill between the two writes leaves behind."""
    manifest = dataset.folder / "manifest.json"
    before = manifest.read_text()
    dataset.add(episodes(3))
    manifest.write_text(before)
    assert not Dataset.open(dataset.folder).has(3)


def test_a_deleted_shard_counts_as_missing(dataset):
    (dataset.folder / "000001.npz").unlink()
    assert not dataset.has(1) and dataset.has(2)


def test_a_truncated_shard_is_one_clear_error(dataset):
    path = dataset.folder / "000001.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match="000001.npz is truncated.*delete it and resume"):
        dataset.load(("label",))


def test_a_changed_shard_is_noticed(dataset):
    (dataset.folder / "000001.npz").write_bytes((dataset.folder / "000002.npz").read_bytes())
    with pytest.raises(ValueError, match="not what the manifest says"):
        dataset.read(1)


def test_a_dataset_of_another_arm_is_refused(dataset):
    with pytest.raises(ValueError, match="`arm` is 'panda' there, 'ur5' here"):
        Dataset.create(dataset.folder, {**HEADER, "arm": "ur5"})


def test_a_missing_dataset_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no dataset"):
        Dataset.open(tmp_path)


def test_a_broken_manifest_is_one_clear_error(dataset):
    (dataset.folder / "manifest.json").write_text('{"schema": 1,')
    with pytest.raises(ValueError, match="manifest.json of the dataset is broken"):
        Dataset.open(dataset.folder)


def test_another_schema_is_refused(dataset):
    path = dataset.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    with pytest.raises(ValueError, match="schema 99"):
        Dataset.open(dataset.folder)


def test_an_unknown_column_names_the_nearest(dataset):
    with pytest.raises(ValueError, match="Did you mean `label`"):
        dataset.load(("labels",))


def test_nothing_half_written_is_left_beside_the_shards(dataset):
    names = {path.name for path in dataset.folder.iterdir()}
    assert names == {"000000.npz", "000001.npz", "000002.npz", "manifest.json"}
