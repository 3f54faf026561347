"""Folders that are there whole or not at all.

    with whole_folder(Path("runs/7/demonstrations")) as fresh:
        (fresh / "info.json").write_text(...)
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder` that takes its place at the end, or vanishes if anything fails.

    Raises:
        ValueError: There is something at `folder` already.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} exists already; name another place, or delete it first.")
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
