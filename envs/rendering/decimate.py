"""Compiled edge collapse by quadric error (Garland and Heckbert 1997), for meshes as CAD exports them.

    vertices, faces = collapsed(vertices, faces, 200)

Needles, open borders and edges with more than two faces do not stop it: what would fold the surface is refused
at first, and only allowed once nothing else is left to collapse.
"""

import heapq

import numba
import numpy as np

BORDER = 10.0
"""Weight of the planes that keep open borders in shape, relative to those of faces. What lies inside joins a
border where that is: a slit too thin to be seen would else grow to a hole."""
SHORT = 1e-4
"""Weight of an edge's length in its cost: on flat ground the shortest edges go first."""
NEEDLE = 0.02
"""A face thinner than this share of its longest edge has no normal worth keeping."""
PASSES = ((0.2, True, True), (0.2, True, False), (-0.5, False, False), (-2.0, False, False))
"""Least cosine between a face's normals before and after, whether the topology must stay, and the borders."""


def collapsed(vertices: np.ndarray, faces: np.ndarray, triangles: int) -> tuple[np.ndarray, np.ndarray]:
    """Reduce welded geometry to at most `triangles` faces, or as few as can be.

    Args:
        vertices: (n, 3) [m].
        faces: (m, 3).
        triangles: How many to keep.
    """
    places, corners = np.array(vertices, np.float64), np.array(faces, np.int64)
    alive = _collapse(places, corners, triangles, np.array(PASSES, np.float64))
    used, index = np.unique(corners[alive], return_inverse=True)
    return places[used], index.reshape(-1, 3)


@numba.njit(cache=True)
def _collapse(places, faces, triangles, passes):
    """Collapse edges in place; tell which faces are left."""
    alive, count = np.ones(len(faces), np.bool_), len(faces)
    border = np.zeros(len(places), np.bool_)
    quadrics, version = _quadrics(places, faces, border), np.zeros(len(places), np.int64)
    head, tail, after = _corner_lists(len(places), faces)
    mark, point = np.full(len(places), -1, np.int64), np.empty(3)
    stamp = 0
    for limit, topology, hold in passes:
        held = border & (hold > 0.0)
        heap = [(0.0, 0, 0, -1, -1)]
        for f in range(len(faces)):
            for k in range(3):
                i, j = faces[f, k], faces[f, (k + 1) % 3]
                if alive[f]:
                    _push(heap, quadrics, places, held, version, i, j, point)
        while heap and count > triangles:
            _, i, j, age_i, age_j = heapq.heappop(heap)
            if age_i != version[i] or age_j != version[j] or head[i] < 0 or head[j] < 0:
                continue
            stamp += 1
            if topology and _pinches(faces, alive, head, after, held, i, j, mark, stamp):
                continue
            _best_point(quadrics, places, held, i, j, point)
            if _folds(places, faces, alive, head, after, i, j, point, limit) or _folds(
                places, faces, alive, head, after, j, i, point, limit
            ):
                continue
            places[i] = point
            quadrics[i] += quadrics[j]
            border[i] = border[i] or border[j]
            held[i] = held[i] or held[j]
            count -= _merge(faces, alive, head, tail, after, i, j)
            version[i] += 1
            version[j] = -2
            _push_around(heap, quadrics, places, held, version, faces, alive, head, after, i, point)
        if count <= triangles:
            break
    return alive


@numba.njit(cache=True)
def _quadrics(places, faces, border):
    """Sum the planes around each vertex, (n, 10): upper half of a (4, 4) matrix, weighted by area.

    Marks the vertices of open borders.
    """
    quadrics = np.zeros((len(places), 10))
    sides = {(0, 0): 0}
    for f in range(len(faces)):
        for k in range(3):
            i, j = faces[f, k], faces[f, (k + 1) % 3]
            edge = (min(i, j), max(i, j))
            sides[edge] = sides.get(edge, 0) + 1
    for f in range(len(faces)):
        a, b, c = places[faces[f, 0]], places[faces[f, 1]], places[faces[f, 2]]
        normal = np.cross(b - a, c - a)
        area = np.sqrt((normal * normal).sum())
        normal /= max(area, 1e-30)
        for k in range(3):
            i, j = faces[f, k], faces[f, (k + 1) % 3]
            _add_plane(quadrics[i], normal, places[i], area)
            if sides[(min(i, j), max(i, j))] == 1:
                border[i] = border[j] = True
                along = places[j] - places[i]
                wall = np.cross(along, normal)
                length = np.sqrt((wall * wall).sum())
                if length > 0.0:
                    _add_plane(quadrics[i], wall / length, places[i], BORDER * length * length)
                    _add_plane(quadrics[j], wall / length, places[i], BORDER * length * length)
    return quadrics


@numba.njit(cache=True)
def _add_plane(quadric, normal, through, weight):
    x, y, z = normal
    d = -(x * through[0] + y * through[1] + z * through[2])
    quadric[0] += weight * x * x
    quadric[1] += weight * x * y
    quadric[2] += weight * x * z
    quadric[3] += weight * x * d
    quadric[4] += weight * y * y
    quadric[5] += weight * y * z
    quadric[6] += weight * y * d
    quadric[7] += weight * z * z
    quadric[8] += weight * z * d
    quadric[9] += weight * d * d


@numba.njit(cache=True)
def _corner_lists(count, faces):
    """Link the corners (3 * face + k) of each vertex to a list: first, last, and the one after each."""
    head, tail = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    after = np.full(faces.size, -1, np.int64)
    for corner in range(faces.size):
        v = faces[corner // 3, corner % 3]
        if head[v] < 0:
            head[v] = corner
        else:
            after[tail[v]] = corner
        tail[v] = corner
    return head, tail, after


@numba.njit(cache=True)
def _best_point(quadrics, places, held, i, j, point):
    """Fill point (3,) with the place of least error for an edge, and give that error.

    What lies inside joins a border where that is. A little pull to the middle of the edge decides where the
    planes leave the point free.
    """
    q = quadrics[i] + quadrics[j]
    if held[i] != held[j]:
        point[:] = places[i] if held[i] else places[j]
    else:
        pull = 1e-5 * (q[0] + q[4] + q[7]) + 1e-30
        middle = 0.5 * (places[i] + places[j])
        a, b, c, e, f, h = q[0] + pull, q[1], q[2], q[4] + pull, q[5], q[7] + pull
        u, v, w = pull * middle[0] - q[3], pull * middle[1] - q[6], pull * middle[2] - q[8]
        aa, ab, ac = e * h - f * f, c * f - b * h, b * f - c * e
        det = a * aa + b * ab + c * ac
        point[0] = (aa * u + ab * v + ac * w) / det
        point[1] = (ab * u + (a * h - c * c) * v + (b * c - a * f) * w) / det
        point[2] = (ac * u + (b * c - a * f) * v + (a * e - b * b) * w) / det
    x, y, z = point
    return (
        q[0] * x * x + q[4] * y * y + q[7] * z * z + q[9]
        + 2.0 * (q[1] * x * y + q[2] * x * z + q[3] * x + q[5] * y * z + q[6] * y + q[8] * z)
    )  # fmt: skip


@numba.njit(cache=True)
def _push(heap, quadrics, places, held, version, i, j, point):
    """Offer an edge for collapsing."""
    a, b = min(i, j), max(i, j)
    error = max(_best_point(quadrics, places, held, a, b, point), 0.0)
    along = places[a] - places[b]
    length = (along * along).sum()
    heapq.heappush(heap, (error + SHORT * length * length, a, b, version[a], version[b]))


@numba.njit(cache=True)
def _push_around(heap, quadrics, places, held, version, faces, alive, head, after, i, point):
    """Offer all edges of a vertex anew."""
    corner = head[i]
    while corner >= 0:
        f = corner // 3
        if alive[f]:
            for k in range(3):
                if faces[f, k] != i:
                    _push(heap, quadrics, places, held, version, i, faces[f, k], point)
        corner = after[corner]


@numba.njit(cache=True)
def _pinches(faces, alive, head, after, held, i, j, mark, stamp):
    """Tell whether a collapse would glue surfaces together: more common neighbours than common faces."""
    shared = 0
    corner = head[i]
    while corner >= 0:
        f = corner // 3
        if alive[f]:
            touches = False
            for k in range(3):
                mark[faces[f, k]] = 2 * stamp
                touches = touches or faces[f, k] == j
            shared += touches
        corner = after[corner]
    common = 0
    corner = head[j]
    while corner >= 0:
        f = corner // 3
        if alive[f]:
            for k in range(3):
                v = faces[f, k]
                if v != i and v != j and mark[v] == 2 * stamp:
                    mark[v] = 2 * stamp + 1
                    common += 1
        corner = after[corner]
    return common > shared or (shared > 1 and held[i] and held[j])


@numba.njit(cache=True)
def _folds(places, faces, alive, head, after, i, j, point, limit):
    """Tell whether a face of i alone would turn by too much if i moved to the point."""
    corner = head[i]
    while corner >= 0:
        f, k = corner // 3, corner % 3
        corner = after[corner]
        b, c = faces[f, (k + 1) % 3], faces[f, (k + 2) % 3]
        if not alive[f] or b == j or c == j:
            continue
        side, opposite = places[b] - places[i], places[c] - places[b]
        before, now = np.cross(side, opposite), np.cross(places[b] - point, opposite)
        size, new_size = np.sqrt((before * before).sum()), np.sqrt((now * now).sum())
        longest = max((side * side).sum(), (opposite * opposite).sum())
        if size > NEEDLE * longest and (before * now).sum() < limit * size * new_size:
            return True
    return False


@numba.njit(cache=True)
def _merge(faces, alive, head, tail, after, i, j):
    """Give the corners of j to i; count the faces that vanish."""
    gone = 0
    corner = head[j]
    while corner >= 0:
        f, k = corner // 3, corner % 3
        if alive[f]:
            if faces[f, (k + 1) % 3] == i or faces[f, (k + 2) % 3] == i:
                alive[f] = False
                gone += 1
            faces[f, k] = i
        corner = after[corner]
    after[tail[i]] = head[j]
    tail[i], head[j] = tail[j], -1
    return gone
