"""How far a success rate can be trusted, and whether one policy is better than another.

    wilson(83, 100)            # Rate(rate=0.83, n=100, low=0.745, high=0.891)
    paired(before, after)      # difference of two policies on the same episodes, exact p, interval
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb, sqrt
from statistics import NormalDist

import numpy as np

Outcomes = Sequence[bool] | np.ndarray


@dataclass(frozen=True)
class Rate:
    """A success rate and its interval.

    Attributes:
        rate: Successes per episode in [0, 1].
        n: Episodes.
        low, high: Ends of the confidence interval.
    """

    rate: float
    n: int
    low: float
    high: float

    def to_dict(self) -> dict:
        """Give plain data for result.json."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{100 * self.rate:.0f} % ({100 * self.low:.0f}..{100 * self.high:.0f}, n={self.n})"


@dataclass(frozen=True)
class Paired:
    """Policy b against policy a on the same episodes.

    Attributes:
        difference: Rate of b minus rate of a.
        low, high: Ends of its confidence interval.
        p: Exact two-sided p-value of McNemar's test that both are equally good.
        only_a, only_b: Episodes that only one of them solved.
        n: Episodes.
    """

    difference: float
    low: float
    high: float
    p: float
    only_a: int
    only_b: int
    n: int

    def to_dict(self) -> dict:
        """Give plain data for result.json."""
        return asdict(self)

    def __str__(self) -> str:
        points = [f"{100 * value:+.0f}" for value in (self.difference, self.low, self.high)]
        return f"{points[0]} points ({points[1]}..{points[2]}, p={self.p:.3g}, n={self.n})"


def quantile(confidence: float) -> float:
    """Give the two-sided normal quantile, 1.96 for 0.95."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be in (0, 1), not {confidence}; 0.95 is usual.")
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def wilson(successes: int, n: int, confidence: float = 0.95) -> Rate:
    """Give a success rate with its Wilson score interval (Wilson 1927).

    Unlike rate +- 1.96 sigma it stays inside [0, 1] and holds for few episodes and for rates near 0 or 1.

    Args:
        successes: Episodes that succeeded, in [0, n].
        n: Episodes, at least 1.
        confidence: Of the interval, in (0, 1).
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} episodes: need n >= 1 and 0 <= successes <= n.")
    z, rate = quantile(confidence), successes / n
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else middle - half  # exact where rounding would leave 1e-17
    high = 1.0 if successes == n else middle + half
    return Rate(rate, int(n), low, high)


def rate_of(success: Outcomes, confidence: float = 0.95) -> Rate:
    """Give the rate of an array of outcomes (episodes,)."""
    outcomes = _outcomes(success, "success")
    return wilson(int(outcomes.sum()), len(outcomes), confidence)


def mcnemar(only_a: int, only_b: int) -> float:
    """Give the exact two-sided p-value that a coin splits the disagreements so unevenly (McNemar 1947)."""
    disagreements = only_a + only_b
    tail = sum(comb(disagreements, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / 2**disagreements)


def paired(a: Outcomes, b: Outcomes, confidence: float = 0.95) -> Paired:
    """Compare two policies on the same episodes.

    The interval is Newcombe's (1998, Statistics in Medicine 17:2635, method 10): Wilson limits of both rates,
    joined with the correlation of the outcomes.

    Args:
        a, b: Outcomes (episodes,) in the same order.
        confidence: Of the interval.
    """
    first, second = _outcomes(a, "a"), _outcomes(b, "b")
    if len(first) != len(second):
        raise ValueError(f"paired needs the same episodes: a has {len(first)}, b has {len(second)}.")
    n = len(first)
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    only_a, only_b = int((first & ~second).sum()), int((~first & second).sum())
    rate_a, rate_b = wilson(both + only_a, n, confidence), wilson(both + only_b, n, confidence)
    phi = _correlation(both, only_a, only_b, neither)
    difference = rate_b.rate - rate_a.rate
    down = _joined(rate_b.rate - rate_b.low, rate_a.high - rate_a.rate, phi)
    up = _joined(rate_b.high - rate_b.rate, rate_a.rate - rate_a.low, phi)
    return Paired(difference, difference - down, difference + up, mcnemar(only_a, only_b), only_a, only_b, n)


def _joined(one: float, other: float, phi: float) -> float:
    """Join two half widths of correlated rates."""
    return sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Give Newcombe's phi: the outcomes' correlation, with a continuity correction where it is positive."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    n, cross = both + only_a + only_b + neither, both * neither - only_a * only_b
    return (max(cross - n / 2, 0.0) if cross > 0 else float(cross)) / sqrt(margins)


def _outcomes(values: Outcomes, name: str) -> np.ndarray:
    """Check outcomes and give them as (episodes,) bool."""
    array = np.asarray(values)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "biu" or not np.isin(array, (0, 1)).all():
        what = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name} must be a non-empty row of True and False, got {what}.")
    return array.astype(bool)
