"""Stage three: what shading needs of a visible triangle, made when its first pixel is shaded."""

import math

import numpy as np

from envs.rendering.raster.blocks import triangle_planes
from envs.rendering.raster.compiled import EXACT, compiled
from envs.rendering.raster.layout import (
    CORNERS,
    EXPONENT,
    GLOSS,
    PART,
    PART_SCALE,
    PICTURE_OF,
    RECORD,
    TINT,
    TURN_COS,
    TURN_SIN,
)
from envs.rendering.raster.vertices import scale_of

f4 = np.float32
ZERO, ONE = f4(0.0), f4(1.0)


@compiled(fastmath=EXACT)
def prepare_part(pose, surface, parts, at):
    """Write the columns that turn (normal, u, v, 1) of a corner into the eight attributes of a record."""
    for i in range(PART):
        parts[at + i] = ZERO
    for r in range(3):
        for c in range(3):
            parts[at + 8 * c + r] = pose[4 * r + c]
    parts[at + 24 + 3], parts[at + 24 + 4] = surface[TURN_COS], surface[TURN_SIN]
    parts[at + 32 + 3], parts[at + 32 + 4] = -surface[TURN_SIN], surface[TURN_COS]
    tiles = surface[TURN_COS] * surface[TURN_COS] + surface[TURN_SIN] * surface[TURN_SIN]
    parts[at + PART_SCALE] = math.sqrt(tiles) / max(scale_of(pose), f4(1e-9))


@compiled(fastmath=EXACT, inline=True)
def _blend_corners(meshes, at, piece, corner):
    """Interpolate normals and texture coordinates at the corners of a clipped triangle."""
    for q in range(3):
        a, b, c = piece[q, 3], piece[q, 4], piece[q, 5]
        for k in range(3):
            i = at + k
            corner[3 * q + k] = a * meshes.corners[i] + b * meshes.corners[i + 3] + c * meshes.corners[i + 6]
        for k in range(2):
            i = at + 9 + k
            corner[9 + 2 * q + k] = a * meshes.corners[i] + b * meshes.corners[i + 2] + c * meshes.corners[i + 4]


@compiled(fastmath=EXACT, inline=True)
def make_record(k, record, meshes, scratch, surfaces, detail):
    """Write the record of accepted triangle k.

    Args:
        k: Its number in the visibility buffer.
        record: Number of the record.
        meshes, scratch: See `layout`.
        surfaces: (surfaces, SURFACE) of this world.
        detail: Texels of a tile over the focal length [px]: texture density times depth times this is texels/pixel.
    """
    triangle, part = scratch.accepted[k, 0], scratch.accepted[k, 1]
    offset, piece = scratch.accepted[k, 2], scratch.accepted[k, 3]
    to, columns, at = RECORD * record, PART * part, CORNERS * triangle
    if piece < 0:
        projected = scratch.projected
        i0 = meshes.triangles[3 * triangle] + offset
        i1 = meshes.triangles[3 * triangle + 1] + offset
        i2 = meshes.triangles[3 * triangle + 2] + offset
        x0, y0 = projected[i0], projected[i0 + 1]
        x1, y1, x2, y2 = projected[i1] - x0, projected[i1 + 1] - y0, projected[i2] - x0, projected[i2 + 1] - y0
        triangle_planes(
            scratch.records, to, scratch.parts, columns, meshes.corners, at,
            projected[i0 + 2], projected[i1 + 2], projected[i2 + 2],
            x0, y0, x1, y1, x2, y2, ONE / (x1 * y2 - x2 * y1),
        )  # fmt: skip
    else:
        cut = scratch.clipped[piece]
        _blend_corners(meshes, at, cut, scratch.corner)
        x0, y0 = cut[0, 0], cut[0, 1]
        x1, y1, x2, y2 = cut[1, 0] - x0, cut[1, 1] - y0, cut[2, 0] - x0, cut[2, 1] - y0
        triangle_planes(
            scratch.records, to, scratch.parts, columns, scratch.corner, 0,
            cut[0, 2], cut[1, 2], cut[2, 2], x0, y0, x1, y1, x2, y2, ONE / (x1 * y2 - x2 * y1),
        )  # fmt: skip
    surface = surfaces[meshes.surfaces[part]]
    records = scratch.records
    # The sixth plane is constant: texels a metre away, for the choice of the mip map.
    records[to + 21] = meshes.corners[at + 15] * scratch.parts[columns + PART_SCALE] * detail
    for c in range(3):
        records[to + 24 + c] = surface[TINT + c]
    records[to + 27], records[to + 28], records[to + 29] = surface[GLOSS], surface[EXPONENT], surface[PICTURE_OF]
    records[to + 30], records[to + 31] = ZERO, ZERO


@compiled(fastmath=EXACT, inline=True)
def record_of(k, made, meshes, scratch, surfaces, detail):
    """Find the record of accepted triangle k, making it if there is none; gives it and how many there are."""
    record = scratch.record_of[k]
    if record < 0:
        make_record(k, made, meshes, scratch, surfaces, detail)
        scratch.record_of[k] = record = np.int32(made)
        made += 1
    return record, made
