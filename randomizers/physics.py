"""Randomizers of the arm's and the objects' dynamics."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import LogUniform, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Mass(Randomizer):
    """Vary how heavy bodies are [kg]; the engine scales their inertia along with it.

    Args:
        of: Bodies.
        by: How the mass varies.
    """

    of: Targets = "*"
    # Half to double spans objects of one size from soft wood to solid plastic; guessed.
    by: Varied = varies("mass.{of}", nominal * LogUniform(0.5, 2.0))

    target: ClassVar[str] = "body"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Friction(Randomizer):
    """Vary the coefficient of sliding friction of bodies [1].

    Engines combine the two coefficients of a contact differently (PyBullet multiplies them, MuJoCo
    takes the larger), so a coefficient is a setting of an engine, not a property of a material.

    Args:
        of: Bodies.
        by: How the coefficient varies.
    """

    of: Targets = "*"
    # Textbook coefficients of dry sliding run from wood on wood (0.4) to rubber on wood (1.2).
    by: Varied = varies("friction.{of}", Uniform(0.4, 1.2))

    target: ClassVar[str] = "body"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Damping(Randomizer):
    """Vary the viscous friction of joints [N m s/rad]: grease, temperature, wear.

    Args:
        of: Joints.
        by: How the damping varies.
    """

    of: Targets = "*"
    # Guessed; small, for PyBullet's explicit damping explodes above 2 I / dt (measured).
    by: Varied = varies("damping.{of}", nominal * LogUniform(0.5, 2.0))

    target: ClassVar[str] = "joint"
    signed: ClassVar[bool] = False
