"""Randomizers of when things happen: of actions, images and joint readings on their way, and of the controller.

Times are in seconds; a control step of 20 Hz has 0.05 s, and fractions of it act as fractions. A measured latency
varies as `Latency(action=Empirical('latency.csv'))`. Poses of objects have timing of their own, see `Pose`.
"""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Uniform
from randomizers.notation import nominal


@dataclass(frozen=True)
class Latency(Randomizer):
    """Vary how late actions arrive at the servos, images and joint readings at the policy [s].

    Args:
        action: From the policy's decision to the servos.
        images: From exposure to the policy.
        joints: From the encoders to the policy: of joint positions, opening and the hand they tell.
    """

    # A hobby arm follows its commands 133 ms late (measured, pytorch/rl#4422), servo included, which is
    # `Gain`'s to vary; about half may be transport. Guessed.
    action: Varied = varies("latency.action", Uniform(0.0, 0.06))
    # A USB camera at 30 Hz: exposure, transfer and decoding take one to three frames; guessed.
    images: Varied = varies("latency.images", Uniform(0.0, 0.1))
    # A fieldbus at 1 kHz needs 1 ms, a hobby arm's serial bus with seven servos 20 ms; guessed.
    joints: Varied = varies("latency.joints", Uniform(0.0, 0.02))

    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Jitter(Randomizer):
    """Vary by how much latency differs from step to step: each time, evenly from 0 to this is added to it [s].

    Args:
        action: Of actions on their way to the servos.
        images: Of images on their way to the policy.
        joints: Of joint readings.
    """

    # Scheduling on a Linux without real-time extensions: some milliseconds, 10 under load; guessed.
    action: Varied = varies("jitter.action", Uniform(0.0, 0.01))
    # One frame of a camera at 30 Hz comes early or late; guessed.
    images: Varied = varies("jitter.images", Uniform(0.0, 0.033))
    # As of actions, without the policy's own time; guessed.
    joints: Varied = varies("jitter.joints", Uniform(0.0, 0.005))

    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Dropout(Randomizer):
    """Vary the share of commands and readings that are lost; the last one stays in force [1].

    Args:
        action: Of commands.
        images: Of frames of all cameras together.
        joints: Of joint readings.
    """

    # A poor wireless link or a busy bus loses one in ten; guessed.
    action: Varied = varies("dropout.action", Uniform(0.0, 0.1))
    # So do webcams when the bus or the computer is busy; guessed.
    images: Varied = varies("dropout.images", Uniform(0.0, 0.1))
    # As of commands.
    joints: Varied = varies("dropout.joints", Uniform(0.0, 0.1))

    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Refresh(Randomizer):
    """Vary the time between two readings [s]: 0 is one for each control step, at the step; the phase is drawn too.

    Args:
        images: Between the frames of all cameras.
        joints: Between joint readings.
    """

    # From one frame for each step to the 15 Hz that a webcam falls to in a dim room (data sheets).
    images: Varied = varies("refresh.images", Uniform(0.0, 0.067))
    # From a fast bus to the 30 Hz at which LeRobot reads hobby arms.
    joints: Varied = varies("refresh.joints", Uniform(0.0, 0.033))

    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class ControlRate(Randomizer):
    """Vary the real control period, in shares of the nominal one, rounded to physics steps that are right on average.

    Args:
        period: 1.02 is a controller that runs at 19.6 Hz instead of 20.
        jitter: Each period differs by up to this share, evenly to either side.
    """

    # A loop that sleeps for a fixed time runs late by what its work takes: a few percent; guessed.
    period: Varied = varies("control.period", nominal + Uniform(-0.05, 0.05))
    # 20 % of 50 ms is 10 ms, scheduling under load; guessed.
    jitter: Varied = varies("control.jitter", Uniform(0.0, 0.2))

    signed: ClassVar[bool] = False
