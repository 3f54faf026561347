"""The same four blocks as `simd` in plain Numba: for processors without AVX2, and as the reference in tests."""

import numpy as np

from envs.rendering.raster.compiled import EXACT, compiled
from envs.rendering.raster.layout import COLUMN, RECORD, RECORD_OF, RED, ROW, STRIDE
from envs.rendering.raster.typed import bits

LANES = 8
ZERO = np.float32(0.0)


@compiled(fastmath=EXACT, inline=True)
def _nearness(x, a0, r0, a1, r1, a2, r2, az, rz, most):
    """Give the float bits of 1 / depth in column x, or 0 outside of the triangle."""
    inside = (a0 * x + r0 >= ZERO) & (a1 * x + r1 >= ZERO) & (a2 * x + r2 >= ZERO)
    value = az * x + rz
    value = value if value < most else most
    return bits(value) if inside else np.int32(0)


@compiled(fastmath=EXACT, inline=True)
def cover(nearness, ids, at, column, a0, r0, a1, r1, a2, r2, az, rz, most, number):
    """Draw eight pixels of one row of a triangle where it is nearer than what is there.

    Args:
        nearness, ids: Images of float bits of 1 / depth and of triangle numbers, changed in place.
        at: Index of the first pixel.
        column: Its column.
        a0, r0, a1, r1, a2, r2: Slope and value at column 0 of the three edges; inside is >= 0.
        az, rz: The same of 1 / depth.
        most: Largest 1 / depth of a corner; slivers would extrapolate beyond it.
        number: What to write into ids.
    """
    for lane in range(LANES):
        new = _nearness(column + np.float32(lane), a0, r0, a1, r1, a2, r2, az, rz, most)
        if new > nearness[at + lane]:
            nearness[at + lane] = new
            ids[at + lane] = number


@compiled(fastmath=EXACT, inline=True)
def cover_depth(nearness, at, column, a0, r0, a1, r1, a2, r2, az, rz, most):
    """Draw depth alone, as `cover` does: for shadow maps."""
    for lane in range(LANES):
        new = _nearness(column + np.float32(lane), a0, r0, a1, r1, a2, r2, az, rz, most)
        if new > nearness[at + lane]:
            nearness[at + lane] = new


@compiled(fastmath=EXACT)
def sample_attributes(samples, integers, records, at):
    """Evaluate the eight planes of eight samples and copy their surfaces, into the structure of arrays."""
    for lane in range(at, at + LANES):
        record = RECORD * integers[RECORD_OF + lane]
        column, row = samples[COLUMN + lane], samples[ROW + lane]
        for k in range(8):
            rest = records[record + 8 + k] * row + records[record + 16 + k]
            samples[k * STRIDE + lane] = records[record + k] * column + rest
            samples[RED + k * STRIDE + lane] = records[record + 24 + k]


@compiled(fastmath=EXACT)
def triangle_planes(
    records, to, parts, part, corners, corner, near0, near1, near2, x0, y0, x1, y1, x2, y2, inverse_area
):
    """Write the planes of a triangle's attributes: attribute / depth is linear in the image.

    Args:
        records, to: Where 3 x 8 floats go: slope per column, slope per row, value at the origin.
        parts, part: Where the part's 6 columns of 8 start.
        corners, corner: Where the triangle's normals and texture coordinates start.
        near0, near1, near2: 1 / depth of the corners [1/m].
        x0, y0: First corner [px].
        x1, y1, x2, y2: The others, relative to the first [px].
        inverse_area: One over twice the signed area [1/px^2].
    """
    for k in range(LANES):
        first = _attribute(parts, part + k, corners, corner, 0) * near0
        second = _attribute(parts, part + k, corners, corner, 1) * near1 - first
        third = _attribute(parts, part + k, corners, corner, 2) * near2 - first
        across = (second * y2 - third * y1) * inverse_area
        down = (third * x1 - second * x2) * inverse_area
        records[to + k] = across
        records[to + 8 + k] = down
        records[to + 16 + k] = (first - across * x0) - down * y0


@compiled(fastmath=EXACT, inline=True)
def _attribute(parts, column, corners, corner, q):
    """Map normal and texture coordinates of corner q to one attribute."""
    total = parts[column + 40]
    for k in range(3):
        total = parts[column + 8 * k] * corners[corner + 3 * q + k] + total
    for k in range(2):
        total = parts[column + 24 + 8 * k] * corners[corner + 9 + 2 * q + k] + total
    return total
