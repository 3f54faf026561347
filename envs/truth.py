"""Ground truth of a batch in one block of memory, and what becomes of a simulation that blows up.

    truth = Truth(worlds=8, objects=1, joints=7)
    engine.measure(truth.state, row=3)
    truth.settle(rows)
    truth.diverged[3]               # then row 3 of the state is the last sound one
"""

from dataclasses import fields

import numpy as np

from envs.engine import State

SANE = 1e4
"""A joint, position or velocity beyond this is a simulation that blew up [rad, m, rad/s, m/s]."""


class Truth:
    """State of all worlds, and the last sound state of each.

    Attributes:
        state: Written by the engines; each of its arrays is contiguous.
        diverged: (worlds,) bool, the engine's numbers were not finite or absurdly large.
    """

    def __init__(self, worlds: int, objects: int, joints: int):
        self.state, self._now = _packed(worlds, objects, joints)
        self._sound, self._last = _packed(worlds, objects, joints)
        self.diverged = np.zeros(worlds, bool)

    def forget(self, rows: np.ndarray) -> None:
        """Begin episodes: the rows are sound, and nothing of their past is shown if they blow up at once."""
        self.diverged[rows] = False
        for _, sound in self._fields():
            sound[rows] = 0.0

    def settle(self, rows: np.ndarray) -> None:
        """Judge the rows that were measured; those that blew up go back to their last sound state."""
        # The sum of squares catches infinities, NaN and single huge numbers in one cheap pass.
        if not float(np.dot(self._now, self._now)) < SANE**2:
            for row in rows:
                sane = (np.abs(now[row]).max(initial=0.0) < SANE for now, _ in self._fields())
                self.diverged[row] |= not all(sane)
            for now, sound in self._fields():
                now[self.diverged] = sound[self.diverged]
        self._last[:] = self._now

    def _fields(self) -> list[tuple[np.ndarray, np.ndarray]]:
        names = [field.name for field in fields(State)]
        return [(getattr(self.state, name), getattr(self._sound, name)) for name in names]


def _packed(worlds: int, objects: int, joints: int) -> tuple[State, np.ndarray]:
    """Allocate a state whose arrays are parts of one flat array, field after field."""
    shapes = {
        field.name: getattr(State.zeros(worlds, objects, joints), field.name).shape for field in fields(State)
    }
    block, parts, start = np.zeros(sum(int(np.prod(shape)) for shape in shapes.values())), {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        parts[name] = block[start : start + size].reshape(shape)
        start += size
    return State(**parts), block
