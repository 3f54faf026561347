"""`look record=FILE`: an episode rebuilt from its record in fresh worlds, compared bit for bit, and its film strip."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.run import Run

if TYPE_CHECKING:
    from envs.record import Record
    from envs.worlds import Worlds

FRAMES = 10
"""Frames of the film strip."""
SIDE_PX = 128
LARGEST_BYTES = 500_000_000


def load(place: str) -> "Record":
    """Read a record from FILE, or from the line of an episode in FILE#EPISODE.

    Raises:
        ValueError: The file is missing, or is no record; says what is wrong with it.
    """
    from envs.record import spec_of

    record = _found(*place.partition("#")[::2])
    try:
        spec_of(record.spec)
    except (ValueError, TypeError) as error:
        raise ValueError(f"record={place}: its worlds cannot be built here: {error}") from error
    return record


def _found(name: str, episode: str) -> "Record":
    """Read the record of an episode, "" for the only one."""
    from envs.record import Record

    path = Path(name)
    if not path.is_file():
        raise ValueError(f"record={name}: there is no such file")
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"record={name} is larger than {LARGEST_BYTES // 1_000_000} MB; that is no record")
    try:
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        if path.suffix != ".jsonl":
            return Record.from_json("\n".join(lines))
        records = {record.episode: record for record in map(Record.from_json, lines)}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"record={name}: {error}") from error
    known = ", ".join(map(str, list(records)[:8]))
    if not episode and len(records) > 1:
        raise ValueError(f"record={name} holds {len(records)} episodes; name one, as in {name}#{known.split(',')[0]}")
    if episode and episode not in map(str, records):
        raise ValueError(f"record={name} holds no episode {episode}; it has {known}, ...")
    if not records:
        raise ValueError(f"record={name} is empty")
    return records[int(episode)] if episode else next(iter(records.values()))


def main(run: Run, place: str) -> tuple[dict[str, Any], str]:
    """Rebuild, compare, draw."""
    from envs.rebuilding import rebuild

    record = load(place)
    film = Film(record)
    try:
        rebuilt = rebuild(record, watch=film.watch)
    finally:
        film.close()
    told = "the same, bit for bit" if rebuilt.match else f"DIFFERENT at {rebuilt.difference}"
    print(f"  episode {record.episode} of seed {record.seed}, {record.length} steps: {told}")
    for line in rebuilt.versions:
        print(f"  other version of {line}")
    found = {
        "match": rebuilt.match,
        "hash": rebuilt.record.trajectory,
        "difference": rebuilt.difference,
        "versions": list(rebuilt.versions),
        "seed": record.seed,
        "episode": record.episode,
        "steps": record.length,
        "success": rebuilt.record.success,
        "images": record.images is not None,
    }
    image = film.save(run.folder / "record.png")
    task = str(record.spec["task"])
    return {"task": task, "record": found, "image": image}, f"python -m experiments look {task}.yaml"


class Film:
    """Draws an episode for people while it is rebuilt.

    Args:
        record: The episode; says which camera looks.
    """

    def __init__(self, record: "Record"):
        from envs.record import spec_of

        spec = spec_of(record.spec)
        self._camera = spec.images[0] if spec.images else "front"
        self._painter = spec.make_renderer((self._camera,), SIDE_PX)
        self._wanted = set(np.linspace(0, record.length, FRAMES).round().astype(int).tolist())
        self._step, self._frames = 0, []  # type: int, list[np.ndarray]

    def watch(self, worlds: "Worlds") -> None:
        """Draw row 0 at the steps that the strip shows."""
        if self._step in self._wanted:
            self._frames.append(worlds.picture(0, self._painter, self._camera, SIDE_PX))
        self._step += 1

    def save(self, path: Path) -> str:
        """Write the strip."""
        import cv2

        strip = np.ascontiguousarray(np.concatenate(self._frames, axis=1)[..., ::-1])
        if not cv2.imwrite(str(path), strip):
            raise OSError(f"{path} could not be written")
        return str(path)

    def close(self) -> None:
        """Give back what draws."""
        self._painter.close()
