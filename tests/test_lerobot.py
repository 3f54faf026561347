"""Laws of demonstrations on disk."""

import json

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from envs.arms.profile import load
from transfer.demonstrations.episode import Demonstration, Layout
from transfer.demonstrations.lerobot import read, write
from transfer.demonstrations.summaries import Summary

DATA = "data/chunk-000/file-000.parquet"
LAYOUT = Layout.of(load("panda"), ("front", "side"), 16)


def made(frames=5, seed=0, task="push the cube", **changes):
    rng = np.random.default_rng(seed)
    images = {camera: rng.integers(0, 256, (frames, 16, 16, 3), np.uint8) for camera in ("front", "side")}
    arrays = {"proprioception": (frames, 14), "goal": (frames, 3), "actions": (frames, 4)}
    numbers = {name: rng.normal(size=shape).astype(np.float32) for name, shape in arrays.items()}
    return Demonstration(**(numbers | {"images": images, "task": task, "source": {"seed": seed}} | changes))


def test_what_is_written_is_read_back_bit_for_bit(tmp_path):
    there = [made(5, 0), made(1, 1), made(7, 2, task="lift the cube")]
    write(tmp_path / "set", LAYOUT, iter(there), source={"reality": "twin"})
    back = read(tmp_path / "set", LAYOUT)
    assert [len(demonstration) for demonstration in back] == [5, 1, 7]
    for a, b in zip(there, back):
        assert a.task == b.task
        for name in ("proprioception", "goal", "actions"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
        for camera in LAYOUT.cameras:
            assert np.array_equal(a.images[camera], b.images[camera])


def test_what_an_episode_was_drawn_from_is_kept_but_not_read(tmp_path):
    write(tmp_path / "set", LAYOUT, [made(seed=3)], source={"reality": "twin"})
    extra = json.loads((tmp_path / "set/meta/sim2arm.json").read_text())
    assert extra["episodes"] == [{"seed": 3}] and extra["source"] == {"reality": "twin"}
    assert read(tmp_path / "set", LAYOUT)[0].source == {}


def test_the_folder_is_what_lerobot_v3_describes(tmp_path):
    write(tmp_path / "set", LAYOUT, [made(5, 0), made(4, 1)], source={})
    info = json.loads((tmp_path / "set/meta/info.json").read_text())
    assert (info["codebase_version"], info["robot_type"], info["fps"]) == ("v3.0", "panda", 20)
    assert (info["total_episodes"], info["total_frames"], info["splits"]) == (2, 9, {"train": "0:2"})
    assert info["features"]["observation.images.front"]["names"] == ["height", "width", "channels"]
    data = pq.read_table(tmp_path / "set" / DATA).to_pydict()
    assert data["index"] == list(range(9)) and data["frame_index"] == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert data["timestamp"][:2] == [0.0, pytest.approx(0.05)]
    episodes = pq.read_table(tmp_path / "set/meta/episodes/chunk-000/file-000.parquet").to_pydict()
    assert episodes["dataset_from_index"] == [0, 5] and episodes["dataset_to_index"] == [5, 9]
    tasks = pq.read_table(tmp_path / "set/meta/tasks.parquet").to_pandas()
    assert tasks.iloc[0].name == "push the cube" and tasks["task_index"].tolist() == [0]
    assert np.shape(episodes["stats/observation.images.front/mean"][0]) == (3, 1, 1)


def test_images_keep_their_colour_order(tmp_path):
    red = {camera: np.full((1, 16, 16, 3), (250, 10, 20), np.uint8) for camera in LAYOUT.cameras}
    write(tmp_path / "set", LAYOUT, [made(1, images=red)], source={})
    cell = pq.read_table(tmp_path / "set" / DATA)["observation.images.side"][0]
    blue_green_red = cv2.imdecode(np.frombuffer(cell["bytes"].as_py(), np.uint8), cv2.IMREAD_COLOR)
    assert blue_green_red[0, 0].tolist() == [20, 10, 250]


def test_quantiles_are_those_of_all_frames_and_not_averages_of_episodes():
    narrow, wide, total = np.zeros((90, 1)), np.linspace(0, 100, 10)[:, None], Summary()
    for rows in (narrow, wide):
        total.add({"action": rows})
    joined = np.concatenate([narrow, wide])
    assert total.stats()["action"]["q99"] == pytest.approx(np.quantile(joined, 0.99, axis=0))
    assert total.stats()["action"]["count"] == [100]


def test_statistics_of_images_are_exact_in_zero_to_one():
    images = np.random.default_rng(0).integers(0, 200, (6, 8, 8, 3), np.uint8)
    total = Summary()
    total.add({"observation.images.front": images[:2]})
    total.add({"observation.images.front": images[2:]})
    stats, flat = total.stats()["observation.images.front"], images.reshape(-1, 3) / 255
    for name, exact in {
        "min": flat.min(0),
        "max": flat.max(0),
        "mean": flat.mean(0),
        "std": flat.std(0),
    }.items():
        assert np.ravel(stats[name]) == pytest.approx(exact)
    assert np.ravel(stats["q90"]) == pytest.approx(np.quantile(flat, 0.9, axis=0, method="inverted_cdf"))


def test_many_files_read_like_one(tmp_path, monkeypatch):
    monkeypatch.setattr("transfer.demonstrations.lerobot.FILE_MB", 1e-6)
    there = [made(3, seed) for seed in range(4)]
    write(tmp_path / "set", LAYOUT, there, source={})
    assert len(list((tmp_path / "set/data").rglob("*.parquet"))) == 4
    for a, b in zip(there, read(tmp_path / "set", LAYOUT)):
        assert np.array_equal(a.actions, b.actions)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Layout("ur5", 20, ("front",), 16, LAYOUT.state), "arm `panda`; expected `ur5`"),
        (Layout("panda", 30, ("front",), 16, LAYOUT.state), "20 frames per second; `panda` acts at 30"),
        (Layout("panda", 20, ("front",), 64, LAYOUT.state), r"shape \[16, 16, 3\]; expected \[64, 64, 3\]"),
        (Layout("panda", 20, ("wrist",), 16, LAYOUT.state), "observation.images.wrist"),
        (Layout("panda", 20, ("front",), 16, LAYOUT.state[:-1]), r"shape \[14\]; expected \[13\]"),
        (Layout("panda", 20, ("front",), 16, LAYOUT.state[::-1]), "holds"),
    ],
)
def test_a_dataset_of_other_worlds_is_refused(tmp_path, other, message):
    write(tmp_path / "set", LAYOUT, [made()], source={})
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "set", other)


def edit_info(folder, **changes):
    path = folder / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_older_version_says_how_to_convert_it(tmp_path):
    write(tmp_path / "set", LAYOUT, [made()], source={})
    edit_info(tmp_path / "set", codebase_version="v2.1")
    with pytest.raises(ValueError, match="convert_dataset"):
        read(tmp_path / "set", LAYOUT)


def test_video_is_refused_with_what_to_do(tmp_path):
    write(tmp_path / "set", LAYOUT, [made()], source={})
    features = json.loads((tmp_path / "set/meta/info.json").read_text())["features"]
    features["observation.images.front"]["dtype"] = "video"
    edit_info(tmp_path / "set", features=features)
    with pytest.raises(ValueError, match="Convert it first"):
        read(tmp_path / "set", LAYOUT)


@pytest.mark.parametrize("name", [DATA, "meta/episodes/chunk-000/file-000.parquet"])
def test_a_truncated_file_is_one_clear_error(tmp_path, name):
    write(tmp_path / "set", LAYOUT, [made()], source={})
    path = tmp_path / "set" / name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut off"):
        read(tmp_path / "set", LAYOUT)
    path.unlink()
    with pytest.raises((FileNotFoundError, ValueError)):
        read(tmp_path / "set", LAYOUT)


def test_missing_frames_episodes_and_columns_are_noticed(tmp_path):
    write(tmp_path / "set", LAYOUT, [made(5, 0), made(4, 1)], source={})
    path = tmp_path / "set" / DATA
    whole = pq.read_table(path)
    pq.write_table(whole.slice(0, 8), path)
    with pytest.raises(ValueError, match="3 of 4 frames of episode 1"):
        read(tmp_path / "set", LAYOUT)
    pq.write_table(whole.drop_columns(["action"]), path)
    with pytest.raises(ValueError, match="column `action`"):
        read(tmp_path / "set", LAYOUT)
    pq.write_table(whole, path)
    edit_info(tmp_path / "set", total_frames=10)
    with pytest.raises(ValueError, match="10 .* it is cut off"):
        read(tmp_path / "set", LAYOUT)
    edit_info(tmp_path / "set", total_episodes=3)
    with pytest.raises(ValueError, match="lists 2 episodes"):
        read(tmp_path / "set", LAYOUT)


@pytest.mark.parametrize(
    ("demonstration", "message"),
    [
        (made(actions=np.full((5, 4), np.nan, np.float32)), "not finite at frame 0"),
        (made(images={"front": np.zeros((5, 16, 16, 3), np.uint8)}), "cameras"),
        (made(goal=np.zeros((4, 3), np.float32)), r"`goal`.*shape \(4, 3\)"),
        (made(images={c: np.zeros((5, 16, 16, 3), np.float32) for c in LAYOUT.cameras}), "expected uint8"),
        (made(0), "no frames"),
    ],
)
def test_a_refused_demonstration_leaves_nothing_behind(tmp_path, demonstration, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "set", LAYOUT, [made(), demonstration], source={})
    assert not list(tmp_path.iterdir())


def test_a_recorder_that_dies_leaves_no_dataset(tmp_path):
    def dying():
        yield made()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "set", LAYOUT, dying(), source={})
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_never_overwritten(tmp_path):
    write(tmp_path / "set", LAYOUT, [made()], source={})
    with pytest.raises(ValueError, match="exists already"):
        write(tmp_path / "set", LAYOUT, [made(seed=1)], source={})
    with pytest.raises(ValueError, match="no demonstrations"):
        write(tmp_path / "empty", LAYOUT, [], source={})
    assert not (tmp_path / "empty").exists()


def test_a_folder_without_a_dataset_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="LeRobot dataset"):
        read(tmp_path, LAYOUT)
