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


@dataclass(frozen=True)
class Inertia(Randomizer):
    """Vary how hard bodies are to turn at the mass they have [1]: a factor on their inertia.

    Args:
        of: Bodies.
        by: How the factor varies.
    """

    of: Targets = "*"
    # A hollow box has 5/3 of a solid one's inertia at the same mass, a weight in the middle lowers it as much.
    by: Varied = varies("inertia.{of}", nominal * LogUniform(0.6, 1.7))

    target: ClassVar[str] = "body"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class CentreOfMass(Randomizer):
    """Vary where the weight of objects acts [m], from the middle of their shape, in their own axes.

    Args:
        of: Objects.
        by: How the place varies.
    """

    of: Targets = "*"
    # A fifth of the half extent of the cubes: packages whose contents lie to one side. Guessed.
    by: Varied = varies("centre.{of}", nominal + Uniform(-0.005, 0.005))

    target: ClassVar[str] = "object"


@dataclass(frozen=True)
class LinkMass(Randomizer):
    """Vary how heavy the links of the arm are [kg], inertia along with it; the hand belongs to `Mass`.

    Args:
        of: Links.
        by: How the mass varies.
    """

    of: Targets = "*"
    # 20 % with inertia simulates safely (measured), and covers covers, cables and dress packs. Guessed.
    by: Varied = varies("link_mass.{of}", nominal * Uniform(0.8, 1.2))

    target: ClassVar[str] = "link"
    signed: ClassVar[bool] = False
