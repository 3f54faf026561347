"""Axes that share an expression are drawn together: seven joints or ten surfaces in one array operation.

Every operation works number by number, so an axis draws the same bits alone, in a group, and in a
batch of any size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from randomizers.axis import Axis
from randomizers.strength import PlainPin, PlainStrength, levels, places


@dataclass(frozen=True, eq=False)
class Group:
    """Axes of one expression and one shape.

    Attributes:
        axes: The axes.
        columns: Where their coordinates stand in a row of unit coordinates.
        nominal: (axes, *shape).
        low: (axes, 1, ...) lower limits.
        high: (axes, 1, ...) upper limits.
    """

    axes: tuple[Axis, ...]
    columns: slice
    nominal: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, axes: Sequence[Axis], start: int) -> "Group":
        """Stack axes of one expression and one shape, whose coordinates begin at `start`."""
        column = (len(axes), *(1,) * len(axes[0].shape))
        low, high = (np.reshape([axis.limits[end] for axis in axes], column) for end in (0, 1))
        columns = slice(start, start + len(axes) * size(axes[0]))
        return cls(tuple(axes), columns, np.stack([axis.nominal for axis in axes]), low, high)

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
        down, up = (_fit(level, 1 + self.nominal.ndim) for level in levels(strengths, self.axes))
        values = first.expression.value(self.nominal, u, down, up)
        if not first.options:
            values = values.clip(self.low, self.high)
        still = np.equal(down, 0.0) & np.equal(up, 0.0)
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
        return (away / reach).reshape(*leading, -1)

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
        centres, reaches = (np.stack(each) for each in zip(*(axis.ruler for axis in self.axes), strict=True))
        return centres, np.where(reaches > 0.0, reaches, np.inf)  # a range without width is always nominal


def groups(axes: Sequence[Axis]) -> list[Group]:
    """Sort axes into groups; coordinates follow each other in the order of the groups and their axes."""
    members: dict[tuple, list[Axis]] = {}
    for axis in axes:
        members.setdefault((axis.expression, axis.shape, axis.options), []).append(axis)
    made: list[Group] = []
    for chosen in members.values():
        made.append(Group.of(chosen, made[-1].columns.stop if made else 0))
    return made


def size(axis: Axis) -> int:
    """Number of unit coordinates of an axis."""
    return int(np.prod(axis.unit_shape, dtype=int))


def _fit(array: Any, dimensions: int) -> Any:
    """Add dimensions of length 1 behind; a number fits as it is."""
    if not isinstance(array, np.ndarray):
        return array
    return array.reshape(*array.shape, *(1,) * (dimensions - array.ndim))
