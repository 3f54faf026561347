"""Stage one: parts into the frame of a view, those outside of it left out, vertices onto the image."""

import math

import numpy as np

from envs.rendering.raster.compiled import EXACT, compiled
from envs.rendering.raster.layout import CENTRE_X, CENTRE_Y, FOCAL_X, FOCAL_Y

f4 = np.float32
ZERO, ONE = f4(0.0), f4(1.0)


@compiled(fastmath=EXACT)
def compose(left, right, out):
    """Write left @ right for transforms (3, 4), each as twelve floats row by row."""
    for r in range(0, 12, 4):
        for c in range(4):
            total = left[r] * right[c] + left[r + 1] * right[4 + c] + left[r + 2] * right[8 + c]
            out[r + c] = total + left[r + 3] if c == 3 else total


@compiled(fastmath=EXACT)
def scale_of(pose):
    """Give the scale of a transform, the longest of its columns."""
    largest = ZERO
    for c in range(3):
        largest = max(largest, pose[c] * pose[c] + pose[4 + c] * pose[4 + c] + pose[8 + c] * pose[8 + c])
    return math.sqrt(largest)


@compiled(fastmath=EXACT)
def nearest_if_seen(pose, sphere, view, width, height, near):
    """Give the nearest depth of a part's bounding sphere [m], or -inf if no pixel can show it.

    Args:
        pose: (12,) view_from_part.
        sphere: (4,) centre in the part's frame and radius [m].
        view: (VIEW,) its focal lengths and centre [px].
        width, height: Of the image [px].
        near: Near plane [m].
    """
    radius = sphere[3] * scale_of(pose)
    x = pose[0] * sphere[0] + pose[1] * sphere[1] + pose[2] * sphere[2] + pose[3]
    y = pose[4] * sphere[0] + pose[5] * sphere[1] + pose[6] * sphere[2] + pose[7]
    z = pose[8] * sphere[0] + pose[9] * sphere[1] + pose[10] * sphere[2] + pose[11]
    fx, fy, left, top = view[FOCAL_X], view[FOCAL_Y], view[CENTRE_X], view[CENTRE_Y]
    right, bottom = f4(width) - left, f4(height) - top
    outside = (
        (z + radius < near)
        | (fx * x + left * z < -radius * math.sqrt(fx * fx + left * left))
        | (right * z - fx * x < -radius * math.sqrt(fx * fx + right * right))
        | (fy * y + top * z < -radius * math.sqrt(fy * fy + top * top))
        | (bottom * z - fy * y < -radius * math.sqrt(fy * fy + bottom * bottom))
    )
    return f4(-1e30) if outside else z - radius


@compiled(fastmath=EXACT)
def project(vertices, first, end, pose, view, out, to):
    """Project vertices [first, end) into out[4 * to ..]: column, row, 1 / depth, depth."""
    m0, m1, m2, m3, m4, m5 = pose[0], pose[1], pose[2], pose[3], pose[4], pose[5]
    m6, m7, m8, m9, m10, m11 = pose[6], pose[7], pose[8], pose[9], pose[10], pose[11]
    fx, fy, cx, cy = view[FOCAL_X], view[FOCAL_Y], view[CENTRE_X], view[CENTRE_Y]
    xs, ys, zs = vertices[0, first:end], vertices[1, first:end], vertices[2, first:end]
    seen = out[4 * to : 4 * (to + end - first)]
    for i in range(end - first):
        x, y, z = xs[i], ys[i], zs[i]
        depth = m8 * x + m9 * y + m10 * z + m11
        inverse = ONE / depth
        seen[4 * i] = (m0 * x + m1 * y + m2 * z + m3) * (fx * inverse) + cx
        seen[4 * i + 1] = (m4 * x + m5 * y + m6 * z + m7) * (fy * inverse) + cy
        seen[4 * i + 2] = inverse
        seen[4 * i + 3] = depth


@compiled(fastmath=EXACT)
def project_flat(vertices, first, end, pose, out, to):
    """Project without perspective: the pose already gives column, row and nearness (larger is nearer)."""
    m0, m1, m2, m3, m4, m5 = pose[0], pose[1], pose[2], pose[3], pose[4], pose[5]
    m6, m7, m8, m9, m10, m11 = pose[6], pose[7], pose[8], pose[9], pose[10], pose[11]
    xs, ys, zs = vertices[0, first:end], vertices[1, first:end], vertices[2, first:end]
    seen = out[4 * to : 4 * (to + end - first)]
    for i in range(end - first):
        x, y, z = xs[i], ys[i], zs[i]
        seen[4 * i] = m0 * x + m1 * y + m2 * z + m3
        seen[4 * i + 1] = m4 * x + m5 * y + m6 * z + m7
        nearness = m8 * x + m9 * y + m10 * z + m11
        seen[4 * i + 2] = nearness
        seen[4 * i + 3] = nearness
