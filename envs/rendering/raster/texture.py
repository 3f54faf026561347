"""Bilinear texture look-up in the mip map whose texels are about as large as a pixel, and the backdrop.

All pictures are one int32 array of 0xBBGGRR texels. A picture takes 2 * side rows of side texels; its level m
starts at row 2 * side - (2 * side >> m).
"""

import numpy as np

from envs.rendering.raster.compiled import RELAXED, compiled
from envs.rendering.raster.layout import (
    DETAIL,
    PART_U,
    PART_V,
    PICTURE,
    TEXEL_00,
    TEXEL_01,
    TEXEL_10,
    TEXEL_11,
    TEXEL_B,
    TEXEL_G,
    TEXEL_R,
    U,
    V,
)
from envs.rendering.raster.typed import add, bits, both, shift_left, shift_right, subtract, times

f4, i4 = np.float32, np.int32
HALF, ONE, FULL = f4(0.5), f4(1.0), f4(255.0)
ROUND = f4(1.4142)
"""Texels per pixel are rounded to the nearest power of two by this factor before the exponent is read."""
FRACTION_BITS, EXPONENT_BIAS = i4(23), i4(127)


@compiled(fastmath=RELAXED)
def _locate(samples, integers, n, exponent):
    """Find addresses and weights of the four texels around each sample; a picture's side is 2 ** exponent."""
    one, levels = i4(1), i4(exponent)
    side = shift_left(one, levels)
    double = shift_left(one, add(levels, one))
    whole = shift_left(double, levels)
    for i in range(n):
        mip = subtract(shift_right(bits(samples[DETAIL + i] * ROUND), FRACTION_BITS), EXPONENT_BIAS)
        mip = i4(max(i4(0), min(mip, levels)))
        size = shift_right(side, mip)
        mask = subtract(size, one)
        start = times(i4(samples[PICTURE + i]), whole)
        start = add(start, shift_left(subtract(double, shift_right(double, mip)), levels))
        u, v = samples[U + i] * f4(size) - HALF, samples[V + i] * f4(size) - HALF
        left, low = np.floor(u), np.floor(v)
        samples[PART_U + i], samples[PART_V + i] = u - left, v - low
        column, row = i4(left), i4(low)
        next_column, next_row = both(add(column, one), mask), both(add(row, one), mask)
        column, row = both(column, mask), both(row, mask)
        here, above = add(start, shift_left(row, levels)), add(start, shift_left(next_row, levels))
        integers[TEXEL_00 + i], integers[TEXEL_10 + i] = add(here, column), add(here, next_column)
        integers[TEXEL_01 + i], integers[TEXEL_11 + i] = add(above, column), add(above, next_column)


@compiled(fastmath=RELAXED)
def _fetch(integers, n, texels):
    """Read the texels; apart from the rest, as this loop does not become vector code."""
    for i in range(n):
        integers[TEXEL_00 + i] = texels[np.uint64(integers[TEXEL_00 + i])]
        integers[TEXEL_10 + i] = texels[np.uint64(integers[TEXEL_10 + i])]
        integers[TEXEL_01 + i] = texels[np.uint64(integers[TEXEL_01 + i])]
        integers[TEXEL_11 + i] = texels[np.uint64(integers[TEXEL_11 + i])]


@compiled(fastmath=RELAXED)
def _mix(samples, integers, n):
    """Blend four texels to one colour in [0, 1]."""
    byte, green, blue = i4(255), i4(8), i4(16)
    scale = f4(1.0 / 255.0)
    for i in range(n):
        a, b = integers[TEXEL_00 + i], integers[TEXEL_10 + i]
        c, d = integers[TEXEL_01 + i], integers[TEXEL_11 + i]
        u, v = samples[PART_U + i] * scale, samples[PART_V + i]
        w11 = u * v
        w10, w01 = u - w11, v * scale - w11
        w00 = scale - u - w01
        samples[TEXEL_R + i] = (
            f4(both(a, byte)) * w00 + f4(both(b, byte)) * w10 + f4(both(c, byte)) * w01 + f4(both(d, byte)) * w11
        )
        samples[TEXEL_G + i] = (
            f4(both(shift_right(a, green), byte)) * w00
            + f4(both(shift_right(b, green), byte)) * w10
            + f4(both(shift_right(c, green), byte)) * w01
            + f4(both(shift_right(d, green), byte)) * w11
        )
        samples[TEXEL_B + i] = (
            f4(shift_right(a, blue)) * w00
            + f4(shift_right(b, blue)) * w10
            + f4(shift_right(c, blue)) * w01
            + f4(shift_right(d, blue)) * w11
        )


@compiled()
def look_up(samples, integers, n, texels, exponent):
    """Write the texture's colour of n samples to TEXEL_R, TEXEL_G, TEXEL_B."""
    _locate(samples, integers, n, exponent)
    _fetch(integers, n, texels)
    _mix(samples, integers, n)


@compiled()
def backdrop_colour(backdrop, texels, exponent, column, row, size):
    """Give the colour (3 floats in 0..255) behind everything at a pixel: a picture, or top fading to bottom."""
    if backdrop[0] >= f4(0.0):
        return _stretched(texels, exponent, int(backdrop[0]), column, row, size)
    share = (f4(row) + HALF) / f4(size)
    red = backdrop[1] + (backdrop[4] - backdrop[1]) * share
    green = backdrop[2] + (backdrop[5] - backdrop[2]) * share
    blue = backdrop[3] + (backdrop[6] - backdrop[3]) * share
    return min(red, ONE) * FULL, min(green, ONE) * FULL, min(blue, ONE) * FULL


@compiled()
def _stretched(texels, exponent, picture, column, row, size):
    """Look a picture up that fills the image, bilinear, upright."""
    side = 1 << exponent
    level = 0
    while (side >> level) >= 2 * size and level < exponent:
        level += 1
    width = side >> level
    start = (picture * 2 * side + 2 * side - (2 * side >> level)) * side
    x = min(max((f4(column) + HALF) * f4(width) / f4(size) - HALF, f4(0.0)), f4(width - 1))
    y = min(max((f4(size - 1 - row) + HALF) * f4(width) / f4(size) - HALF, f4(0.0)), f4(width - 1))
    left, low = int(x), int(y)
    right, high = min(left + 1, width - 1), min(low + 1, width - 1)
    u, v = x - f4(left), y - f4(low)
    a, b = texels[start + low * side + left], texels[start + low * side + right]
    c, d = texels[start + high * side + left], texels[start + high * side + right]
    w00, w10, w01, w11 = (ONE - u) * (ONE - v), u * (ONE - v), (ONE - u) * v, u * v
    red = f4(a & 255) * w00 + f4(b & 255) * w10 + f4(c & 255) * w01 + f4(d & 255) * w11
    a, b, c, d = a >> 8, b >> 8, c >> 8, d >> 8
    green = f4(a & 255) * w00 + f4(b & 255) * w10 + f4(c & 255) * w01 + f4(d & 255) * w11
    a, b, c, d = a >> 8, b >> 8, c >> 8, d >> 8
    blue = f4(a & 255) * w00 + f4(b & 255) * w10 + f4(c & 255) * w01 + f4(d & 255) * w11
    return red, green, blue
