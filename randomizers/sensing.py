"""Randomizers of what a camera's lens and sensor do to an image after it is drawn."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Choice, LogUniform, Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Exposure(Randomizer):
    """Vary how bright images come out [1]: automatic exposure settles differently in every room.

    Args:
        of: Cameras.
        by: How the factor on the image varies.
    """

    of: Targets = "*"
    # Half a photographic stop to either side, what automatic exposure may leave over; guessed.
    by: Varied = varies("exposure.{of}", nominal * LogUniform(0.7, 1.4))

    target: ClassVar[str] = "camera"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Noise(Randomizer):
    """Vary the readout noise of the sensor, the same in light and dark; `Lens.shot_noise` is that of the light.

    Args:
        of: Cameras.
        by: How the standard deviation varies [fractions of full scale].
    """

    of: Targets = "*"
    # 0.03 is eight of 256 grey levels, a small sensor in a dim room; guessed.
    by: Varied = varies("noise.{of}", Uniform(0.0, 0.03))

    target: ClassVar[str] = "camera"


@dataclass(frozen=True)
class Lens(Randomizer):
    """Vary lens and sensor: no camera is a pinhole, and none is made like its neighbour.

    Blurs and shifts are in pixels of a 64 px image and grow with the image.

    Args:
        of: Cameras.
        distortion: k1, k2 and p of Brown's model, p for both tangential coefficients; k1 < 0 is a barrel.
        vignetting: Share of light lost in the corners.
        white_balance: Factors on red, green and blue.
        gamma: Exponent of the tone curve.
        shot_noise: Standard deviation of photon noise at full scale [fractions of full scale].
        defocus_px: Standard deviation of the blur of a lens out of focus [px].
        motion_px: Along which vector a moving camera smears, right and down [px].
        rolling_px: How far the last row lies aside of the first in a turning camera [px].
        jpeg: Loss of compression in [0, 1]; quality is 100 - 90 * loss.
        dead_pixels: Share of pixels stuck at black or white.
    """

    of: Targets = "*"
    # What is left after calibrating a webcam, or of one without: barrels of a few percent. Guessed.
    distortion: Varied = varies("lens.{of}.distortion", Uniform((-0.1, -0.03, -0.003), (0.04, 0.03, 0.003)))
    # Half a photographic stop, a cheap lens wide open; guessed.
    vignetting: Varied = varies("lens.{of}.vignetting", Uniform(0.0, 0.3))
    # What automatic white balance leaves over; guessed.
    white_balance: Varied = varies("lens.{of}.white_balance", nominal * Uniform((0.9, 0.97, 0.9), (1.1, 1.03, 1.1)))
    # Tone curves of makers differ by so much about sRGB's; guessed.
    gamma: Varied = varies("lens.{of}.gamma", nominal * LogUniform(0.8, 1.25))
    # 0.02 is a full well of 2500 electrons, a small sensor at high gain.
    shot_noise: Varied = varies("lens.{of}.shot_noise", Uniform(0.0, 0.02))
    # Up to a little more than the pixel grid blurs by itself; guessed.
    defocus_px: Varied = varies("lens.{of}.defocus_px", Uniform(0.0, 0.6))
    # Less than a pixel: cameras stand still, but tables shake. Guessed.
    motion_px: Varied = varies("lens.{of}.motion_px", Uniform(-0.6, 0.6))
    # Likewise.
    rolling_px: Varied = varies("lens.{of}.rolling_px", Uniform(-0.4, 0.4))
    # Most frames of a webcam are compressed before they are made small, which hides it; guessed.
    jpeg: Varied = varies("lens.{of}.jpeg", Choice(0.0, 0.0, 0.0, 0.3))
    # Two pixels of an 84 px image; most sensors have none. Guessed.
    dead_pixels: Varied = varies("lens.{of}.dead_pixels", Choice(0.0, 0.0, 0.0, 0.0003))

    target: ClassVar[str] = "camera"


@dataclass(frozen=True)
class Depth(Randomizer):
    """Vary how badly depth is measured; for what reads depth images, as no task's policy does by default.

    Args:
        of: Cameras.
        noise: Standard deviation of depth as a share of depth squared [1/m].
        holes: Share of depth that is missing, at outlines first.
    """

    of: Targets = "*"
    # The far end is 2 % at 2 m, what the data sheet of the RealSense D435 promises; errors grow with the square.
    noise: Varied = varies("lens.{of}.depth_noise", Uniform(0.0, 0.01))
    # From a matt scene to one with shiny things; guessed.
    holes: Varied = varies("lens.{of}.depth_holes", Uniform(0.0, 0.1))

    target: ClassVar[str] = "camera"
    signed: ClassVar[bool] = False
