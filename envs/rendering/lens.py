"""Lens and sensor of every camera, after the picture was drawn; in the order in which light meets them.

    shots = expose(images, lens, fov_deg, addresses, ("front", "side"))    # lens: `Lenses` of the same rows

    distortion, rolling shutter -> defocus, motion blur -> vignetting, exposure, white balance
        -> photon noise, readout noise -> dead pixels -> gamma -> JPEG

What is neutral costs nothing and changes no bit. Randomness is addressed like every other draw: noise belongs to
(seed, episode, tick, camera), dead pixels to (seed, episode, camera), never to the batch an image is part of.
"""

import zlib
from collections.abc import Sequence
from dataclasses import fields
from functools import cache, lru_cache
from statistics import NormalDist

import cv2
import numpy as np

from envs.rendering.scene import Lenses
from randomizers.streams import philox

REFERENCE_PX = 64.0
"""Blurs and shifts are given for images of this size and grow with the image."""
JPEG_LOSS = 90.0
"""Points of JPEG quality lost at full compression."""
EDGE = 0.02
"""Relative step of depth that makes an outline: twice the error of a stereo camera at 1 m. Guessed."""
_WORD, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def pick(lenses: Lenses, where: tuple) -> Lenses:
    """Take the lenses of some rows and cameras, such as `np.ix_(rows, cameras)`."""
    return Lenses(**{field.name: getattr(lenses, field.name)[where] for field in fields(Lenses)})


def expose(
    images: np.ndarray, lens: Lenses, fov_deg: np.ndarray, addresses: np.ndarray, cameras: Sequence[str]
) -> np.ndarray:
    """Take pictures of what was drawn.

    Args:
        images: (n, cameras, height, width, 3) uint8 as drawn.
        lens: Of the same rows and cameras, arrays (n, cameras, ...).
        fov_deg: (n, cameras) vertical field of view [deg].
        addresses: (n, 3) whole numbers: seed, episode, tick of each row.
        cameras: Names in the order of the images; each has its own noise.

    Returns:
        A new array of the same shape, uint8.
    """
    if images.dtype != np.uint8 or images.ndim != 5 or images.shape[1] != len(cameras):
        raise ValueError(
            f"images are {images.dtype} {images.shape}; expected uint8 (n, {len(cameras)}, height, width, 3)."
        )
    shots = np.ascontiguousarray(images).reshape(-1, *images.shape[2:]).copy()
    flat = _flat(lens)
    _bend(shots, flat, fov_deg.ravel())
    _blur(shots, flat)
    _sense(shots, flat, addresses, cameras)
    for i in np.flatnonzero(flat.jpeg > 0.0):
        shots[i] = _compressed(shots[i], float(flat.jpeg[i]))
    return shots.reshape(images.shape)


def measure(
    depth: np.ndarray, lens: Lenses, fov_deg: np.ndarray, addresses: np.ndarray, cameras: Sequence[str]
) -> np.ndarray:
    """Measure depth as a camera does: bent like its image, noisy far away, with holes at outlines.

    Args:
        depth: (n, cameras, height, width) float32 [m], as drawn.
        lens, fov_deg, addresses, cameras: As for `expose`.

    Returns:
        A new array of the same shape; 0 m where nothing was measured.
    """
    measured = np.ascontiguousarray(depth, np.float32).reshape(-1, *depth.shape[2:]).copy()
    flat = _flat(lens)
    _bend(measured, flat, fov_deg.ravel())
    keys = _keys(addresses, cameras, "depth", each_tick=True)
    for i in np.flatnonzero((flat.depth_noise > 0.0) | (flat.depth_holes > 0.0)):
        luck = np.random.Generator(np.random.Philox(key=int(keys[i])))
        image = measured[i]
        order = _outline(image) + luck.random(image.shape)  # outlines first, then anywhere
        image += flat.depth_noise[i] * image * image * luck.standard_normal(image.shape, np.float32)
        np.maximum(image, 0.0, out=image)
        lost = round(float(flat.depth_holes[i]) * image.size)
        if lost:
            image.ravel()[np.argpartition(order.ravel(), -lost)[-lost:]] = 0.0
    return measured.reshape(depth.shape)


def bend(maps: np.ndarray, lens: Lenses, fov_deg: np.ndarray) -> np.ndarray:
    """Distort maps (n, cameras, height, width) as images of these lenses are, without mixing numbers; a new array."""
    bent = np.ascontiguousarray(maps).reshape(-1, *maps.shape[2:]).copy()
    _bend(bent, _flat(lens), fov_deg.ravel())
    return bent.reshape(maps.shape)


def _flat(lens: Lenses) -> Lenses:
    """Lay rows and cameras out in one line."""
    arrays = {field.name: getattr(lens, field.name) for field in fields(Lenses)}
    return Lenses(**{name: array.reshape(-1, *array.shape[2:]) for name, array in arrays.items()})


def _bend(images: np.ndarray, lens: Lenses, fov_deg: np.ndarray) -> None:
    """Distort images or depth, in place."""
    which = np.flatnonzero(lens.distortion.any(axis=-1) | (lens.rolling_px != 0.0))
    if not which.size:
        return
    from envs.rendering import optics

    size = images.shape[1]
    focal = 0.5 * size / np.tan(np.radians(fov_deg[which].astype(float)) / 2.0)
    paths = optics.paths(size, focal, lens.distortion[which], lens.rolling_px[which] * (size / REFERENCE_PX))
    bend = _bent if images.ndim == 4 else _bent_depth
    for i, whole, parts in zip(which, *paths):
        images[i] = bend(images[i], whole, parts)


def _bent(image: np.ndarray, whole: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return cv2.remap(image, whole, parts, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _bent_depth(depth: np.ndarray, whole: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Take the nearest pixels: no depth lies between two things."""
    columns, rows = whole[..., 0] + (parts & 31) // 16, whole[..., 1] + (parts >> 5) // 16
    return depth[np.clip(rows, 0, len(depth) - 1), np.clip(columns, 0, len(depth) - 1)]


def _blur(images: np.ndarray, lens: Lenses) -> None:
    """Blur images of lenses out of focus and of cameras that move, in place."""
    if not (lens.defocus_px.any() or lens.motion_px.any()):
        return
    from envs.rendering.smear import smear

    scale = images.shape[1] / REFERENCE_PX
    ways = [_streak(across, down) for across, down in (scale * lens.motion_px.astype(float)).tolist()]
    sizes = np.array([way.shape for way in ways])
    streaks = np.zeros((len(ways), *sizes.max(axis=0)), np.float32)
    for streak, way in zip(streaks, ways):
        streak[: way.shape[0], : way.shape[1]] = way
    smear(images, (scale * lens.defocus_px).astype(np.float32), streaks, sizes)


@lru_cache(maxsize=512)
def _streak(across: float, down: float) -> np.ndarray:
    """Make the kernel (odd, odd) that smears along a vector [px], its points shared by their four neighbours."""
    vector = np.array((across, down))
    reach = np.ceil(np.abs(vector) / 2.0).astype(int)
    taps = 2 * int(np.ceil(np.hypot(*vector))) + 1
    points = reach + np.linspace(-0.5, 0.5, taps)[:, None] * vector
    whole = np.minimum(points.astype(int), 2 * reach)
    part = points - whole
    kernel = np.zeros((2 * reach[1] + 2, 2 * reach[0] + 2))
    for low in (0, 1):
        for right in (0, 1):
            share = np.abs(1 - right - part[:, 0]) * np.abs(1 - low - part[:, 1])
            np.add.at(kernel, (whole[:, 1] + low, whole[:, 0] + right), share / taps)
    return kernel[:-1, :-1]


def _sense(images: np.ndarray, lens: Lenses, addresses: np.ndarray, cameras: Sequence[str]) -> None:
    """Apply everything that happens pixel by pixel, in place."""
    gain = lens.exposure[:, None] * lens.white_balance
    touched = (gain != 1.0).any(axis=-1) | (lens.gamma != 1.0)
    for share in (lens.vignetting, lens.shot_noise, lens.noise, lens.dead_pixels):
        touched |= share > 0.0
    which = np.flatnonzero(touched)
    if not which.size:
        return
    from envs.rendering import optics

    noise = _keys(addresses, cameras, "noise", each_tick=True)
    dead = _keys(addresses, cameras, "dead", each_tick=False) if lens.dead_pixels.any() else noise
    shots = images[which]
    optics.sense(
        shots,
        gain[which],
        lens.vignetting[which],
        lens.shot_noise[which],
        lens.noise[which],
        lens.dead_pixels[which],
        np.stack((noise, dead), axis=-1)[which],
        quantiles(),
        _curves(lens.gamma[which]),
    )
    images[which] = shots


def _curves(gamma: np.ndarray) -> np.ndarray:
    """Tabulate tone curves (n, 256) uint8; at gamma 1 a curve is the identity."""
    levels = np.arange(256) / 255.0
    return np.rint(255.0 * levels ** gamma[:, None].astype(float)).astype(np.uint8)


@cache
def quantiles() -> np.ndarray:
    """(256,) standard normal values at the middles of 256 equal steps of probability; variance 1."""
    values = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
    return (values / values.std()).astype(np.float32)


def _keys(addresses: np.ndarray, cameras: Sequence[str], what: str, each_tick: bool) -> np.ndarray:
    """Draw a key for each image of each row, (n * cameras,) uint64."""
    seeds, episodes, ticks = (word[:, None] for word in np.asarray(addresses, np.uint64).T)
    names = np.array([zlib.crc32(f"lens.{camera}.{what}".encode()) for camera in cameras], np.uint64)
    now = ticks if each_tick else np.zeros_like(ticks)
    low, high, _, _ = philox((names, episodes, now, np.uint64(0)), (seeds & _WORD, seeds >> _HALF))
    return (low | high << _HALF).ravel()


def _compressed(image: np.ndarray, loss: float) -> np.ndarray:
    """Lose what JPEG loses."""
    quality = round(100.0 - JPEG_LOSS * loss)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)


def _outline(depth: np.ndarray) -> np.ndarray:
    """Mark pixels (height, width) at steps of depth, 0 or 1."""
    marked = np.zeros(depth.shape)
    for axis in (0, 1):
        step = np.abs(np.diff(depth, axis=axis))
        near = np.minimum(np.delete(depth, 0, axis), np.delete(depth, -1, axis))
        edge = step > EDGE * np.maximum(near, 1e-6)
        before, after = [slice(None)] * 2, [slice(None)] * 2
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        marked[tuple(before)] += edge
        marked[tuple(after)] += edge
    return np.minimum(marked, 1.0)
