"""When values are drawn again: data, so that the worlds alone know about time.

    "startup"          once per process
    "episode"          at every reset
    "step"             at every control step
    Every(2.0, 5.0)    at a reset, and again after random times between 2 and 5 seconds
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from randomizers.distributions import number
from randomizers.errors import unknown
from randomizers.notation import NotationError, parse, read_call
from randomizers.streams import uniforms

WORDS = ("startup", "episode", "step")


@dataclass(frozen=True)
class Every:
    """Draw again after a random time.

    Args:
        low: Shortest time [s], > 0.
        high: Longest time [s].
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        low, high = number(self.low, "Every.low"), number(self.high, "Every.high")
        if np.shape(low) or np.shape(high) or not 0.0 < low <= high:
            raise ValueError(f"{self} needs 0 < low <= high, in seconds")

    def wait(self, seed: ArrayLike, episodes: ArrayLike, ticks: ArrayLike) -> np.ndarray:
        """Time until the next draw [s], (worlds,), addressed by the tick of the last one."""
        u = uniforms(seed, episodes, ticks, (str(self),), (1,))[:, 0]
        return self.low + u * (self.high - self.low)

    def __str__(self) -> str:
        return f"Every({self.low}, {self.high})"


When = str | Every


def moment(written: When) -> When:
    """Read `when`: one of three words, or `Every(low, high)`."""
    if isinstance(written, Every) or written in WORDS:
        return written
    try:
        return read_call(parse(str(written)), {"Every": Every})
    except NotationError as error:
        raise ValueError(unknown("moment", written, (*WORDS, "Every(low, high)"))) from error
