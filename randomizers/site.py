"""Randomizers of where things stand, how they fall, and who bumps into them."""

from dataclasses import dataclass, field
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets
from randomizers.when import Every, When


@dataclass(frozen=True)
class Gravity(Randomizer):
    """Vary how strongly and in which direction things fall: a floor that is not level, seen from the arm.

    Args:
        magnitude: Acceleration [m/s^2].
        tilt_deg: Tilt about x and y [deg].
    """

    # On Earth it differs by 0.3 % to either side; 2 % also stand for what scales and densities leave over. Guessed.
    magnitude: Varied = varies("gravity.magnitude", nominal * Uniform(0.98, 1.02))
    # A table set up without a spirit level; guessed.
    tilt_deg: Varied = varies("gravity.tilt_deg", Uniform(-1.0, 1.0))


@dataclass(frozen=True)
class TablePose(Randomizer):
    """Vary how high the table stands and how level; objects lie on it wherever it is, and cameras see it.

    The scripted experts know the table's nominal height, so ranges of centimetres need policies that see.

    Args:
        height: Of its top above the arm's base [m].
        tilt_deg: Tilt about x and y through the middle of its top [deg].
    """

    # Shims and sagging boards: what is left when an arm is bolted down with care. Guessed.
    height: Varied = varies("table_pose.height", nominal + Uniform(-0.003, 0.003))
    # 3 mm over the workspace of 0.6 m.
    tilt_deg: Varied = varies("table_pose.tilt_deg", nominal + Uniform(-0.3, 0.3))


@dataclass(frozen=True)
class BasePose(Randomizer):
    """Vary where the arm is bolted, while its controller takes it to be at the origin: a calibration error.

    Args:
        position: Of the base from where it is taken to be [m].
        rotation_deg: Turn of the base, as a rotation vector [deg].
    """

    # A hand-eye calibration is good to some millimetres; guessed.
    position: Varied = varies("base_pose.position", Uniform(-0.003, 0.003))
    # 0.3 degrees are 3 mm at a reach of 0.6 m.
    rotation_deg: Varied = varies("base_pose.rotation_deg", Uniform(-0.3, 0.3))


@dataclass(frozen=True)
class Push(Randomizer):
    """Push objects and the hand for a tenth of a second, again and again.

    Args:
        of: Bodies.
        force: In the axes of the arm's base [N].
        when: Random times between two pushes.
    """

    of: Targets = "*"
    # About the weight of the cubes, so that friction holds some of the pushes and not others; guessed.
    force: Varied = varies("push.{of}", Uniform(-0.6, 0.6))
    when: When = field(default=Every(2.0, 6.0), kw_only=True)

    target: ClassVar[str] = "body"
