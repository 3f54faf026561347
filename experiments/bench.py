"""`bench`: speeds as ratios in one process, agreement between renderers, and what images are good for."""

from importlib import import_module
from typing import Any

from experiments.run import Run
from experiments.schema import Config
from randomizers.errors import unknown

HELP = """`bench render` times the batch rasterizer against PyBullet's TinyRenderer (on the same meshes, and on the
stock scene) and MuJoCo's renderer, and compares what they see. Speeds are minima of CPU time in one process; ratios are
their time through ours. Half a minute, and another one or two for compiling from nothing (bench.cold=false skips it).
`bench worlds` times control steps against panda-gym and bare physics, randomization, resets, whole steps with images,
memory and a second process, and counts scripted grasps: about five minutes, on a machine that does nothing else.
`bench tasks` counts how often each task's scripted expert succeeds, nominal, randomized and in the twin; `episodes` of
each: two minutes with 400.
`bench records` rebuilds episodes of all tasks from their records with 1, 2 and 8 processes, and compares every bit.
`bench localiser` trains a small network to find the cube in randomized images only and tests it on MuJoCo's:
about ten minutes with the default 250,000 images.
`bench train` counts the CPU time of a sample on every path to a learner (own loop, Ray collectors, Stable-Baselines3,
RLlib), and trains a state policy for each task: ten minutes on two free cores. `bench.solve=none` leaves that out,
`bench.methods=[dagger,ppo,her]` adds reinforcement learning.
`bench scale` runs `bench.many` state worlds at once in the collectors, then a quarter of them with images, everything
randomized, and eight episodes through each: 16 GB and five minutes with 512.

  python -m experiments bench train bench.worlds=32 episodes=400
  python -m experiments bench scale bench.many=64
  python -m experiments bench render bench.sizes=[64,84] --json
  python -m experiments bench worlds bench.tasks=[reach,push] bench.quality=true
  python -m experiments bench tasks episodes=400
  python -m experiments bench records bench.records=1000
  python -m experiments bench localiser bench.images=250000 cards=medium seed=1"""
KINDS = {
    "render": ("bench_render", "python -m experiments bench localiser"),
    "worlds": ("bench_worlds", "python -m experiments look push.yaml audit=true"),
    "tasks": ("bench_tasks", "python -m experiments look sort.yaml"),
    "records": ("bench_records", "python -m experiments look record=FILE"),
    "localiser": ("localiser", "python -m experiments train push.yaml"),
    "scale": ("bench_scale", "python -m experiments train state.yaml collect.worlds=128"),
    "train": ("bench_train", "python -m experiments train state.yaml task=lift"),
}
"""The module of each benchmark, and the command that is suggested after it."""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    bench = config.bench
    if bench.what not in KINDS:
        raise ValueError(unknown("benchmark", bench.what, KINDS))
    for name in ("worlds", "repeats", "views", "images", "plain_images", "passes", "tests", "records"):
        if getattr(bench, name) < 1:
            raise ValueError(f"bench.{name}={getattr(bench, name)}; it must be at least 1")
    if not bench.sizes or not all(8 <= size <= 2048 for size in bench.sizes):
        raise ValueError(f"bench.sizes={bench.sizes}; give at least one side of an image, 8 to 2048 pixels")
    module = _module(config)
    if hasattr(module, "check"):
        module.check(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Measure what was asked for."""
    return _module(config).measure(run, config), KINDS[config.bench.what][1]


def _module(config: Config) -> Any:
    return import_module(f"experiments.{KINDS[config.bench.what][0]}")
