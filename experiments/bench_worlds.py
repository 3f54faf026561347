"""`bench worlds`: steps against panda-gym and bare physics, grasps, costs of randomizing, images, memory, processes."""

from typing import Any

from experiments import bench_costs, bench_grasp, bench_steps
from experiments.run import Run
from experiments.schema import Config
from randomizers.errors import unknown


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from envs.tasks.base import NAMES

    bench = config.bench
    for task in bench.tasks:
        if task not in NAMES:
            raise ValueError(unknown("task", task, NAMES))
    for name in ("grasps", "resets", "many"):
        if getattr(bench, name) < 0:
            raise ValueError(f"bench.{name}={getattr(bench, name)}; it must be 0, which leaves it out, or more")
    if bench.panda_gym:
        bench_steps.check_panda_gym()


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Measure everything and print it."""
    from envs.tasks.base import NAMES

    bench = config.bench
    tasks = bench.tasks or list(NAMES)
    stages = len(tasks) + 5
    worlds = {}
    for done, task in enumerate(tasks):
        worlds[task] = bench_steps.measure(task, bench.worlds, bench.repeats // 4 + 2, bench.panda_gym)
        run.progress("bench", done + 1, stages)
    result: dict[str, Any] = {"worlds": worlds}
    result["randomizing"] = bench_costs.randomizing(bench.worlds, bench.repeats // 4 + 2)
    run.progress("bench", len(tasks) + 1, stages)
    result["vision"] = bench_costs.vision(bench.worlds, bench.repeats // 8 + 2)
    run.progress("bench", len(tasks) + 2, stages)
    result["memory"] = bench_costs.memory(bench.many, bench.resets)
    run.progress("bench", len(tasks) + 3, stages)
    result["processes"] = bench_costs.processes(bench.worlds)
    run.progress("bench", len(tasks) + 4, stages)
    if bench.grasps:
        result["grasp"] = bench_grasp.measure(bench.grasps)
        if bench.quality:
            result["quality"] = bench_grasp.quality(bench.grasps, bench.repeats // 4 + 2)
    run.progress("bench", stages, stages)
    print(table(result))
    return result


def table(result: dict[str, Any]) -> str:
    """Lay the result out for people."""
    lines = ["task      steps/s  us/step  floor us  x floor  reset ms  x panda-gym  same fidelity x"]
    for task, found in result["worlds"].items():
        rivals = "".join(
            f"{found[name]:>{width}.1f}" if name in found else f"{'-':>{width}}"
            for name, width in (("ratio", 13), ("same_fidelity_ratio", 17))
        )
        lines.append(
            f"{task:<8}{found['steps_per_s']:>9.0f}{found['step_us']:>9.0f}{found['floor_us']:>10.0f}"
            f"{found['floor_ratio']:>9.2f}{found['reset_ms']:>10.2f}{rivals}"
        )
    randomizing, memory, processes = result["randomizing"], result["memory"], result["processes"]
    lines += [
        f"randomizing {randomizing['axes']} axes: {100 * randomizing['step_overhead']:+.1f} % of a step, "
        f"{randomizing['reset_ms']:.2f} ms a reset ({randomizing['plain_reset_ms']:.2f} without)",
        f"vision: {result['vision']['steps_per_s']:.0f} steps/s; memory: {memory['mb_per_world']:.1f} MB a world; "
        f"two processes: {processes['speedup_2']:.2f} x",
    ]
    if "many" in memory:
        lines.append(f"{memory['many']['worlds']} worlds at once: {memory['many']['mb'] / 1024:.1f} GB")
    if "resets" in memory:
        lines.append(f"{memory['resets']['n']} resets: memory {100 * memory['resets']['growth']:+.2f} %")
    if "grasp" in result:
        grasp = result["grasp"]
        lines.append(
            f"grasps held: {100 * grasp['held']:.1f} % ({100 * grasp['low']:.1f}..{100 * grasp['high']:.1f}, "
            f"n={grasp['n']}), drift in the hand {grasp['drift_mm']:.3f} mm median"
        )
    for row in result.get("quality", []):
        lines.append(
            f"  {row['rate_hz']:>4} Hz {row['iterations']:>3} iterations: held {100 * row['held']:5.1f} %, drift "
            f"{row['drift_mm']:.3f} mm, {row['step_us']:.0f} us a step"
        )
    return "\n".join(lines)
