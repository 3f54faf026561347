"""Textures by pattern and variant, in two pools that share no picture: one to train on, one to be tested on.

    seen = bank("seen")                                  # loaded once a process, about 2 MB
    row = seen.index(appearance.pattern, appearance.variant)
    seen.pictures[row]                                   # (..., 64, 64, 3) uint8

Procedural pictures are keyed by (pattern, pool, number), so content never depends on what was made before.
The colour of a surface multiplies its picture.
"""

import hashlib
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from envs.rendering.scene import PATTERNS
from randomizers.errors import unknown

POOLS = ("seen", "unseen")
SIZE = 64
"""Pixels of a picture's side; on the table a texel is then about as large as a pixel of an 84 px image."""
VARIANTS = {"seen": 24, "unseen": 12}
MAX_IMAGES = 96
"""Pictures kept of an image folder, spread evenly over its files; bounds memory at about 1 MB."""
IMAGES = Path(__file__).parent / "images"
"""Wood, brick, marble, concrete, cloth, tiles, grass: drawn by formula for this project, no photographs."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class TextureBank:
    """All pictures of one pool.

    Attributes:
        pool: "seen" or "unseen".
        pictures: (pictures, SIZE, SIZE, 3) uint8 RGB; the first is white.
        first: (patterns,) number of the first picture of each of PATTERNS.
        count: (patterns,) how many pictures each has.
    """

    pool: str
    pictures: np.ndarray
    first: np.ndarray
    count: np.ndarray

    def index(self, pattern: np.ndarray, variant: np.ndarray) -> np.ndarray:
        """Pick the picture of each (pattern index, variant in [0, 1]); any equal shapes."""
        within = np.minimum(
            (np.asarray(variant) * self.count[pattern]).astype(np.int64), self.count[pattern] - 1
        )
        return self.first[pattern] + np.maximum(within, 0)


@lru_cache(maxsize=8)
def bank(pool: str = "seen", folder: Path = IMAGES) -> TextureBank:
    """Make or load all pictures of a pool, once a process.

    Args:
        pool: "seen" for training, "unseen" for held-out tests.
        folder: Pictures of the pattern "image"; at least two that differ, of any size.
    """
    if pool not in POOLS:
        raise ValueError(unknown("texture pool", pool, POOLS))
    makers = {"checker": _checker, "noise": _noise, "gradient": _gradient}
    groups = []
    for pattern in PATTERNS:
        if pattern == "flat":
            groups.append(np.full((1, SIZE, SIZE, 3), 255, np.uint8))
        elif pattern == "image":
            groups.append(image_folder(folder, pool))
        else:
            groups.append(np.stack([makers[pattern](_luck(pattern, pool, i)) for i in range(VARIANTS[pool])]))
    count = np.array([len(group) for group in groups])
    pictures = np.concatenate(groups)
    pictures.setflags(write=False)  # One bank serves every renderer of the process.
    return TextureBank(pool, pictures, np.cumsum(count) - count, count)


def image_folder(folder: Path, pool: str) -> np.ndarray:
    """Load a folder's pictures of one pool, resized; every fourth by content hash is unseen.

    Pictures are told apart by their pixels, not their names: a copy can never be in both pools.

    Returns:
        (pictures, SIZE, SIZE, 3) uint8 RGB.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: A picture cannot be read, or fewer than two differ.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"texture folder {folder} does not exist; make it, or leave the pattern `image` out."
        )
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)
    kept = files[:: max(1, -(-len(files) // MAX_IMAGES))]
    pictures = {hashlib.sha256(picture.tobytes()).digest(): picture for picture in map(_load, kept)}
    if len(pictures) < 2:
        raise ValueError(
            f"texture folder {folder} holds {len(pictures)} different picture(s) ({', '.join(SUFFIXES)}); "
            "at least 2 are needed, one to train on and one that stays unseen. Add pictures to it."
        )
    ordered = [pictures[key] for key in sorted(pictures)]
    held_out = max(1, len(ordered) // 4)
    return np.stack(ordered[held_out:] if pool == "seen" else ordered[:held_out])


def _load(path: Path) -> np.ndarray:
    """Read one picture as RGB of the bank's size."""
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    if picture is None:
        raise ValueError(
            f"texture {path} cannot be read as a picture; replace it or take it out of the folder."
        )
    resized = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)


def _luck(pattern: str, pool: str, number: int) -> np.random.Generator:
    """Random numbers of one picture, whatever else was made."""
    key = zlib.crc32(f"texture.{pattern}.{pool}.{number}".encode())
    return np.random.Generator(np.random.Philox(key=key))


def _two_colours(luck: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A light colour and another one that differs visibly."""
    return luck.uniform(0.7, 1.0, 3), luck.uniform(0.2, 0.75, 3)


def _mixed(light: np.ndarray, dark: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mix two colours by weights (SIZE, SIZE) in [0, 1]."""
    return np.round(255.0 * (dark + weight[..., None] * (light - dark))).astype(np.uint8)


def _checker(luck: np.random.Generator) -> np.ndarray:
    """A chess board or stripes."""
    light, dark = _two_colours(luck)
    cells = int(luck.choice([2, 4, 8]))
    line = (np.arange(SIZE) * cells // SIZE) % 2
    striped = luck.random() < 0.3
    weight = np.broadcast_to(line, (SIZE, SIZE)) if striped else line[:, None] ^ line[None, :]
    return _mixed(light, dark, (weight.T if luck.random() < 0.5 else weight).astype(float))


def _noise(luck: np.random.Generator) -> np.ndarray:
    """Cloud-like noise: octaves of value noise that tile without a seam."""
    light, dark = _two_colours(luck)
    total = np.zeros((SIZE, SIZE))
    persistence = luck.uniform(0.5, 0.9)
    for octave in range(1, 6):
        total += persistence**octave * tiling_noise(luck.random((2**octave, 2**octave)))
    return _mixed(light, dark, (total - total.min()) / np.ptp(total))


def tiling_noise(grid: np.ndarray) -> np.ndarray:
    """Interpolate a small random grid smoothly to (SIZE, SIZE), periodic at its borders."""
    padded = np.pad(grid, 2, mode="wrap").astype(np.float32)
    scale = SIZE // len(grid)
    large = cv2.resize(padded, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return large[2 * scale : 2 * scale + SIZE, 2 * scale : 2 * scale + SIZE].astype(float)


def _gradient(luck: np.random.Generator) -> np.ndarray:
    """A smooth passage between two colours, there and back so that it repeats without a seam."""
    light, dark = _two_colours(luck)
    turns = luck.integers(-1, 2, 2)
    if not turns.any():
        turns[0] = 1
    x, y = np.meshgrid(np.arange(SIZE) / SIZE, np.arange(SIZE) / SIZE)
    phase = 2.0 * np.pi * (turns[0] * x + turns[1] * y + luck.random())
    return _mixed(light, dark, 0.5 + 0.5 * np.sin(phase))
