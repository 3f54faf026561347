"""What a machine can hold, and what a run wants of it: refused before it starts rather than killed by the kernel later.

    capacity = here()
    refuse(capacity, workers=2, worlds=512, images=False)

Sizes were measured with every randomizer on (push, 64 px): a world takes 28.5 MB with or without images, a collector
100 MB before its first world, and compiled drawing another 270 MB.
"""

import os
from dataclasses import dataclass
from pathlib import Path

WORLD_MB, COLLECTOR_MB, DRAWING_MB = 28.5, 100.0, 270.0
LEARNER_MB = 900.0
"""Torch, Ray and a driver; the dataset comes on top."""
RAY_MB = 440.0
"""Ray's own processes on one machine."""


@dataclass(frozen=True)
class Capacity:
    """Of a machine or a cluster.

    Attributes:
        cores: Of all machines.
        memory_mb: Free now.
        nodes: Machines.
    """

    cores: int
    memory_mb: float
    nodes: int = 1


def here() -> Capacity:
    """Look at this machine: cores, and memory that is free here and allowed to this container [MB]."""
    return Capacity(os.cpu_count() or 1, min(_free_mb(), _allowed_mb()))


def _free_mb() -> float:
    """Memory that Linux could give; elsewhere unknown, and so unlimited."""
    path = Path("/proc/meminfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    found = [float(line.split()[1]) / 1024.0 for line in lines if line.startswith("MemAvailable")]
    return found[0] if found else float("inf")


def _allowed_mb() -> float:
    """Memory that the container's control group (version 2) still allows."""
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if not limit.is_file() or not used.is_file() or limit.read_text().strip() == "max":
        return float("inf")
    return (int(limit.read_text()) - int(used.read_text())) / 2**20


def collectors_mb(workers: int, worlds: int, images: bool) -> float:
    """Estimate what collectors take [MB]."""
    return workers * (COLLECTOR_MB + DRAWING_MB * images + WORLD_MB * worlds)


def refuse_crowd(capacity: Capacity, workers: int | None) -> None:
    """Stop before more workers than cores are started.

    Raises:
        ValueError: There are too many, or fewer than one.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"collect.workers={workers}; it must be at least 1, or null for one on each core")
    if workers is not None and workers > capacity.cores:
        raise ValueError(
            f"collect.workers={workers}, but this machine has {capacity.cores} cores, and workers that share one only "
            f"take turns. Use collect.workers={capacity.cores} (or null), or join more machines with cluster=ADDRESS."
        )


def refuse(capacity: Capacity, workers: int | None, worlds: int, images: bool, ray: bool = True) -> None:
    """Stop before more is started than fits on this machine.

    Args:
        capacity: Of the machine.
        workers: Collectors; None is one for each core.
        worlds: Of each collector.
        images: They draw.
        ray: Collectors are processes of Ray; else one batch in this process.

    Raises:
        ValueError: There are too few cores, or there is too little memory.
    """
    if ray:
        refuse_crowd(capacity, workers)
    count = (workers or capacity.cores) if ray else 1
    room = capacity.memory_mb - LEARNER_MB - RAY_MB * ray
    need = collectors_mb(count, worlds, images)
    if need <= room:
        return
    fit = int((room / count - COLLECTOR_MB - DRAWING_MB * images) / WORLD_MB)
    way = f"Use collect.worlds={fit} or fewer" if fit >= 1 else "Use fewer collect.workers"
    raise ValueError(
        f"{count} workers with collect.worlds={worlds} need about {need / 1024:.1f} GB, but {max(room, 0) / 1024:.1f} "
        f"GB are free beside training. {way}, or join more machines with cluster=ADDRESS."
    )
