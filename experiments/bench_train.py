"""`bench train`: what a sample costs on each path to a learner, two cores against one, how soon tasks are solved."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from experiments import bench_solve
from experiments.run import Run
from experiments.schema import Config
from randomizers.errors import unknown

ROOT = Path(__file__).parents[1]
PATHS = ("loop", "ray_1", "ray_2", "sb3", "rllib")


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from envs.tasks.base import NAMES

    for task in config.bench.tasks:
        if task not in NAMES:
            raise ValueError(unknown("task", task, NAMES))
    bench_solve.check(config)


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Measure the paths, then solve the tasks, and print both."""
    bench, cores = config.bench, os.cpu_count() or 1
    paths = [path for path in PATHS if path != "ray_2" or cores > 1]
    attempts = bench_solve.attempts(config)
    told = {}
    for done, path in enumerate(paths):
        told[path] = alone(path, bench.worlds, bench.repeats)
        run.progress("bench", done + 1, len(paths) + len(attempts))
    result: dict[str, Any] = {"train": costs(told), "solve": {}}
    if "ray_2" in told:
        one, two = (result["train"][path]["samples_per_s"] for path in ("ray_1", "ray_2"))
        result["processes"] = {"speedup_2": two / one}
    for done, (task, method) in enumerate(attempts):
        result["solve"].setdefault(task, {}).update(bench_solve.solve(run, config, task, method))
        run.progress("bench", len(paths) + done + 1, len(paths) + len(attempts))
    print(table(result))
    return result


def alone(path: str, worlds: int, rounds: int) -> dict[str, float]:
    """Let a process of its own measure a path."""
    words = [sys.executable, "-m", "experiments.bench_paths", path, str(worlds), str(rounds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the process that measured {path} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def costs(told: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Give `cpu_us_per_sample`, `samples_per_s`, `overhead` over bare worlds and `over_asked` by path.

    Bare worlds carry out what the collectors did, observed and with the same resets; "asked" are the same worlds when
    student and expert are asked for an action at each step, which any way of collecting has to do. A path is compared
    with those that took turns with it, else with the own loop's, though its actions and with them the work of the
    physics differ.
    """
    bare, asked = told["loop"]["bare_us"], told["loop"]["asked_us"]
    found = {"bare": cost(bare, 1e6 / bare, bare, asked), "asked": cost(asked, 1e6 / asked, bare, asked)}
    for path, each in told.items():
        spent, rate = 1e6 * each["cpu_s"] / each["samples"], each["samples"] / each["wall_s"]
        found[path] = cost(spent, rate, each.get("bare_us", bare), each.get("asked_us", asked))
    return found


def cost(spent_us: float, rate: float, bare_us: float, asked_us: float) -> dict[str, float]:
    """Give the figures of a path."""
    over, over_asked = spent_us / bare_us - 1.0, spent_us / asked_us - 1.0
    return {"cpu_us_per_sample": spent_us, "samples_per_s": rate, "overhead": over, "over_asked": over_asked}


def table(result: dict[str, Any]) -> str:
    """Lay the result out for people."""
    lines = ["path     us CPU/sample  samples/s  over bare worlds  over worlds whose policies are asked"]
    for path, each in result["train"].items():
        spent, rate, over = each["cpu_us_per_sample"], each["samples_per_s"], 100 * each["overhead"]
        lines.append(f"{path:<9}{spent:>13.0f}{rate:>11.0f}{over:>+16.1f} %{100 * each['over_asked']:>+34.1f} %")
    if "processes" in result:
        lines.append(f"two collectors against one: {result['processes']['speedup_2']:.2f} x")
    for task, methods in result["solve"].items():
        for method, each in methods.items():
            lines.append(
                f"{task:<8}{method:<8}{100 * each['rate']:6.1f} % ({100 * each['low']:.0f}..{100 * each['high']:.0f}, "
                f"n={each['n']}) after {each['seconds']:.0f} s and {each['env_steps']:,} steps"
            )
    return "\n".join(lines)
