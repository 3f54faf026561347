"""What is kept of a batch of episodes while they run, a column for each quantity.

    kept = Columns(rows=8)
    kept.add({"goal": goals, "images.front": images})       # (8, 3), (8, 64, 64, 3): one step of all rows
    kept.joined("goal", counts=[20, 31, ...])               # the first 20 steps of row 0, then 31 of row 1, ...
"""

from collections.abc import Mapping, Sequence

import numpy as np

ROOM = 128
"""Steps that are made room for at first; memory that is never written costs nothing."""


class Columns:
    """Arrays that grow by a step at a time; floating-point numbers are kept in single precision at most.

    Args:
        rows: Episodes of the batch.

    Attributes:
        arrays: (rows, room, ...) by name.
        steps: How many are filled.
    """

    def __init__(self, rows: int):
        self.rows, self.steps = rows, 0
        self.arrays: dict[str, np.ndarray] = {}

    def add(self, step: Mapping[str, np.ndarray]) -> None:
        """Keep a step: (rows, ...) of each quantity, the same ones at every step."""
        for name, values in step.items():
            array = self.arrays.get(name)
            if array is None or self.steps >= array.shape[1]:
                array = self.arrays[name] = self._room(array, values)
            array[:, self.steps] = values
        self.steps += 1

    def _room(self, array: np.ndarray | None, values: np.ndarray) -> np.ndarray:
        """Make room for the first steps, or for twice as many."""
        if array is not None:
            return np.concatenate([array, np.empty_like(array)], axis=1)
        kind = np.float32 if values.dtype == np.float64 else values.dtype
        return np.empty((self.rows, ROOM, *values.shape[1:]), kind)

    def joined(self, name: str, counts: Sequence[int]) -> np.ndarray:
        """Give the first steps of the first rows one after the other, (sum of counts, ...)."""
        return np.concatenate([self.arrays[name][row, :count] for row, count in enumerate(counts)])
