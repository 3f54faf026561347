"""Randomizers of the light."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, Cone, LogUniform, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Lighting(Randomizer):
    """Vary the main light: where it comes from, its tint and strength, and how much fills the shadows.

    Args:
        direction: Unit vector towards the lamp.
        colour: RGB factor in [0, 2].
        intensity: Factor on its brightness.
        temperature_k: Colour temperature [K]; 6500 is white, a bulb has 2700, a blue sky 10000.
        ambient: Light that comes from everywhere, in [0, 1].
        shadow: How dark shadows are, in [0, 1]; 0 draws none.
    """

    # Lamps hang overhead and aside; 40 degrees keeps the nominal one above the table. Guessed.
    direction: Varied = varies("light.direction", Cone(40.0))
    # What walls and shades add to the colour temperature, per channel; guessed.
    colour: Varied = varies("light.colour", nominal * Uniform(0.85, 1.15))
    # About a photographic stop in all, beside what `Exposure` varies; guessed.
    intensity: Varied = varies("light.intensity", nominal * LogUniform(0.7, 1.4))
    # From a halogen bulb to a cloudy sky; cameras balance away more than that. Guessed.
    temperature_k: Varied = varies("light.temperature_k", nominal * LogUniform(0.5, 1.5))
    # From one hard lamp (0.3) to a room of white walls (0.8); guessed.
    ambient: Varied = varies("light.ambient", Uniform(0.3, 0.8))
    # From an overcast room to a clear lamp; black shadows are rare indoors. Guessed.
    shadow: Varied = varies("light.shadow", Uniform(0.0, 0.6))


@dataclass(frozen=True)
class Lamps(Randomizer):
    """Vary the lights beside the main one: more lamps, a window, a spot over the bench. Nominally all are off.

    Args:
        of: Lamps: 1, 2, 3.
        kind: off, directional (far away), point (a bulb) or spot.
        direction: Unit vector towards a lamp far away; a spot shines the other way.
        position: Where a point or spot lamp stands, per component [m].
        colour: RGB factor in [0, 2].
        intensity: Factor on the brightness; of a point or spot lamp, at 1 m.
        temperature_k: Colour temperature [K].
        cone_deg: Half angle at which a spot has faded out [deg].
        shadow: How dark its shadows are, in [0, 1]; 0 draws none and is faster.
    """

    of: Targets = "*"
    # Half of them off: one and a half more lamps, Tobin et al. 2017 (arXiv 1703.06907) have one to four in all.
    kind: Varied = varies("lamp.{of}.kind", Choice("off", "off", "off", "directional", "point", "spot"))
    # As for the main light.
    direction: Varied = varies("lamp.{of}.direction", Cone(40.0))
    # Lamps on a bench, guessed.
    position: Varied = varies("lamp.{of}.position", nominal + Uniform(-0.4, 0.4))
    # As for the main light.
    colour: Varied = varies("lamp.{of}.colour", nominal * Uniform(0.85, 1.15))
    # Weaker than the main light, mostly; guessed.
    intensity: Varied = varies("lamp.{of}.intensity", nominal * LogUniform(0.4, 2.0))
    # From a warm bulb to a blue sky, which may well be mixed in one room; guessed.
    temperature_k: Varied = varies("lamp.{of}.temperature_k", nominal * LogUniform(0.42, 1.5))
    # From a reading lamp to a floodlight; guessed.
    cone_deg: Varied = varies("lamp.{of}.cone_deg", Uniform(20.0, 50.0))
    # One in three throws shadows that can be seen, for each costs a shadow map; guessed.
    shadow: Varied = varies("lamp.{of}.shadow", Choice(0.0, 0.0, 0.4))

    target: ClassVar[str] = "lamp"
