"""What randomization, images, memory and a second process cost; everything on, in episodes of the push task."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.bench_steps import STEPS, timed

TASK = "push"
ROOT = Path(__file__).parents[1]
FEW, MANY = 8, 72
"""Worlds of two processes whose difference tells what a world takes."""


def randomizing(worlds: int, repeats: int) -> dict[str, Any]:
    """Compare all randomizers at once with none, and each family alone.

    Returns:
        `step_overhead` (share of a step), `reset_ms` of one world, `plain_reset_ms`, `axes`, and `families`: what one
        alone adds to a reset, `us_per_axis`.
    """
    from envs.spec import WorldsSpec
    from randomizers import FULL, Randomization

    def cost(randomization: Any) -> tuple[dict[str, float], int]:
        batch = WorldsSpec(TASK, randomization=randomization).build(worlds)
        try:
            return timed(batch, repeats), len(batch.randomization)
        finally:
            batch.close()

    plain, _ = cost(None)
    everything, axes = cost(FULL)
    families = {}
    for each in FULL:
        alone, count = cost(Randomization((each,)))
        added = 1e3 * (alone["reset_ms"] - plain["reset_ms"])
        families[type(each).__name__] = {"axes": count, "us_per_axis": max(0.0, added) / count}
    return {
        "step_overhead": everything["step_us"] / plain["step_us"] - 1.0,
        "reset_ms": everything["reset_ms"],
        "plain_reset_ms": plain["reset_ms"],
        "axes": axes,
        "families": families,
    }


def vision(worlds: int, repeats: int, size: int = 84) -> dict[str, float]:
    """Time whole steps with physics, all axes and an image under three lights, one with a shadow."""
    from envs.spec import WorldsSpec
    from randomizers import FULL, Choice, Lamps, Randomization

    lamps = Lamps("1 2", kind=Choice("directional", "point"), shadow=0.0) | Lamps("3", kind=Choice("off"))
    others = Randomization(tuple(each for each in FULL if not isinstance(each, Lamps)))
    batch = WorldsSpec(TASK, randomization=others | lamps, images=("front",), image_size=size).build(worlds)
    rng, rows, spent, drawn = np.random.default_rng(0), np.arange(worlds), [], []
    actions = rng.uniform(-1.0, 1.0, (STEPS, worlds, batch.actuation.controller.size))
    for number in range(repeats + 1):
        batch.begin(rows, 0, rows + number * worlds)
        batch.observe()
        began, looking = time.thread_time(), 0.0
        for action in actions:
            batch.step(action)
            seen = time.thread_time()
            batch.observe()
            looking += time.thread_time() - seen
        spent.append(time.thread_time() - began)
        drawn.append(looking)
    batch.close()
    per_step = min(spent[1:]) / (STEPS * worlds)
    return {"steps_per_s": 1.0 / per_step, "observe_us": 1e6 * min(drawn[1:]) / (STEPS * worlds)}


def memory(many: int, resets: int) -> dict[str, Any]:
    """Measure resident memory in processes of their own.

    Args:
        many: State-only worlds that are built at once; 0 leaves it out.
        resets: Resets with everything on, over which growth is measured; 0 leaves it out.

    Returns:
        `mb_per_world`, `worlds_per_gb`, `many` {worlds, gb, seconds}, `resets` {n, growth}.
    """
    few, more = (told("resident", worlds)["mb"] for worlds in (FEW, MANY))
    each = (more - few) / (MANY - FEW)
    found: dict[str, Any] = {"mb_per_world": each, "worlds_per_gb": 1024.0 / each}
    if many:
        found["many"] = told("resident", many)
    if resets:
        found["resets"] = told("resets", resets)
    return found


def processes(worlds: int, seconds: float = 6.0) -> dict[str, float]:
    """Step in one process, then in two at once; wall time, so it needs two free cores."""
    one = sum(each["steps_per_s"] for each in together("steps", 1, worlds, seconds))
    two = sum(each["steps_per_s"] for each in together("steps", 2, worlds, seconds))
    return {"steps_per_s_1": one, "steps_per_s_2": two, "speedup_2": two / one}


def told(what: str, *numbers: float) -> dict[str, Any]:
    """Let a process of its own measure something."""
    return together(what, 1, *numbers)[0]


def together(what: str, count: int, *numbers: float) -> list[dict[str, Any]]:
    """Let several processes measure the same at once."""
    words = [sys.executable, "-m", "experiments.bench_costs", what, *map(str, numbers)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    said = [process.communicate()[0].splitlines() for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"a process that measured {what} failed; its traceback is above")
    return [json.loads(lines[-1]) for lines in said]


def resident(worlds: int) -> dict[str, float]:
    """Build worlds, run a step in each, and tell what they hold."""
    from envs.spec import WorldsSpec

    began = time.perf_counter()
    batch = WorldsSpec(TASK).build(worlds)
    batch.begin(np.arange(worlds), 0, np.arange(worlds))
    batch.step(np.zeros((worlds, batch.actuation.controller.size)))
    return {"worlds": worlds, "mb": held_mb(), "seconds": time.perf_counter() - began}


def resets(count: int) -> dict[str, float]:
    """Reset a few worlds again and again with everything on; growth is counted after a tenth."""
    from envs.spec import WorldsSpec
    from randomizers import FULL

    batch, rows = WorldsSpec(TASK, randomization=FULL).build(FEW), np.arange(FEW)
    early = 0.0
    rounds = count // FEW
    for number in range(rounds):
        batch.begin(rows, 0, rows + number * FEW)
        if number == rounds // 10:
            early = held_mb()
    return {"n": rounds * FEW, "growth": held_mb() / early - 1.0}


def steps(worlds: int, seconds: float) -> dict[str, float]:
    """Step for some wall time."""
    from envs.spec import WorldsSpec

    batch, rows = WorldsSpec(TASK).build(worlds), np.arange(worlds)
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (STEPS, worlds, batch.actuation.controller.size))
    batch.begin(rows, 0, rows)
    for action in actions:
        batch.step(action)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        batch.begin(rows, 0, rows)
        for action in actions:
            batch.step(action)
        count += STEPS * worlds
    return {"steps_per_s": count / (time.perf_counter() - began)}


def held_mb() -> float:
    """Resident memory of this process [MB of 2**20 bytes]."""
    words = Path("/proc/self/statm").read_text().split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    measures: dict[str, Callable[..., dict[str, float]]] = {"resident": resident, "resets": resets, "steps": steps}
    wanted, *given = sys.argv[1:]
    numbers = [float(each) if "." in each else int(each) for each in given]
    print(json.dumps(measures[wanted](*numbers)))
