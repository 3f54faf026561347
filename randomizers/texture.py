"""Randomizers of how surfaces look, and of what is seen where there is none."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, LogUniform, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets

PATTERNS = Choice(
    "flat", "checker", "stripes", "gradient", "noise", "wood", "brick", "marble", "speckle", "image"
)  # fmt: skip


@dataclass(frozen=True)
class Texture(Randomizer):
    """Vary the pattern, the colour and the gloss of surfaces.

    Args:
        of: Surfaces: floor, wall, table, arm, hand, each object, each distractor.
        pattern: Kind of pattern: flat, checker, stripes, gradient, noise, wood, brick, marble, speckle, or image
            from a folder.
        variant: Which texture of that kind, in [0, 1].
        colour: RGB in [0, 1]; multiplies the pattern.
        scale: Factor on the texture coordinates; 2 shows twice the tiles.
        turn_deg: Rotation of the texture [deg].
        specular: Strength of highlights, in [0, 1].
        shininess: Exponent of highlights; the higher, the smaller they are.
    """

    of: Targets = "*"
    # Tobin et al. 2017 (arXiv 1703.06907) vary flat, gradient and checker; the others add grain: all there are.
    pattern: Varied = varies("texture.{of}.pattern", PATTERNS)
    # Which texture of a kind: all of them.
    variant: Varied = varies("texture.{of}.variant", Uniform(0.0, 1.0))
    # Each channel by a factor: grey and white things take any tint, while what is red stays red, so that an image
    # tells which one the cube is. Guessed.
    colour: Varied = varies("texture.{of}.colour", nominal * LogUniform(0.5, 1.8))
    # From half to twice the tiles: on the table, tiles of 25 cm to 1 m. Guessed.
    scale: Varied = varies("texture.{of}.scale", nominal * LogUniform(0.5, 2.0))
    # All directions.
    turn_deg: Varied = varies("texture.{of}.turn_deg", Uniform(-180.0, 180.0))
    # From matt paint to varnish; half is what a lacquered table shows beside a window. Guessed.
    specular: Varied = varies("texture.{of}.specular", Uniform(0.0, 0.5))
    # Phong exponents in use run from 5 (rubber) to 100 (polished plastic).
    shininess: Varied = varies("texture.{of}.shininess", LogUniform(5.0, 100.0))

    target: ClassVar[str] = "surface"


@dataclass(frozen=True)
class Background(Randomizer):
    """Vary what a camera sees where nothing stands: a fade between two colours, or a picture.

    Args:
        kind: gradient or image.
        variant: Which picture, in [0, 1].
        top: RGB in [0, 1] at the top of the image.
        bottom: The same at the bottom.
    """

    # Both there are.
    kind: Varied = varies("background.kind", Choice("gradient", "image"))
    # Which picture: all of them.
    variant: Varied = varies("background.variant", Uniform(0.0, 1.0))
    # Any colour: a room may end in a dark corridor or a white window.
    top: Varied = varies("background.top", Uniform(0.0, 1.0))
    # Likewise.
    bottom: Varied = varies("background.bottom", Uniform(0.0, 1.0))
