"""Distributions whose shape has no closed form: Normal, Beta, Mixture.

Each is a table of its cumulative distribution, read backwards: the place t in [0, 1] between the
ends at which the area reaches u. A table is built once, by adding and interpolating alone, and is
good to a few 1e-7 in u.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt
from typing import Any

import numpy as np

from randomizers.distributions import Distribution, Interval, Number, number, times

CUT = 3.0  # standard deviations at which Normal ends
_GRID = 4097  # odd, so that the middle of a bell lies on the grid
Table = tuple[np.ndarray, np.ndarray]  # u and place, both rising from 0 to 1


@dataclass(frozen=True, repr=False)
class Normal(Interval):
    """A bell cut off three standard deviations from its mean, so that it has ends."""

    mean: Number
    std: Number

    def __post_init__(self) -> None:
        self._settle()
        if not np.all(np.asarray(self.std) >= 0):
            raise ValueError(f"{self} needs std >= 0")
        if np.shape(self.mean) and np.shape(self.std) and np.shape(self.mean) != np.shape(self.std):
            raise ValueError(f"{self} needs mean and std of one length")

    @property
    def ends(self) -> tuple[Any, Any]:
        mean, reach = np.asarray(self.mean), CUT * np.asarray(self.std)
        return mean - reach, mean + reach

    def place(self, u: np.ndarray) -> np.ndarray:
        return np.interp(u, *_bell())


@dataclass(frozen=True, repr=False)
class Beta(Interval):
    """A Beta(a, b) density stretched over `low` to `high`: humps, slopes and valleys.

    Args:
        a: In [0.5, 1000]; larger leans towards `high`. a = b = 1 is Uniform, 0.5 piles up at the ends.
        b: In [0.5, 1000]; larger leans towards `low`.
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
    def ends(self) -> tuple[Any, Any]:
        return self.low, self.high

    def scaled(self, factor: float) -> Distribution:
        return Beta(self.a, self.b, times(self.low, factor), times(self.high, factor))

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
        if not parts or not all(isinstance(part, Interval) for part in parts):
            raise ValueError(f"Mixture{parts} needs distributions of numbers, such as Uniform(0.9, 1.1)")
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "weights", number(weights or (1.0,) * len(parts), "Mixture.weights"))
        if np.shape(self.weights) != (len(parts),) or min(self.weights) <= 0.0:
            raise ValueError(f"{self} needs one weight > 0 for each of its {len(parts)} parts")
        if any(np.shape(end) for part in parts for end in part.ends):
            raise ValueError(f"{self} needs parts whose ends are single numbers")
        if any(low >= high for low, high in (part.ends for part in parts)):
            raise ValueError(f"{self} needs parts with low < high")

    @property
    def ends(self) -> tuple[Any, Any]:
        lows, highs = zip(*(part.ends for part in self.parts), strict=True)
        return min(lows), max(highs)

    def scaled(self, factor: float) -> Distribution:
        return Mixture(*(part.scaled(factor) for part in self.parts), weights=self.weights)  # type: ignore[arg-type]

    def place(self, u: np.ndarray) -> np.ndarray:
        return np.interp(u, *_mixture(self))

    def __str__(self) -> str:
        parts = ", ".join(map(str, self.parts))
        weights = f", weights={self.weights}" if len(set(self.weights)) > 1 else ""
        return f"Mixture({parts}{weights})"

    __repr__ = __str__


def _table(area: np.ndarray, place: np.ndarray) -> Table:
    """Scale a cumulative distribution to rise from 0 to 1, strictly, so that it can be read backwards."""
    u = (area - area[0]) / (area[-1] - area[0])
    return u + 1e-12 * (np.linspace(0.0, 1.0, len(u)) - u), place


@lru_cache(maxsize=1)
def _bell() -> Table:
    """The standard normal distribution between -CUT and CUT."""
    place = np.linspace(0.0, 1.0, _GRID)
    return _table(np.array([erf(CUT * (2.0 * t - 1.0) / sqrt(2.0)) for t in place]), place)


@lru_cache(maxsize=256)
def _beta(a: float, b: float) -> Table:
    """The Beta distribution, added up over an angle: with t = sin^2, its density is finite at the ends."""
    step = np.pi / 2.0 / _GRID
    angle = (np.arange(_GRID) + 0.5) * step
    logarithm = (2.0 * a - 1.0) * np.log(np.sin(angle)) + (2.0 * b - 1.0) * np.log(np.cos(angle))
    area = np.concatenate([[0.0], np.cumsum(np.exp(logarithm - logarithm.max()))])
    return _table(area, np.sin(np.arange(_GRID + 1) * step) ** 2)


@lru_cache(maxsize=256)
def _mixture(mixture: Mixture) -> Table:
    """The weighted sum of the parts' cumulative distributions, over all their values."""
    u = np.linspace(0.0, 1.0, _GRID)
    tables = [part.quantile(u) for part in mixture.parts]
    values = np.unique(np.concatenate(tables))
    areas = [w * np.interp(values, table, u) for w, table in zip(mixture.weights, tables, strict=True)]
    return _table(np.sum(areas, axis=0), (values - values[0]) / (values[-1] - values[0]))
