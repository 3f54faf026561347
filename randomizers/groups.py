"""Axes that share an expression are drawn together: seven joints or ten surfaces in one array operation.

Every operation works number by number, so an axis draws the same bits alone, in a group, and in a
batch of any size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from randomizers.axis import Axis
from randomizers.strength import PlainPin, PlainStrength, levels, places


@dataclass(frozen=True, eq=False)
class Group:
    """Axes of one expression and one shape.

    Attributes:
        axes: The axes.
        columns: (axes, coordinates) where their coordinates stand in a row of unit coordinates.
        nominal: (axes, *shape).
        low: (axes, 1, ...) lower limits.
        high: (axes, 1, ...) upper limits.
    """

    axes: tuple[Axis, ...]
    columns: np.ndarray
    nominal: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, axes: Sequence[Axis], columns: Sequence[np.ndarray]) -> "Group":
        """Stack axes of one expression and one shape."""
        column = (len(axes), *(1,) * len(axes[0].shape))
        low, high = (np.reshape([axis.limits[end] for axis in axes], column) for end in (0, 1))
        return cls(tuple(axes), np.stack(columns), np.stack([axis.nominal for axis in axes]), low, high)

    def draw(
        self, units: np.ndarray, strengths: Sequence[PlainStrength], pins: Sequence[PlainPin]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Map unit coordinates to values.

        Args:
            units: (worlds, coordinates) of all axes of a domain.
            strengths: One for all worlds, or one for each.
            pins: Likewise.

        Returns:
            u: (worlds, axes, *unit_shape), with pinned coordinates in place.
            values: (worlds, axes, *shape).
        """
        first = self.axes[0]
        u = units[:, self.columns].reshape(len(units), len(self.axes), *first.unit_shape)
        if any(pins):
            u = self._pinned(u, places(pins, self.axes))
        down, up = levels(strengths, self.axes)
        down, up = _fit(down, 1 + self.nominal.ndim), _fit(up, 1 + self.nominal.ndim)
        values = first.expression.value(self.nominal, u, down, up)
        if not first.options:
            values = np.clip(values, self.low, self.high)
        still = (down == 0.0) & (up == 0.0)
        if still.any():
            values = np.where(still, self.nominal, values)  # bit for bit, even where x + 0 * y is not x
        u.flags.writeable = values.flags.writeable = False
        return u, values

    def normalised(self, values: np.ndarray) -> np.ndarray:
        """Scale values (..., axes, *shape) to (..., axes * features): 0 is nominal, 1 the far end."""
        first = self.axes[0]
        leading = values.shape[: values.ndim - self.nominal.ndim]
        if first.options:
            return (values[..., None] == self._others).reshape(*leading, -1).astype(float)
        centre, reach = self._ruler
        away = first.expression.distribution.ruler(values) - centre
        return np.divide(away, reach, out=np.zeros_like(away), where=reach > 0.0).reshape(*leading, -1)

    def _pinned(self, u: np.ndarray, held: np.ndarray) -> np.ndarray:
        """Put what is held, (1 or worlds, axes) with NaN where free, in the place of unit coordinates."""
        free = np.isnan(held)
        pinned = self.axes[0].expression.distribution.pinned(u, np.where(free, 0.0, held))
        return np.where(_fit(free, u.ndim), u, pinned)

    @cached_property
    def _others(self) -> np.ndarray:
        """The words of each axis that are not nominal, (axes, words)."""
        return np.array([axis.others for axis in self.axes], str)

    @cached_property
    def _ruler(self) -> tuple[np.ndarray, np.ndarray]:
        centres, reaches = zip(*(axis.ruler for axis in self.axes), strict=True)
        return np.stack(centres), np.stack(reaches)


def groups(axes: Sequence[Axis]) -> list[Group]:
    """Sort axes into groups; coordinates follow each other in the order of `axes`."""
    members: dict[tuple, tuple[list[Axis], list[np.ndarray]]] = {}
    start = 0
    for axis in axes:
        count = size(axis)
        chosen, columns = members.setdefault((axis.expression, axis.shape, axis.options), ([], []))
        chosen.append(axis)
        columns.append(np.arange(start, start + count))
        start += count
    return [Group.of(chosen, columns) for chosen, columns in members.values()]


def size(axis: Axis) -> int:
    """Number of unit coordinates of an axis."""
    return int(np.prod(axis.unit_shape, dtype=int))


def _fit(array: np.ndarray, dimensions: int) -> np.ndarray:
    """Add dimensions of length 1 behind."""
    return array.reshape(*array.shape, *(1,) * (dimensions - array.ndim))
