"""Files that are there whole or not at all.

    write_bytes(path, data)          # a kill at any moment leaves the old file or the new one
    replace_folder(folder, fill)     # the same for a folder
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

ASIDE = ".old"


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file beside its place, then rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(beside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def canonical(data: object) -> str:
    """Give one text per value: sorted keys, no spaces, so that hashes compare."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def write_json(path: Path, data: Mapping) -> None:
    """Write readable JSON in one piece."""
    write_bytes(path, (json.dumps(data, indent=1, sort_keys=True) + "\n").encode())


def read_json(path: Path, what: str) -> dict:
    """Read a JSON object, or say which file of which thing is missing or broken."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no {what} at {path.parent}: {path.name} is missing")
    try:
        data = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} of the {what} is broken ({error}); it was cut off or edited") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} of the {what} holds a {type(data).__name__}, not an object")
    return data


def replace_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a new folder beside its place, then swap it in.

    A kill between the two renames leaves the former one aside, where `recover_folder` finds it.
    """
    recover_folder(folder)
    fresh, aside = folder.with_name(f".{folder.name}.{os.getpid()}.tmp"), aside_of(folder)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    fill(fresh)
    if folder.exists():
        os.replace(folder, aside)
    os.replace(fresh, folder)
    shutil.rmtree(aside, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Finish or undo a swap that was interrupted."""
    aside = aside_of(folder)
    if aside.exists() and folder.exists():
        shutil.rmtree(aside)
    elif aside.exists():
        os.replace(aside, folder)


def aside_of(folder: Path) -> Path:
    """Name the place where the former folder waits during a swap."""
    return folder.with_name(folder.name + ASIDE)


def differences(there: Mapping, here: Mapping) -> list[str]:
    """List the keys in which two records differ, with both values."""
    names = sorted(set(there) | set(here))
    pairs = [(name, there.get(name), here.get(name)) for name in names]
    return [f"`{name}` is {old!r} there, {new!r} here" for name, old, new in pairs if old != new]
