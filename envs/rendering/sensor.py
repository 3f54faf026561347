"""The camera's sensor: exposure, saturation and readout noise, after the picture was drawn.

    shots = expose(images, look.exposure, look.noise, address, ("front", "side"))

Noise is addressed like every other draw: an image's noise depends on its own seed, episode, tick and camera,
never on the batch it is part of. At exposure 1 and noise 0 nothing changes, bit for bit.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import cv2
import numpy as np

WORD = 2**64


@cache
def _quantiles() -> np.ndarray:
    """(256,) standard normal values at the middles of 256 equal steps of probability; variance 1."""
    values = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
    return (values / values.std()).astype(np.float32)


def expose(
    images: np.ndarray,
    exposure: np.ndarray,
    noise: np.ndarray,
    address: Sequence[Sequence[int]] | np.ndarray,
    cameras: Sequence[str],
) -> np.ndarray:
    """Model exposure time and gain with saturation, and the readout noise of a sensor in dim light.

    Args:
        images: (n, cameras, height, width, 3) uint8 as drawn.
        exposure: (n, cameras) factor on the image; what exceeds full scale is cut.
        noise: (n, cameras) standard deviation in fractions of full scale.
        address: (n, 3) integers seed, episode, tick of each row.
        cameras: Names in the order of the images; each has its own noise.

    Returns:
        A new array of the same shape, uint8.
    """
    if images.dtype != np.uint8 or images.ndim != 5 or images.shape[1] != len(cameras):
        raise ValueError(
            f"images are {images.dtype} {images.shape}; expected uint8 (n, {len(cameras)}, height, width, 3)."
        )
    result = np.empty_like(images)
    for row, place in enumerate(address):
        for slot, camera in enumerate(cameras):
            gain, sigma = float(exposure[row, slot]), float(noise[row, slot])
            shot = amplified(images[row, slot], gain)
            result[row, slot] = shot if sigma <= 0.0 else _noisy(shot, sigma, place, camera)
    return result


def amplified(image: np.ndarray, gain: float) -> np.ndarray:
    """Multiply a uint8 image by a gain, rounded and cut at full scale."""
    table = np.clip(np.rint(np.arange(256) * gain), 0, 255).astype(np.uint8)
    return cv2.LUT(image, table)


def _noisy(image: np.ndarray, sigma: float, place: Sequence[int] | np.ndarray, camera: str) -> np.ndarray:
    """Add normal noise (cut at 2.9 sigma) to a uint8 image."""
    bytes_ = random_bytes(place, camera, image.size).reshape(image.shape)
    table = _quantiles() * np.float32(255.0 * sigma)
    return np.clip(np.rint(image + table[bytes_]), 0, 255).astype(np.uint8)


def random_bytes(place: Sequence[int] | np.ndarray, camera: str, count: int) -> np.ndarray:
    """Draw `count` bytes that belong to (seed, episode, tick, camera); Philox counts in its lowest word."""
    seed, episode, tick = (int(number) % WORD for number in place)
    key = np.array([seed, episode], np.uint64)
    counter = np.array([0, tick, zlib.crc32(camera.encode()), zlib.crc32(b"noise")], np.uint64)
    return np.frombuffer(
        np.random.Generator(np.random.Philox(key=key, counter=counter)).bytes(count), np.uint8
    )
