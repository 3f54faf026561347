"""Compilation of the rasterizer: one decorator, one folder of compiled code, one compile however many processes start.

    @compiled(fastmath=EXACT)
    def project(...): ...

Numba's cache notices edits of the file a function stands in, but not of the files it calls. The folder is
therefore named by the hash of all sources of this package: any edit, another processor or another Numba compiles anew.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba

from envs.rendering.cache import cache_dir

PLAIN_VARIABLE = "SIM2ARM_PLAIN_RASTER"
"""Set to 1 to use the plain path where the vector path would run."""

FORGET_AFTER_S = 14 * 24 * 3600.0
"""Age of compiled code of other sources at which it is removed [s]; a choice. Whoever still runs it compiles again."""

EXACT = {"nnan", "ninf", "nsz"}
"""Geometry: no sum is reordered or fused, so that the vector and the plain path round alike."""
RELAXED = True
"""Shading: sums may be reordered. Both paths run the same machine code here."""


def wants_plain() -> bool:
    """Tell whether the plain path is asked for, or the processor lacks the vector instructions (AVX2)."""
    if os.environ.get(PLAIN_VARIABLE, "0") not in ("", "0"):
        return True
    try:
        return not llvmlite.binding.get_host_cpu_features().get("avx2", False)
    except RuntimeError:  # LLVM cannot tell on this platform.
        return True


PLAIN = wants_plain()


@lru_cache(maxsize=1)
def code_folder() -> Path:
    """Name and make the folder of compiled code of exactly these sources on exactly this processor."""
    key = hashlib.sha256(f"{numba.__version__} {llvmlite.binding.get_host_cpu_name()} {PLAIN}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        # Numba keeps code by path and time of change; the marker file below must hold for the same things.
        key.update(f"{source} {source.stat().st_mtime_ns}".encode() + source.read_bytes())
    folder = cache_dir() / "compiled" / f"raster-{key.hexdigest()[:24]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make {folder} ({error}); set SIM2ARM_CACHE to a folder you can write to.") from error
    return folder


def compiled(*, fastmath: bool | set[str] = False, inline: bool = False) -> Callable[[Callable], Any]:
    """Compile a function without the GIL and keep the machine code in `code_folder()`.

    Args:
        fastmath: EXACT, RELAXED or False.
        inline: Paste the function into its callers; for the innermost ones only, it costs compile time.
    """

    def decorate(function: Callable) -> Any:
        # Numba reads the folder when a function is decorated, and only from this global setting.
        settings: Any = numba.config
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(code_folder())
        try:
            return numba.njit(
                cache=True,
                nogil=True,
                error_model="numpy",
                boundscheck=False,
                fastmath=fastmath,
                forceinline=inline,
            )(function)
        finally:
            settings.CACHE_DIR = before

    return decorate


@contextmanager
def compiling_once() -> Iterator[None]:
    """Let one process compile while the others wait; with compiled code on disk nobody waits.

    with compiling_once():
        kernel(...)              # compiles or loads
    """
    ready = code_folder() / "ready"
    if not ready.exists():
        code_folder().mkdir(parents=True, exist_ok=True)  # someone may have emptied the cache meanwhile
        with open(code_folder() / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # Released when the file closes, also if the process dies.
            if not ready.exists():
                yield
                ready.touch()
                _forget_old_code()
                return
    yield


def _forget_old_code() -> None:
    """Remove code of former sources that was compiled long ago: every edit leaves 8 MB behind."""
    for folder in code_folder().parent.glob("raster-*"):
        ready = folder / "ready"
        if folder != code_folder() and ready.exists() and time.time() - ready.stat().st_mtime > FORGET_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)
