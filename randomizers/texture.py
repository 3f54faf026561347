"""Randomizer of how surfaces look."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Texture(Randomizer):
    """Vary the pattern and the colour of surfaces.

    Args:
        of: Surfaces: floor, wall, table, arm, hand, each object, each distractor.
        pattern: Kind of pattern: flat, checker, noise, gradient, or image from a folder.
        variant: Which texture of that kind, in [0, 1].
        colour: RGB in [0, 1]; multiplies the pattern.
    """

    of: Targets = "*"
    # Tobin et al. 2017 (arXiv 1703.06907) vary flat, gradient and checker; noise and images add fine grain.
    pattern: Varied = varies("texture.{of}.pattern", Choice("flat", "checker", "noise", "gradient", "image"))
    # Which texture of a kind: all of them.
    variant: Varied = varies("texture.{of}.variant", Uniform(0.0, 1.0))
    # Wide, yet about nominal: a red cube stays reddish, so that an image tells which one it is. Guessed.
    colour: Varied = varies("texture.{of}.colour", nominal + Uniform(-0.35, 0.35))

    target: ClassVar[str] = "surface"
