"""One quantity that varies: an expression, bound to the nominal value and the limits of a knob."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from randomizers.errors import unknown
from randomizers.notation import Expression
from randomizers.when import When
from randomizers.world import Knob, Value


@dataclass(frozen=True, eq=False)
class Axis:
    """One quantity that varies.

    Attributes:
        name: The knob it is written to, such as "mass.cube"; also the address of its numbers.
        unit: SI unit shown in tables and logs; "1" where there is none.
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
        return cls(name, knob.unit, expression, _constant(knob.nominal), knob.limits, knob.options, **about)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of a value; () for a number or a word."""
        return np.shape(self.nominal)

    @cached_property
    def unit_shape(self) -> tuple[int, ...]:
        """Shape of the unit coordinates of one value."""
        return self.expression.distribution.unit_shape(self.shape)

    @cached_property
    def span(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest number at strength 1, within the limits, each of the shape of a value."""
        extremes = np.clip(self.expression.extremes(self.nominal), *self.limits)
        return extremes.min(axis=0), extremes.max(axis=0)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers that stand for this axis in a privileged observation."""
        if self.options:
            return tuple(f"{self.name}={option}" for option in self.others)
        if not self.shape:
            return (self.name,)
        return tuple(f"{self.name}[{i}]" for i in range(np.size(self.nominal)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for reports and passports: what varied, how, and between which values."""
        about = {"family": self.family, "expression": str(self.expression), "when": str(self.when)}
        about |= {"unit": self.unit, "nominal": np.asarray(self.nominal).tolist()}
        if self.options:
            return {**about, "options": self.expression.extremes(self.nominal).tolist()}
        low, high = self.span
        return {**about, "low": low.tolist(), "high": high.tolist()}

    @cached_property
    def others(self) -> list[str]:
        """The words that are not nominal."""
        return [option for option in self.options if option != self.nominal]

    @cached_property
    def ruler(self) -> tuple[np.ndarray, np.ndarray]:
        """Where nominal stands, and how far the farther end of the range is from it."""
        ruler = self.expression.distribution.ruler
        centre = ruler(np.asarray(self.nominal, float))
        return centre, np.max(np.abs(ruler(self.expression.extremes(self.nominal)) - centre), axis=0)

    def _check(self) -> None:
        """Raise for a nominal value or a range that is impossible."""
        self.expression.check(self.nominal)
        extremes = self.expression.extremes(self.nominal)
        if isinstance(self.nominal, str):
            for option in extremes:
                if option not in self.options:
                    raise ValueError(f"`{self.expression}`: {unknown('option', option, self.options)}")
            return
        if not np.all(np.isfinite(self.nominal)):
            raise ValueError(f"the nominal value is {self.nominal}; the engine must give a finite one")
        low, high = extremes.min(axis=0), extremes.max(axis=0)
        if np.any(high < self.limits[0]) or np.any(low > self.limits[1]):
            raise ValueError(self._impossible(low, high, "lies outside of what is possible"))
        if not self.signed and np.any(low < 0.0):
            raise ValueError(self._impossible(low, high, "reaches below 0"))

    def _impossible(self, low: np.ndarray, high: np.ndarray, complaint: str) -> str:
        ends = f"{low} to {high}" if self.shape else f"{low:.4g} to {high:.4g}"
        limits = f"{self.limits[0]:g} to {self.limits[1]:g}"
        return (
            f"`{self.expression}` {complaint}: it spans {ends} {self.unit} about a nominal {self.nominal}, "
            f"the limits are {limits} {self.unit}"
        )


def _constant(value: Value) -> Value:
    """A word as it is, a number as float, an array as a read-only copy."""
    if isinstance(value, str):
        return value
    if not np.ndim(value):
        return float(value)
    array = np.array(value, float)
    array.flags.writeable = False
    return array
