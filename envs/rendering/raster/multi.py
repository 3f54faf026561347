"""Pixels with 2 x 2 coverage samples: smooth outlines. A surface is shaded once per pixel, not once per sample."""

import numpy as np

from envs.rendering.raster.compiled import compiled
from envs.rendering.raster.layout import (
    CHUNK,
    COLOUR,
    COLUMN,
    EDGE,
    INVERSE,
    PIXEL,
    RECORD_OF,
    ROW,
    TEXEL_B,
    TEXEL_G,
    TEXEL_R,
    WEIGHT,
)
from envs.rendering.raster.records import record_of
from envs.rendering.raster.shading import shade
from envs.rendering.raster.texture import backdrop_colour

f4 = np.float32
ZERO, QUARTER, HALF, ONE = f4(0.0), f4(0.25), f4(0.5), f4(1.0)
WHOLE = f4(-1.0)
"""Weight of a sample that is a whole pixel."""


@compiled()
def _same_surface(meshes, accepted, left, right):
    """Tell whether two accepted triangles belong to one smooth piece of one part."""
    if left == right:
        return True
    if left < 0 or right < 0:
        return False
    same_part = accepted[left, 1] == accepted[right, 1]
    return same_part and meshes.groups[accepted[left, 0]] == meshes.groups[accepted[right, 0]]


@compiled()
def _place(column, row, at, meshes, scratch, size, places):
    """List the samples to shade in one pixel: (k, column, row, 1 / depth, weight) each, in the 2 x 2 grid.

    Args:
        at: Index of the pixel's first sample in the visibility buffer.
        places: (4, 5) float64, receives them; float64 holds any number of a triangle.

    Returns:
        How many; a single one of weight WHOLE if one triangle covers the pixel.
    """
    stride = 2 * size + EDGE
    ids, near = scratch.ids, scratch.nearness_float
    k = ids[at]
    if k == ids[at + 1] and k == ids[at + stride] and k == ids[at + stride + 1]:
        middle = QUARTER * (near[at] + near[at + 1] + near[at + stride] + near[at + stride + 1])
        places[0, 0], places[0, 1], places[0, 2] = k, 2 * column + 1, 2 * row + 1
        places[0, 3], places[0, 4] = middle, WHOLE
        return 1
    count, used = 0, 0
    for q in range(4):
        if used & (1 << q):
            continue
        here = at + (q & 1) + (q >> 1) * stride
        k, covers = ids[here], 1
        for other in range(q + 1, 4):
            there = ids[at + (other & 1) + (other >> 1) * stride]
            if not used & (1 << other) and _same_surface(meshes, scratch.accepted, k, there):
                used |= 1 << other
                covers += 1
        places[count, 0], places[count, 1], places[count, 2] = k, 2 * column + (q & 1) + 0.5, 2 * row + (q >> 1) + 0.5
        places[count, 3], places[count, 4] = near[here], QUARTER * f4(covers)
        count += 1
    return count


@compiled()
def _spread(scratch, n, pixels):
    """Write shaded samples: whole pixels at once, others into their sums."""
    samples, integers = scratch.samples, scratch.integers
    for i in range(n):
        pixel, weight = integers[PIXEL + i], samples[WEIGHT + i]
        if weight < ZERO:
            colour = integers[COLOUR + i]
            pixels[3 * pixel] = np.uint8(colour & 255)
            pixels[3 * pixel + 1] = np.uint8((colour >> 8) & 255)
            pixels[3 * pixel + 2] = np.uint8((colour >> 16) & 255)
            continue
        scratch.blend[4 * pixel] += weight * samples[TEXEL_R + i]
        scratch.blend[4 * pixel + 1] += weight * samples[TEXEL_G + i]
        scratch.blend[4 * pixel + 2] += weight * samples[TEXEL_B + i]


@compiled()
def paint_smooth(meshes, scratch, surfaces, view, ambient, backdrop, texels, exponent, shadow_size, size, pixels):
    """Shade a view whose visibility buffer is twice as large as the image, into pixels (3 * size * size,) uint8."""
    detail = f4(2 << exponent) / view[12]
    samples, integers, places = scratch.samples, scratch.integers, np.zeros((4, 5))
    made, n, edges = 0, 0, 0
    for pixel in range(size * size):
        row, column = pixel // size, pixel % size
        count = _place(column, row, 2 * row * (2 * size + EDGE) + 2 * column, meshes, scratch, size, places)
        if places[0, 4] > 0.0:
            scratch.edges[edges] = pixel
            edges += 1
            for c in range(3):
                scratch.blend[4 * pixel + c] = ZERO
        for i in range(count):
            k, weight = int(places[i, 0]), f4(places[i, 4])
            if k < 0:
                colour = backdrop_colour(backdrop, texels, exponent, column, row, size)
                for c in range(3):
                    if weight < ZERO:
                        pixels[3 * pixel + c] = np.uint8(colour[c] + HALF)
                    else:
                        scratch.blend[4 * pixel + c] += weight * colour[c]
                continue
            record, made = record_of(k, made, meshes, scratch, surfaces, detail)
            integers[RECORD_OF + n], integers[PIXEL + n] = record, pixel
            samples[COLUMN + n], samples[ROW + n] = f4(places[i, 1]), f4(places[i, 2])
            samples[INVERSE + n], samples[WEIGHT + n] = f4(places[i, 3]), weight
            n += 1
        if n > CHUNK - 4 or (n > 0 and pixel == size * size - 1):
            shade(scratch, n, view, ambient, texels, exponent, shadow_size)
            _spread(scratch, n, pixels)
            n = 0
    for j in range(edges):
        pixel = scratch.edges[j]
        for c in range(3):
            pixels[3 * pixel + c] = np.uint8(min(scratch.blend[4 * pixel + c] + HALF, f4(255.0)))
