"""Knobs of a whole batch: one quantity of all worlds, written for many of them in one go.

    column = number(look.ambient, nominal=0.4, unit="1", limits=(0.0, 1.0))
    column.write(rows, values)                  # (n,) rows, (n, *shape) values
    column.knob(3).write(0.7)                   # world 3 alone, as randomizers see it

For what lives in arrays with one row a world: looks, lenses, distractors, latencies. Masses and frictions belong
to an engine, which is one world; they stay knobs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from randomizers.world import Knob, Value

Limits = tuple[float, float]
Rows = np.ndarray | slice
Place = tuple[int | slice, ...]


@dataclass(frozen=True)
class Column:
    """One quantity of all worlds; its attributes mean what those of a `Knob` do.

    Attributes:
        write: Set the values (n, *shape) of the rows, (n,) or a slice.
        read: Ask for the value of one row.
    """

    nominal: Value
    unit: str
    read: Callable[[int], Value]
    write: Callable[[Rows, np.ndarray], None]
    limits: Limits = (-np.inf, np.inf)
    options: tuple[str, ...] = ()
    share: float = 1.0

    def knob(self, row: int) -> Knob:
        """Give the knob of one world."""
        rows = np.array([row])

        def write(value: Value) -> None:
            self.write(rows, np.asarray(value)[None])

        return Knob(self.nominal, self.unit, lambda: self.read(row), write, self.limits, self.options, self.share)


@dataclass(frozen=True)
class Row:
    """One world of a batch as randomizers see it."""

    knobs: Mapping[str, Knob]


class RowKnobs(Mapping[str, Knob]):
    """The knobs of one world: its engine's own, and its row of the columns, made when they are asked for."""

    def __init__(self, own: Mapping[str, Knob], columns: Mapping[str, Column], row: int):
        self._own, self._columns, self._row = own, columns, row

    def __getitem__(self, name: str) -> Knob:
        return self._own[name] if name in self._own else self._columns[name].knob(self._row)

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from self._columns

    def __len__(self) -> int:
        return len(self._own) + len(self._columns)


def number(
    array: np.ndarray,
    nominal: Value | tuple[float, ...],
    unit: str,
    limits: Limits,
    at: Place = (),
    factor: float = 1.0,
) -> Column:
    """A column of numbers or vectors.

    Args:
        array: (worlds, ...), where they live.
        nominal: Of one world, in the column's unit.
        unit: Shown in tables.
        limits: What is possible.
        at: Place of the quantity behind the row.
        factor: What the array holds for each unit of the column.
    """

    def read(row: int) -> Value:
        value = array[beside(row, at)] / factor
        return np.asarray(value, float) if np.ndim(value) else float(value)

    def write(rows: Rows, values: np.ndarray) -> None:
        array[beside(rows, at)] = values if factor == 1.0 else values * factor

    fixed = np.array(nominal) if isinstance(nominal, tuple) else nominal
    return Column(fixed, unit, read, write, limits)


def together(rows: np.ndarray) -> Rows:
    """Write rows (n,) that follow each other as a slice, which numpy reaches twice as fast."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (rows[1:] > rows[:-1]).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def beside(rows: Any, at: Place) -> Any:
    """Index of a place in some rows."""
    return (rows, *at)


def word(array: np.ndarray, nominal: str, options: tuple[str, ...], at: Place = ()) -> Column:
    """A column of words; the array (worlds, ...) holds their places in `options`."""
    order = np.argsort(options)
    known = np.array(options)[order]

    def write(rows: Rows, values: np.ndarray) -> None:
        array[beside(rows, at)] = order[np.searchsorted(known, values)]

    return Column(nominal, "1", lambda row: options[array[beside(row, at)]], write, options=options)
