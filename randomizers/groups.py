"""Axes that share an expression are drawn together: seven joints or ten surfaces in one array operation.

Every operation works number by number, so an axis draws the same bits alone, in a group, and in a
batch of any size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
        held = places(pins, self.axes)  # (1 or worlds, axes), NaN where free
        if not np.all(free := np.isnan(held)):
            pinned = first.expression.distribution.pinned(u, np.where(free, 0.0, held))
            u = np.where(_fit(free, u.ndim), u, pinned)
        down, up = (_fit(level, 1 + self.nominal.ndim) for level in levels(strengths, self.axes))
        values = first.expression.value(self.nominal, u, down, up)
        if not first.options:
            values = np.clip(values, self.low, self.high)
        if np.any(still := (down == 0.0) & (up == 0.0)):
            values = np.where(still, self.nominal, values)  # bit for bit, even where x + 0 * y is not x
        u.flags.writeable = values.flags.writeable = False
        return u, values


def groups(axes: Sequence[Axis]) -> list[Group]:
    """Sort axes into groups; coordinates follow each other in the order of `axes`."""
    members: dict[tuple, tuple[list[Axis], list[np.ndarray]]] = {}
    start = 0
    for axis in axes:
        count = size(axis)
        chosen, columns = members.setdefault((axis.expression, axis.shape), ([], []))
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
