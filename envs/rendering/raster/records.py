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
def _blend_corners(corners, at, clipped, piece, corner):
    """Interpolate normals and texture coordinates at the corners of a clipped triangle."""
    for q in range(3):
        a, b, c = clipped[piece, q, 3], clipped[piece, q, 4], clipped[piece, q, 5]
        for k in range(3):
            corner[3 * q + k] = a * corners[at + k] + b * corners[at + 3 + k] + c * corners[at + 6 + k]
        for k in range(9, 11):
            corner[2 * q + k] = a * corners[at + k] + b * corners[at + 2 + k] + c * corners[at + 4 + k]


@compiled(fastmath=EXACT, inline=True)
def _corner_places(piece, clipped, projected, triangles, triangle, offset):
    """Give column, row, 1 / depth of the three corners of a triangle, clipped (piece >= 0) or whole."""
    if piece >= 0:
        return (
            clipped[piece, 0, 0], clipped[piece, 0, 1], clipped[piece, 0, 2],
            clipped[piece, 1, 0], clipped[piece, 1, 1], clipped[piece, 1, 2],
            clipped[piece, 2, 0], clipped[piece, 2, 1], clipped[piece, 2, 2],
        )  # fmt: skip
    i = triangles[3 * triangle] + offset
    j = triangles[3 * triangle + 1] + offset
    k = triangles[3 * triangle + 2] + offset
    return (
        projected[i], projected[i + 1], projected[i + 2],
        projected[j], projected[j + 1], projected[j + 2],
        projected[k], projected[k + 1], projected[k + 2],
    )  # fmt: skip


@compiled(fastmath=EXACT)
def make_records(first, end, meshes, scratch, surfaces, detail):
    """Write records [first, end), of the accepted triangles that `recorded` lists.

    One call for many: handing over arrays costs more than a record.

    Args:
        meshes, scratch: See `layout`.
        surfaces: (surfaces, SURFACE) of this world.
        detail: Texels of a tile over the focal length [px]: texture density times depth times this is texels/pixel.
    """
    corners, triangles, casts, surface_of = meshes.corners, meshes.triangles, meshes.casts, meshes.surfaces
    accepted, recorded, records, parts = scratch.accepted, scratch.recorded, scratch.records, scratch.parts
    projected, clipped, corner = scratch.projected, scratch.clipped, scratch.corner
    for record in range(first, end):
        k = recorded[record]
        triangle, part, piece = accepted[k, 0], accepted[k, 1], accepted[k, 3]
        to, columns, at = RECORD * record, PART * part, CORNERS * triangle
        x0, y0, n0, x1, y1, n1, x2, y2, n2 = _corner_places(
            piece, clipped, projected, triangles, triangle, accepted[k, 2]
        )
        x1, y1, x2, y2 = x1 - x0, y1 - y0, x2 - x0, y2 - y0
        area = ONE / (x1 * y2 - x2 * y1)
        if piece >= 0:
            _blend_corners(corners, at, clipped, piece, corner)
            triangle_planes(records, to, parts, columns, corner, 0, n0, n1, n2, x0, y0, x1, y1, x2, y2, area)
        else:
            triangle_planes(records, to, parts, columns, corners, at, n0, n1, n2, x0, y0, x1, y1, x2, y2, area)
        # The sixth plane is constant: texels a metre away, for the choice of the mip map.
        records[to + 21] = corners[at + 15] * parts[columns + PART_SCALE] * detail
        surface = surface_of[part]
        for c in range(3):
            records[to + 24 + c] = surfaces[surface, TINT + c]
        records[to + 27], records[to + 28] = surfaces[surface, GLOSS], surfaces[surface, EXPONENT]
        records[to + 29] = surfaces[surface, PICTURE_OF]
        records[to + 30] = ONE if casts[part] > 0 else ZERO
        records[to + 31] = ZERO
