"""Randomizers of furniture, and of things that lie about: seen, of no matter to the task."""

from dataclasses import dataclass

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, Uniform
from randomizers.notation import nominal


@dataclass(frozen=True)
class Distractors(Randomizer):
    """Vary what else lies on the table, outside the workspace: seen, never touched.

    A detector trained without any erred by 7.2 cm instead of 1.8 where there were some (Tobin et al.
    2017, arXiv 1703.06907). Their colours and patterns belong to `Texture`.

    Args:
        count: How many there are.
        position: Where each one lies on its band of the table, per component [m].
        size: Edge of a box, diameter of a ball or cylinder [m].
        shape: box, ball or cylinder.
    """

    # Tobin et al. vary 0 to 10; on 84 pixels a few fill what the workspace leaves free.
    count: Varied = varies("distractors.count", Choice(0, 1, 2, 3))
    # Guessed: about half of the distance between two of their places.
    position: Varied = varies("distractors.{of}.position", nominal + Uniform(-0.05, 0.05))
    # From a bottle cap to a mug; guessed.
    size: Varied = varies("distractors.{of}.size", Uniform(0.03, 0.09))
    # All that the scene has.
    shape: Varied = varies("distractors.{of}.shape", Choice("box", "ball", "cylinder"))


@dataclass(frozen=True)
class Table(Randomizer):
    """Vary how large the table looks and where it stands: its edges must not tell where the camera is.

    What happens on it does not change: its top stays at the height of the arm's base.

    Args:
        size: Factor on length and width.
        position: Shift of its middle along x and y [m].
    """

    # From just large enough for workspace and base to one that fills the image; guessed.
    size: Varied = varies("table.size", nominal * Uniform(0.95, 1.6))
    # About how exactly an arm is bolted to a table that was not made for it; guessed.
    position: Varied = varies("table.position", nominal + Uniform(-0.1, 0.1))
