"""Distributions whose shape has no closed form: Normal, Beta, Mixture.

Each is a table of its cumulative distribution, read backwards: the place t in [0, 1] between the
ends at which the area reaches u. The tables are built once and hold u to about 1e-7.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt

import numpy as np

from randomizers.distributions import Interval, Number, number

CUT = 3.0  # standard deviations at which Normal ends
_GRID = 4097  # odd, so that the middle of a bell lies on the grid


@dataclass(frozen=True, repr=False)
class Normal(Interval):
    """A bell cut off three standard deviations from its mean, so that it has ends."""

    mean: Number
    std: Number

    def __post_init__(self) -> None:
        self._settle()
        if not np.all(np.asarray(self.std) >= 0):
            raise ValueError(f"{self} needs std >= 0")
        self._order()

    @property
    def ends(self) -> tuple[Number, Number]:
        mean, reach = np.asarray(self.mean), CUT * np.asarray(self.std)
        return mean - reach, mean + reach

    def place(self, u: np.ndarray) -> np.ndarray:
        return np.interp(u, *_bell())


@dataclass(frozen=True, repr=False)
class Beta(Interval):
    """A Beta(a, b) density stretched over `low` to `high`: humps, slopes and U shapes.

    Args:
        a: Weight of the high end, in [0.5, 1000]; a = b = 1 is Uniform, 0.5 piles up at the ends.
        b: Weight of the low end, in [0.5, 1000].
        low: Where the density starts.
        high: Where it ends.
    """

    a: float
    b: float
    low: Number = 0.0
    high: Number = 1.0

    def __post_init__(self) -> None:
        self._settle()
        for name, weight in (("a", self.a), ("b", self.b)):
            if np.shape(weight) or not 0.5 <= weight <= 1000.0:
                raise ValueError(f"{self} needs {name} in [0.5, 1000]")
        self._order()

    @property
    def ends(self) -> tuple[Number, Number]:
        return self.low, self.high

    def place(self, u: np.ndarray) -> np.ndarray:
        return np.interp(u, *_beta(self.a, self.b))


@dataclass(frozen=True, repr=False, init=False)
class Mixture(Interval):
    """One of several distributions of numbers, by weight: a narrow core with wide tails, two kinds of cube.

    u runs through the mixture from its lowest to its highest value, whatever the order of the parts.
    """

    parts: tuple[Interval, ...]
    weights: tuple[float, ...]

    def __init__(self, *parts: Interval, weights: tuple[float, ...] = ()) -> None:
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "weights", number(tuple(weights) or (1.0,) * len(parts), "Mixture.weights"))
        if not parts or not all(isinstance(part, Interval) for part in parts):
            raise ValueError(f"{self} needs distributions of numbers, such as Uniform(0.9, 1.1)")
        if len(self.weights) != len(parts) or min(self.weights) <= 0:
            raise ValueError(f"{self} needs one weight > 0 for each of its {len(parts)} parts")
        if any(np.shape(low) or np.shape(high) or low >= high for low, high in (p.ends for p in parts)):
            raise ValueError(f"{self} needs parts between two numbers with low < high")

    @property
    def ends(self) -> tuple[Number, Number]:
        return min(part.ends[0] for part in self.parts), max(part.ends[1] for part in self.parts)

    def place(self, u: np.ndarray) -> np.ndarray:
        return np.interp(u, *_mixture(self))

    def __str__(self) -> str:
        parts = ", ".join(map(str, self.parts))
        return f"Mixture({parts}, weights={self.weights})" if len(set(self.weights)) > 1 else f"Mixture({parts})"

    __repr__ = __str__


def _rising(cdf: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make a cumulative distribution strictly rising from 0 to 1, so that it can be read backwards."""
    cdf = (cdf - cdf[0]) / (cdf[-1] - cdf[0])
    return cdf + 1e-12 * (np.linspace(0.0, 1.0, len(cdf)) - cdf), places


@lru_cache(maxsize=1)
def _bell() -> tuple[np.ndarray, np.ndarray]:
    """The normal distribution between -CUT and CUT, as places in [0, 1]."""
    places = np.linspace(0.0, 1.0, _GRID)
    return _rising(np.array([erf(CUT * (2.0 * t - 1.0) / sqrt(2.0)) for t in places]), places)


@lru_cache(maxsize=256)
def _beta(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """The Beta distribution, integrated over an angle: with t = sin^2, its density is finite at the ends."""
    angle = (np.arange(_GRID) + 0.5) * (np.pi / 2.0 / _GRID)
    logarithm = (2.0 * a - 1.0) * np.log(np.sin(angle)) + (2.0 * b - 1.0) * np.log(np.cos(angle))
    cdf = np.concatenate([[0.0], np.cumsum(np.exp(logarithm - logarithm.max()))])
    return _rising(cdf, np.sin(np.linspace(0.0, np.pi / 2.0, _GRID + 1)) ** 2)


@lru_cache(maxsize=256)
def _mixture(mixture: Mixture) -> tuple[np.ndarray, np.ndarray]:
    """The weighted sum of the parts' cumulative distributions over all their values."""
    u = np.linspace(0.0, 1.0, _GRID)
    tables = [part.quantile(u) for part in mixture.parts]
    values = np.unique(np.concatenate(tables))
    cdf = sum(w * np.interp(values, table, u) for w, table in zip(mixture.weights, tables, strict=True))
    return _rising(cdf, (values - values[0]) / (values[-1] - values[0]))
