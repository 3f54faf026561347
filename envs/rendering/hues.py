"""Keeps colours apart: what only distracts must not have the colour of what matters.

    shown = apart(colours, forbidden=hues(objects))        # (..., 3) RGB in [0, 1]

A colour that comes too close to a forbidden hue is turned along the circle of hues to the nearest place that does
not; brightness and purity stay. Greys have no hue: they forbid nothing and are left alone.
"""

import numpy as np

GAP_DEG = 40.0
"""Least distance of hues [deg]: red and orange are 30 apart, and a warm lamp makes them one. A choice."""
PURE = 0.25
"""Share of a colour that must not be grey for its hue to matter."""
OPEN_DEG = 280.0
"""Degrees of the circle that may be forbidden at most; with many objects the gap shrinks."""


def hues(colours: np.ndarray) -> np.ndarray:
    """Give the hues of those colours (n, 3) that have one, (m,) [deg]."""
    angle, value, chroma = _split(np.asarray(colours, float).reshape(-1, 3))
    return angle[chroma > PURE * np.maximum(value, 1e-6)]


def apart(colours: np.ndarray, forbidden: np.ndarray) -> np.ndarray:
    """Turn colours (..., 3) away from forbidden hues (m,) [deg]; the others keep every bit."""
    if not len(forbidden):
        return colours
    gap = min(GAP_DEG, 0.5 * OPEN_DEG / len(forbidden))
    angle, value, chroma = _split(colours.astype(float))
    close = (chroma > 0.0) & (_distance(angle[..., None], forbidden).min(axis=-1) < gap)
    if not close.any():
        return colours
    rims = np.concatenate((forbidden - gap, forbidden + gap)) % 360.0
    free = rims[(_distance(rims[:, None], forbidden) > gap - 1e-6).all(axis=1)]
    nearest = free[_distance(angle[..., None], free).argmin(axis=-1)]
    return np.where(close[..., None], _joined(nearest, value, chroma), colours).astype(colours.dtype)


def _split(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give hue [deg], value and chroma of colours (..., 3); the hue of a grey is 0."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    whole = np.where(chroma > 0.0, chroma, 1.0)
    cool = np.where(value == green, (blue - red) / whole + 2.0, (red - green) / whole + 4.0)
    sixth = np.where(value == red, (green - blue) / whole, cool)
    return np.where(chroma > 0.0, 60.0 * sixth % 360.0, 0.0), value, chroma


def _joined(angle: np.ndarray, value: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Make colours (..., 3) again."""
    place = (np.array((5.0, 3.0, 1.0)) + angle[..., None] / 60.0) % 6.0
    return value[..., None] - chroma[..., None] * np.clip(np.minimum(place, 4.0 - place), 0.0, 1.0)


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distance on the circle [deg]."""
    away = np.abs(one - other) % 360.0
    return np.minimum(away, 360.0 - away)
