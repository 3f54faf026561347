"""Randomizer of things that lie about and do not matter."""

from dataclasses import dataclass

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, Uniform
from randomizers.notation import nominal


@dataclass(frozen=True)
class Distractors(Randomizer):
    """Vary what else lies on the table, outside the workspace: seen, never touched.

    Without distractors a detector of Tobin et al. 2017 (arXiv 1703.06907, table 2) errs by 7 cm
    instead of 2 where clutter appears. Their colours and patterns belong to `Texture`.

    Args:
        count: How many there are; the engine rounds it.
        position: Where each one lies on its band of the table, per component [m].
        size: Edge of a box, diameter of a ball or cylinder [m].
        shape: box, ball or cylinder.
    """

    count: Varied = varies("distractors.count", Choice(0, 1, 2, 3))
    position: Varied = varies("distractors.{of}.position", nominal + Uniform(-0.05, 0.05))
    # From a bottle cap to a mug; guessed.
    size: Varied = varies("distractors.{of}.size", Uniform(0.03, 0.09))
    shape: Varied = varies("distractors.{of}.shape", Choice("box", "ball", "cylinder"))
