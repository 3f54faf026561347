"""A run's folder: what was asked, what happened, what came out.

    with Run.open("train", config) as run:
        run.log(step, {"loss": 0.1})
        run.finish(result, "python -m experiments evaluate RUN")

config.yaml, result.json (all figures), log.jsonl, TensorBoard events. Results are written atomically; a folder
that holds another run is never written to.
"""

import json
import os
import platform
import shlex
import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from experiments.config import to_yaml
from experiments.schema import Config

RESULT, CONFIG, LOG = "result.json", "config.yaml", "log.jsonl"
PACKAGES = ("torch", "ray", "pybullet", "mujoco", "numpy", "numba", "gymnasium", "onnxruntime")
SPEAK_EVERY_S = 2.0


@dataclass
class Run:
    """One run of one verb.

    Attributes:
        verb: What is done.
        folder: Where everything goes.
        config: What was asked.
        resumed: It goes on with what an earlier process left.
    """

    verb: str
    folder: Path
    config: Config
    resumed: bool = False
    began: float = field(default_factory=time.time)
    _board: Any = None
    _spoke: float = 0.0
    _stages: dict[str, tuple[float, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, verb: str, config: Config, folder: Path | None = None) -> Self:
        """Make the folder, or take up the one of `resume`, and print its name.

        Args:
            verb: What is done.
            config: What was asked.
            folder: Of a pipeline's stage; default: `config.resume`, `config.run`, or a new one under runs/.

        Raises:
            ValueError: The folder holds something else.
        """
        resuming = config.resume is not None
        place = folder or Path(config.resume or config.run or fresh_folder(verb, config.task))
        if resuming and folder is None and not (place / CONFIG).is_file():
            raise FileNotFoundError(f"resume={place}: there is no run there (no {CONFIG})")
        if folder is None and not resuming and place.exists() and any(place.iterdir()):
            raise ValueError(f"run={place} is not empty. Take another folder, or go on with resume={place}")
        place.mkdir(parents=True, exist_ok=True)
        (place / CONFIG).write_text(to_yaml(config))
        print(place, flush=True)
        return cls(verb, place, config, resuming)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._board is not None:
            self._board.close()
        leftovers = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        if isinstance(error, Exception) and not leftovers - {CONFIG, LOG, "events"}:
            shutil.rmtree(self.folder)  # nothing was made: leave nothing half written

    def note(self, entry: Mapping[str, Any]) -> None:
        """Append one line to log.jsonl."""
        with (self.folder / LOG).open("a") as file:
            file.write(json.dumps({"time": round(time.time(), 3), **entry}) + "\n")

    def log(self, step: int, values: Mapping[str, float], prefix: str = "train") -> None:
        """Write figures of a step to TensorBoard and log.jsonl."""
        self.note({"step": step, **values})
        for name, value in values.items():
            self.board.add_scalar(f"{prefix}/{name}", float(value), step)

    @property
    def board(self) -> Any:
        """TensorBoard writer, opened on first use."""
        if self._board is None:
            from tensorboard.summary import Writer

            self._board = Writer(str(self.folder / "events"))
        return self._board

    def picture(self, step: int, name: str, image: Any) -> None:
        """Show an image (height, width, 3) uint8 in TensorBoard."""
        import cv2
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        height, width, _ = image.shape
        packed = cv2.imencode(".png", image[..., ::-1])[1].tobytes()
        shown = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=packed)
        event = Event(wall_time=time.time(), step=step, summary=Summary(value=[Summary.Value(tag=name, image=shown)]))
        writer = EventFileWriter(str(self.folder / "events"), filename_suffix=f".{name.replace('/', '-')}-{step}")
        writer.add_event(event)
        writer.close()

    def progress(self, stage: str, done: int, total: int, told: str = "") -> None:
        """Say how far a stage is, what else there is to tell, and how long it will take, every two seconds."""
        now = time.monotonic()
        start, first = self._stages.setdefault(stage, (now, done))
        if done < total and now - self._spoke < SPEAK_EVERY_S:
            return
        self._spoke = now
        rate = (done - first) / max(now - start, 1e-6)
        left = f", {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
        spent = f", {now - start:.0f} s" if done >= total else ""
        print(f"  {stage}: {done}/{total}{', ' if told else ''}{told}{left}{spent}", flush=True)

    def stage(self, name: str) -> Any:
        """Give a progress callback that puts a name before whatever the callee says."""
        return lambda what, done, total: self.progress(f"{name}: {what}" if what not in name else name, done, total)

    def finish(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Write result.json and give it back."""
        full = {
            "verb": self.verb,
            "run": str(self.folder),
            "task": self.config.task,
            "seed": self.config.seed,
            **result,
            "seconds": round(time.time() - self.began, 2),
            "versions": versions(),
        }
        write_json(self.folder / RESULT, full)
        return full


def fresh_folder(verb: str, task: str) -> str:
    """Name a folder under runs/ that nobody has: date, time, verb, task."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return f"runs/{stamp}-{verb}-{task}-{uuid.uuid4().hex[:4]}"


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON atomically."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(data, indent=1, default=_plain) + "\n")
    os.replace(beside, path)


def _plain(value: Any) -> Any:
    """Turn paths and numpy values into plain data."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot go into {RESULT}")


def read_result(folder: Path) -> dict[str, Any]:
    """Read a run's result.json.

    Raises:
        FileNotFoundError: The run is not finished, or this is no run.
        ValueError: The file is broken.
    """
    path = folder / RESULT
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {RESULT}: it is no run, or one that did not finish")
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is broken: {error}") from error


def versions() -> dict[str, str]:
    """Say what ran this: Python, packages, machine."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "argv": shlex.join(sys.argv[1:])}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
