"""Randomizers of what stands on the table: how large, of which shape, where, and what else is in the way."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Size(Randomizer):
    """Vary how large objects are; mass stays, inertia follows the size. The world is loaded anew.

    Args:
        of: Objects that can be moved.
        by: Factor on all lengths.
    """

    of: Targets = "*"
    # As far apart as wooden blocks of one set; a 4 cm cube stays within a hand that opens 8 cm. Guessed.
    by: Varied = varies("size.{of}", Uniform(0.85, 1.15))

    target: ClassVar[str] = "object"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Form(Randomizer):
    """Vary of which shape objects are: box, or what else their task allows. The world is loaded anew.

    Args:
        of: Objects that may have several shapes.
        by: The kinds of shape.
    """

    of: Targets = "*"
    # Both that two flat fingers hold.
    by: Varied = varies("shape.{of}", Choice("box", "cylinder"))

    target: ClassVar[str] = "object"


@dataclass(frozen=True)
class Clearance(Randomizer):
    """Vary how much room a hole leaves on each side of what goes into it [m]. The world is loaded anew.

    Args:
        of: Objects with a hole.
        by: How the clearance varies.
    """

    of: Targets = "*"
    # From a loose fit of hand-made wood to what a position servo still hits; guessed.
    by: Varied = varies("clearance.{of}", Uniform(0.001, 0.004))

    target: ClassVar[str] = "object with a hole"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Start(Randomizer):
    """Vary where objects stand when an episode begins, beyond the task's own layout.

    Args:
        of: Objects, marks and furniture of the task.
        position: Shift along x and y [m].
        yaw_deg: Turn about the vertical [deg].
    """

    of: Targets = "*"
    # About how exactly a person puts a thing back to its mark; guessed.
    position: Varied = varies("start.{of}.position", nominal + Uniform(-0.015, 0.015))
    # Likewise.
    yaw_deg: Varied = varies("start.{of}.yaw_deg", nominal + Uniform(-8.0, 8.0))

    target: ClassVar[str] = "object"


@dataclass(frozen=True)
class Clutter(Randomizer):
    """Vary what else lies on the table and can be touched: wooden cubes in the way. The world is loaded anew.

    Where one was put into another thing, physics throws them apart before the episode begins; the draw is kept,
    and the episode is told `unstable`.

    Args:
        count: How many there are.
        position: Where each one lies [m].
        size: Its edge [m].
    """

    # As many as fit beside the workspace.
    count: Varied = varies("clutter.count", Choice(0, 1, 2, 3))
    # Around the rim of the workspace: mostly beside, sometimes in the way.
    position: Varied = varies("clutter.{of}.position", nominal + Uniform(-0.05, 0.05))
    # From a die to a mug; guessed.
    size: Varied = varies("clutter.{of}.size", Uniform(0.025, 0.06))
