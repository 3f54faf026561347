"""Pixels with 2 x 2 coverage samples: smooth outlines. A surface is shaded once per pixel, not once per sample."""

import numpy as np

from envs.rendering.raster.compiled import compiled
from envs.rendering.raster.layout import (
    CHUNK,
    COLOUR,
    COLUMN,
    EDGE,
    FOCAL_X,
    INVERSE,
    PIXEL,
    RECORD_OF,
    ROW,
    TEXEL_B,
    TEXEL_G,
    TEXEL_R,
    WEIGHT,
)
from envs.rendering.raster.records import make_records
from envs.rendering.raster.shading import shade
from envs.rendering.raster.texture import backdrop_colour

f4 = np.float32
ZERO, QUARTER, HALF, ONE = f4(0.0), f4(0.25), f4(0.5), f4(1.0)
WHOLE = f4(-1.0)
"""Weight of a sample that is a whole pixel."""


@compiled()
def _collect(first, made, meshes, scratch, backdrop, texels, exponent, size, pixels):
    """Make samples of the pixels from `first` on until a chunk is full.

    A pixel that one triangle covers becomes a single sample at its centre. Any other becomes a sample per smooth
    piece it shows, weighted by how many of its four points that covers; their sum is kept in `blend`.

    Returns:
        Next pixel, number of samples, number of records.
    """
    samples, integers, blend = scratch.samples, scratch.integers, scratch.blend
    ids, near, accepted, groups = scratch.ids, scratch.nearness_float, scratch.accepted, meshes.groups
    record_of, recorded, edges = scratch.record_of, scratch.recorded, scratch.edges
    stride, n, pixel = 2 * size + EDGE, 0, first
    row, column = first // size, first % size
    while pixel < size * size and n <= CHUNK - 4:
        at = 2 * row * stride + 2 * column
        k = ids[at]
        whole = (k == ids[at + 1]) & (k == ids[at + stride]) & (k == ids[at + stride + 1])
        edges[pixel] = not whole
        if not whole:
            for c in range(3):
                blend[4 * pixel + c] = ZERO
        used = 0
        for q in range(1 if whole else 4):
            if used & (1 << q):
                continue
            here = at + (q & 1) + (q >> 1) * stride
            k, covers = ids[here], 1
            for other in range(q + 1, 1 if whole else 4):
                there = ids[at + (other & 1) + (other >> 1) * stride]
                alike = k == there
                if (k >= 0) & (there >= 0) & (not alike):
                    alike = accepted[k, 1] == accepted[there, 1]
                    alike &= groups[accepted[k, 0]] == groups[accepted[there, 0]]
                if alike and not used & (1 << other):
                    used |= 1 << other
                    covers += 1
            if k < 0:
                colour = backdrop_colour(backdrop, texels, exponent, column, row, size)
                for c in range(3):
                    if whole:
                        pixels[3 * pixel + c] = np.uint8(colour[c] + HALF)
                    else:
                        blend[4 * pixel + c] += QUARTER * f4(covers) * colour[c]
                continue
            if record_of[k] < 0:
                record_of[k], recorded[made] = made, k
                made += 1
            integers[RECORD_OF + n], integers[PIXEL + n] = record_of[k], pixel
            if whole:
                samples[COLUMN + n], samples[ROW + n] = f4(2 * column + 1), f4(2 * row + 1)
                middle = near[at] + near[at + 1] + near[at + stride] + near[at + stride + 1]
                samples[INVERSE + n], samples[WEIGHT + n] = QUARTER * middle, WHOLE
            else:
                samples[COLUMN + n] = f4(2 * column + (q & 1)) + HALF
                samples[ROW + n] = f4(2 * row + (q >> 1)) + HALF
                samples[INVERSE + n], samples[WEIGHT + n] = near[here], QUARTER * f4(covers)
            n += 1
        pixel, column = pixel + 1, column + 1
        if column == size:
            row, column = row + 1, 0
    return pixel, n, made


@compiled()
def _spread(scratch, n, pixels):
    """Write shaded samples: whole pixels at once, others into their sums."""
    samples, integers = scratch.samples, scratch.integers
    for i in range(n):
        pixel, weight = integers[PIXEL + i], samples[WEIGHT + i]
        if weight < ZERO:
            colour, at = integers[COLOUR + i], np.uint64(3 * pixel)
            pixels[at] = np.uint8(colour & 255)
            pixels[at + np.uint64(1)] = np.uint8((colour >> 8) & 255)
            pixels[at + np.uint64(2)] = np.uint8((colour >> 16) & 255)
            continue
        scratch.blend[4 * pixel] += weight * samples[TEXEL_R + i]
        scratch.blend[4 * pixel + 1] += weight * samples[TEXEL_G + i]
        scratch.blend[4 * pixel + 2] += weight * samples[TEXEL_B + i]


@compiled()
def paint_smooth(meshes, scratch, surfaces, view, ambient, backdrop, texels, exponent, shadow_size, size, pixels):
    """Shade a view whose visibility buffer is twice as large as the image, into pixels (3 * size * size,) uint8."""
    detail = f4(2 << exponent) / view[FOCAL_X]
    pixel, made = 0, 0
    while pixel < size * size:
        known = made
        pixel, n, made = _collect(pixel, known, meshes, scratch, backdrop, texels, exponent, size, pixels)
        if made > known:
            make_records(known, made, meshes, scratch, surfaces, detail)
        if n > 0:
            shade(scratch, n, view, ambient, texels, exponent, shadow_size)
            _spread(scratch, n, pixels)
    for pixel in range(size * size):
        if scratch.edges[pixel]:
            for c in range(3):
                pixels[3 * pixel + c] = np.uint8(min(scratch.blend[4 * pixel + c] + HALF, f4(255.0)))
