"""Randomizer of the light."""

from dataclasses import dataclass

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Cone, Uniform
from randomizers.notation import nominal


@dataclass(frozen=True)
class Lighting(Randomizer):
    """Vary where the light comes from, its tint, and how much fills the shadows.

    Args:
        direction: Unit vector towards the lamp.
        colour: RGB factor in [0, 2].
        ambient: Light that comes from everywhere, in [0, 1].
        shadow: How dark shadows are, in [0, 1]; 0 draws none.
    """

    # Lamps hang overhead and aside; 40 degrees keeps the nominal one above the table. Guessed.
    direction: Varied = varies("light.direction", Cone(40.0))
    # Between a warm bulb that lacks blue and a bright window, per channel; guessed.
    colour: Varied = varies("light.colour", nominal * Uniform(0.7, 1.2))
    # From one hard lamp (0.3) to a room of white walls (0.8); guessed.
    ambient: Varied = varies("light.ambient", Uniform(0.3, 0.8))
    # From an overcast room to a clear lamp; black shadows are rare indoors. Guessed.
    shadow: Varied = varies("light.shadow", Uniform(0.0, 0.6))
