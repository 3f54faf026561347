"""`bench scale`: hundreds of worlds at once in the real collectors, and thousands of randomized episodes through them.

    python -m experiments bench scale bench.many=512        # result keys scale.state.*, scale.images.*

Everything that can vary does (the preset `full`). The expert drives, frames are recorded and brought home, as in a
round of training; nothing learns from them.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from experiments.bench_paths import measured
from experiments.run import Run
from experiments.schema import Config

ROOT = Path(__file__).parents[1]
KINDS = ("state", "images")
TASK, SIZE_PX = "push", 64
IMAGES_SHARE = 4
"""So many times fewer worlds draw images: a frame costs several times a step."""
EPISODES = 8
"""Episodes that go through each world."""
MOST_IN_JOB = 64
"""Episodes of a job: its images, 50 MB, must fit into Ray's object store with those of the other workers."""


def check(config: Config) -> None:
    """Refuse what this machine cannot hold before anything is written."""
    from agents.capacity import here, refuse

    if config.bench.many < 2 * IMAGES_SHARE:
        raise ValueError(f"bench.many={config.bench.many}; give at least {2 * IMAGES_SHARE} worlds")
    workers, many = workers_of(config), config.bench.many
    try:
        refuse(here(), workers, many // workers, images=False)
    except ValueError as error:
        each = f"bench.many={many} is collect.worlds={many // workers} for each of {workers} workers"
        raise ValueError(f"{each}: {error}") from error


def workers_of(config: Config) -> int:
    """Give the collectors: as many as were asked for, else one for each core."""
    return config.collect.workers or os.cpu_count() or 1


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Let processes of their own collect, one after the other, and print what it took."""
    found: dict[str, Any] = {}
    for done, kind in enumerate(KINDS):
        worlds = config.bench.many // (IMAGES_SHARE if kind == "images" else 1)
        words = [sys.executable, "-m", "experiments.bench_scale", kind, str(worlds), str(workers_of(config))]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        told = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if told.returncode:
            raise RuntimeError(f"the process that collected {kind} failed: {told.stderr[-2000:]}")
        found[kind] = json.loads(told.stdout.splitlines()[-1])
        run.progress("bench", done + 1, len(KINDS))
    print(table(found))
    return {"scale": found}


def collect(kind: str, worlds: int, workers: int) -> dict[str, Any]:
    """Build worlds in collectors and let episodes through.

    Args:
        kind: "state" or "images".
        worlds: Over all collectors.
        workers: Collectors.

    Returns:
        `worlds`, `workers`, `build_s` (worlds and their first episode), then of the episodes that followed `episodes`,
        `faults`, `draws` (how many differ), `samples`, `cpu_s`, `wall_s`, `samples_per_s`, `cpu_us_per_sample`; and
        the most resident memory [MB] of the driver, `driver_mb`, and of all collectors, `workers_mb`.
    """
    from agents.behaviour import Behaviour
    from agents.distributed import RayPool
    from agents.rollout import plan
    from envs.spec import WorldsSpec
    from randomizers.default import FULL

    rows = worlds // workers
    images = ("front",) if kind == "images" else ()
    spec = WorldsSpec(TASK, randomization=FULL, images=images, image_size=SIZE_PX)
    pool = RayPool(spec, rows, workers=workers)
    pids, noisy, began = [each["pid"] for each in pool.describe()], Behaviour("expert", noise=0.4), time.perf_counter()
    list(pool.run(plan(1, workers, 1, noisy), None))
    found: dict[str, Any] = {"worlds": rows * workers, "workers": workers, "build_s": time.perf_counter() - began}
    jobs = plan(0, EPISODES * rows * workers, min(rows, MOST_IN_JOB if images else rows), noisy, record=True)
    found |= {"episodes": 0, "faults": 0, "samples": 0}
    draws = set()
    with measured(found):
        for result in pool.run(jobs, None):
            found["episodes"] += len(result.records)
            found["samples"] += result.frames
            found["faults"] += sum(bool(record["fault"]) for record in result.records)
            draws |= {json.dumps(record["randomization"]["values"], sort_keys=True) for record in result.records}
    found |= {"driver_mb": most_mb(os.getpid()), "workers_mb": sum(map(most_mb, pids)), "draws": len(draws)}
    pool.close()
    found["samples_per_s"] = found["samples"] / found["wall_s"]
    found["cpu_us_per_sample"] = 1e6 * found["cpu_s"] / found["samples"]
    return found


def most_mb(pid: int) -> float:
    """Give the most memory that a process has had resident so far [MB]."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024.0


def table(found: dict[str, dict[str, Any]]) -> str:
    """Lay the result out for people."""
    lines = ["        worlds  built s  episodes  distinct draws  samples/s  us CPU/sample  peak GB (driver + workers)"]
    for kind, each in found.items():
        driver, workers = each["driver_mb"] / 1024.0, each["workers_mb"] / 1024.0
        lines.append(
            f"{kind:<8}{each['worlds']:>6}{each['build_s']:>9.1f}{each['episodes']:>10,}{each['draws']:>16,}"
            f"{each['samples_per_s']:>11.0f}{each['cpu_us_per_sample']:>15.0f}{driver:>10.1f} + {workers:.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    kind, worlds, workers = sys.argv[1:]
    print(json.dumps(collect(kind, int(worlds), int(workers))))
