"""Shadow maps: the casters as each lamp sees them, drawn once per world and shared by its cameras.

Directional lamps look in parallel and their map is fitted to the casters; a spot looks through its cone; a point
light has six maps, a cube around it. Floor, walls and table throw none. Closed bodies are drawn by the faces that
look at the lamp, so a lamp that a randomizer put inside of one shines through it instead of blackening the image.
"""

import math

import numpy as np

from envs.rendering.raster.compiled import EXACT, compiled
from envs.rendering.raster.fill import draw_clipped, draw_depth
from envs.rendering.raster.layout import (
    CENTRE_X,
    CENTRE_Y,
    CONE_TAN,
    DIRECTIONAL,
    EDGE,
    FACES,
    FOCAL_X,
    FOCAL_Y,
    KIND,
    LIGHT_NEAR_M,
    OFF,
    PLACE,
    POINT_LIGHT,
    SHADOW,
    TOWARDS,
)
from envs.rendering.raster.vertices import compose, nearest_if_seen, project, project_flat, scale_of

f4 = np.float32
ZERO, HALF, ONE = f4(0.0), f4(0.5), f4(1.0)
NEAR = f4(LIGHT_NEAR_M)
REACH_M = f4(4.0)
"""Parts further than this from the arm's base throw no shadows: one stray part would blur the map of all others."""
CAST_NOTHING, CAST_BOTH = 0, 2


@compiled()
def draw_shadow_maps(meshes, scratch, transforms, visible, lights, size):
    """Draw the maps of all lights of a world that throw shadows, and note which ones have any."""
    for index in range(lights.shape[0]):
        light, state = lights[index], scratch.light_state[index]
        state[0] = ZERO
        if light[KIND] == f4(OFF) or light[SHADOW] <= ZERO:
            continue
        views = scratch.light_views[index]
        if light[KIND] == f4(DIRECTIONAL):
            state[1] = _fit(light, meshes, transforms, visible, size, views[0])
            if state[1] > ZERO:
                _draw_flat(meshes, scratch, transforms, visible, views[0], index * FACES, size)
                state[0] = ONE
        elif light[KIND] == f4(POINT_LIGHT):
            for face in range(FACES):
                _cube_view(light, face, size, views[face])
                _draw_face(meshes, scratch, transforms, visible, views[face], index * FACES + face, size, face % 2 == 1)
            state[0], state[1] = ONE, f4(2.0) / f4(size - 2)
        else:
            _spot_view(light, size, views[0])
            _draw_face(meshes, scratch, transforms, visible, views[0], index * FACES, size, False)
            state[0], state[1] = ONE, f4(2.0) * light[CONE_TAN] / f4(size)


@compiled(fastmath=EXACT)
def _aim(x, y, z, view):
    """Write the rotation of a view that looks along a unit vector: rows right, down, forward."""
    if abs(z) < f4(0.9):
        right = (-y, x, ZERO)
    else:
        right = (ZERO, -z, y)
    length = ONE / math.sqrt(right[0] * right[0] + right[1] * right[1] + right[2] * right[2])
    view[0], view[1], view[2] = right[0] * length, right[1] * length, right[2] * length
    view[4] = y * view[2] - z * view[1]
    view[5] = z * view[0] - x * view[2]
    view[6] = x * view[1] - y * view[0]
    view[8], view[9], view[10] = x, y, z


@compiled(fastmath=EXACT)
def _stand(x, y, z, view):
    """Write the translation of a view at a place whose rotation is known."""
    for r in range(0, 12, 4):
        view[r + 3] = -(view[r] * x + view[r + 1] * y + view[r + 2] * z)


@compiled(fastmath=EXACT)
def _throws(meshes, transforms, visible, part):
    """Tell whether a part throws a shadow in this world."""
    if meshes.casts[part] == CAST_NOTHING or not visible[part]:
        return False
    pose = transforms[part]
    return pose[3] * pose[3] + pose[7] * pose[7] + pose[11] * pose[11] < REACH_M * REACH_M


@compiled(fastmath=EXACT)
def _fit(light, meshes, transforms, visible, size, view):
    """Write the map of a directional light, just large enough for all casters: texel and nearness from world.

    Returns:
        Side of a texel [m]; 0 without casters.
    """
    _aim(-light[TOWARDS], -light[TOWARDS + 1], -light[TOWARDS + 2], view)
    low, high = (f4(1e9), f4(1e9), f4(1e9)), (f4(-1e9), f4(-1e9), f4(-1e9))
    for part in range(meshes.spans.shape[0]):
        if not _throws(meshes, transforms, visible, part):
            continue
        pose, sphere = transforms[part], meshes.spheres[part]
        radius = sphere[3] * scale_of(pose)
        x = pose[0] * sphere[0] + pose[1] * sphere[1] + pose[2] * sphere[2] + pose[3]
        y = pose[4] * sphere[0] + pose[5] * sphere[1] + pose[6] * sphere[2] + pose[7]
        z = pose[8] * sphere[0] + pose[9] * sphere[1] + pose[10] * sphere[2] + pose[11]
        across = view[0] * x + view[1] * y + view[2] * z
        down = view[4] * x + view[5] * y + view[6] * z
        along = view[8] * x + view[9] * y + view[10] * z
        low = (min(low[0], across - radius), min(low[1], down - radius), min(low[2], along - radius))
        high = (max(high[0], across + radius), max(high[1], down + radius), max(high[2], along + radius))
    if high[0] <= low[0]:
        return ZERO
    per_x, per_y = f4(size - 4) / (high[0] - low[0]), f4(size - 4) / (high[1] - low[1])
    for c in range(3):
        view[c] *= per_x
        view[4 + c] *= per_y
        view[8 + c] = -view[8 + c]
    view[3], view[7], view[11] = f4(2.0) - per_x * low[0], f4(2.0) - per_y * low[1], ONE + high[2]
    return ONE / min(per_x, per_y)


@compiled(fastmath=EXACT)
def _spot_view(light, size, view):
    """Write the view of a spot: its map just holds the cone."""
    _aim(-light[TOWARDS], -light[TOWARDS + 1], -light[TOWARDS + 2], view)
    _stand(light[PLACE], light[PLACE + 1], light[PLACE + 2], view)
    view[FOCAL_X] = view[FOCAL_Y] = HALF * f4(size) / light[CONE_TAN]
    view[CENTRE_X] = view[CENTRE_Y] = HALF * f4(size)


@compiled(fastmath=EXACT)
def _cube_view(light, face, size, view):
    """Write one of six views of a point light: along +x, -x, +y, -y, +z, -z of the world; odd ones are mirrored."""
    axis = face // 2
    for i in range(12):
        view[i] = ZERO
    view[(axis + 1) % 3] = view[4 + (axis + 2) % 3] = ONE
    view[8 + axis] = -ONE if face % 2 == 1 else ONE
    _stand(light[PLACE], light[PLACE + 1], light[PLACE + 2], view)
    # One texel wider than the quarter turn: samples at a seam then find all four neighbours in one map.
    view[FOCAL_X] = view[FOCAL_Y] = HALF * f4(size) - ONE
    view[CENTRE_X] = view[CENTRE_Y] = HALF * f4(size)


@compiled()
def _cleared(scratch, number, size):
    """Give a map, emptied."""
    length = size * (size + EDGE)
    image = scratch.shadows[number * length : (number + 1) * length]
    for i in range(length):
        image[i] = 0
    return image


@compiled()
def _draw_flat(meshes, scratch, transforms, visible, view, number, size):
    """Draw the casters without perspective."""
    image, pose = _cleared(scratch, number, size), scratch.poses[0]
    for part in range(meshes.spans.shape[0]):
        if not _throws(meshes, transforms, visible, part):
            continue
        compose(view, transforms[part], pose)
        first, end, face, last = meshes.casters[part]
        project_flat(meshes.vertices, first, end, pose, scratch.projected, 0)
        draw_depth(
            meshes.triangles, face, last, -4 * first, scratch.projected, size, size, size + EDGE,
            True, meshes.casts[part] == CAST_BOTH, scratch.candidates, image,
        )  # fmt: skip


@compiled()
def _draw_face(meshes, scratch, transforms, visible, view, number, size, mirrored):
    """Draw the casters with perspective; those around the lamp are cut at its near plane."""
    image, pose = _cleared(scratch, number, size), scratch.poses[0]
    for part in range(meshes.spans.shape[0]):
        if not _throws(meshes, transforms, visible, part):
            continue
        compose(view, transforms[part], pose)
        nearest = nearest_if_seen(pose, meshes.spheres[part], view, size, size, NEAR)
        if nearest <= f4(-1e29):
            continue
        first, end, face, last = meshes.casters[part]
        both = meshes.casts[part] == CAST_BOTH
        if nearest < NEAR:
            draw_clipped(
                meshes.vertices, meshes.triangles, face, last, pose, view, NEAR, size, size, size + EDGE,
                both or not mirrored, both or mirrored, -1, scratch.accepted, 0, scratch.clipped, 0,
                scratch.polygon, image, image,
            )  # fmt: skip
            continue
        project(meshes.vertices, first, end, pose, view, scratch.projected, 0)
        draw_depth(
            meshes.triangles, face, last, -4 * first, scratch.projected, size, size, size + EDGE,
            both or not mirrored, both or mirrored, scratch.candidates, image,
        )  # fmt: skip
