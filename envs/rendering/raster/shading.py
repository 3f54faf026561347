"""Stage four: colours of a chunk of samples, attribute by attribute.

colour = surface * texture * (ambient + sum of lights * max(n . l, 0)) + highlights (Blinn 1977)
"""

import math

import numpy as np

from envs.rendering.raster.blocks import sample_attributes
from envs.rendering.raster.compiled import RELAXED, compiled
from envs.rendering.raster.layout import (
    BLUE,
    CENTRE_X,
    CENTRE_Y,
    COLOUR,
    COLUMN,
    CONE_COS,
    CONE_GAIN,
    DETAIL,
    DIFFUSE_B,
    DIFFUSE_G,
    DIFFUSE_R,
    DIRECTIONAL,
    FOCAL_X,
    FOCAL_Y,
    GLOW,
    GREEN,
    INVERSE,
    KIND,
    LIT,
    NORMAL_X,
    NORMAL_Y,
    NORMAL_Z,
    OFF,
    PLACE,
    POINT_X,
    POINT_Y,
    POINT_Z,
    RECORD_OF,
    RED,
    ROW,
    SHINE_B,
    SHINE_G,
    SHINE_R,
    SHININESS,
    SPECULAR,
    TEXEL_B,
    TEXEL_G,
    TEXEL_R,
    TOWARDS,
    VIEW_X,
    VIEW_Y,
    VIEW_Z,
    U,
    V,
)  # fmt: skip
from envs.rendering.raster.occlusion import find_lit, maps_of
from envs.rendering.raster.texture import look_up
from envs.rendering.raster.typed import add, either, from_bits, shift_left

f4, i4 = np.float32, np.int32
ZERO, HALF, ONE, FULL = f4(0.0), f4(0.5), f4(1.0), f4(255.0)
TINY = f4(1e-20)
LOG2_E = f4(1.442695)
CLOSEST_M2 = f4(0.0025)
"""Square of the distance within which a lamp gets no brighter: 5 cm, the size of a bulb."""
STEEPEST = f4(0.1)
"""Least cosine of the viewing angle in the choice of mip maps: flatter views would blur everything."""


@compiled()
def _evaluate(samples, integers, n, records):
    """Evaluate the planes of all samples, padded to full vectors with copies of record 0."""
    for i in range(n, (n + 7) & ~7):
        integers[RECORD_OF + i] = 0
        samples[COLUMN + i], samples[ROW + i], samples[INVERSE + i] = ZERO, ZERO, ONE
    for i in range(0, n, 8):
        sample_attributes(samples, integers, records, i)


@compiled(fastmath=RELAXED)
def _stand(samples, n, view, ambient):
    """Find place, viewing direction, unit normal and texture coordinates; start with ambient light."""
    per_x, per_y, cx, cy = ONE / view[FOCAL_X], ONE / view[FOCAL_Y], view[CENTRE_X], view[CENTRE_Y]
    for i in range(n):
        z = ONE / samples[INVERSE + i]
        x, y = (samples[COLUMN + i] - cx) * per_x * z, (samples[ROW + i] - cy) * per_y * z
        samples[POINT_X + i], samples[POINT_Y + i], samples[POINT_Z + i] = x, y, z
        inverse = -ONE / math.sqrt(x * x + y * y + z * z)
        vx, vy, vz = x * inverse, y * inverse, z * inverse
        samples[VIEW_X + i], samples[VIEW_Y + i], samples[VIEW_Z + i] = vx, vy, vz
        nx, ny, nz = samples[NORMAL_X + i], samples[NORMAL_Y + i], samples[NORMAL_Z + i]
        inverse = ONE / math.sqrt(nx * nx + ny * ny + nz * nz + TINY)
        nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
        samples[NORMAL_X + i], samples[NORMAL_Y + i], samples[NORMAL_Z + i] = nx, ny, nz
        samples[U + i] *= z
        samples[V + i] *= z
        # A pixel covers depth^2 / cosine of surface.
        cosine = max(nx * vx + ny * vy + nz * vz, STEEPEST)
        samples[DETAIL + i] *= z / math.sqrt(cosine)
        samples[DIFFUSE_R + i], samples[DIFFUSE_G + i], samples[DIFFUSE_B + i] = ambient, ambient, ambient
        samples[SHINE_R + i], samples[SHINE_G + i], samples[SHINE_B + i] = ZERO, ZERO, ZERO
        samples[LIT + i] = ONE


@compiled(fastmath=RELAXED, inline=True)
def _highlight(cosine, exponent):
    """Approximate cosine ** exponent by exp(exponent * (cosine - 1)), close to it where it is not small."""
    power = max(exponent * LOG2_E * (cosine - ONE), f4(-100.0))
    whole = np.floor(power)
    part = power - whole
    fraction = ONE + part * (f4(0.6960656) + part * (f4(0.2244943) + part * f4(0.0794402)))
    return fraction * from_bits(shift_left(add(i4(whole), i4(127)), i4(23)))


@compiled(fastmath=RELAXED)
def _shine_parallel(samples, n, light):
    """Add a directional light."""
    lx, ly, lz = light[TOWARDS], light[TOWARDS + 1], light[TOWARDS + 2]
    red, green, blue = light[GLOW], light[GLOW + 1], light[GLOW + 2]
    for i in range(n):
        nx, ny, nz = samples[NORMAL_X + i], samples[NORMAL_Y + i], samples[NORMAL_Z + i]
        hx, hy, hz = samples[VIEW_X + i] + lx, samples[VIEW_Y + i] + ly, samples[VIEW_Z + i] + lz
        inverse = ONE / math.sqrt(hx * hx + hy * hy + hz * hz + TINY)
        facing = nx * lx + ny * ly + nz * lz
        arriving = samples[LIT + i] if facing > ZERO else ZERO
        shine = _highlight((nx * hx + ny * hy + nz * hz) * inverse, samples[SHININESS + i])
        shine *= samples[SPECULAR + i] * arriving
        facing *= arriving
        samples[DIFFUSE_R + i] += red * facing
        samples[DIFFUSE_G + i] += green * facing
        samples[DIFFUSE_B + i] += blue * facing
        samples[SHINE_R + i] += red * shine
        samples[SHINE_G + i] += green * shine
        samples[SHINE_B + i] += blue * shine


@compiled(fastmath=RELAXED)
def _shine_from(samples, n, light):
    """Add a point light or spot: it falls off with distance squared, and towards the rim of its cone."""
    px, py, pz = light[PLACE], light[PLACE + 1], light[PLACE + 2]
    ax, ay, az = light[TOWARDS], light[TOWARDS + 1], light[TOWARDS + 2]
    rim, gain = light[CONE_COS], light[CONE_GAIN]
    red, green, blue = light[GLOW], light[GLOW + 1], light[GLOW + 2]
    for i in range(n):
        nx, ny, nz = samples[NORMAL_X + i], samples[NORMAL_Y + i], samples[NORMAL_Z + i]
        lx, ly, lz = px - samples[POINT_X + i], py - samples[POINT_Y + i], pz - samples[POINT_Z + i]
        square = lx * lx + ly * ly + lz * lz + TINY
        inverse = ONE / math.sqrt(square)
        lx, ly, lz = lx * inverse, ly * inverse, lz * inverse
        cone = min(max((lx * ax + ly * ay + lz * az - rim) * gain, ZERO), ONE)
        hx, hy, hz = samples[VIEW_X + i] + lx, samples[VIEW_Y + i] + ly, samples[VIEW_Z + i] + lz
        inverse = ONE / math.sqrt(hx * hx + hy * hy + hz * hz + TINY)
        facing = nx * lx + ny * ly + nz * lz
        arriving = cone * samples[LIT + i] / max(square, CLOSEST_M2)
        arriving = arriving if facing > ZERO else ZERO
        shine = _highlight((nx * hx + ny * hy + nz * hz) * inverse, samples[SHININESS + i])
        shine *= samples[SPECULAR + i] * arriving
        facing *= arriving
        samples[DIFFUSE_R + i] += red * facing
        samples[DIFFUSE_G + i] += green * facing
        samples[DIFFUSE_B + i] += blue * facing
        samples[SHINE_R + i] += red * shine
        samples[SHINE_G + i] += green * shine
        samples[SHINE_B + i] += blue * shine


@compiled(fastmath=RELAXED)
def _finish(samples, integers, n):
    """Put colours together: 0..255 in TEXEL_R .. TEXEL_B, and as 0xBBGGRR in COLOUR."""
    eight, sixteen = i4(8), i4(16)
    for i in range(n):
        red = samples[TEXEL_R + i] * samples[RED + i] * samples[DIFFUSE_R + i] + samples[SHINE_R + i]
        green = samples[TEXEL_G + i] * samples[GREEN + i] * samples[DIFFUSE_G + i] + samples[SHINE_G + i]
        blue = samples[TEXEL_B + i] * samples[BLUE + i] * samples[DIFFUSE_B + i] + samples[SHINE_B + i]
        red, green, blue = min(red * FULL, FULL), min(green * FULL, FULL), min(blue * FULL, FULL)
        samples[TEXEL_R + i], samples[TEXEL_G + i], samples[TEXEL_B + i] = red, green, blue
        upper = either(shift_left(i4(green + HALF), eight), shift_left(i4(blue + HALF), sixteen))
        integers[COLOUR + i] = either(i4(red + HALF), upper)


@compiled(fastmath=RELAXED)
def _relight(samples, n):
    """Let all light through again."""
    for i in range(n):
        samples[LIT + i] = ONE


@compiled()
def shade(scratch, n, view, ambient, texels, exponent, shadow_size):
    """Shade the first n samples; they need RECORD_OF, COLUMN, ROW and INVERSE."""
    samples, integers = scratch.samples, scratch.integers
    _evaluate(samples, integers, n, scratch.records)
    _stand(samples, n, view, ambient)
    for index in range(scratch.seen_lights.shape[0]):
        light = scratch.seen_lights[index]
        if light[KIND] == f4(OFF):
            continue
        state = scratch.light_state[index]
        if state[0] > ZERO:
            maps = maps_of(scratch, index, shadow_size)
            find_lit(samples, integers, n, light, state, scratch.shadow_poses[index], maps, shadow_size)
        if light[KIND] == f4(DIRECTIONAL):
            _shine_parallel(samples, n, light)
        else:
            _shine_from(samples, n, light)
        if state[0] > ZERO:
            _relight(samples, n)
    look_up(samples, integers, n, texels, exponent)
    _finish(samples, integers, n)
