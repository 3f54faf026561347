"""All images of a batch in one compiled call that never touches Python and holds no lock of it."""

import numpy as np

from envs.rendering.raster.compiled import EXACT, compiled
from envs.rendering.raster.layout import CENTRE_X, LIGHT, PLACE, TOWARDS, VIEW
from envs.rendering.raster.multi import paint_smooth
from envs.rendering.raster.occlusion import place_shadow_map
from envs.rendering.raster.shadow import draw_shadow_maps
from envs.rendering.raster.single import paint
from envs.rendering.raster.typed import cycles
from envs.rendering.raster.visibility import draw_visible, write_depth, write_parts

f4 = np.float32


@compiled(fastmath=EXACT)
def _see_lights(lights, view, scratch):
    """Bring the lights of a world and their shadow maps into the camera's frame."""
    world_from_camera = scratch.corner
    for r in range(3):
        for c in range(3):
            world_from_camera[4 * r + c] = view[4 * c + r]
    for r in range(3):
        world_from_camera[4 * r + 3] = -(view[r] * view[3] + view[4 + r] * view[7] + view[8 + r] * view[11])
    for index in range(lights.shape[0]):
        light, seen = lights[index], scratch.seen_lights[index]
        for i in range(LIGHT):
            seen[i] = light[i]
        for r in range(3):
            a, b, c = view[4 * r], view[4 * r + 1], view[4 * r + 2]
            seen[PLACE + r] = a * light[PLACE] + b * light[PLACE + 1] + c * light[PLACE + 2] + view[4 * r + 3]
            seen[TOWARDS + r] = a * light[TOWARDS] + b * light[TOWARDS + 1] + c * light[TOWARDS + 2]
        if scratch.light_state[index, 0] > f4(0.0):
            place_shadow_map(light, scratch.light_views[index, 0], world_from_camera, scratch.shadow_poses[index])


@compiled(fastmath=EXACT)
def _doubled(view, fine):
    """Write the same view for an image of twice the size."""
    for i in range(VIEW):
        fine[i] = view[i]
    for i in range(CENTRE_X - 2, VIEW):
        fine[i] *= f4(2.0)


@compiled()
def draw_batch(meshes, scratch, batch, texels, exponent, shadow_size, size, samples, rgb, depth, parts):
    """Draw all cameras of all worlds of a batch.

    Args:
        meshes, scratch, batch: See `layout`.
        texels, exponent: All pictures and the logarithm of their side; see `texture`.
        shadow_size: Side of a shadow map [texels].
        size: Height and width of the images [px].
        samples: 1, or 4 for smooth outlines.
        rgb: (worlds, cameras, 3 * pixels) uint8.
        depth, parts: (worlds, cameras, pixels) float32 and int32, or no worlds at all to leave them out.
    """
    with_depth, with_parts = depth.shape[0] > 0, parts.shape[0] > 0
    spent, fine = scratch.cycles, np.zeros(VIEW, np.float32)
    for i in range(batch.rows.shape[0]):
        row, start = batch.rows[i], cycles()
        transforms, visible, surfaces = batch.transforms[i], batch.visible[i], batch.surfaces[i]
        draw_shadow_maps(meshes, scratch, transforms, visible, batch.lights[i], shadow_size)
        spent[0] += cycles() - start
        for camera in range(batch.views.shape[1]):
            view, start = batch.views[i, camera], cycles()
            _see_lights(batch.lights[i], view, scratch)
            if samples > 1:
                _doubled(view, fine)
                draw_visible(meshes, scratch, transforms, visible, surfaces, fine, 2 * size, 2 * size)
                spent[1] += cycles() - start
                start = cycles()
                paint_smooth(
                    meshes, scratch, surfaces, fine, batch.ambient[i], batch.backdrop[i], texels, exponent,
                    shadow_size, size, rgb[row, camera],
                )  # fmt: skip
                spent[2] += cycles() - start
                start = cycles()
            if samples == 1 or with_depth or with_parts:
                draw_visible(meshes, scratch, transforms, visible, surfaces, view, size, size)
                spent[1] += cycles() - start
                start = cycles()
            if samples == 1:
                paint(
                    meshes, scratch, surfaces, view, batch.ambient[i], batch.backdrop[i], texels, exponent,
                    shadow_size, size, rgb[row, camera],
                )  # fmt: skip
                spent[2] += cycles() - start
                start = cycles()
            if with_depth:
                write_depth(scratch, size, depth[row, camera])
            if with_parts:
                write_parts(scratch, size, parts[row, camera])
            spent[3] += cycles() - start
