"""Read a LeRobot v3.0 dataset that fits an arm, its rate and its cameras, or say what does not fit."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.storage import read_json
from randomizers.errors import unknown
from transfer.demonstrations.episode import Demonstration, Layout
from transfer.demonstrations.features import ACTION, GOAL, IMAGES, STATE, VERSION, features_of, pixels_of


def read(folder: Path, layout: Layout) -> list[Demonstration]:
    """Read all demonstrations of a dataset that fits the layout.

    Raises:
        FileNotFoundError: There is no dataset.
        ValueError: It is of another arm, rate, camera or image size, or it is cut off.
    """
    folder = Path(folder)
    info = read_json(folder / "meta/info.json", "LeRobot dataset")
    _check_info(info, layout, folder)
    tasks = _tasks(folder)
    found = [_episode(rows, info, layout, tasks, folder) for rows in _episodes(folder, info)]
    if sum(len(demonstration) for demonstration in found) != info["total_frames"]:
        raise ValueError(f"{folder} has fewer frames than the {info['total_frames']} of its info.json: it is cut off.")
    return found


def _check_info(info: Mapping, layout: Layout, folder: Path) -> None:
    """Refuse a dataset of other worlds, with the one thing that differs."""
    if info.get("codebase_version") != VERSION:
        raise ValueError(
            f"{folder} is a LeRobot dataset of version {info.get('codebase_version')!r}; {VERSION} is read. "
            "Convert it with lerobot's `convert_dataset_v21_to_v30`."
        )
    if info.get("robot_type") != layout.arm:
        raise ValueError(f"{folder} was recorded with arm `{info.get('robot_type')}`; expected `{layout.arm}`.")
    if info.get("fps") != layout.fps:
        raise ValueError(f"{folder} has {info.get('fps')} frames per second; `{layout.arm}` acts at {layout.fps}.")
    missing = [name for name in ("total_episodes", "total_frames", "data_path", "features") if name not in info]
    if missing:
        raise ValueError(f"{folder}/meta/info.json lacks {missing}; it was cut off or edited.")
    features = info["features"]
    for name, wanted in features_of(layout).items():
        if name not in features:
            raise ValueError(f"{folder}: {unknown('feature', name, sorted(features))}")
        _check_feature(name, features[name], wanted, folder)


def _check_feature(name: str, there: Mapping, wanted: Mapping, folder: Path) -> None:
    if there.get("dtype") == "video":
        raise ValueError(f"{folder}: `{name}` is stored as video; images (PNG in parquet) are read. Convert it first.")
    for key in ("dtype", "shape"):
        if there.get(key) != wanted[key]:
            raise ValueError(f"{folder}: `{name}` has {key} {there.get(key)}; expected {wanted[key]}.")
    if isinstance(there.get("names"), list) and there["names"] != wanted["names"]:
        raise ValueError(f"{folder}: `{name}` holds {there['names']}; expected {wanted['names']}.")


def _table(path: Path, columns: Iterable[str] = ()) -> pa.Table:
    """Read a parquet file that has to have some columns."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} of the LeRobot dataset is missing.")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} is cut off or no parquet file ({error}); record the dataset again.") from error
    for name in columns:
        if name not in table.column_names:
            raise ValueError(f"{path}: {unknown('column', name, table.column_names)}")
    return table


def _tasks(folder: Path) -> dict[int, str]:
    table = _table(folder / "meta/tasks.parquet").to_pydict()
    words: list[str] = next((values for name, values in table.items() if name != "task_index"), [])
    return dict(zip(table.get("task_index", []), words))


def _episodes(folder: Path, info: Mapping) -> Iterator[pa.Table]:
    """Give the rows of each episode, reading every data file once."""
    files = sorted((folder / "meta/episodes").rglob("*.parquet"))
    needed = ("episode_index", "length", "data/chunk_index", "data/file_index")
    listed = [row for path in files for row in _table(path, needed).to_pylist()]
    if len(listed) != info["total_episodes"]:
        raise ValueError(f"{folder} lists {len(listed)} episodes; its info.json says {info['total_episodes']}.")
    opened: tuple[Path | None, pa.Table | None] = (None, None)
    for row in sorted(listed, key=lambda row: row["episode_index"]):
        place = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
        path = folder / info["data_path"].format(**place)
        table = opened[1] if opened[0] == path and opened[1] is not None else _table(path, info["features"])
        opened = (path, table)
        chosen = table.filter(pa.compute.equal(table["episode_index"], row["episode_index"]))
        if len(chosen) != row["length"]:
            raise ValueError(f"{path} has {len(chosen)} of {row['length']} frames of episode {row['episode_index']}.")
        yield chosen


def _episode(rows: pa.Table, info: Mapping, layout: Layout, tasks: Mapping, folder: Path) -> Demonstration:
    number = rows["episode_index"][0].as_py()
    images = {}
    for camera in layout.cameras:
        where = f"{folder}: `{camera}` of episode {number}"
        images[camera] = np.stack([pixels_of(cell["bytes"].as_py(), where) for cell in rows[IMAGES + camera]])
    vectors = {name: _vectors(rows[name]) for name in (STATE, GOAL, ACTION)}
    task = tasks.get(rows["task_index"][0].as_py(), "")
    demonstration = Demonstration(vectors[STATE], vectors[GOAL], vectors[ACTION], images, task)
    try:
        layout.check(demonstration)
    except ValueError as error:
        raise ValueError(f"{folder}, episode {number}: {error}") from error
    return demonstration


def _vectors(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(column.to_pylist(), np.float32)
