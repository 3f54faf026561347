"""One quantity that varies: its expression, bound to the nominal value and limits of a knob."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from randomizers.distributions import Level
from randomizers.errors import unknown
from randomizers.notation import Expression
from randomizers.when import When
from randomizers.world import Knob, Value


@dataclass(frozen=True, eq=False)
class Axis:
    """One quantity that varies.

    Attributes:
        name: The knob it is written to, such as "mass.cube"; also the address of its draws.
        unit: SI unit shown in logs; "1" where there is none.
        expression: How it varies.
        nominal: Its value in the unrandomized world: a number, an array or one of `options`.
        limits: What is physically possible; values are clipped to it.
        options: The allowed words, where the value is a word.
        when: When it is drawn again.
        family: Class of the randomizer that owns it, such as "Mass".
        signed: False where a range that reaches below zero is a mistake (a mass), not generosity.
    """

    name: str
    unit: str
    expression: Expression
    nominal: Value
    limits: tuple[float, float] = (-np.inf, np.inf)
    options: tuple[str, ...] = ()
    when: When = "episode"
    family: str = ""
    signed: bool = True

    def __post_init__(self) -> None:
        try:
            self._check()
        except ValueError as error:
            raise ValueError(f"`{self.name}`: {error}") from error

    @classmethod
    def of(cls, name: str, knob: Knob, expression: Expression, **about: Any) -> "Axis":
        """Bind an expression to a knob; the nominal value is copied, so later writes cannot change it."""
        nominal = knob.nominal if isinstance(knob.nominal, str) else _constant(knob.nominal)
        return cls(name, knob.unit, expression, nominal, knob.limits, knob.options, **about)

    def value(self, u: np.ndarray, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        """Map unit coordinates (worlds, *unit_shape) to values (worlds, *shape of nominal)."""
        drawn = self.expression.value(self.nominal, u, down, up)
        if not self.options:
            drawn = np.minimum(np.maximum(drawn, self.limits[0]), self.limits[1])
        still = (np.asarray(down) == 0.0) & (np.asarray(up) == 0.0)
        return np.where(still, self.nominal, drawn) if still.any() else drawn

    @property
    def unit_shape(self) -> tuple[int, ...]:
        """Shape of the unit coordinates that one draw of one world needs."""
        return self.expression.distribution.unit_shape(np.shape(self.nominal))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers that stand for this axis in a privileged observation."""
        if self.options:
            return tuple(f"{self.name}={option}" for option in self.options if option != self.nominal)
        if not np.ndim(self.nominal):
            return (self.name,)
        return tuple(f"{self.name}[{i}]" for i in range(np.size(self.nominal)))

    def normalised(self, value: Any) -> np.ndarray:
        """Scale values (..., *shape of nominal) to (..., features): 0 is nominal, 1 the far end at strength 1."""
        if self.options:
            words = [option for option in self.options if option != self.nominal]
            return (np.asarray(value)[..., None] == np.array(words)).astype(float)
        scale = self.expression.distribution.axis
        centre = scale(np.asarray(self.nominal, float))
        reach = np.max(np.abs(scale(self.expression.extremes(self.nominal)) - centre), axis=0)
        away = scale(np.asarray(value, float)) - centre
        ratio = np.divide(away, reach, out=np.zeros_like(away), where=reach > 0.0)
        return ratio.reshape(*away.shape[: away.ndim - np.ndim(self.nominal)], -1)

    def _check(self) -> None:
        self.expression.check(self.nominal)
        extremes = self.expression.extremes(self.nominal)
        if isinstance(self.nominal, str):
            for option in extremes:
                if option not in self.options:
                    raise ValueError(unknown("option", option, self.options))
            return
        low, high = extremes.min(axis=0), extremes.max(axis=0)
        if not np.all(np.isfinite(np.asarray(self.nominal, float))):
            raise ValueError(f"nominal is {self.nominal}; it must be finite")
        if np.any(high < self.limits[0]) or np.any(low > self.limits[1]):
            raise ValueError(self._reaches(low, high, "no value of it is possible"))
        if not self.signed and np.any(low < 0.0):
            raise ValueError(self._reaches(low, high, "it must not reach below 0"))

    def _reaches(self, low: np.ndarray, high: np.ndarray, complaint: str) -> str:
        return (
            f"`{self.expression}` ranges from {low} to {high} {self.unit} about a nominal {self.nominal}; "
            f"{complaint} (limits {self.limits[0]} to {self.limits[1]} {self.unit})"
        )


def _constant(value: float | np.ndarray) -> Value:
    """A number as float; an array as a read-only copy, float64."""
    if not np.ndim(value):
        return float(value)
    array = np.array(value, float)
    array.flags.writeable = False
    return array
