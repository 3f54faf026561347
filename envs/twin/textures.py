"""Pictures of materials that training never shows: planks, cloth, concrete, cork, and patterns.

    bank = textures()                        # {"flat": (), "checker": (image, ..), "noise": .., "image": ..}
    index = pick(len(bank["image"]), 0.3)    # `variant` in [0, 1] -> a picture

All are made from fixed seeds, so that reality looks the same on every machine.
"""

from functools import cache

import numpy as np

SIZE = 128
SMALL = 64


def pick(count: int, variant: float) -> int:
    """Choose one of `count` pictures by a number in [0, 1]."""
    return min(int(float(variant) * count), count - 1)


@cache
def textures() -> dict[str, tuple[np.ndarray, ...]]:
    """Give the pictures (height, width, 3) uint8 of each pattern; "flat" needs none."""
    return {
        "flat": (),
        "checker": tuple(_checker(tiles, dark) for tiles, dark in ((2, 90), (4, 60), (6, 120), (8, 150))),
        "noise": tuple(
            _grey(_clouds(seed, scale), 0.35, 1.0) for seed, scale in ((1, 4), (2, 8), (3, 16), (4, 32))
        ),
        "gradient": tuple(_gradient(kind) for kind in range(4)),
        "stripes": tuple(_stripes(*way) for way in ((4, 0), (0, 6), (3, 3), (2, -4))),
        "wood": (planks(), veneer(), planks().transpose(1, 0, 2), veneer().transpose(1, 0, 2)),
        "brick": tuple(masonry(*shape) for shape in ((8, 4, 0.5), (4, 2, 0.5), (4, 4, 0.0), (8, 2, 0.25))),
        "marble": tuple(veined(seed) for seed in (101, 102, 103, 104)),
        "speckle": (laminate(), cork(), granite(111), granite(112)),
        # An eighth of `variant` each; its nominal 0.5 is planks.
        "image": (concrete(), cork(), cloth(), veneer(), planks(), plaster(), brushed(), laminate()),
    }


def planks() -> np.ndarray:
    """Light boards side by side with dark joints, the table of the lab."""
    rows = np.arange(SIZE)
    board = rows // 32
    grain = np.empty((SIZE, SIZE))
    tint = np.random.default_rng(11).uniform(0.82, 1.0, 4)
    for number in range(4):
        grain[board == number] = _streaks(20 + number)[:32]
    shade = tint[board][:, None] * (0.78 + 0.22 * grain)
    shade[rows % 32 < 1] *= 0.55
    return _tinted(shade, (0.86, 0.68, 0.47))


def veneer() -> np.ndarray:
    """Walnut: long wavy rings."""
    y, x = _grid()
    rings = np.sin(2 * np.pi * (6 * y + 0.6 * np.sin(2 * np.pi * x) + 1.2 * _clouds(31, 4)))
    return _tinted(0.6 + 0.2 * rings + 0.2 * _streaks(32), (0.52, 0.36, 0.24))


def concrete() -> np.ndarray:
    """Grey with stains and pores."""
    shade = 0.62 + 0.25 * _clouds(41, 4) + 0.13 * _clouds(42, 32)
    shade[_clouds(43, 64) < 0.12] *= 0.7
    return _tinted(shade, (0.70, 0.70, 0.68))


def cork() -> np.ndarray:
    """Brown granules."""
    return _tinted(0.45 + 0.4 * _clouds(51, 32) + 0.15 * _clouds(52, 64), (0.74, 0.55, 0.36))


def cloth() -> np.ndarray:
    """A woven table cloth."""
    y, x = np.indices((SIZE, SIZE))
    weave = np.where((x // 2 + y // 2) % 2 == 0, np.cos(x * np.pi / 2), np.cos(y * np.pi / 2))
    return _tinted(0.72 + 0.12 * weave + 0.16 * _clouds(61, 8), (0.46, 0.52, 0.58))


def plaster() -> np.ndarray:
    """A rough painted wall."""
    return _tinted(0.86 + 0.09 * _clouds(71, 16) + 0.05 * _clouds(72, 64), (0.90, 0.87, 0.80))


def brushed() -> np.ndarray:
    """Brushed steel."""
    return _tinted(0.62 + 0.38 * _streaks(81), (0.72, 0.74, 0.77))


def laminate() -> np.ndarray:
    """White board with coloured speckles."""
    rng = np.random.default_rng(91)
    image = np.full((SIZE, SIZE, 3), 0.86)
    spots = rng.random((SIZE, SIZE)) < 0.06
    image[spots] = rng.uniform(0.35, 0.75, (int(spots.sum()), 3))
    return _bytes(image)


def granite(seed: int) -> np.ndarray:
    """Grey stone with dark and pale grains."""
    shade = 0.7 + 0.2 * _clouds(seed, 64) - 0.4 * (_clouds(seed + 10, 64) < 0.3)
    return _tinted(shade, (0.95, 0.93, 0.92))


def veined(seed: int) -> np.ndarray:
    """Pale marble with one set of veins."""
    y, x = _grid()
    wave = np.abs(np.sin(np.pi * (x + y) + 5.0 * _clouds(seed, 4) + 2.0 * _clouds(seed + 10, 16)))
    return _tinted(1.0 - 0.5 * np.exp(-wave / 0.15), (0.93, 0.92, 0.90))


def masonry(rows: int, columns: int, bond: float) -> np.ndarray:
    """A wall of bricks; each row is moved by `bond` bricks."""
    y, x = _grid()
    row = (y * rows).astype(int)
    u, v = x * columns + bond * row, y * rows
    joint = (u % 1.0 < 0.08 * columns / rows) | (v % 1.0 < 0.08 * rows / columns)
    shade = np.random.default_rng(rows * columns).uniform(0.7, 1.0, (rows, columns))
    wall = shade[row, u.astype(int) % columns] * (0.85 + 0.15 * _clouds(91, 32))
    return np.where(joint[..., None], _tinted(wall, (0.8, 0.8, 0.78)), _tinted(wall, (0.76, 0.42, 0.33)))


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.indices((SIZE, SIZE)) / SIZE
    return y, x


def _clouds(seed: int, cells: int) -> np.ndarray:
    """Give smooth seamless noise in [0, 1], `cells` lumps across."""
    knots = np.random.default_rng(seed).random((cells, cells))
    at = np.arange(SIZE) * cells / SIZE
    low, part = at.astype(int), at % 1.0
    high, blend = (low + 1) % cells, part * part * (3.0 - 2.0 * part)
    rows = knots[low] * (1.0 - blend[:, None]) + knots[high] * blend[:, None]
    image = rows[:, low] * (1.0 - blend) + rows[:, high] * blend
    return (image - image.min()) / (np.ptp(image) + 1e-9)


def _streaks(seed: int) -> np.ndarray:
    """Give noise drawn out along x, as in grain or brushed metal, in [0, 1]."""
    rows = np.random.default_rng(seed).random((SIZE, 1))
    wobble = np.roll(_clouds(seed + 1, 8), seed, axis=0)
    return 0.65 * rows + 0.35 * wobble


def _checker(tiles: int, dark: int) -> np.ndarray:
    y, x = np.indices((SMALL, SMALL)) * tiles // SMALL
    grey = np.where((x + y) % 2 == 0, 255, dark).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _stripes(across: int, down: int) -> np.ndarray:
    y, x = np.indices((SMALL, SMALL)) / SMALL
    return _grey((across * x + down * y) % 1.0 < 0.5, 0.4, 1.0)


def _gradient(kind: int) -> np.ndarray:
    """A fade along y, along x, across, or from the middle; seamless where it repeats."""
    y, x = np.indices((SMALL, SMALL)) / SMALL
    fade = (
        np.abs(2 * y - 1),
        np.abs(2 * x - 1),
        np.abs(2 * ((x + y) % 1.0) - 1),
        np.clip(np.hypot(x - 0.5, y - 0.5) * 1.6, 0, 1),
    )[kind]
    return _grey(fade, 0.45, 1.0)


def _grey(shade: np.ndarray, low: float, high: float) -> np.ndarray:
    return _tinted(low + (high - low) * shade, (1.0, 1.0, 1.0))


def _tinted(shade: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """Colour a grey picture; its brightest point becomes about the colour."""
    return _bytes(shade[..., None] * np.asarray(colour))


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.round(np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)
