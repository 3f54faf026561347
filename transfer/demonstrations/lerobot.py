"""Demonstrations on disk as a LeRobot dataset, v3.0, images as PNG inside the parquet files; pyarrow alone.

    write(folder, layout, demonstrations, source={"reality": "twin medium"})
    demonstrations = read(folder, layout)        # refuses another arm, rate, camera or image size

A dataset appears whole or not at all. What a demonstration was drawn from lies in `meta/sim2arm.json`, apart
from the columns, so that no training code meets it by accident.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.storage import read_json, write_json
from randomizers.errors import unknown
from transfer.demonstrations.episode import ACTION_SCALE, Demonstration, Layout
from transfer.demonstrations.features import (
    ACTION,
    GOAL,
    IMAGES,
    STATE,
    columns_of,
    features_of,
    pixels_of,
    schema_of,
    table_of,
)
from transfer.demonstrations.summaries import Summary
from transfer.folders import whole_folder

VERSION = "v3.0"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
FILE_MB, FILES_PER_CHUNK = 100, 1000


def write(folder: Path, layout: Layout, demonstrations: Iterable[Demonstration], *, source: Mapping) -> None:
    """Write a dataset, episode after episode, holding one episode in memory.

    Args:
        folder: Must not exist, or be empty.
        layout: What all of them share.
        demonstrations: At least one.
        source: Where they come from, as plain data.

    Raises:
        ValueError: A demonstration does not fit the layout, there is none, or the place is taken.
    """
    with whole_folder(Path(folder)) as fresh:
        writer = _Writer(fresh, layout)
        try:
            for demonstration in demonstrations:
                writer.add(demonstration)
        finally:
            writer.close()
        writer.finish(source)


class _Writer:
    """The state of a dataset that is being written."""

    def __init__(self, folder: Path, layout: Layout):
        self.folder, self.layout = folder, layout
        self.features = features_of(layout)
        self.schema = schema_of(self.features)
        self.total = Summary()
        self.tasks: dict[str, int] = {}
        self.rows: list[dict] = []
        self.sources: list[dict] = []
        self.index, self.file = 0, 0
        self._parquet: pq.ParquetWriter | None = None

    def add(self, demonstration: Demonstration) -> None:
        """Append one episode."""
        self.layout.check(demonstration)
        task = self.tasks.setdefault(demonstration.task, len(self.tasks))
        columns = columns_of(demonstration, self.layout.fps, len(self.rows), self.index, task)
        path = self._append(table_of(columns, self.schema))
        self.rows.append(self._row(demonstration, columns))
        self.sources.append(demonstration.source)
        self.total.add(columns)
        self.index += len(demonstration)
        if path.stat().st_size > FILE_MB * 2**20:
            self.close()
            self.file += 1

    def _append(self, table: pa.Table) -> Path:
        path = self.folder / DATA.format(**_place(self.file))
        if self._parquet is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._parquet = pq.ParquetWriter(path, self.schema, compression="snappy")
        self._parquet.write_table(table)
        return path

    def _row(self, demonstration: Demonstration, columns: Mapping[str, np.ndarray]) -> dict:
        own, place = Summary(), _place(self.file)
        own.add(columns)
        stats = {f"stats/{name}/{key}": v for name, kinds in own.stats().items() for key, v in kinds.items()}
        return {
            "episode_index": len(self.rows),
            "tasks": [demonstration.task],
            "length": len(demonstration),
            "data/chunk_index": place["chunk_index"],
            "data/file_index": place["file_index"],
            "dataset_from_index": self.index,
            "dataset_to_index": self.index + len(demonstration),
            **stats,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }

    def close(self) -> None:
        """End the present data file; without its footer it cannot be read."""
        if self._parquet is not None:
            self._parquet.close()
            self._parquet = None

    def finish(self, source: Mapping) -> None:
        """Write everything under `meta/`."""
        if not self.rows:
            raise ValueError("There are no demonstrations to write.")
        path = self.folder / EPISODES.format(**_place(0))
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(self.rows), path, compression="snappy")
        pq.write_table(_tasks_table(self.tasks), self.folder / "meta/tasks.parquet")
        write_json(self.folder / "meta/info.json", self._info())
        write_json(self.folder / "meta/stats.json", self.total.stats())
        extra = {"action_scale": ACTION_SCALE, "source": source, "episodes": self.sources}
        write_json(self.folder / "meta/sim2arm.json", extra)

    def _info(self) -> dict:
        return {
            "codebase_version": VERSION,
            "robot_type": self.layout.arm,
            "total_episodes": len(self.rows),
            "total_frames": self.index,
            "total_tasks": len(self.tasks),
            "chunks_size": FILES_PER_CHUNK,
            "data_files_size_in_mb": FILE_MB,
            "video_files_size_in_mb": 200,
            "fps": self.layout.fps,
            "splits": {"train": f"0:{len(self.rows)}"},
            "data_path": DATA,
            "video_path": None,
            "features": self.features,
        }


def _place(file: int) -> dict[str, int]:
    return {"chunk_index": file // FILES_PER_CHUNK, "file_index": file % FILES_PER_CHUNK}


def _tasks_table(tasks: Mapping[str, int]) -> pa.Table:
    """Give the frame whose pandas index is the task's words: LeRobot reads `tasks.iloc[i].name`."""
    index = {
        "name": None,
        "field_name": "__index_level_0__",
        "pandas_type": "unicode",
        "numpy_type": "object",
    }
    value = {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64"}
    described = {
        "index_columns": ["__index_level_0__"],
        "column_indexes": [],
        "columns": [value | {"metadata": None}, index | {"metadata": None}],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    columns = {
        "task_index": pa.array(tasks.values(), pa.int64()),
        "__index_level_0__": pa.array(tasks, pa.string()),
    }
    return pa.table(columns).replace_schema_metadata({"pandas": json.dumps(described)})


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
        raise ValueError(
            f"{folder} has fewer frames than the {info['total_frames']} of its info.json: it is cut off."
        )
    return found


def _check_info(info: Mapping, layout: Layout, folder: Path) -> None:
    """Refuse a dataset of other worlds, with the one thing that differs."""
    if info.get("codebase_version") != VERSION:
        raise ValueError(
            f"{folder} is a LeRobot dataset of version {info.get('codebase_version')!r}; {VERSION} is read. "
            "Convert it with lerobot's `convert_dataset_v21_to_v30`."
        )
    if info.get("robot_type") != layout.arm:
        raise ValueError(
            f"{folder} was recorded with arm `{info.get('robot_type')}`; expected `{layout.arm}`."
        )
    if info.get("fps") != layout.fps:
        raise ValueError(
            f"{folder} has {info.get('fps')} frames per second; `{layout.arm}` acts at {layout.fps}."
        )
    missing = [
        name for name in ("total_episodes", "total_frames", "data_path", "features") if name not in info
    ]
    if missing:
        raise ValueError(f"{folder}/meta/info.json lacks {missing}; it was cut off or edited.")
    features = info["features"]
    for name, wanted in features_of(layout).items():
        if name not in features:
            raise ValueError(f"{folder}: {unknown('feature', name, sorted(features))}")
        _check_feature(name, features[name], wanted, folder)


def _check_feature(name: str, there: Mapping, wanted: Mapping, folder: Path) -> None:
    if there.get("dtype") == "video":
        raise ValueError(
            f"{folder}: `{name}` is stored as video; images (PNG in parquet) are read. Convert it first."
        )
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
        raise ValueError(
            f"{path} is cut off or no parquet file ({error}); record the dataset again."
        ) from error
    for name in columns:
        if name not in table.column_names:
            raise ValueError(f"{path}: {unknown('column', name, table.column_names)}")
    return table


def _tasks(folder: Path) -> dict[int, str]:
    table = _table(folder / "meta/tasks.parquet").to_pydict()
    words = next((values for name, values in table.items() if name != "task_index"), [])
    return dict(zip(table.get("task_index", []), words))


def _episodes(folder: Path, info: Mapping) -> Iterator[pa.Table]:
    """Give the rows of each episode, reading every data file once."""
    files = sorted((folder / "meta/episodes").rglob("*.parquet"))
    needed = ("episode_index", "length", "data/chunk_index", "data/file_index")
    listed = [row for path in files for row in _table(path, needed).to_pylist()]
    if len(listed) != info["total_episodes"]:
        raise ValueError(
            f"{folder} lists {len(listed)} episodes; its info.json says {info['total_episodes']}."
        )
    opened: tuple[Path | None, pa.Table | None] = (None, None)
    for row in sorted(listed, key=lambda row: row["episode_index"]):
        place = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
        path = folder / info["data_path"].format(**place)
        table = opened[1] if opened[0] == path and opened[1] is not None else _table(path, info["features"])
        opened = (path, table)
        chosen = table.filter(pa.compute.equal(table["episode_index"], row["episode_index"]))
        if len(chosen) != row["length"]:
            raise ValueError(
                f"{path} has {len(chosen)} of {row['length']} frames of episode {row['episode_index']}."
            )
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
