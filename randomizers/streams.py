"""Addressed random numbers: every number has a name, nobody has a generator.

    unit(seed=7, episode=3, tick=0, name="layout.cube", shape=(2,))    # (2,) in (0, 1), always the same

A number is addressed by (seed, episode, tick, crc32 of the name, coordinate). Adding, removing or
reordering names never changes another's numbers, and any episode of any worker can be drawn alone.
The mixing is Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011):
a block cipher that turns an address of 128 bits under a key of 64 into four words of 32 bits.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)  # golden ratio, sqrt(3) - 1
_WORD = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_ROUNDS = 10


def philox(counter: Sequence[ArrayLike], key: Sequence[ArrayLike]) -> tuple[np.ndarray, ...]:
    """Encrypt counters: Philox4x32-10.

    Args:
        counter: Four words in [0, 2**32), arrays that broadcast together.
        key: Two words in [0, 2**32), likewise.

    Returns:
        Four uint64 arrays of words in [0, 2**32).
    """
    a, b, c, d, key0, key1 = (np.asarray(word, np.uint64) for word in (*counter, *key))
    for _ in range(_ROUNDS):  # words that worlds or names share stay small until the rounds mix them
        left, right = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (right >> _SHIFT) ^ b ^ key0, right & _WORD, (left >> _SHIFT) ^ d ^ key1, left & _WORD
        key0, key1 = (key0 + _WEYL[0]) & _WORD, (key1 + _WEYL[1]) & _WORD
    return a, b, c, d


def uniforms(
    seed: ArrayLike, episodes: ArrayLike, ticks: ArrayLike, names: Sequence[str], counts: Sequence[int]
) -> np.ndarray:
    """Draw the unit coordinates of many names for many worlds.

    Args:
        seed: One for all, or (worlds,); 64 bits.
        episodes: (worlds,) index of the episode; 32 bits.
        ticks: One for all, or (worlds,); counts redraws within an episode; 32 bits.
        names: What is drawn, such as "mass.cube".
        counts: How many coordinates each name takes.

    Returns:
        (worlds, sum(counts)) float64 in the open interval (0, 1): the ends are for pins.
    """
    seeds = _words("seed", seed, 64)
    episodes, ticks = _words("episode", episodes, 32), _words("tick", ticks, 32)
    seeds, episodes, ticks = (word[:, None] for word in np.broadcast_arrays(seeds, episodes, ticks))
    hashes, blocks, columns = _addresses(tuple(names), tuple(counts))
    words = philox((hashes, episodes, ticks, blocks), (seeds & _WORD, seeds >> _SHIFT))
    drawn = np.stack(words, axis=-1).reshape(len(seeds), 4 * len(hashes))
    return (drawn[:, columns] + 0.5) * 2.0**-32


def unit(seed: int, episode: int, tick: int, name: str, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Draw one array of unit coordinates by its address, float64 in (0, 1)."""
    count = int(np.prod(shape, dtype=int))
    return uniforms(seed, [episode], tick, (name,), (count,)).reshape(shape)


@lru_cache(maxsize=1024)
def _addresses(names: tuple[str, ...], counts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay names out in blocks of four words: hash and number of each block, and the words in use."""
    hashes: list[int] = []
    blocks: list[int] = []
    columns: list[int] = []
    start = 0
    for name, count in zip(names, counts, strict=True):
        needed = -(-count // 4)
        hashes += [zlib.crc32(name.encode())] * needed
        blocks += range(needed)
        columns += range(start, start + count)
        start += 4 * needed
    return np.array(hashes, np.uint64), np.array(blocks, np.uint64), np.array(columns, np.intp)


def _words(what: str, value: ArrayLike, bits: int) -> np.ndarray:
    """Check that addresses fit their bits, (worlds,) uint64."""
    words = np.atleast_1d(value)
    if words.dtype.kind not in "iu" or words.min(initial=0) < 0 or int(words.max(initial=0)) >> bits:
        raise ValueError(f"{what} {value!r} must be a whole number in [0, 2**{bits})")
    return words.astype(np.uint64)
