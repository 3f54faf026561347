"""How long a worker waits for its first image: with compiled code on disk, and from nothing in two at once."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WORKERS = 2
WORKER = """
import json, time
import numpy as np
imports = time.perf_counter()
from envs.rendering.raster import RasterRenderer
from envs.rendering.raster.kernel import draw_batch
from envs.rendering.scene import Images
from envs.rivals import table_scene, table_views
scene = table_scene()
frame = table_views(scene, 1, lamps=3, shadows=1)
making = time.perf_counter()
RasterRenderer(scene, 84, ("front",)).draw(frame, Images(np.zeros((1, 1, 84, 84, 3), np.uint8)))
drawn = time.perf_counter()
compiled = len(draw_batch.stats.cache_misses) > 0
print(json.dumps({"start": drawn - making, "imports": making - imports, "compiled": compiled}))
"""
"""What a worker does before its first image, from imports to pixels."""


def measure(cold: bool, tries: int = 3) -> dict[str, Any]:
    """Start workers; `warm_start_s` counts from making the renderer to its first image.

    Args:
        cold: Also start two at once with an empty folder of compiled code, of which one may compile.
        tries: How many workers are started, one after the other; the fastest counts.
    """
    warm = min((_workers(1)[0] for _ in range(tries)), key=lambda told: told["start"])
    result: dict[str, Any] = {"warm_start_s": warm["start"], "warm_imports_s": warm["imports"]}
    if cold:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="sim2arm-cold-") as folder:
            told = _workers(WORKERS, SIM2ARM_CACHE=folder)
        spent = time.perf_counter() - began
        compiled = sum(each["compiled"] for each in told)
        result["cold_start"] = {"workers": WORKERS, "compiled": compiled, "seconds": spent}
    return result


def _workers(count: int, **variables: str) -> list[dict[str, Any]]:
    """Start some workers at once and give what they tell."""
    command, root = [sys.executable, "-c", WORKER], Path(__file__).parents[1]
    running = [
        subprocess.Popen(command, cwd=root, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    told = [process.communicate()[0].splitlines() for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("a worker of `bench render` failed; its traceback is above")
    return [json.loads(lines[-1]) for lines in told]
