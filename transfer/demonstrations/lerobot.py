"""Demonstrations on disk as a LeRobot dataset, v3.0, images as PNG inside the parquet files; pyarrow alone.

    write(folder, layout, demonstrations, source={"reality": "twin medium"})
    demonstrations = read(folder, layout)        # refuses another arm, rate, camera or image size

A dataset appears whole or not at all. What a demonstration was drawn from lies in `meta/sim2arm.json`, apart
from the columns, so that no training code meets it by accident.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.storage import write_json
from transfer.demonstrations.episode import ACTION_SCALE, Demonstration, Layout
from transfer.demonstrations.features import VERSION, columns_of, features_of, schema_of, table_of
from transfer.demonstrations.reader import read
from transfer.demonstrations.summaries import Summary
from transfer.folders import whole_folder

__all__ = ["read", "write"]

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
