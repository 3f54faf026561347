"""Addresses of episodes: (seed, episode), checked once at the door.

Seeds are whole numbers below 2**63. Held-out worlds are drawn with the seeds from there on, which no training
run can ask for, so that a held-out draw never equals a training one.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

SEEDS = 2**63
EPISODES = 2**32


def whole(what: str, number: Any, end: int) -> int:
    """Check that a part of an address is a whole number in [0, end)."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < end:
        raise ValueError(f"{what} {number!r} is not a whole number in [0, {end}).")
    return int(number)


def addresses(rows: np.ndarray, seed: ArrayLike, episodes: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give seeds and episode numbers (n,) int64 of the rows; each is one for all, or (n,)."""
    given = [np.broadcast_to(np.asarray(value, object), rows.shape) for value in (seed, episodes)]
    seeds = [whole("seed", number, SEEDS) for number in given[0]]
    numbers = [whole("episode", number, EPISODES) for number in given[1]]
    return np.array(seeds, np.int64), np.array(numbers, np.int64)


def drawn_with(seeds: np.ndarray, split: str) -> np.ndarray:
    """Give the seeds (n,) uint64 that randomization is drawn with in a split."""
    return seeds.astype(np.uint64) + np.uint64(SEEDS if split == "heldout" else 0)


def another(seeds: np.ndarray) -> np.ndarray:
    """Give the seeds (n,) uint64 of a second draw beside the one with `seeds`; nobody asks for seeds so large."""
    return seeds.astype(np.uint64) ^ np.uint64(SEEDS >> 1)


def chosen(active: np.ndarray | None, begun: np.ndarray) -> np.ndarray:
    """Check a mask of worlds; (worlds,) bool, all where none is given.

    Raises:
        ValueError: It is no mask, or one of its worlds has not begun.
    """
    mask = np.ones(len(begun), bool) if active is None else np.asarray(active)
    if mask.shape != begun.shape or mask.dtype != bool:
        raise ValueError(f"active is {mask.dtype} {mask.shape}; it must be bool ({len(begun)},).")
    if not begun[mask].all():
        missing = np.flatnonzero(mask & ~begun)
        raise ValueError(f"world {missing[0]} has no episode; call begin(rows, seed, episodes) first.")
    return mask
