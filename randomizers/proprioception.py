"""Randomizers of what a policy without cameras is told: joints, gripper and the poses of objects.

The scripted experts and "privileged" observations keep the truth.
"""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Uniform
from randomizers.notation import nominal
from randomizers.shapes import Normal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Encoder(Randomizer):
    """Vary what encoders say of joints and gripper; the hand is told to be where the joints say.

    Args:
        bias: Of each joint [rad].
        noise: Standard deviation of every reading of every joint [rad].
        opening_bias: Of the distance between the finger pads [m].
        opening_noise: Standard deviation of every reading of it [m].
    """

    # A joint zeroed with a jig is off by 0.2 degrees or so: 2 mm at the hand. Guessed.
    bias: Varied = varies("encoder.bias", nominal + Normal(0.0, 0.003))
    # One of 4096 steps of a hobby servo (Feetech STS3215, data sheet) is 1.5e-3 rad: 0.44e-3 as a deviation.
    noise: Varied = varies("encoder.noise", Uniform(0.0, 0.0005))
    # Pads wear and fingers bend by about a millimetre; guessed.
    opening_bias: Varied = varies("opening.bias", nominal + Normal(0.0, 0.001))
    # A tenth of a millimetre of backlash or more; guessed.
    opening_noise: Varied = varies("opening.noise", Uniform(0.0, 0.0005))


@dataclass(frozen=True)
class Pose(Randomizer):
    """Vary what a tracker says of where objects are, and when it says so.

    Args:
        of: Objects.
        position_bias: Per component [m].
        yaw_bias: About the vertical axis [rad].
        position_noise: Standard deviation of every reading, per component [m].
        yaw_noise: Likewise, about the vertical axis [rad].
        latency: From exposure to the policy [s].
        jitter: Of the latency, from step to step [s].
        dropout: Share of readings that are lost; the last one stays [1].
        refresh: Time between two readings [s].
    """

    of: Targets = "*"
    # Hand-eye calibration is good to 2 or 3 mm (as `Camera`), a tag on an object to 1 or 2 more; guessed.
    position_bias: Varied = varies("pose.{of}.position_bias", nominal + Normal(0.0, 0.003))
    # A tag glued on by hand: 1.5 degrees; guessed.
    yaw_bias: Varied = varies("pose.{of}.yaw_bias", nominal + Normal(0.0, 0.025))
    # Tags of 4 cm at 1 m jitter by 1 to 3 mm; guessed.
    position_noise: Varied = varies("pose.{of}.position_noise", Uniform(0.0, 0.003))
    # And by 1 degree; guessed.
    yaw_noise: Varied = varies("pose.{of}.yaw_noise", Uniform(0.0, 0.02))
    # A frame of a camera at 30 Hz and the time to find a tag in it; guessed.
    latency: Varied = varies("pose.{of}.latency", Uniform(0.0, 0.06))
    # Half a frame; guessed.
    jitter: Varied = varies("pose.{of}.jitter", Uniform(0.0, 0.017))
    # The hand hides the object now and then; guessed.
    dropout: Varied = varies("pose.{of}.dropout", Uniform(0.0, 0.1))
    # From a reading for each step to 15 Hz, as of cameras.
    refresh: Varied = varies("pose.{of}.refresh", Uniform(0.0, 0.067))

    target: ClassVar[str] = "object"
