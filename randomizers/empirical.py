"""What was measured, as a distribution: `Latency(action=Empirical('latency.csv', scale=0.001))`.

A file is read once, when the expression is; its values then travel inside, so that YAML, records and workers need no
file. Text files hold a number a line, CSV files a column with or without a title, JSON files a list of numbers.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from randomizers.distributions import Distribution, Interval, number
from randomizers.errors import unknown

MOST = 1001
"""Values that an expression carries; of more, it carries so many quantiles."""
DIGITS = 7
"""Significant digits that are kept of what a file holds."""
LARGEST_BYTES = 50_000_000


@dataclass(frozen=True, repr=False, init=False)
class Empirical(Interval):
    """Values that were measured, each as likely as the others, and everything between neighbours.

    u runs through them from the lowest to the highest in equal steps of probability.

    Args:
        values: At least two numbers, or the name of one file that holds them.
        column: Title of the column to read, where a CSV file has several.
        scale: Factor on the values: 0.001 for a file in milliseconds.
    """

    values: tuple[float, ...]

    def __init__(self, *values: Any, column: str | None = None, scale: float = 1.0) -> None:
        if not isinstance(scale, int | float) or isinstance(scale, bool) or not np.isfinite(scale) or scale == 0.0:
            raise ValueError(f"Empirical needs a finite scale that is not 0, not {scale!r}")
        if len(values) == 1 and isinstance(values[0], str):
            found = _shortened(_read(Path(values[0]), column) * scale)
        elif column is not None:
            raise ValueError(f"Empirical has no file, but column={column!r}")
        else:
            found = np.array(number(values or (np.nan,), "Empirical"), float) * scale
        if found.ndim != 1 or found.size < 2:
            raise ValueError("Empirical needs two numbers or more, or a file: Empirical('latency.csv')")
        if found.size > MOST:
            found = _quantiles(found)
        object.__setattr__(self, "values", tuple(np.sort(found).tolist()))

    @property
    def ends(self) -> tuple[Any, Any]:
        return self.values[0], self.values[-1]

    def scaled(self, factor: float) -> Distribution:
        return Empirical(*self.values, scale=factor)

    def place(self, u: np.ndarray) -> np.ndarray:
        low, high = self.ends
        steps = np.linspace(0.0, 1.0, len(self.values))
        return (np.interp(u, steps, self.values) - low) / (high - low if high > low else 1.0)

    def __str__(self) -> str:
        return f"Empirical({', '.join(map(repr, self.values))})"

    __repr__ = __str__


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, np.linspace(0.0, 1.0, MOST))


def _shortened(values: np.ndarray) -> np.ndarray:
    """Keep so many values and digits as an expression should carry; -0 becomes 0."""
    few = _quantiles(values) if values.size > MOST else values
    return np.array([float(f"{value:.{DIGITS}g}") for value in few]) + 0.0


def _read(path: Path, column: str | None) -> np.ndarray:
    """Read the numbers of a file, (n,).

    Raises:
        ValueError: It is missing, too large, or holds something else; says where.
    """
    if not path.is_file():
        raise ValueError(f"Empirical('{path}'): there is no such file here ({Path.cwd()})")
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"Empirical('{path}') is larger than {LARGEST_BYTES // 1_000_000} MB; thin it out")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"Empirical('{path}') is not text; it must hold numbers as CSV, JSON or lines") from error
    cells = _from_json(path, text) if path.suffix == ".json" else _from_lines(path, text, column)
    found = np.array([_number(path, where, cell) for where, cell in cells])
    if found.size < 2:
        raise ValueError(f"Empirical('{path}') holds {found.size} numbers; a distribution needs two or more")
    return found


Cells = list[tuple[str, Any]]


def _from_json(path: Path, text: str) -> Cells:
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise ValueError(f"Empirical('{path}') is not valid JSON: {error}") from error
    if not isinstance(listed, list):
        raise ValueError(f"Empirical('{path}') must hold a list of numbers such as [0.031, 0.042]")
    return [(f"entry {index + 1}", cell) for index, cell in enumerate(listed)]


def _from_lines(path: Path, text: str, column: str | None) -> Cells:
    """Take one column of lines; a first line that is no number is its title."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=";" if ";" in text else ",")]
    if not rows:
        raise ValueError(f"Empirical('{path}') is empty")
    titled = not all(_is_number(cell) for cell in rows[0])
    titles = rows[0] if titled else []
    if column is not None and column not in titles:
        raise ValueError(f"Empirical('{path}'): {unknown('column', column, titles)}")
    if column is None and len(rows[0]) > 1:
        named = f"; name one of {', '.join(titles)} by column=" if titled else ""
        raise ValueError(f"Empirical('{path}') has {len(rows[0])} columns{named or '; it must have one'}")
    index = titles.index(column) if column is not None else 0
    body = list(enumerate(rows, 1))[1 if titled else 0 :]
    return [(f"row {row}", cells[index] if index < len(cells) else "") for row, cells in body]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: Path, where: str, cell: Any) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str) or not _is_number(str(cell)):
        raise ValueError(f"Empirical('{path}'), {where}: {str(cell)[:40]!r} is not a number")
    if not np.isfinite(float(cell)):
        raise ValueError(f"Empirical('{path}'), {where}: {cell} is not finite")
    return float(cell)
