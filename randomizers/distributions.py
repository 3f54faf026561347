"""Bounded distributions: each maps a unit coordinate u in [0, 1] to a value between two ends.

    Uniform(0.4, 1.2)  LogUniform(0.5, 2.0)  Normal(0.0, 0.01)  Beta(2.0, 5.0, 0.0, 1.0)
    Mixture(Uniform(0.9, 1.1), Uniform(0.5, 2.0))  Choice('flat', 'noise')  Cone(40.0)

A distribution of numbers is two ends and a shape: a rising map from u to the place t in [0, 1]
between the ends. Strength pulls the ends towards the neutral value (the nominal itself, 1 for a
factor, 0 for an offset), so that a fixed u walks steadily away from it as strength grows:

    low'  = (1 - down) * neutral + down * low
    high' = (1 - up) * neutral + up * high
    value = low' + t * (high' - low')

The distributions whose shape is a table live in `randomizers.shapes`.
"""

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

Number = float | tuple[float, ...]
Level = float | np.ndarray  # strength towards one end; broadcasts against the values


@dataclass(frozen=True, repr=False)
class Distribution:
    """A bounded distribution; subclasses say how u becomes a value."""

    @property
    def words(self) -> bool:
        """Whether it gives words instead of numbers."""
        return False

    @abstractmethod
    def at(self, u: np.ndarray, neutral: Any, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        """Map unit coordinates to values, with the ends pulled towards `neutral`.

        Args:
            u: (worlds, ..., *unit_shape) in [0, 1].
            neutral: (..., *shape), the value at strength 0: numbers or words.
            down: Strength of the low end: 0 is neutral, 1 as declared, above 1 extrapolates.
            up: Strength of the high end.

        Returns:
            (worlds, ..., *shape).
        """

    @abstractmethod
    def extremes(self, neutral: Any) -> list[Any]:
        """Values of the shape of `neutral` that span the support at strength 1."""

    def check(self, neutral: Any, nominal: Any) -> None:
        """Raise where this distribution cannot vary such a value."""

    def scaled(self, factor: float) -> "Distribution":
        """Give the same shape with every value times a factor > 0; here every field is a value."""
        return replace(self, **{f.name: times(getattr(self, f.name), factor) for f in fields(self)})

    def unit_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the unit coordinates of one value of `shape`."""
        return shape

    def pinned(self, u: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Fix unit coordinates (worlds, ..., *unit_shape) at places (worlds, ...); 0 and 1 are the ends."""
        return np.broadcast_to(place.reshape(*place.shape, *(1,) * (u.ndim - place.ndim)), u.shape)

    def ruler(self, value: np.ndarray) -> np.ndarray:
        """Where values stand on the scale on which equal steps mean equally much."""
        return value

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(str(getattr(self, f.name)) for f in fields(self))})"

    __repr__ = __str__

    def _settle(self) -> None:
        """Turn every field into a finite number, or a tuple of them."""
        for f in fields(self):
            object.__setattr__(self, f.name, number(getattr(self, f.name), f"{type(self).__name__}.{f.name}"))


class Interval(Distribution):
    """A distribution of numbers between two ends."""

    @property
    @abstractmethod
    def ends(self) -> tuple[Any, Any]:
        """The low and the high end at strength 1."""

    def place(self, u: np.ndarray) -> np.ndarray:
        """Map u to a place between the ends, both in [0, 1]; rising."""
        return u

    def at(self, u: np.ndarray, neutral: Any, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        low, high = map(np.asarray, self.ends)
        low = (1.0 - down) * neutral + down * low
        high = (1.0 - up) * neutral + up * high
        return low + self.place(u) * (high - low)

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """The value at u at strength 1, whatever is neutral."""
        low, high = map(np.asarray, self.ends)
        return low + self.place(u) * (high - low)

    def extremes(self, neutral: Any) -> list[Any]:
        return [np.broadcast_to(end, np.shape(neutral)) for end in self.ends]

    def check(self, neutral: Any, nominal: Any) -> None:
        for end in self.ends:
            if np.shape(end) not in ((), np.shape(nominal)):
                raise ValueError(f"{self} has {np.size(end)} components, the nominal value is {nominal}")

    def _order(self) -> None:
        """Raise unless the low end lies below the high one."""
        low, high = map(np.asarray, self.ends)
        if low.ndim and high.ndim and low.shape != high.shape:
            raise ValueError(f"{self} needs both ends of one length")
        if not np.all(low <= high):
            raise ValueError(f"{self} needs low <= high")


@dataclass(frozen=True, repr=False)
class Uniform(Interval):
    """Equal density between `low` and `high`; a tuple gives each component its own end."""

    low: Number
    high: Number

    def __post_init__(self) -> None:
        self._settle()
        self._order()

    @property
    def ends(self) -> tuple[Any, Any]:
        return self.low, self.high


@dataclass(frozen=True, repr=False)
class LogUniform(Uniform):
    """Equal density between the logarithms of `low` and `high`: halving is as likely as doubling.

    The ends move in logarithms too:

        value = neutral * (low / neutral)^((1 - u) * down) * (high / neutral)^(u * up)
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if not np.all(np.asarray(self.low) > 0):
            raise ValueError(f"{self} needs low > 0, for 0 has no logarithm; use Uniform or a small low end")

    def at(self, u: np.ndarray, neutral: Any, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        low, high = (np.log(np.asarray(end) / neutral) for end in self.ends)
        return neutral * np.exp((1.0 - u) * (down * low) + u * (up * high))

    def quantile(self, u: np.ndarray) -> np.ndarray:
        low, high = map(np.asarray, self.ends)
        return low * (high / low) ** u

    def ruler(self, value: np.ndarray) -> np.ndarray:
        return np.log(value)

    def check(self, neutral: Any, nominal: Any) -> None:
        super().check(neutral, nominal)
        for value, what in ((nominal, f"a nominal value of {nominal}"), (neutral, "an offset")):
            if not np.all(np.asarray(value) > 0):
                raise ValueError(f"{self} cannot vary {what}: logarithms need values > 0; use Uniform")


@dataclass(frozen=True, repr=False, init=False)
class Choice(Distribution):
    """One of several options: words, numbers, or tuples as long as the value.

    Below full strength the nominal is kept more often. u is (pick, gate): the gate opens with
    strength, pick chooses. A pin fixes the pick and opens the gate.
    """

    options: tuple[Any, ...]

    def __init__(self, *options: Any) -> None:
        if not options:
            raise ValueError("Choice() needs at least one option, such as Choice('flat', 'noise')")
        words = [isinstance(option, str) for option in options]
        if any(words) and not all(words):
            raise ValueError(f"Choice{options} mixes words and numbers")
        if not any(words):
            options = tuple(number(option, f"option of Choice{options}") for option in options)
        if len({np.shape(option) for option in options}) > 1:
            raise ValueError(f"Choice{options} needs options of one length")
        object.__setattr__(self, "options", options)

    @property
    def words(self) -> bool:
        return isinstance(self.options[0], str)

    def scaled(self, factor: float) -> Distribution:
        return Choice(*(times(option, factor) for option in self.options))

    def unit_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (2,)

    def at(self, u: np.ndarray, neutral: Any, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        pick, gate = u[..., 0], u[..., 1]  # (worlds, ...)
        inner = np.ndim(neutral) - (pick.ndim - 1)  # dimensions of one value
        options = np.array(self.options)  # (options,), or (options, *shape)
        picked = options[np.minimum((pick * len(options)).astype(int), len(options) - 1)]
        picked = picked[(..., *(None,) * (inner - options.ndim + 1))]
        return np.where(gate[(..., *(None,) * inner)] < (down + up) / 2.0, picked, neutral)

    def pinned(self, u: np.ndarray, place: np.ndarray) -> np.ndarray:
        pick = np.broadcast_to(place, u.shape[:-1])
        return np.stack([pick, np.zeros_like(pick)], axis=-1)

    def extremes(self, neutral: Any) -> list[Any]:
        return [np.broadcast_to(option, np.shape(neutral)) for option in self.options]

    def check(self, neutral: Any, nominal: Any) -> None:
        if np.shape(self.options[0]) not in ((), np.shape(nominal)):
            raise ValueError(f"{self} has options of {len(self.options[0])} components, nominal is {nominal}")

    def __str__(self) -> str:
        return f"Choice({', '.join(map(repr, self.options))})"

    __repr__ = __str__


@dataclass(frozen=True, repr=False)
class Cone(Distribution):
    """A direction within an angle of the nominal unit vector, evenly over the cap of the sphere.

    Strength scales the angle. u is (height, azimuth): height 0 is the nominal direction, 1 the rim.
    A pin fixes the height.

    Args:
        angle_deg: Half the opening angle at strength 1 [deg], in [0, 180].
    """

    angle_deg: float

    def __post_init__(self) -> None:
        self._settle()
        if np.shape(self.angle_deg) or not 0.0 <= self.angle_deg <= 180.0:
            raise ValueError(f"{self} needs one angle in [0, 180] degrees")

    def unit_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (2,)

    def at(self, u: np.ndarray, neutral: Any, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        height, azimuth = u[..., :1], 2.0 * np.pi * u[..., 1:]  # (worlds, ..., 1)
        opening = np.minimum(up * np.deg2rad(self.angle_deg), np.pi)
        fall = height * (1.0 - np.cos(opening))  # one minus the cosine of the angle to nominal
        aside = np.sqrt(fall * (2.0 - fall))
        right, ahead = _across(np.asarray(neutral))
        return neutral - fall * neutral + aside * (np.cos(azimuth) * right + np.sin(azimuth) * ahead)

    def pinned(self, u: np.ndarray, place: np.ndarray) -> np.ndarray:
        return np.stack([np.broadcast_to(place, u.shape[:-1]), u[..., 1]], axis=-1)

    def extremes(self, neutral: Any) -> list[Any]:
        chord = 2.0 * np.sin(np.deg2rad(self.angle_deg) / 2.0)
        return [neutral - chord, neutral + chord]

    def check(self, neutral: Any, nominal: Any) -> None:
        if np.shape(nominal) != (3,) or abs(np.linalg.norm(nominal) - 1.0) > 1e-6:
            raise ValueError(f"{self} varies a unit vector (x, y, z), the nominal value is {nominal}")


def number(value: Any, what: str) -> Any:
    """Check that a value is a finite number or a sequence of them; sequences become tuples."""
    if isinstance(value, bool | str) or value is None:
        raise ValueError(f"{what} must be a number, not {value!r}")
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be a number, not {value!r}") from error
    if array.ndim > 1 or not array.size or not np.all(np.isfinite(array)):
        raise ValueError(f"{what} must be finite, not {value!r}")
    if array.ndim:
        return tuple(array.tolist())
    return value if isinstance(value, int) else float(array)


def times(value: Number, factor: float) -> Number:
    """Multiply a number, or each of several."""
    return tuple(each * factor for each in value) if isinstance(value, tuple) else value * factor


def _across(direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors at right angles to directions (..., 3) and to each other."""
    away = np.eye(3)[np.argmin(np.abs(direction), axis=-1)]
    right = np.cross(direction, away)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return right, np.cross(direction, right)
