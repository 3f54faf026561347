"""How much of a lamp reaches each sample: look-ups in the shadow maps, blended over 2 x 2 texels for soft edges."""

import numpy as np

from envs.rendering.raster.compiled import EXACT, RELAXED, compiled
from envs.rendering.raster.layout import (
    CASTER,
    CENTRE_X,
    CENTRE_Y,
    DIRECTIONAL,
    EDGE,
    FACES,
    FOCAL_X,
    FOCAL_Y,
    KIND,
    LIGHT_NEAR_M,
    LIT,
    MAP_AT,
    NEAR_00,
    NEAR_01,
    NEAR_10,
    NEAR_11,
    NORMAL_X,
    NORMAL_Y,
    NORMAL_Z,
    PART_U,
    PART_V,
    PLACE,
    POINT_LIGHT,
    POINT_X,
    POINT_Y,
    POINT_Z,
    SHADOW,
    TEXEL_R,
)
from envs.rendering.raster.typed import add, times
from envs.rendering.raster.vertices import compose

f4, i4 = np.float32, np.int32
ZERO, HALF, ONE = f4(0.0), f4(0.5), f4(1.0)
NEAR = f4(LIGHT_NEAR_M)
LIFT_TEXELS, LIFT_M = f4(1.5), f4(0.002)
"""How far samples of casters are lifted off their surface, so that they do not shade themselves; by trial.

What throws no shadow, such as the table, is not lifted: shadows there begin where bodies touch it.
"""
NEARNESS = TEXEL_R  # Free until the texture is looked up.


@compiled(fastmath=EXACT)
def place_shadow_map(light, light_view, world_from_camera, pose):
    """Write what turns a point in the camera's frame into a place on the map (three rows of four).

    Directional: column, row, nearness. Spot: column * depth, row * depth, depth. Point: offset from the lamp
    along the axes of the world.
    """
    if light[KIND] == f4(DIRECTIONAL):
        compose(light_view, world_from_camera, pose)
    elif light[KIND] == f4(POINT_LIGHT):
        for i in range(12):
            pose[i] = world_from_camera[i]
        for r in range(3):
            pose[4 * r + 3] -= light[PLACE + r]
    else:
        compose(light_view, world_from_camera, pose)
        for c in range(4):
            pose[c] = light_view[FOCAL_X] * pose[c] + light_view[CENTRE_X] * pose[8 + c]
            pose[4 + c] = light_view[FOCAL_Y] * pose[4 + c] + light_view[CENTRE_Y] * pose[8 + c]


@compiled(fastmath=RELAXED)
def _locate(samples, integers, n, pose, perspective, size, texel):
    """Find where samples lie on the map of a directional or spot light."""
    m0, m1, m2, m3, m4, m5 = pose[0], pose[1], pose[2], pose[3], pose[4], pose[5]
    m6, m7, m8, m9, m10, m11 = pose[6], pose[7], pose[8], pose[9], pose[10], pose[11]
    last, stride = f4(size) - f4(2.001), i4(size + EDGE)
    lift = LIFT_TEXELS * texel
    for i in range(n):
        x, y, z = samples[POINT_X + i], samples[POINT_Y + i], samples[POINT_Z + i]
        depth = m8 * x + m9 * y + m10 * z + m11
        up = samples[CASTER + i] * ((lift * depth if perspective else lift) + LIFT_M)
        x, y, z = x + up * samples[NORMAL_X + i], y + up * samples[NORMAL_Y + i], z + up * samples[NORMAL_Z + i]
        column, row = m0 * x + m1 * y + m2 * z + m3, m4 * x + m5 * y + m6 * z + m7
        depth = m8 * x + m9 * y + m10 * z + m11
        inverse = ONE / max(depth, NEAR)
        column = (column * inverse if perspective else column) - HALF
        row = (row * inverse if perspective else row) - HALF
        ahead = (depth > NEAR) if perspective else True
        inside = ahead & (column > ZERO) & (row > ZERO) & (column < last) & (row < last)
        column, row = min(max(column, ZERO), last), min(max(row, ZERO), last)
        whole_column, whole_row = i4(column), i4(row)
        samples[LIT + i] = ONE if inside else ZERO
        samples[PART_U + i], samples[PART_V + i] = column - f4(whole_column), row - f4(whole_row)
        samples[NEARNESS + i] = inverse if perspective else depth
        integers[MAP_AT + i] = add(times(whole_row, stride), whole_column)


@compiled(fastmath=RELAXED)
def _locate_on_cube(samples, integers, n, pose, size, texel):
    """Find on which of six maps of a point light samples lie, and where."""
    m0, m1, m2, m3, m4, m5 = pose[0], pose[1], pose[2], pose[3], pose[4], pose[5]
    m6, m7, m8, m9, m10, m11 = pose[6], pose[7], pose[8], pose[9], pose[10], pose[11]
    last, stride = f4(size) - f4(2.001), i4(size + EDGE)
    length, focal, centre = i4(size * (size + EDGE)), HALF * f4(size) - ONE, HALF * f4(size) - HALF
    lift = LIFT_TEXELS * texel
    for i in range(n):
        px, py, pz = samples[POINT_X + i], samples[POINT_Y + i], samples[POINT_Z + i]
        x = m0 * px + m1 * py + m2 * pz + m3
        y = m4 * px + m5 * py + m6 * pz + m7
        z = m8 * px + m9 * py + m10 * pz + m11
        up = samples[CASTER + i] * (lift * max(abs(x), max(abs(y), abs(z))) + LIFT_M)
        nx, ny, nz = samples[NORMAL_X + i], samples[NORMAL_Y + i], samples[NORMAL_Z + i]
        x += up * (m0 * nx + m1 * ny + m2 * nz)
        y += up * (m4 * nx + m5 * ny + m6 * nz)
        z += up * (m8 * nx + m9 * ny + m10 * nz)
        along_x = (abs(x) >= abs(y)) & (abs(x) >= abs(z))
        along_y = abs(y) >= abs(z)
        major = x if along_x else (y if along_y else z)
        right = y if along_x else (z if along_y else x)
        down = z if along_x else (x if along_y else y)
        face = f4(0.0) if along_x else (f4(2.0) if along_y else f4(4.0))
        face += ZERO if major > ZERO else ONE
        depth = max(abs(major), NEAR)
        inverse = focal / depth
        column = min(max(right * inverse + centre, ZERO), last)
        row = min(max(down * inverse + centre, ZERO), last)
        whole_column, whole_row = i4(column), i4(row)
        samples[LIT + i] = ONE
        samples[PART_U + i], samples[PART_V + i] = column - f4(whole_column), row - f4(whole_row)
        samples[NEARNESS + i] = ONE / depth
        integers[MAP_AT + i] = add(times(i4(face), length), add(times(whole_row, stride), whole_column))


@compiled(fastmath=RELAXED)
def _fetch(samples, integers, n, image, stride):
    """Read the four texels around each sample."""
    for i in range(n):
        at = np.uint64(integers[MAP_AT + i])
        below = np.uint64(at + np.uint64(stride))
        samples[NEAR_00 + i], samples[NEAR_10 + i] = image[at], image[at + np.uint64(1)]
        samples[NEAR_01 + i], samples[NEAR_11 + i] = image[below], image[below + np.uint64(1)]


@compiled(fastmath=RELAXED)
def _compare(samples, n, strength):
    """Blend four comparisons to the share of light that arrives, in [1 - strength, 1]."""
    for i in range(n):
        nearness, u, v = samples[NEARNESS + i], samples[PART_U + i], samples[PART_V + i]
        lit00 = ONE if samples[NEAR_00 + i] <= nearness else ZERO
        lit10 = ONE if samples[NEAR_10 + i] <= nearness else ZERO
        lit01 = ONE if samples[NEAR_01 + i] <= nearness else ZERO
        lit11 = ONE if samples[NEAR_11 + i] <= nearness else ZERO
        upper, lower = lit00 + u * (lit10 - lit00), lit01 + u * (lit11 - lit01)
        lit = upper + v * (lower - upper)
        samples[LIT + i] = ONE + strength * samples[LIT + i] * (lit - ONE)


@compiled()
def find_lit(samples, integers, n, light, state, pose, maps, size):
    """Write to LIT how much of a light reaches each sample.

    Args:
        light: (LIGHT,) its kind and the strength of its shadows.
        state: (4,) see `layout.Scratch`.
        pose: (12,) see `place_shadow_map`.
        maps: All maps of this light, float32 nearness.
        size: Side of a map [texels].
    """
    if light[KIND] == f4(POINT_LIGHT):
        _locate_on_cube(samples, integers, n, pose, size, state[1])
    else:
        _locate(samples, integers, n, pose, light[KIND] != f4(DIRECTIONAL), size, state[1])
    _fetch(samples, integers, n, maps, size + EDGE)
    _compare(samples, n, light[SHADOW])


@compiled()
def maps_of(scratch, index, size):
    """Give the maps of one light as float32."""
    length = FACES * size * (size + EDGE)
    return scratch.shadows_float[index * length : (index + 1) * length]
