"""One view's visibility buffer: parts in view from near to far, their triangles drawn into depth and numbers."""

import numpy as np

from envs.rendering.raster.compiled import compiled
from envs.rendering.raster.fill import draw_clipped, draw_part
from envs.rendering.raster.layout import EDGE, FAR_M, NEAR_M, PART
from envs.rendering.raster.records import prepare_part
from envs.rendering.raster.typed import bits
from envs.rendering.raster.vertices import compose, nearest_if_seen, project

f4 = np.float32
NEAR, FARTHEST = f4(NEAR_M), f4(1.0 / FAR_M)


@compiled()
def _clear(nearness, ids, count):
    """Start an image: nothing is nearer than the far plane."""
    empty = bits(FARTHEST)
    for i in range(count):
        nearness[i] = empty
    for i in range(count):
        ids[i] = -1


@compiled()
def _sort_parts(meshes, scratch, transforms, visible, view, width, height):
    """List the parts that a view may show, nearest first, with their poses; gives how many there are."""
    order, distance = scratch.order, scratch.distance
    seen = 0
    for part in range(meshes.spans.shape[0]):
        if not visible[part] or meshes.spans[part, 3] == meshes.spans[part, 2]:
            continue
        pose = scratch.poses[part]
        compose(view, transforms[part], pose)
        nearest = nearest_if_seen(pose, meshes.spheres[part], view, width, height, NEAR)
        if nearest <= f4(-1e29):
            continue
        at = seen
        while at > 0 and distance[at - 1] > nearest:
            distance[at], order[at] = distance[at - 1], order[at - 1]
            at -= 1
        distance[at], order[at] = nearest, part
        seen += 1
    return seen


@compiled()
def draw_visible(meshes, scratch, transforms, visible, surfaces, view, width, height):
    """Draw everything into `nearness` and `ids`, and prepare what records need.

    Args:
        transforms: (parts, 12) world_from_part.
        visible: (parts,) bool.
        surfaces: (surfaces, SURFACE).
        view: (VIEW,).
        width, height: Of the image [px].

    Returns:
        Number of accepted triangles.
    """
    stride = width + EDGE
    _clear(scratch.nearness, scratch.ids, stride * height)
    seen = _sort_parts(meshes, scratch, transforms, visible, view, width, height)
    vertex, accepted, pieces = 0, 0, 0
    for i in range(seen):
        part = scratch.order[i]
        first, end, face, last = meshes.spans[part]
        pose = scratch.poses[part]
        prepare_part(pose, surfaces[meshes.surfaces[part]], scratch.parts, PART * part)
        if scratch.distance[i] < NEAR:
            accepted, pieces = draw_clipped(
                meshes.vertices, meshes.triangles, face, last, pose, view, NEAR, width, height, stride, True, False,
                part, scratch.accepted, accepted, scratch.clipped, pieces, scratch.polygon,
                scratch.nearness, scratch.ids,
            )  # fmt: skip
            continue
        project(meshes.vertices, first, end, pose, view, scratch.projected, vertex)
        accepted = draw_part(
            meshes.triangles, face, last, vertex - first, scratch.projected, width, height, stride,
            part, scratch.accepted, accepted, scratch.candidates, scratch.nearness, scratch.ids,
        )  # fmt: skip
        vertex += end - first
    for k in range(accepted):
        scratch.record_of[k] = -1
    return accepted


@compiled()
def write_depth(scratch, size, depth):
    """Copy depth [m] of a view drawn at the size of the image; FAR_M where nothing is."""
    stride = size + EDGE
    for row in range(size):
        seen, out = scratch.nearness_float[row * stride : row * stride + size], depth[row * size : (row + 1) * size]
        for column in range(size):
            out[column] = f4(1.0) / seen[column]


@compiled()
def write_parts(scratch, size, parts):
    """Copy part numbers of a view drawn at the size of the image; -1 where nothing is."""
    stride = size + EDGE
    for row in range(size):
        for column in range(size):
            k = scratch.ids[row * stride + column]
            parts[row * size + column] = scratch.accepted[k, 1] if k >= 0 else -1
