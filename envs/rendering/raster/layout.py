"""Where every number lies in the rasterizer's flat arrays. All of it is fixed at compile time.

Samples are shaded in chunks as a structure of arrays: attribute `NORMAL_X` of sample i is
`samples[NORMAL_X + i]`. One flat array with fixed offsets is what lets LLVM turn the loops into vector code.
"""

from typing import NamedTuple

import numpy as np

CHUNK = 256
"""Samples shaded together."""
STRIDE = CHUNK + 16
"""Distance of two attributes; not a power of two, or all attributes would share one set of the L1 cache."""

# float32 attributes of samples. The first eight come from planes, the next eight from the surface.
(
    NORMAL_X, NORMAL_Y, NORMAL_Z, U, V, DETAIL, _6, _7,
    RED, GREEN, BLUE, SPECULAR, SHININESS, PICTURE, CASTER, _15,
    INVERSE, COLUMN, ROW, POINT_X, POINT_Y, POINT_Z, VIEW_X, VIEW_Y, VIEW_Z,
    DIFFUSE_R, DIFFUSE_G, DIFFUSE_B, SHINE_R, SHINE_G, SHINE_B, LIT,
    TEXEL_R, TEXEL_G, TEXEL_B, PART_U, PART_V, NEAR_00, NEAR_10, NEAR_01, NEAR_11, WEIGHT,
) = (STRIDE * row for row in range(42))  # fmt: skip
SAMPLE_FLOATS = 42 * STRIDE
PLANE_ROWS = (NORMAL_X, NORMAL_Y, NORMAL_Z, U, V, DETAIL, _6, _7)
SURFACE_ROWS = (RED, GREEN, BLUE, SPECULAR, SHININESS, PICTURE, CASTER, _15)

# int32 attributes of samples.
RECORD_OF, PIXEL, MAP_AT, TEXEL_00, TEXEL_10, TEXEL_01, TEXEL_11, COLOUR = (STRIDE * row for row in range(8))
SAMPLE_INTS = 8 * STRIDE

RECORD = 32
"""Floats of a visible triangle: planes a, b, c of 8 attributes (a * column + b * row + c), then its surface."""
CORNERS = 16
"""Floats of a triangle: 3 normals, 3 texture coordinates, texture density [1/m]."""
PART = 56
"""Floats of a part in view: 6 columns of 8 that map a corner to attributes, then its scale."""
PART_SCALE = 48
EDGE = 8
"""Columns kept free at the right of depth images: 8 pixels are written at a time."""

# One world's light, float32.
KIND, CONE_COS, CONE_GAIN, SHADOW, CONE_TAN = 0, 10, 11, 12, 13
PLACE, TOWARDS, GLOW = 1, 4, 7
LIGHT = 16
OFF, DIRECTIONAL, POINT_LIGHT, SPOT = range(4)
FACES = 6
"""Shadow maps a point light needs; the other kinds use the first."""

# One view, float32: view_from_world (3, 4), focal lengths and centre in pixels.
FOCAL_X, FOCAL_Y, CENTRE_X, CENTRE_Y = 12, 13, 14, 15
VIEW = 16

# One world's surface, float32.
TINT, GLOSS, EXPONENT, PICTURE_OF, TURN_COS, TURN_SIN = 0, 3, 4, 5, 6, 7
SURFACE = 8

NEAR_M, FAR_M = 0.05, 6.0
"""What a camera sees lies between these; as TinyRenderer's, see `stage`."""
LIGHT_NEAR_M = 0.01

STAGES = ("shadows", "geometry", "shading", "output")


class Meshes(NamedTuple):
    """All meshes of a scene; see `geometry.pack_meshes`.

    vertices: (3, vertices) float32 [m].
    triangles: (3 * triangles,) int32, four times the vertex.
    corners: (triangles * CORNERS,) float32.
    groups: (triangles,) int32, smooth pieces of one mesh share a number.
    spans: (parts, 4) int32 first vertex, end, first triangle, end.
    casters: (parts, 4) int32, the same of the meshes that throw their shadows.
    spheres: (parts, 4) float32 centre and radius [m].
    surfaces: (parts,) int32.
    casts: (parts,) int32, one of `geometry.CASTS`.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    corners: np.ndarray
    groups: np.ndarray
    spans: np.ndarray
    casters: np.ndarray
    spheres: np.ndarray
    surfaces: np.ndarray
    casts: np.ndarray


class Batch(NamedTuple):
    """What differs between worlds; row i is drawn into row `rows[i]` of the images.

    rows: (n,) int64.
    transforms: (n, parts, 12) float32.
    visible: (n, parts) bool.
    surfaces: (n, surfaces, SURFACE) float32.
    lights: (n, lights, LIGHT) float32 in the world's frame.
    ambient: (n,) float32.
    backdrop: (n, 8) float32: picture number or -1, top RGB, bottom RGB.
    views: (n, cameras, VIEW) float32.
    """

    rows: np.ndarray
    transforms: np.ndarray
    visible: np.ndarray
    surfaces: np.ndarray
    lights: np.ndarray
    ambient: np.ndarray
    backdrop: np.ndarray
    views: np.ndarray


class Scratch(NamedTuple):
    """Working memory of one renderer, sized for its scene.

    projected: (4 * vertices,) float32 column, row, 1 / depth, depth.
    nearness: int32 image of float bits of 1 / depth [1/m]; larger is nearer.
    nearness_float: The same memory as float32.
    ids: int32 image of accepted triangles, -1 for none.
    accepted: (triangles, 4) int32 triangle, part, vertex offset, clipped triangle or -1.
    record_of: (triangles,) int32 record of an accepted triangle, -1 while it has none.
    recorded: (triangles,) int32 the accepted triangle of each record.
    candidates: (triangles,) int32 what survived culling.
    records: (triangles * RECORD,) float32.
    clipped: (triangles, 3, 6) float32 corners of clipped triangles: column, row, 1 / depth, three weights.
    polygon: (8, 6) float32 of the triangle being clipped.
    corner: (CORNERS,) float32 of a clipped triangle.
    parts: (parts * PART,) float32.
    poses: (parts, 12) float32 view_from_part.
    order: (parts,) int32 parts in view, nearest first.
    distance: (parts,) float32 their nearest point [m].
    samples: (SAMPLE_FLOATS,) float32.
    integers: (SAMPLE_INTS,) int32.
    shadows: (lights * FACES * map,) int32 float bits, like nearness.
    shadows_float: The same memory as float32.
    light_views: (lights, FACES, VIEW) float32 of shadow maps.
    light_state: (lights, 4) float32: is there a map, texel size [m] or [1], far end [m].
    seen_lights: (lights, LIGHT) float32 in the camera's frame.
    shadow_poses: (lights, 12) float32 shadow texel from camera.
    blend: (4 * pixels,) float32 sums of pixels with edges.
    edges: (pixels,) int32, 1 for those pixels.
    cycles: (len(STAGES),) int64 processor cycles spent.
    """

    projected: np.ndarray
    nearness: np.ndarray
    nearness_float: np.ndarray
    ids: np.ndarray
    accepted: np.ndarray
    record_of: np.ndarray
    recorded: np.ndarray
    candidates: np.ndarray
    records: np.ndarray
    clipped: np.ndarray
    polygon: np.ndarray
    corner: np.ndarray
    parts: np.ndarray
    poses: np.ndarray
    order: np.ndarray
    distance: np.ndarray
    samples: np.ndarray
    integers: np.ndarray
    shadows: np.ndarray
    shadows_float: np.ndarray
    light_views: np.ndarray
    light_state: np.ndarray
    seen_lights: np.ndarray
    shadow_poses: np.ndarray
    blend: np.ndarray
    edges: np.ndarray
    cycles: np.ndarray
