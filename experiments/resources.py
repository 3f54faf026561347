"""What a run is about to use, told before it starts: worlds, cores, memory, and the samples/s to expect."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.policies import cluster_of
from experiments.schema import Config

if TYPE_CHECKING:
    from envs.spec import WorldsSpec

CALIBRATION_S = 0.4
"""CPU time of the calibration, after a first step that compiles [s]."""


def check(config: Config) -> None:
    """Refuse more workers or worlds than this machine holds, and a cluster that nobody answers for.

    Raises:
        ValueError: As it says, with what to do.
    """
    from agents.capacity import here, refuse

    address = cluster_of(config)
    if config.collect.backend == "ray" and address is not None:
        from agents.cluster import refuse_unreachable

        refuse_unreachable(address)
        return
    images = config.network.observes == "images"
    refuse(here(), config.collect.workers, config.collect.worlds, images, config.collect.backend == "ray")


def report(config: Config, spec: "WorldsSpec", samples: float | None = None) -> dict[str, Any]:
    """Calibrate for half a second, print what is about to happen and give the figures.

    Args:
        config: Who collects.
        spec: Worlds.
        samples: That will be collected at most, if known.

    Returns:
        `workers`, `worlds`, `cores`, `memory_mb` that collectors take, `memory_free_mb`, `sample_us`, `samples_per_s`.
    """
    from agents.capacity import collectors_mb, here

    there, workers = here(), 1
    if config.collect.backend == "ray":
        address = cluster_of(config)
        if address is not None:
            from agents.cluster import offered, start_ray

            start_ray(config.collect.workers, address)
            there = offered()
        workers = config.collect.workers or there.cores
    worlds = config.collect.worlds
    sample_us = calibrate(spec, worlds)
    rate = min(workers, there.cores) * 1e6 / sample_us
    need = collectors_mb(workers, worlds, bool(spec.images))
    where = f"{there.cores} cores" + (f" of {there.nodes} machines" if there.nodes > 1 else "")
    print(
        f"  {workers} workers x {worlds} worlds on {where}, about {need / 1024:.1f} GB of {there.memory_mb / 1024:.1f} "
        f"free; expect {rate:,.0f} samples/s" + (f", {samples / rate:.0f} s of collecting at most" if samples else ""),
        flush=True,
    )
    return {
        "workers": workers,
        "worlds": workers * worlds,
        "cores": there.cores,
        "memory_mb": need,
        "memory_free_mb": there.memory_mb,
        "sample_us": sample_us,
        "samples_per_s": rate,
    }


def calibrate(spec: "WorldsSpec", num: int) -> float:
    """Measure the CPU time of one labelled sample on this core, resets included [us]."""
    worlds, rows = spec.build(num), np.arange(num)
    try:
        worlds.begin(rows, 0, rows)
        worlds.observe()
        worlds.step(worlds.expert_actions())
        began, count = time.thread_time(), 0
        worlds.begin(rows, 0, rows + num)
        while time.thread_time() - began < CALIBRATION_S and count < 50:
            worlds.observe()
            worlds.step(worlds.expert_actions())
            count += 1
        return 1e6 * (time.thread_time() - began) / (count * num)
    finally:
        worlds.close()
