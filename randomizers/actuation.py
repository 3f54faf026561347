"""Randomizer of the servos; what delays or loses commands is in `randomizers/timing.py`."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import LogUniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Gain(Randomizer):
    """Vary how fast joint servos follow their targets [1/s]: one over their time constant.

    Args:
        of: Joints.
        by: How the rate varies.
    """

    of: Targets = "*"
    # Lags of 20 to 80 ms simulate safely (measured); about a nominal 40 ms this is 32 to 50 ms. Guessed.
    by: Varied = varies("gain.{of}", nominal * LogUniform(0.8, 1.25))

    target: ClassVar[str] = "joint"
    signed: ClassVar[bool] = False
