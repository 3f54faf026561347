"""What computes here: Python, the packages on which the bits of an episode depend, and our own commit."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

COMMIT = "SIM2ARM_COMMIT"
PACKAGES = ("numpy", "pybullet", "mujoco", "numba", "opencv-python")
"""Packages that take part in physics and images."""


@cache
def _found() -> tuple[tuple[str, str], ...]:
    found = {"python": platform.python_version(), "machine": platform.machine(), "sim2arm": commit()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return tuple(found.items())


def versions() -> dict[str, str]:
    """Name everything with its version."""
    return dict(_found())


@cache
def commit() -> str:
    """Give the commit of this code, with `+` where files differ from it; "unknown" outside of git.

    A copy without its history, such as a cluster gets, is told in the environment variable SIM2ARM_COMMIT.
    """
    if os.environ.get(COMMIT):
        return os.environ[COMMIT]
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"],
            cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
