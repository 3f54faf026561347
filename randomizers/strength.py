"""How far each axis may leave its nominal value, and which axes are held at a fixed place.

    0.5                              half of every range
    {"*": 0.0, "Mass": 1.0}          masses only
    {"mass.cube": (0.2, 0.7)}        an own strength towards each end; other axes stay at 1
    [0.0, 0.5, 1.0]                  one for each world of a batch

0 is nominal bit for bit, 1 the declared range, above 1 extrapolates. A pin fixes the unit coordinate
of an axis: {"mass.cube": 1.0} is the heaviest cube that the strength allows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from randomizers.axis import Axis
from randomizers.distributions import Level, number
from randomizers.errors import unknown

Strength = float | Mapping[str, Any]
Pin = Mapping[str, Any]
PlainStrength = float | dict[str, tuple[float, float]]
PlainPin = dict[str, float]
EVERYTHING = "*"


def plain_strength(strength: Strength, axes: Mapping[str, Axis]) -> PlainStrength:
    """Check a strength and turn it into plain data; families are written in lower case."""
    if not isinstance(strength, Mapping):
        return _pair(strength, "strength")[0]
    families = {axis.family for axis in axes.values()}
    lower = {family.lower() for family in families}
    plain: dict[str, tuple[float, float]] = {}
    for key, level in _flat(strength):
        name = key if key in axes or key == EVERYTHING else key.lower()
        if name not in axes and name not in lower and name != EVERYTHING:
            raise ValueError(unknown("axis or family in strength", key, {*axes, *families, EVERYTHING}))
        plain[name] = _pair(level, f"strength of `{key}`", ends=True)
    return plain


def plain_pin(pin: Pin | None, axes: Iterable[str]) -> PlainPin:
    """Check pins and turn them into plain data."""
    plain: PlainPin = {}
    for name, place in _flat(pin or {}):
        if name not in axes:
            raise ValueError(unknown("axis to pin", name, axes))
        plain[name] = number(place, f"pin of `{name}`")
        if np.ndim(plain[name]) or not 0.0 <= plain[name] <= 1.0:
            raise ValueError(f"pin of `{name}` is {place}; it must be in [0, 1], the two ends of its range")
    return plain


def levels(strengths: Sequence[PlainStrength], axes: Sequence[Axis]) -> tuple[Level, Level]:
    """Look up the strengths towards the low and the high end, each a number or (1 or worlds, 1 or axes)."""
    first = strengths[0]
    if len(strengths) == 1 and not isinstance(first, dict):
        return first, first
    if not any(isinstance(strength, dict) for strength in strengths):
        both = np.array(strengths, float)[:, None]
        return both, both
    pairs = np.array(once(lambda strength: [_level(strength, axis) for axis in axes], strengths), float)
    return pairs[..., 0], pairs[..., 1]


def places(pins: Sequence[PlainPin], axes: Sequence[Axis]) -> np.ndarray:
    """Look up the pinned places, (1 or worlds, axes); NaN where an axis is free."""
    return np.array(once(lambda pin: [pin.get(axis.name, np.nan) for axis in axes], pins), float)


def once(function: Callable[[Any], Any], settings: Sequence[Any]) -> list[Any]:
    """Apply a function to the settings of all worlds, once where worlds share one object."""
    distinct = {id(setting): setting for setting in settings}
    results = {key: function(setting) for key, setting in distinct.items()}
    return [results[id(setting)] for setting in settings]


def _level(strength: PlainStrength, axis: Axis) -> tuple[float, float]:
    """The axis' own strength, else its family's, else that of "*", else 1."""
    if not isinstance(strength, dict):
        return strength, strength
    for key in (axis.name, axis.family.lower(), EVERYTHING):
        if key in strength:
            return strength[key]
    return 1.0, 1.0


def _flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Join the keys of nested mappings by dots: a command line's `pin.mass.cube=1` arrives nested."""
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _pair(strength: Any, what: str, ends: bool = False) -> tuple[float, float]:
    level = number(strength, what)
    pair = level if isinstance(level, tuple) else (level, level)
    if len(pair) != 2 or min(pair) < 0.0 or (isinstance(level, tuple) and not ends):
        either = ", or a pair (towards low, towards high)" if ends else ""
        raise ValueError(f"{what} is {strength}; it must be a number >= 0{either}")
    return float(pair[0]), float(pair[1])
