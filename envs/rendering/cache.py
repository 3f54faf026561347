"""Prepared files that are kept on disk: made once, found again by the hash of what they were made from.

arrays = kept(f"link3-{key}", make)        # reads them, or calls make() and writes what it gives
"""

import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Arrays = Mapping[str, np.ndarray]


def cache_dir() -> Path:
    """Name the folder of prepared files: $SIM2ARM_CACHE, else ~/.cache/sim2arm. It is made on first use."""
    return Path(os.environ.get("SIM2ARM_CACHE") or Path.home() / ".cache" / "sim2arm")


def kept(name: str, make: Callable[[], Arrays]) -> Arrays:
    """Read prepared meshes, or make and keep them; a damaged file is made again.

    Args:
        name: Must say all that they depend on, by a hash.
        make: Gives the arrays.

    Raises:
        ValueError: The folder cannot be written to.
    """
    path = cache_dir() / "meshes" / f"{name}.npz"
    arrays = _read(path)
    if arrays is None:
        arrays = make()
        _write(path, arrays)
    return arrays


def _read(path: Path) -> Arrays | None:
    """Read a file; None where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return dict(data)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, arrays: Arrays) -> None:
    """Write a file; many processes may write the same one at once, and none reads half of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(file.name, path)
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}); set SIM2ARM_CACHE to a folder you can write to.") from error
