"""Randomizers of what a camera's sensor does to an image after it is drawn."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import LogUniform, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Exposure(Randomizer):
    """Vary how bright images come out [1]: automatic exposure settles differently in every room.

    Args:
        of: Cameras.
        by: How the factor on the image varies.
    """

    of: Targets = "*"
    # Half a photographic stop to either side, what automatic exposure may leave over; guessed.
    by: Varied = varies("exposure.{of}", nominal * LogUniform(0.7, 1.4))

    target: ClassVar[str] = "camera"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Noise(Randomizer):
    """Vary the noise of the sensor: photon and readout noise, stronger in dim rooms.

    Args:
        of: Cameras.
        by: How the standard deviation varies [fractions of full scale].
    """

    of: Targets = "*"
    # 0.03 is eight of 256 grey levels, a small sensor in a dim room; guessed.
    by: Varied = varies("noise.{of}", Uniform(0.0, 0.03))

    target: ClassVar[str] = "camera"
