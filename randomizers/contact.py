"""Randomizers of what happens where things touch, beside sliding friction (`Friction`)."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import LogUniform, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class SpinningFriction(Randomizer):
    """Vary how much contacts resist turning about their normal [m]: torque over normal force, the size of a patch.

    Args:
        of: Bodies.
        by: How the coefficient varies.
    """

    of: Targets = "*"
    # Two thirds of the radius of a patch 3 mm wide at friction 1; MuJoCo's default of 5 mm keeps a pushed cube from
    # turning, and the scripted expert from pushing it (84 %, measured).
    by: Varied = varies("spinning_friction.{of}", nominal + Uniform(0.0, 0.001))

    target: ClassVar[str] = "body"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class RollingFriction(Randomizer):
    """Vary how much contacts resist rolling [m]: torque over normal force, the lever by which soft ground sags.

    Args:
        of: Bodies.
        by: How the coefficient varies.
    """

    of: Targets = "*"
    # Engineering tables give 0.5 mm for wood on wood; up to twice that for rubber feet and felt. Guessed.
    by: Varied = varies("rolling_friction.{of}", nominal + Uniform(0.0, 0.001))

    target: ClassVar[str] = "body"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Restitution(Randomizer):
    """Vary how bouncy things are [1]; PyBullet multiplies the coefficients of the two bodies that touch.

    Args:
        of: Bodies.
        by: How the coefficient varies.
    """

    of: Targets = "*"
    # Table and fingers have 1 nominally, objects 0: pairs come out between 0 and 0.5, which is wood on wood.
    by: Varied = varies("restitution.{of}", Uniform(0.0, 0.7))

    target: ClassVar[str] = "body"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Pads(Randomizer):
    """Vary how soft the finger pads are; only where fingers move.

    Args:
        stiffness: Force over depth [N/m].
        damping: Force over speed [N s/m].
    """

    # Silicone and rubber of different hardness; guessed.
    stiffness: Varied = varies("pads.stiffness", nominal * LogUniform(0.5, 2.0))
    # Guessed; grasps spin out of the fingers above three times the nominal value (measured).
    damping: Varied = varies("pads.damping", nominal * LogUniform(0.7, 1.4))

    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Contact(Randomizer):
    """Vary how soft everything is that touches and is no finger pad.

    Args:
        compliance: Depth over force, one over the stiffness [m/N].
        relaxation: Time in which a depth is undone, damping over stiffness [s].
    """

    # 0.1 mm/N is 10 N/mm: a mouse mat or felt under a cube; 0 is stone. Guessed.
    compliance: Varied = varies("contact.compliance", Uniform(0.0, 1e-4))
    # Guessed.
    relaxation: Varied = varies("contact.relaxation", nominal * LogUniform(0.5, 2.0))

    signed: ClassVar[bool] = False
