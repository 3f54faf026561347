"""`bench render`: how fast images are drawn, by stage, against others; and how well renderers agree.

A speed is the minimum of CPU time over repeats, so that what else runs on the machine counts little; the ratio of
two such minima taken one after the other in one process counts it hardly at all.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import bench_agreement, bench_start
from experiments.run import Run
from experiments.schema import Config

if TYPE_CHECKING:
    from envs.rendering.raster import RasterRenderer
    from envs.rendering.scene import Frame, Scene

LIGHTS = {
    "lights1": (1, 0),
    "lights1_shadow": (1, 1),
    "lights3_shadow": (3, 1),
    "lights3_shadows3": (3, 3),
}
"""Lamps, and how many of them throw shadows. TinyRenderer has one lamp: it is timed with that one, with or without
its shadow, whatever the number here."""
SLOW = 8
"""Repeats of the others for each of ours: they take so much longer."""
REDRAWN = 64
"""Worlds over which a redraw is amortised."""


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Measure everything and print it."""
    bench, stages = config.bench, len(config.bench.sizes) + 3
    render: dict[str, Any] = {}
    for done, size in enumerate(bench.sizes):
        render[str(size)] = speeds(size, bench.worlds, bench.repeats)
        run.progress("bench", done + 1, stages)
    result: dict[str, Any] = {"render": render, "redraw_ms": redraw_ms(bench.repeats)}
    result["agreement"] = bench_agreement.measure(bench.views)
    run.progress("bench", stages - 1, stages)
    result |= bench_start.measure(bench.cold, min(3, bench.repeats))
    run.progress("bench", stages, stages)
    print(table(result))
    return result


def speeds(size: int, worlds: int, repeats: int) -> dict[str, Any]:
    """Time all renderers on one busy table at one image size [px]."""
    from envs.rendering.raster import RasterRenderer
    from envs.rivals import SameMeshes, StockScene, table_scene, table_views

    scene, few = table_scene(), max(2, repeats // SLOW)
    ours = RasterRenderer(scene, size, ("front",))
    frames = {name: table_views(scene, worlds, lamps=lamps, shadows=dark) for name, (lamps, dark) in LIGHTS.items()}
    found: dict[str, Any] = {name: own_speed(ours, frame, size, repeats) for name, frame in frames.items()}
    frame = frames["lights1_shadow"]
    with SameMeshes(scene, frame) as same, StockScene(frame) as stock:
        for shadow in (False, True):
            tiny = tiny_ms(same, worlds, size, shadow, few)
            shipped = tiny_ms(stock, worlds, size, shadow, max(2, few // 2))
            for name, (_, dark) in LIGHTS.items():
                if bool(dark) == shadow:
                    ms = found[name]["ms"]
                    found[name] |= {"tiny_same_ratio": tiny / ms, "tiny_stock_ratio": shipped / ms}
                    found[name] |= {"tiny_same_ms": tiny, "tiny_stock_ms": shipped}
    for name, ms in mujoco_ms(scene, frames, size, few).items():
        found[name] |= {"mujoco_ms": ms, "mujoco_ratio": ms / found[name]["ms"]}
    return found


def own_speed(renderer: "RasterRenderer", frame: "Frame", size: int, repeats: int) -> dict[str, Any]:
    """Time our renderer on a frame: RGB alone, all outputs, sustained, and the share of every stage."""
    from envs.rendering.scene import Images

    shape = (len(frame.worlds), 1, size, size)
    rgb = Images(np.zeros((*shape, 3), np.uint8))
    full = Images(rgb.rgb, np.zeros(shape, np.float32), np.zeros(shape, np.int32))
    renderer.draw(frame, full)
    spent, split = [], []
    for _ in range(repeats):
        before = renderer.cycles
        spent.append(seconds(lambda: renderer.draw(frame, rgb)))
        split.append({stage: count - before[stage] for stage, count in renderer.cycles.items()})
    cycles = min(split, key=lambda each: sum(each.values()))  # they go on counting while others run
    whole = fastest(lambda: renderer.draw(frame, full), repeats)
    best, total = min(spent) / len(frame.worlds), max(sum(cycles.values()), 1)
    return {
        "images_per_s": 1.0 / best,
        "ms": 1e3 * best,
        "sustained_per_s": repeats * len(frame.worlds) / sum(spent),
        "depth_and_parts_cost": whole / min(spent) - 1.0,
        "stages": {stage: count / total for stage, count in cycles.items()},
    }


def tiny_ms(rival: Any, worlds: int, size: int, shadow: bool, repeats: int) -> float:
    """Give TinyRenderer's time for an image [ms]: the fastest of some repeats, averaged over worlds."""
    total = 0.0
    for row in range(worlds):
        rival.set_out(row)
        total += fastest(lambda row=row: rival.snap(row, size, shadow=shadow), repeats)  # type: ignore[misc]
    return 1e3 * total / worlds


def mujoco_ms(scene: "Scene", frames: dict[str, "Frame"], size: int, repeats: int) -> dict[str, float]:
    """Give MuJoCo's time for an image [ms], all its threads together; nothing where it cannot draw."""
    from envs.rendering.scene import Images
    from envs.twin import gl

    if gl.prepare() == gl.NONE:
        return {}
    from envs.twin.renderer import MujocoRenderer

    renderer, found = MujocoRenderer(scene, size, samples=0), {}
    for name, frame in frames.items():
        images = Images(np.zeros((len(frame.worlds), 1, size, size, 3), np.uint8))
        spent = fastest(lambda f=frame, i=images: renderer.draw(f, i), repeats, time.process_time)  # type: ignore[misc]
        found[name] = 1e3 * spent / len(frame.worlds)
    renderer.close()
    return found


def redraw_ms(repeats: int) -> float:
    """Give the time in which everything that is seen of a world is drawn anew [ms], amortised over a batch."""
    from dataclasses import replace

    from envs.rendering.raster import RasterRenderer
    from envs.stills import Stills, scene_of
    from randomizers import Randomization
    from randomizers.default import SIGHT

    each_step = Randomization(tuple(replace(each, when="step") for each in SIGHT))
    renderer = RasterRenderer(scene_of("push"), 8, ("front",))
    stills, rows = Stills("push", renderer, REDRAWN, randomization=each_step, image_size=8), np.arange(REDRAWN)
    stills.redraw(0, 0)
    spent = fastest(lambda: stills.chance.advance(rows), repeats)
    stills.close()
    return 1e3 * spent / REDRAWN


def seconds(work: Callable[[], Any], clock: Callable[[], float] = time.thread_time) -> float:
    """Time one call [s]."""
    began = clock()
    work()
    return clock() - began


def fastest(work: Callable[[], Any], repeats: int, clock: Callable[[], float] = time.thread_time) -> float:
    """Give the shortest of some calls [s]."""
    return min(seconds(work, clock) for _ in range(repeats))


def table(result: dict[str, Any]) -> str:
    """Lay the result out for people."""
    lines = ["  px  lights            ms  images/s  x Tiny same  x Tiny stock  x MuJoCo  stages"]
    for size, configurations in result["render"].items():
        for name, found in configurations.items():
            stages = " ".join(f"{stage} {100 * share:.0f}" for stage, share in found["stages"].items())
            mujoco = f"{found['mujoco_ratio']:.0f}" if "mujoco_ratio" in found else "-"
            lines.append(
                f"{size:>4}  {name:<16} {found['ms']:.3f} {found['images_per_s']:>9.0f} "
                f"{found['tiny_same_ratio']:>12.1f} {found['tiny_stock_ratio']:>13.0f} {mujoco:>9}  {stages} %"
            )
    agreement = ", ".join(
        f"{name} {value:.6g}" for name, value in result["agreement"].items() if isinstance(value, float)
    )
    start = ", ".join(f"{name} {result[name]:.3f}" for name in ("redraw_ms", "warm_start_s"))
    return "\n".join([*lines, f"agreement: {agreement}", start])
