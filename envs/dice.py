"""Addressed numbers for compiled loops: the same as `randomizers.streams` gives, 20 ns each.

    u = uniform(seed, episode, tick, name("encoder.noise"), 3)     # in (0, 1), always the same
    z = bell(seed, episode, tick, name("encoder.noise"), 3)        # mean 0, variance 1, within 3.47

Sensors roll dice at every step for every joint; a call from Python for each would cost more than the physics.
"""

import zlib

import numba
import numpy as np

_LEFT, _RIGHT = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_GOLDEN, _ROOT = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_WORD, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
_SPREAD = np.sqrt(3.0)  # the sum of four numbers in (0, 1) has a variance of 4 / 12


def name(text: str) -> np.uint64:
    """Turn a name into its word of the address."""
    return np.uint64(zlib.crc32(text.encode()))


@numba.njit(cache=True)
def _words(seed, episode, tick, what, block):
    """Encrypt an address: Philox4x32-10, see `randomizers.streams.philox`; four words below 2**32."""
    a, b, c, d = what, episode, tick, block
    key0, key1 = seed & _WORD, seed >> _SHIFT
    for _ in range(10):
        left, right = a * _LEFT, c * _RIGHT
        a, b, c, d = (right >> _SHIFT) ^ b ^ key0, right & _WORD, (left >> _SHIFT) ^ d ^ key1, left & _WORD
        key0, key1 = (key0 + _GOLDEN) & _WORD, (key1 + _ROOT) & _WORD
    return a, b, c, d


@numba.njit(cache=True)
def uniform(seed, episode, tick, what, block):
    """Give a number in (0, 1): the first of a block of four.

    Args:
        seed, episode, tick: Of the world, uint64.
        what: From `name`.
        block: Number of the block, uint64.
    """
    a, _, _, _ = _words(seed, episode, tick, what, block)
    return (np.float64(a) + 0.5) * 2.0**-32


@numba.njit(cache=True)
def bell(seed, episode, tick, what, block):
    """Give a number with mean 0 and variance 1: the sum of the four of a block, so that it has ends."""
    a, b, c, d = _words(seed, episode, tick, what, block)
    return ((np.float64(a + b + c + d) + 2.0) * 2.0**-32 - 2.0) * _SPREAD
