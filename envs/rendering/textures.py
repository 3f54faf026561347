"""Textures by pattern and variant, in two pools that share no picture: one to train on, one to be tested on.

    seen = bank("seen")                                  # made once a process in 0.15 s, 2.5 MB
    row = seen.index(appearance.pattern, appearance.variant)
    seen.pictures[row]                                   # (..., 64, 64, 3) uint8

Procedural pictures are keyed by (pattern, pool, number), images by their content, so the pools can share none.
The colour of a surface multiplies its picture. A bank is made once and only looked up afterwards: however often
looks are redrawn, its memory stays 205 (seen) and 101 (unseen) pictures of 12 KiB, and at most 3.3 MB.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from envs.rendering.patterns import SIZE as SIZE
from envs.rendering.patterns import Luck, paint
from envs.rendering.scene import PATTERNS
from randomizers.errors import unknown

POOLS = ("seen", "unseen")
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

    def background(self, variant: np.ndarray) -> np.ndarray:
        """Pick a picture to stand behind everything for each variant in [0, 1]: any of the pattern "image"."""
        return self.index(np.full(np.shape(variant), PATTERNS.index("image")), variant)


@lru_cache(maxsize=8)
def bank(pool: str = "seen", folder: Path = IMAGES) -> TextureBank:
    """Make or load all pictures of a pool, once a process.

    Args:
        pool: "seen" for training, "unseen" for held-out tests.
        folder: Pictures of the pattern "image"; at least two that differ, of any size.
    """
    if pool not in POOLS:
        raise ValueError(unknown("texture pool", pool, POOLS))
    groups = []
    for pattern in PATTERNS:
        if pattern == "flat":
            groups.append(np.full((1, SIZE, SIZE, 3), 255, np.uint8))
        elif pattern == "image":
            groups.append(image_folder(folder, pool))
        else:
            groups.append(paint(pattern, Luck(pattern, pool, VARIANTS[pool])))
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
