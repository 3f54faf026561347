"""Episodes on disk: one .npz shard a job, written whole, and a manifest of their hashes.

    dataset = Dataset.create(folder, header={"arm": "panda", "task": "push"})
    dataset.add(result)                       # of agents.rollout.collect, in any order
    frames = dataset.load(("proprioception", "goal", "images.front", "label"))
    dataset.hash()                            # the same whatever the order of arrival or number of workers
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agents.storage import canonical, differences, read_json, write_bytes, write_json
from randomizers.errors import unknown

SCHEMA = 1
RECORDS = "records"  # the member of a shard that holds the episodes' records as JSON


@dataclass(frozen=True)
class Episodes:
    """What a job brings home; plain numpy and JSON-able data.

    Attributes:
        index: The job's number.
        records: One per episode: seed, episode, success, length, reward, fault, randomization, and
            `frames`, its rows in `columns`; and `record`, from which `envs.record` rebuilds it.
        columns: (frames, ...) arrays of all episodes, one after the other; empty if nothing was recorded.
        strips: Images (frames, height, width, 3) uint8 of the episodes that were to be shown, by episode.
    """

    index: int
    records: tuple[dict, ...]
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    strips: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Rows of every column."""
        return sum(record["frames"] for record in self.records)

    def hash(self) -> str:
        """Fingerprint the contents, whatever the file looks like."""
        digest = hashlib.sha256(canonical(list(self.records)).encode())
        for name in sorted(self.columns):
            values = np.ascontiguousarray(self.columns[name])
            digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
            digest.update(values.data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Frames:
    """Columns of a dataset in memory, ordered by job and episode.

    Attributes:
        columns: (frames, ...) arrays.
        ends: (frames,) row after the last of the frame's episode.
    """

    columns: dict[str, np.ndarray]
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)


class Dataset:
    """A folder of shards. The manifest is the truth: a shard that is not in it was never added.

    Args:
        folder: Where it lives; use `create` or `open`.
        header: What all episodes share (arm, task, cameras, ...).
        shards: Per job name: sha256, frames, and the counts of `summary`.
    """

    def __init__(self, folder: Path, header: Mapping, shards: dict[str, dict]):
        self.folder, self.header, self.shards = Path(folder), dict(header), shards

    @classmethod
    def create(cls, folder: Path, header: Mapping) -> "Dataset":
        """Start an empty dataset, or open the one that is there if its header is the same."""
        if (Path(folder) / "manifest.json").exists():
            return cls.open(folder, header)
        dataset = cls(folder, json.loads(canonical(dict(header))), {})
        dataset._write_manifest()
        return dataset

    @classmethod
    def open(cls, folder: Path, header: Mapping | None = None) -> "Dataset":
        """Open a dataset; with a `header`, one of another arm, task or camera is an error."""
        manifest = read_json(Path(folder) / "manifest.json", "dataset")
        if manifest.get("schema") != SCHEMA:
            raise ValueError(f"{folder} has dataset schema {manifest.get('schema')!r}; this is {SCHEMA}")
        dataset = cls(folder, manifest["header"], manifest["shards"])
        if header is not None:
            wrong = differences(dataset.header, json.loads(canonical(dict(header))))
            if wrong:
                raise ValueError(f"{folder} is of other worlds: {'; '.join(wrong)}. Use a new folder.")
        return dataset

    def add(self, episodes: Episodes) -> None:
        """Write a job's episodes; adding the same job again replaces it."""
        name = f"{episodes.index:06d}"
        write_bytes(self.folder / f"{name}.npz", pack(episodes))
        self.shards[name] = {
            "sha256": episodes.hash(),
            "frames": episodes.frames,
            **summary(episodes.records),
        }
        self._write_manifest()

    def has(self, index: int) -> bool:
        """Tell whether a job's shard is there."""
        name = f"{index:06d}"
        return name in self.shards and (self.folder / f"{name}.npz").is_file()

    @property
    def frames(self) -> int:
        """Rows over all shards."""
        return sum(shard["frames"] for shard in self.shards.values())

    def hash(self) -> str:
        """Fingerprint of header and contents, independent of the order in which shards arrived."""
        shards = {name: shard["sha256"] for name, shard in self.shards.items()}
        return hashlib.sha256(canonical([self.header, shards]).encode()).hexdigest()

    def read(self, index: int) -> Episodes:
        """Read one job's episodes and verify them against the manifest."""
        name = f"{index:06d}"
        if name not in self.shards:
            raise ValueError(unknown("shard", name, sorted(self.shards)))
        path = self.folder / f"{name}.npz"
        episodes = unpack(path, index)
        if episodes.hash() != self.shards[name]["sha256"]:
            raise ValueError(f"{path} is not what the manifest says; delete it and resume the run")
        return episodes

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of one frame of every column."""
        full = [int(name) for name in sorted(self.shards) if self.shards[name]["frames"]]
        if not full:
            raise ValueError(f"The dataset at {self.folder} holds no frames; were its episodes all faults?")
        return {name: values.shape[1:] for name, values in self.read(full[0]).columns.items()}

    def load(self, names: Sequence[str]) -> Frames:
        """Read columns of all shards into memory, each allocated once."""
        columns: dict[str, np.ndarray] = {}
        ends, row = np.zeros(self.frames, np.int64), 0
        for index in sorted(int(name) for name in self.shards):
            episodes = self.read(index)
            for name in names if episodes.frames else ():
                if name not in episodes.columns:
                    raise ValueError(unknown("column", name, sorted(episodes.columns)))
                values = episodes.columns[name]
                if name not in columns:
                    columns[name] = np.empty((len(ends), *values.shape[1:]), values.dtype)
                columns[name][row : row + len(values)] = values
            for record in episodes.records:
                ends[row : row + record["frames"]] = row + record["frames"]
                row += record["frames"]
        return Frames(columns, ends)

    def records(self) -> list[dict]:
        """Give the records of all episodes, by job."""
        return [record for name in sorted(self.shards) for record in self.read(int(name)).records]

    def _write_manifest(self) -> None:
        manifest = {"schema": SCHEMA, "header": self.header, "shards": self.shards}
        write_json(self.folder / "manifest.json", manifest)


def pack(episodes: Episodes) -> bytes:
    """Serialise as .npz without pickle; images stay uncompressed: reading is faster than the disk."""
    buffer = io.BytesIO()
    text = np.frombuffer(canonical(list(episodes.records)).encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, **{RECORDS: text}, **episodes.columns)
    return buffer.getvalue()


def unpack(path: Path, index: int) -> Episodes:
    """Read what `pack` wrote, or say that the file is cut off or foreign."""
    if not path.is_file():
        raise FileNotFoundError(f"The dataset's shard {path} is missing; resume the run that collected it")
    try:
        with np.load(path, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path} is truncated or not a shard ({error}); delete it and resume") from error
    if RECORDS not in columns:
        raise ValueError(f"{path} holds no `{RECORDS}`: not a shard of sim2arm, but {sorted(columns)}")
    records = tuple(json.loads(columns.pop(RECORDS).tobytes().decode()))
    return Episodes(index, records, columns)


def summary(records: Iterable[Mapping]) -> dict:
    """Count episodes, successes and steps of some records, and list their faults."""
    listed = list(records)
    return {
        "episodes": len(listed),
        "successes": sum(bool(record["success"]) for record in listed),
        "faults": [record["fault"] for record in listed if record["fault"]],
        "steps": sum(record["length"] for record in listed),
    }
