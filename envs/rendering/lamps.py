"""What lamps of a colour temperature do to what they light.

    tint(2700.0)                     # (3,): a warm bulb, much red and little blue
    glow(look.lamps)                 # (worlds, LIGHTS, 3): colour of each light, with tint and intensity
"""

import numpy as np

from envs.rendering.scene import Lamps

WHITE_K = 6500.0
"""Colour temperature that tints nothing [K]."""
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green, blue; ITU-R BT.709
GAMMA = 2.2
"""Colours of surfaces and images are display values here, hence the tint is one too."""


def tint(temperature_k: np.ndarray | float) -> np.ndarray:
    """Colour of a black body (...,) [K] relative to 6500 K at the same brightness, (..., 3); exactly 1 there."""
    red, green, blue = (
        ours / white for ours, white in zip(_linear(np.asarray(temperature_k, float)), _linear(np.array(WHITE_K)))
    )
    weight_red, weight_green, weight_blue = LUMINANCE
    full = weight_red + weight_green + weight_blue
    brightness = (weight_red * red + weight_green * green + weight_blue * blue) / full
    return (np.stack((red, green, blue), axis=-1) / brightness[..., None]) ** (1.0 / GAMMA)


def glow(lamps: Lamps) -> np.ndarray:
    """Colour of every light with its tint and intensity, (worlds, LIGHTS, 3) float32; kind is not looked at."""
    shade = lamps.colour * lamps.intensity[..., None]
    coloured = lamps.temperature_k != WHITE_K
    if coloured.any():
        shade[coloured] *= tint(lamps.temperature_k[coloured]).astype(np.float32)
    return shade


def _linear(kelvin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linear sRGB of a black body; chromaticities by Kang et al. 2002, valid from 1667 to 25000 K."""
    t = 1000.0 / kelvin
    warm = ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
    cold = ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390
    x = np.where(kelvin <= 4000.0, warm, cold)
    low = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    middle = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    high = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    y = np.where(kelvin <= 2222.0, low, np.where(kelvin <= 4000.0, middle, high))
    big_x, big_z = x / y, (1.0 - x - y) / y
    return (
        np.maximum(3.2406 * big_x - 1.5372 - 0.4986 * big_z, 0.0),
        np.maximum(-0.9689 * big_x + 1.8758 + 0.0415 * big_z, 0.0),
        np.maximum(0.0557 * big_x - 0.2040 + 1.0570 * big_z, 0.0),
    )
