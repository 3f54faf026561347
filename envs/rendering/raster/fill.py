"""Stage two: triangles into images of 1 / depth and triangle numbers (the visibility buffer).

Pixel centres lie at half numbers, columns grow to the right, rows downwards; a face that looks at the viewer has
a negative area here.
"""

import numpy as np

from envs.rendering.raster.blocks import cover, cover_depth
from envs.rendering.raster.compiled import EXACT, compiled
from envs.rendering.raster.layout import CENTRE_X, CENTRE_Y, FOCAL_X, FOCAL_Y

f4, i4 = np.float32, np.int32
ZERO, HALF, ONE = f4(0.0), f4(0.5), f4(1.0)
SLIVER = f4(1e-6)
"""Twice the area below which a triangle is left out [px^2]."""


@compiled(fastmath=EXACT, inline=True)
def _edge(xa, ya, xb, yb, side):
    """Give slopes and value at the first pixel's centre of an edge function, positive on the inner side.

    It is built from the corners in an order that does not depend on the triangle: neighbours get exactly opposite
    numbers, and no pixel falls between them.
    """
    turned = (ya > yb) | ((ya == yb) & (xa > xb))
    x0, y0 = (xb, yb) if turned else (xa, ya)
    x1, y1 = (xa, ya) if turned else (xb, yb)
    a, b = y0 - y1, x1 - x0
    sign = -side if turned else side
    return a * sign, b * sign, ((HALF - x0) * a + (HALF - y0) * b) * sign


@compiled(fastmath=EXACT, inline=True)
def _fill(x0, y0, z0, x1, y1, z1, x2, y2, z2, width, height, stride, nearness, ids, number):
    """Draw one triangle; with a negative number into the depth image alone."""
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    side = ONE if area > ZERO else -ONE
    a0, b0, c0 = _edge(x0, y0, x1, y1, side)
    a1, b1, c1 = _edge(x1, y1, x2, y2, side)
    a2, b2, c2 = _edge(x2, y2, x0, y0, side)
    inverse = ONE / area
    az = ((z1 - z0) * (y2 - y0) - (z2 - z0) * (y1 - y0)) * inverse
    bz = ((x1 - x0) * (z2 - z0) - (x2 - x0) * (z1 - z0)) * inverse
    cz = z0 + (HALF - x0) * az + (HALF - y0) * bz
    most = max(z0, max(z1, z2))
    # Clamped to the image before they become whole numbers: a corner may lie far outside.
    left = int(max(min(x0, min(x1, x2)) + HALF, ZERO))
    right = int(min(max(x0, max(x1, x2)), f4(width) - HALF) + HALF)
    top = int(max(min(y0, min(y1, y2)) + HALF, ZERO))
    bottom = int(min(max(y0, max(y1, y2)), f4(height) - HALF) + HALF)
    for row in range(top, bottom):
        y = f4(row)
        r0, r1, r2, rz = b0 * y + c0, b1 * y + c1, b2 * y + c2, bz * y + cz
        for column in range(left, right, 8):
            x = f4(column)
            if number >= 0:
                cover(nearness, ids, row * stride + column, x, a0, r0, a1, r1, a2, r2, az, rz, most, number)
            else:
                cover_depth(nearness, row * stride + column, x, a0, r0, a1, r1, a2, r2, az, rz, most)


@compiled(fastmath=EXACT)
def cull(triangles, first, end, offset, projected, width, height, front, back, kept):
    """List the triangles of a part that cover a pixel centre's row and column; no branch, so it runs at speed.

    Args:
        triangles: (3 * triangles,) four times the vertex.
        first, end: Those of the part.
        offset: Added to each vertex, in floats.
        projected: Output of `vertices.project`.
        width, height: Of the image [px].
        front, back: Keep faces that look at the viewer, or away.
        kept: Receives their numbers.

    Returns:
        How many there are.
    """
    last_x, last_y = f4(width) - HALF, f4(height) - HALF
    count = 0
    for t in range(first, end):
        at = np.uint64(3 * t)
        i0 = np.uint64(triangles[at] + offset)
        i1 = np.uint64(triangles[at + np.uint64(1)] + offset)
        i2 = np.uint64(triangles[at + np.uint64(2)] + offset)
        x0, y0 = projected[i0], projected[i0 + np.uint64(1)]
        x1, y1 = projected[i1], projected[i1 + np.uint64(1)]
        x2, y2 = projected[i2], projected[i2 + np.uint64(1)]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        left, right = max(min(x0, min(x1, x2)), -HALF), min(max(x0, max(x1, x2)), last_x)
        top, bottom = max(min(y0, min(y1, y2)), -HALF), min(max(y0, max(y1, y2)), last_y)
        covers = (right >= HALF) & (bottom >= HALF) & (left <= last_x) & (top <= last_y)
        covers &= (i4(left + HALF) != i4(right + HALF)) & (i4(top + HALF) != i4(bottom + HALF))
        kept[np.uint64(count)] = t
        count += np.int64(covers & ((front & (area < -SLIVER)) | (back & (area > SLIVER))))
    return count


@compiled(fastmath=EXACT)
def draw_depth(triangles, first, end, offset, projected, width, height, stride, front, back, kept, nearness):
    """Draw the depth of a part that lies wholly before the near plane: for shadow maps."""
    count = cull(triangles, first, end, offset, projected, width, height, front, back, kept)
    for j in range(count):
        at = 3 * kept[j]
        i0, i1, i2 = triangles[at] + offset, triangles[at + 1] + offset, triangles[at + 2] + offset
        _fill(
            projected[i0], projected[i0 + 1], projected[i0 + 2],
            projected[i1], projected[i1 + 1], projected[i1 + 2],
            projected[i2], projected[i2 + 1], projected[i2 + 2],
            width, height, stride, nearness, nearness, i4(-1),
        )  # fmt: skip


@compiled(fastmath=EXACT)
def draw_part(
    triangles, first, end, vertex, projected, width, height, stride, part, accepted, count, kept, nearness, ids
):
    """Draw a part that lies wholly before the near plane, and list its triangles from `count` on.

    Returns:
        Number of accepted triangles now.
    """
    offset = 4 * vertex
    candidates = cull(triangles, first, end, offset, projected, width, height, True, False, kept)
    for j in range(candidates):
        at = 3 * kept[j]
        i0, i1, i2 = triangles[at] + offset, triangles[at + 1] + offset, triangles[at + 2] + offset
        _fill(
            projected[i0], projected[i0 + 1], projected[i0 + 2],
            projected[i1], projected[i1 + 1], projected[i1 + 2],
            projected[i2], projected[i2 + 1], projected[i2 + 2],
            width, height, stride, nearness, ids, i4(count),
        )  # fmt: skip
        accepted[count, 0], accepted[count, 1] = kept[j], part
        accepted[count, 2], accepted[count, 3] = offset, -1
        count += 1
    return count


@compiled(fastmath=EXACT)
def clip(vertices, triangles, t, pose, near, polygon):
    """Cut triangle t at the near plane: polygon[:n] gets x, y, z in the view's frame and weights of the corners.

    Rows 4 to 6 of polygon are working memory. Returns n: 0, 3 or 4.
    """
    for q in range(3):
        i = triangles[3 * t + q] >> 2
        x, y, z = vertices[0, i], vertices[1, i], vertices[2, i]
        for r in range(3):
            polygon[4 + q, r] = pose[4 * r] * x + pose[4 * r + 1] * y + pose[4 * r + 2] * z + pose[4 * r + 3]
    n = 0
    for a in range(3):
        b = (a + 1) % 3
        a_is_in, b_is_in = polygon[4 + a, 2] >= near, polygon[4 + b, 2] >= near
        if a_is_in:
            for r in range(3):
                polygon[n, r], polygon[n, 3 + r] = polygon[4 + a, r], ZERO
            polygon[n, 3 + a] = ONE
            n += 1
        if a_is_in != b_is_in:
            # From the inner end to the outer one: neighbours compute the same point for the edge they share.
            inner, outer = (a, b) if a_is_in else (b, a)
            share = (near - polygon[4 + inner, 2]) / (polygon[4 + outer, 2] - polygon[4 + inner, 2])
            for r in range(3):
                step = polygon[4 + outer, r] - polygon[4 + inner, r]
                polygon[n, r], polygon[n, 3 + r] = polygon[4 + inner, r] + share * step, ZERO
            polygon[n, 2] = near
            polygon[n, 3 + inner], polygon[n, 3 + outer] = ONE - share, share
            n += 1
    return n


@compiled(fastmath=EXACT)
def _flatten(polygon, fan, view, corners):
    """Project triangle `fan` of a clipped polygon into corners (3, 6): column, row, 1 / depth, weights."""
    for q in range(3):
        source = 0 if q == 0 else fan + q
        inverse = ONE / polygon[source, 2]
        corners[q, 0] = view[FOCAL_X] * polygon[source, 0] * inverse + view[CENTRE_X]
        corners[q, 1] = view[FOCAL_Y] * polygon[source, 1] * inverse + view[CENTRE_Y]
        corners[q, 2] = inverse
        for r in range(3, 6):
            corners[q, r] = polygon[source, r]


@compiled(fastmath=EXACT)
def draw_clipped(
    vertices, triangles, first, end, pose, view, near, width, height, stride, front, back,
    part, accepted, count, clipped, pieces, polygon, nearness, ids,
):  # fmt: skip
    """Draw a part that crosses the near plane, one triangle after the other. With part < 0, depth alone.

    Args:
        accepted, count: List of drawn triangles and its length.
        clipped, pieces: List of clipped triangles and its length.

    Returns:
        Both lengths now.
    """
    for t in range(first, end):
        n = clip(vertices, triangles, t, pose, near, polygon)
        for fan in range(n - 2):
            corners = clipped[pieces]
            _flatten(polygon, fan, view, corners)
            x0, y0, x1, y1 = corners[0, 0], corners[0, 1], corners[1, 0], corners[1, 1]
            x2, y2 = corners[2, 0], corners[2, 1]
            area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
            if not ((front and area < -SLIVER) or (back and area > SLIVER)):
                continue
            number = i4(count) if part >= 0 else i4(-1)
            _fill(
                x0, y0, corners[0, 2], x1, y1, corners[1, 2], x2, y2, corners[2, 2],
                width, height, stride, nearness, ids, number,
            )  # fmt: skip
            if part >= 0:
                accepted[count, 0], accepted[count, 1] = t, part
                accepted[count, 2], accepted[count, 3] = 0, pieces
                count += 1
                pieces += 1
    return count, pieces
