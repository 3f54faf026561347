"""Looks of a batch of worlds as the arrays the kernel reads, and textures with their smaller copies."""

import numpy as np

from envs.rendering.lamps import glow
from envs.rendering.raster.layout import (
    CONE_COS,
    CONE_GAIN,
    CONE_TAN,
    EXPONENT,
    GLOSS,
    GLOW,
    KIND,
    LIGHT,
    PICTURE_OF,
    PLACE,
    SHADOW,
    SPOT,
    SURFACE,
    TINT,
    TOWARDS,
    TURN_COS,
    TURN_SIN,
    VIEW,
)
from envs.rendering.scene import BACKGROUNDS, Appearance, Lamps
from envs.rendering.stage import DIFFUSE
from envs.rendering.textures import TextureBank

FADE = 0.7
"""Share of a spot's cone, from the middle, that is fully lit; a choice."""
WIDEST_DEG = 80.0
"""Half angle beyond which a spot's shadow map would have no texel left for its middle."""


_PACKED: dict[int, tuple[TextureBank, np.ndarray]] = {}


def pack_textures(bank: TextureBank) -> np.ndarray:
    """Give all pictures with their mip maps, once per bank and process: (pictures * 2 * side * side,) int32.

    Raises:
        ValueError: Pictures are not square, or their side is no power of two.
    """
    known = _PACKED.get(id(bank))
    if known is None or known[0] is not bank:
        _PACKED[id(bank)] = known = (bank, mip_maps(bank.pictures))
        while len(_PACKED) > 4:  # Banks of former renderers; those still drawing keep their own reference.
            del _PACKED[next(iter(_PACKED))]
    return known[1]


def mip_maps(pictures: np.ndarray) -> np.ndarray:
    """Pack pictures (n, side, side, 3) uint8 as 0xBBGGRR texels, each followed by itself at half the size, and so on.

    The first row of texels is the bottom of a picture, where v is 0.
    """
    count, side = pictures.shape[:2]
    if pictures.shape != (count, side, side, 3) or side & (side - 1) or not side:
        raise ValueError(f"pictures are {pictures.shape}; they must be (n, side, side, 3), side a power of two.")
    packed = np.zeros((count, 2 * side, side), np.int32)
    level = pictures[:, ::-1].astype(np.float32)
    while True:
        size = level.shape[1]
        first = 2 * side - 2 * size
        whole = np.rint(level).astype(np.int32)
        packed[:, first : first + size, :size] = whole[..., 0] | whole[..., 1] << 8 | whole[..., 2] << 16
        if size == 1:
            return packed.ravel()
        level = level.reshape(count, size // 2, 2, size // 2, 2, 3).mean(axis=(2, 4))


def pack_surfaces(look: Appearance, rows: np.ndarray, bank: TextureBank) -> np.ndarray:
    """Give colours, highlights, pictures and texture transforms: (n, surfaces, SURFACE) float32."""
    colour = look.colour[rows]
    packed = np.empty((*colour.shape[:2], SURFACE), np.float32)
    packed[..., TINT : TINT + 3] = colour
    packed[..., GLOSS] = look.specular[rows]
    packed[..., EXPONENT] = look.shininess[rows]
    packed[..., PICTURE_OF] = bank.index(look.pattern[rows], look.variant[rows])
    scale, turn = look.texture_scale[rows], look.texture_turn[rows]
    packed[..., TURN_COS] = scale * np.cos(turn)
    packed[..., TURN_SIN] = scale * np.sin(turn)
    return packed


def pack_lights(lamps: Lamps, rows: np.ndarray) -> np.ndarray:
    """Give kind, place, direction, colour, cone and shadow of all lights: (n, lights, LIGHT) float32."""
    of = Lamps(**{name: getattr(lamps, name)[rows] for name in Lamps.__dataclass_fields__})
    packed = np.zeros((*of.kind.shape, LIGHT), np.float32)
    packed[..., KIND] = of.kind
    packed[..., PLACE : PLACE + 3] = of.position
    packed[..., TOWARDS : TOWARDS + 3] = of.direction
    packed[..., GLOW : GLOW + 3] = DIFFUSE * glow(of)
    packed[..., SHADOW] = of.shadow
    cone = np.radians(np.clip(of.cone_deg, 1.0, WIDEST_DEG))
    rim = np.cos(cone)
    spot = of.kind == SPOT
    # A point light is a spot whose rim lies behind everything.
    packed[..., CONE_COS] = np.where(spot, rim, -2.0)
    packed[..., CONE_GAIN] = np.where(spot, 1.0 / (np.cos(FADE * cone) - rim), 1.0)
    packed[..., CONE_TAN] = np.tan(cone)
    return packed


def pack_views(look: Appearance, rows: np.ndarray, cameras: tuple[int, ...], size: int) -> np.ndarray:
    """Give camera_from_world, focal length and centre [px] of every view: (n, cameras, VIEW) float32."""
    at = np.ix_(rows, np.asarray(cameras, int))
    turned = look.world_from_camera[at].astype(float).swapaxes(-1, -2)
    packed = np.empty((*turned.shape[:2], VIEW), np.float32)
    pose = packed[..., :12].reshape(*turned.shape[:2], 3, 4)
    pose[..., :3] = turned
    pose[..., 3] = -(turned @ look.camera_position[at].astype(float)[..., None])[..., 0]
    packed[..., :12] = pose.reshape(*turned.shape[:2], 12)
    packed[..., 12] = packed[..., 13] = 0.5 * size / np.tan(np.radians(look.fov_deg[at].astype(float)) / 2.0)
    packed[..., 14:] = 0.5 * size
    return packed


def pack_backdrops(look: Appearance, rows: np.ndarray, bank: TextureBank) -> np.ndarray:
    """Give the picture, or -1, and the colours at the top and bottom of every world: (n, 8) float32."""
    packed = np.zeros((len(rows), 8), np.float32)
    picture = bank.background(look.background_variant[rows])
    packed[:, 0] = np.where(look.background[rows] == BACKGROUNDS.index("image"), picture, -1)
    packed[:, 1:7] = look.background_colour[rows].reshape(-1, 6)
    return packed
