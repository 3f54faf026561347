"""Randomizers of what lies between a command and its effect."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import LogUniform, Uniform
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


@dataclass(frozen=True)
class Latency(Randomizer):
    """Vary how late actions arrive at the servos and images at the policy [s].

    Args:
        action: From the policy's decision to the servos.
        images: From exposure to the policy.
    """

    # A hobby arm follows its commands 133 ms late (measured, pytorch/rl#4422), servo included, which is
    # `Gain`'s to vary; about half may be transport. Guessed.
    action: Varied = varies("latency.action", Uniform(0.0, 0.06))
    # A USB camera at 30 Hz: exposure, transfer and decoding take one to three frames; guessed.
    images: Varied = varies("latency.images", Uniform(0.0, 0.1))

    signed: ClassVar[bool] = False
