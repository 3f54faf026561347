"""Pictures made by formula: every family repeats without a seam, and all pictures of one are made at once.

    paint("wood", Luck("wood", "seen", 24))       # (24, SIZE, SIZE, 3) uint8

A picture depends on its own (pattern, pool, number) and nothing else. They are light: the colour of a surface
multiplies them. Wood, brick and marble mostly have colours of nature, the others any.
"""

import zlib

import numpy as np

SIZE = 64
"""Pixels of a picture's side; on the table a texel is then about as large as a pixel of an 84 px image."""

Y, X = (np.indices((SIZE, SIZE)) + 0.5) / SIZE
"""Centres of the pixels in [0, 1], (SIZE, SIZE) each."""

WOODS = ((0.96, 0.82, 0.60), (0.86, 0.64, 0.42), (0.66, 0.46, 0.32), (0.92, 0.90, 0.86), (0.72, 0.68, 0.64))
BRICKS = ((0.80, 0.42, 0.32), (0.66, 0.36, 0.28), (0.88, 0.72, 0.50), (0.92, 0.90, 0.86), (0.62, 0.62, 0.64))
STONES = ((0.96, 0.95, 0.92), (0.90, 0.84, 0.74), (0.42, 0.44, 0.46), (0.52, 0.66, 0.56), (0.82, 0.62, 0.56))
"""RGB of pine, oak, walnut, painted and weathered wood; of bricks; of marbles. Guessed."""


class Luck:
    """Random numbers of `count` pictures at once; each has a stream of its own."""

    def __init__(self, pattern: str, pool: str, count: int) -> None:
        keys = [zlib.crc32(f"texture.{pattern}.{pool}.{number}".encode()) for number in range(count)]
        self._streams = [np.random.Generator(np.random.Philox(key=key)) for key in keys]

    def random(self, *shape: int) -> np.ndarray:
        """Draw (pictures, *shape) uniformly from [0, 1)."""
        return np.stack([stream.random(shape) for stream in self._streams])

    def between(self, low: float, high: float) -> np.ndarray:
        """Draw one number a picture, (pictures, 1, 1)."""
        return low + (high - low) * self.random(1, 1)

    def one_of(self, options: tuple) -> np.ndarray:
        """Choose one of the options for each picture: (pictures, 1, 1), or (pictures, 1, 1, n) of vectors."""
        chosen = np.asarray(options)[(self.random() * len(options)).astype(int)]
        return chosen[:, None, None]

    def colour(self, low: float, high: float) -> np.ndarray:
        """Draw RGB between two levels, (pictures, 1, 1, 3)."""
        return low + (high - low) * self.random(1, 1, 3)

    def material(self, palette: tuple) -> np.ndarray:
        """Draw a colour near one of a palette, or any light one for a quarter of the pictures."""
        natural = np.clip(self.one_of(palette) + self.colour(-0.06, 0.06), 0.0, 1.0)
        return np.where(self.random(1, 1, 1) < 0.75, natural, self.colour(0.5, 1.0))


def paint(pattern: str, luck: Luck) -> np.ndarray:
    """Make the pictures of a family, (pictures, SIZE, SIZE, 3) uint8 RGB."""
    return np.round(255.0 * np.clip(FAMILIES[pattern](luck), 0.0, 1.0)).astype(np.uint8)


def interpolated(knots: np.ndarray) -> np.ndarray:
    """Stretch knots (pictures, rows, columns) smoothly to (pictures, SIZE, SIZE), periodic at the borders."""
    return _weights(knots.shape[1]) @ knots @ _weights(knots.shape[2]).T


def _weights(cells: int) -> np.ndarray:
    """Weights (SIZE, cells) of periodic Catmull-Rom splines."""
    at = np.arange(SIZE) * cells / SIZE
    low, t = at.astype(int), at % 1.0
    cubic = ((-t + 2 * t**2 - t**3) / 2, (2 - 5 * t**2 + 3 * t**3) / 2,
             (t + 4 * t**2 - 3 * t**3) / 2, (t**3 - t**2) / 2)  # fmt: skip
    weights = np.zeros((SIZE, cells))
    for offset, share in enumerate(cubic):
        np.add.at(weights, (np.arange(SIZE), (low + offset - 1) % cells), share)
    return weights


def clouds(luck: Luck, persistence: float | np.ndarray, cells: tuple[int, ...] = (2, 4, 8, 16, 32)) -> np.ndarray:
    """Sum octaves of value noise to (pictures, SIZE, SIZE) in [0, 1]."""
    total = sum(persistence**k * interpolated(luck.random(n, n)) for k, n in enumerate(cells))
    return _stretched(np.asarray(total))


def _stretched(field: np.ndarray) -> np.ndarray:
    """Scale each picture to [0, 1]."""
    low, high = (edge(field, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    return (field - low) / np.maximum(high - low, 1e-9)


def _step(field: np.ndarray, softness: float | np.ndarray) -> np.ndarray:
    """Pass from 0 to 1 where a field changes its sign, over `softness`."""
    return np.clip(0.5 + field / softness, 0.0, 1.0)


def _mixed(dark: np.ndarray, light: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mix colours (..., 3) by weights (pictures, SIZE, SIZE) in [0, 1]."""
    return dark + weight[..., None] * (light - dark)


def _checker(luck: Luck) -> np.ndarray:
    """Chess boards, oblong ones and diamonds, a little worn."""
    pairs = luck.one_of(((1, 1), (2, 2), (4, 4), (4, 2), (2, 4)))
    leaning = luck.random(1, 1) < 0.3
    u, v = np.where(leaning, X + Y, X), np.where(leaning, X - Y, Y)
    waves = np.sin(2 * np.pi * pairs[..., 0] * u) * np.sin(2 * np.pi * pairs[..., 1] * v)
    worn = 1.0 - luck.between(0.0, 0.2) * clouds(luck, 0.8)
    return _mixed(luck.colour(0.2, 0.7), luck.colour(0.7, 1.0), _step(waves, 0.1)) * worn[..., None]


def _stripes(luck: Luck) -> np.ndarray:
    """Stripes along, across and aslant, thin or wide, sharp or soft; a third are crossed to a plaid."""
    way = luck.one_of(((1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, -2))) * luck.one_of((2, 3, 4, 5))[..., None]
    width, softness, phase = luck.between(-0.7, 0.7), luck.between(0.1, 0.9), luck.between(0.0, 1.0)
    first = _step(np.sin(2 * np.pi * (way[..., 0] * X + way[..., 1] * Y + phase)) - width, softness)
    second = _step(np.sin(2 * np.pi * (way[..., 0] * Y - way[..., 1] * X + phase)) - width, softness)
    crossed = luck.random(1, 1) < 0.33
    return _mixed(luck.colour(0.2, 0.75), luck.colour(0.7, 1.0), np.where(crossed, (first + second) / 2, first))


def _gradient(luck: Luck) -> np.ndarray:
    """Smooth passages between three colours, there and back: along a line, or round a spot."""
    way = luck.one_of(((1, 0), (0, 1), (1, 1), (1, -1)))
    x, y = X + luck.between(0.0, 1.0), Y + luck.between(0.0, 1.0)
    line = 0.5 + 0.5 * np.sin(2 * np.pi * (way[..., 0] * x + way[..., 1] * y))
    spot = (0.5 + 0.25 * (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y))) ** luck.between(0.7, 2.5)
    weight = np.where(luck.random(1, 1) < 0.6, line, spot)
    low, middle, high = luck.colour(0.2, 0.7), luck.colour(0.4, 1.0), luck.colour(0.7, 1.0)
    return _mixed(_mixed(low, middle, weight), _mixed(middle, high, weight), weight)


def _noise(luck: Luck) -> np.ndarray:
    """Value noise: clouds, ridges, or patches with sharp outlines."""
    field = clouds(luck, luck.between(0.5, 0.95))
    ridges = np.abs(2 * clouds(luck, luck.between(0.4, 0.7)) - 1)
    patches = (_step(field - 0.42, 0.04) + _step(field - 0.6, 0.04)) / 2
    kind = luck.random(1, 1)
    weight = np.where(kind < 0.5, field, np.where(kind < 0.75, ridges, patches))
    return _mixed(luck.colour(0.2, 0.75), luck.colour(0.7, 1.0), weight)


def _wood(luck: Luck) -> np.ndarray:
    """One, two or four boards with rings and fine grain along them, and dark joints between."""
    boards = luck.one_of((1, 2, 4))
    board = (Y * boards).astype(int)
    tint, shift = _of_cell(luck.random(4, 1), board, 0), _of_cell(luck.random(4, 1), board, 0)
    bent = interpolated(luck.random(4, 2)) + 0.3 * interpolated(luck.random(8, 4))
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (luck.one_of((3, 5, 8)) * Y + luck.between(0.5, 2.0) * bent + shift))
    grain = interpolated(luck.random(SIZE, 6))
    weight = luck.between(0.2, 0.45) * rings + 0.35 * grain + 0.35 * tint
    seam = np.minimum(Y * boards % 1.0, 1.0 - Y * boards % 1.0) / boards
    joint = np.where(boards > 1, _step(seam - 0.008, 0.016), 1.0)
    light = luck.material(WOODS)
    picture = _mixed(light * luck.colour(0.45, 0.75).mean(axis=-1, keepdims=True), light, weight)
    return _turned(picture * (0.45 + 0.55 * joint)[..., None], luck)


def _of_cell(values: np.ndarray, row: np.ndarray, column: np.ndarray | int) -> np.ndarray:
    """Look values (pictures, rows, columns) up by cell, repeating them: (pictures, SIZE, SIZE)."""
    picture = np.arange(len(values))[:, None, None]
    return values[picture, row % values.shape[1], column % values.shape[2]]


def _turned(pictures: np.ndarray, luck: Luck) -> np.ndarray:
    """Turn half of the pictures by a right angle."""
    return np.where(luck.random(1, 1, 1) < 0.5, pictures, pictures.transpose(0, 2, 1, 3))


def _brick(luck: Luck) -> np.ndarray:
    """Bricks in running bond and stacked tiles, each of its own shade, in light or dark mortar."""
    shape = luck.one_of(((4, 2), (8, 4), (8, 2), (4, 4), (2, 2), (6, 3)))
    rows, columns = shape[..., 0], shape[..., 1]
    row = (Y * rows).astype(int)
    u, v = X * columns + luck.one_of((0.0, 0.5, 0.5)) * (row % 2), Y * rows
    edge = np.minimum(np.minimum(u % 1.0, 1.0 - u % 1.0) / columns, np.minimum(v % 1.0, 1.0 - v % 1.0) / rows)
    shade = _of_cell(luck.random(8, 4), row, u.astype(int) % columns)
    weight = 0.5 + luck.between(0.2, 0.5) * (shade - 0.5) + 0.4 * (clouds(luck, 0.9) - 0.5)
    brick = luck.material(BRICKS) * (0.7 + 0.45 * weight)[..., None]
    mortar = luck.between(0.3, 0.95)[..., None] + luck.colour(-0.05, 0.05)
    return _mixed(mortar, brick, _step(edge - luck.between(0.008, 0.025), 1.0 / SIZE))


def _marble(luck: Luck) -> np.ndarray:
    """Two sets of veins drawn by turbulence (Perlin 1985) on a clouded stone, darker or lighter than it."""
    stone = luck.material(STONES)
    vein = np.where(stone.mean(axis=-1, keepdims=True) > 0.6, 0.35 * stone, 0.4 + 0.6 * stone)
    vein = np.clip(vein + luck.colour(-0.12, 0.12), 0.0, 1.0)
    picture = stone * (1.0 - luck.between(0.05, 0.25) * clouds(luck, 0.6))[..., None]
    for thickness, depth in ((0.3, 0.9), (0.12, 0.6)):
        way = luck.one_of(((1, 1), (1, -1), (1, 2), (2, 1), (0, 1), (1, 0)))
        bent = luck.between(3.0, 9.0) * clouds(luck, 0.5)
        wave = np.abs(np.sin(np.pi * (way[..., 0] * X + way[..., 1] * Y) + bent))
        strength = depth * (0.3 + 0.7 * clouds(luck, 0.5, (2, 4))) * np.exp(-wave / thickness)
        picture = _mixed(picture, vein, strength)
    return picture


def _speckle(luck: Luck) -> np.ndarray:
    """Grains in a plain ground: sand, granite, terrazzo."""
    picture = luck.colour(0.55, 1.0) * np.ones((SIZE, SIZE, 1))
    for cells in (16, 32, SIZE):
        field = interpolated(luck.random(cells, cells))
        ranked = np.sort(field.reshape(-1, SIZE * SIZE), axis=1)
        at = ((1.0 - 0.25 * luck.random()) * (SIZE * SIZE - 1)).astype(int)
        threshold = np.take_along_axis(ranked, at[:, None], axis=1)[..., None]
        picture = _mixed(picture, luck.colour(0.15, 1.0), _step(field - threshold, 0.1))
    return picture


FAMILIES = {
    "checker": _checker,
    "stripes": _stripes,
    "gradient": _gradient,
    "noise": _noise,
    "wood": _wood,
    "brick": _brick,
    "marble": _marble,
    "speckle": _speckle,
}
"""Each makes (pictures, SIZE, SIZE, 3) in about [0, 1] from the luck of its pictures."""
