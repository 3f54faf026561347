"""Pixels with one sample at their centre."""

import numpy as np

from envs.rendering.raster.compiled import compiled
from envs.rendering.raster.layout import CHUNK, COLOUR, COLUMN, EDGE, FOCAL_X, INVERSE, RECORD_OF, ROW
from envs.rendering.raster.records import make_records
from envs.rendering.raster.shading import shade
from envs.rendering.raster.texture import backdrop_colour

f4, i4 = np.float32, np.int32
HALF, ONE = f4(0.5), f4(1.0)


@compiled()
def _collect(first, n, made, scratch, size):
    """Make samples of n pixels from `first` on; gives the number of records and of pixels that show nothing."""
    samples, integers, stride = scratch.samples, scratch.integers, size + EDGE
    ids, nearness = scratch.ids, scratch.nearness_float
    record_of, recorded = scratch.record_of, scratch.recorded
    row, column, empty, i = first // size, first % size, 0, 0
    while i < n:
        run, at, height = min(n - i, size - column), row * stride + column, f4(row) + HALF
        for j in range(run):
            samples[COLUMN + i + j] = f4(i4(column + j)) + HALF
        for j in range(run):
            samples[ROW + i + j] = height
        for j in range(run):
            samples[INVERSE + i + j] = nearness[at + j]
        for j in range(run):
            k = ids[at + j]
            if k < 0:
                empty += 1
                integers[RECORD_OF + i + j] = 0
                continue
            if record_of[k] < 0:
                record_of[k], recorded[made] = made, k
                made += 1
            integers[RECORD_OF + i + j] = record_of[k]
        i, row, column = i + run, row + 1, 0
    return made, empty


@compiled()
def _write(integers, n, pixels, first):
    """Spread packed colours over an image (3 * pixels,) uint8."""
    at = np.uint64(3 * first)
    for i in range(n):
        colour = integers[COLOUR + i]
        pixels[at] = np.uint8(colour & 255)
        pixels[at + np.uint64(1)] = np.uint8((colour >> 8) & 255)
        pixels[at + np.uint64(2)] = np.uint8((colour >> 16) & 255)
        at += np.uint64(3)


@compiled()
def _write_backdrop(first, n, scratch, backdrop, texels, exponent, size, pixels):
    """Paint those of n pixels that show nothing."""
    for i in range(first, first + n):
        row, column = i // size, i % size
        if scratch.ids[row * (size + EDGE) + column] < 0:
            red, green, blue = backdrop_colour(backdrop, texels, exponent, column, row, size)
            pixels[3 * i] = np.uint8(red + HALF)
            pixels[3 * i + 1] = np.uint8(green + HALF)
            pixels[3 * i + 2] = np.uint8(blue + HALF)


@compiled()
def paint(meshes, scratch, surfaces, view, ambient, backdrop, texels, exponent, shadow_size, size, pixels):
    """Shade a view whose visibility buffer has the size of the image, into pixels (3 * size * size,) uint8."""
    detail = f4(1 << exponent) / view[FOCAL_X]
    made = 0
    for first in range(0, size * size, CHUNK):
        n = min(CHUNK, size * size - first)
        known = made
        made, empty = _collect(first, n, known, scratch, size)
        if made > known:
            make_records(known, made, meshes, scratch, surfaces, detail)
        if empty < n:
            shade(scratch, n, view, ambient, texels, exponent, shadow_size)
            _write(scratch.integers, n, pixels, first)
        if empty > 0:
            _write_backdrop(first, n, scratch, backdrop, texels, exponent, size, pixels)
