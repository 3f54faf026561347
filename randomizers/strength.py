"""How far each axis may leave its nominal value, and which axes are held at a fixed place.

    0.5                              half of every range
    {"*": 0.0, "Mass": 1.0}          masses only
    {"mass.cube": (0.2, 0.7)}        an own strength towards each end; other axes stay at 1
    [0.0, 0.5, 1.0]                  one for each world of a batch

0 is nominal bit for bit, 1 the declared range, above 1 extrapolates. A pin fixes the unit coordinate
of an axis: {"mass.cube": 1.0} is the heaviest cube that the strength allows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from randomizers.distributions import Level, number
from randomizers.errors import unknown

Strength = float | Mapping[str, Any]
Pin = Mapping[str, float]
EVERYTHING = "*"


def plain_strength(strength: Strength, names: Mapping[str, str]) -> float | dict[str, tuple[float, float]]:
    """Check a strength and turn it into plain data.

    Args:
        strength: A number, or a mapping from axis name, family or "*" to a number or (down, up).
        names: Family of every axis.
    """
    if not isinstance(strength, Mapping):
        return _pair(strength, "strength")[0]
    families = {family.lower() for family in names.values()}
    known = {*names, *names.values(), EVERYTHING}
    for key in strength:
        if key not in known and str(key).lower() not in families:
            raise ValueError(unknown("axis or family in strength", key, known))
    return {
        key if key in names else key.lower(): _pair(level, f"strength of `{key}`") for key, level in strength.items()
    }


def level(strength: float | Mapping[str, tuple[float, float]], name: str, family: str) -> tuple[float, float]:
    """Strength (down, up) of one axis: its own, else its family's, else that of "*", else 1."""
    if not isinstance(strength, Mapping):
        return strength, strength
    for key in (name, family.lower(), EVERYTHING):
        if key in strength:
            return strength[key]
    return 1.0, 1.0


def plain_pin(pin: Pin | None, names: Iterable[str]) -> dict[str, float]:
    """Check pins and turn them into plain data."""
    pins = {}
    for name, place in (pin or {}).items():
        if name not in names:
            raise ValueError(unknown("axis to pin", name, names))
        pins[name] = float(number(place, f"pin of `{name}`"))
        if not 0.0 <= pins[name] <= 1.0:
            raise ValueError(f"pin of `{name}` is {place}; it must be in [0, 1], the two ends of its range")
    return pins


def stack(per_world: Sequence[float]) -> Level:
    """One number where all worlds agree, else (worlds,)."""
    return per_world[0] if len(set(per_world)) == 1 else np.array(per_world)


def _pair(level: Any, what: str) -> tuple[float, float]:
    ends = number(level, what)
    pair = ends if isinstance(ends, tuple) else (ends, ends)
    if len(pair) != 2 or min(pair) < 0.0:
        raise ValueError(f"{what} is {level}; it must be a number >= 0, or a pair (towards low, towards high)")
    return float(pair[0]), float(pair[1])
