"""Triangle meshes: boxes, balls, cylinders, OBJ files, decimation, creased normals, box texture coordinates.

    cube = box((0.02, 0.02, 0.02))                       # half extents [m], one texture tile a face
    link = simplified(read_obj(path), triangles=120)     # fewer triangles, smooth where it was smooth

Texture coordinates are never negative: TinyRenderer repeats a texture towards plus infinity only.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from envs.rendering.scene import Mesh

CREASE_DEG = 60.0
"""Neighbouring triangles that meet at less than this angle are shaded as one smooth surface [deg]."""
SMALL_SHELL = 2.0
"""Area of separate shells that are dropped when a mesh is simplified, in triangles that it will have on average."""
SMALL_HOLE = 1.5
"""Border of holes that are shut when a mesh is simplified, in edges of the triangles it will have."""


@dataclass(frozen=True)
class Soup:
    """Bare geometry: vertices (n, 3) float64 [m] and faces (m, 3) int, before normals and texture."""

    vertices: np.ndarray
    faces: np.ndarray


def read_obj(path: Path) -> Soup:
    """Read positions and faces of a Wavefront OBJ file; polygons become fans of triangles.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file holds no triangle.
    """
    return read_painted_obj(path)[0]


def read_painted_obj(path: Path) -> tuple[Soup, list[str]]:
    """Read an OBJ file as `read_obj` does, and the name of each triangle's material, "" without one."""
    if not path.is_file():
        raise FileNotFoundError(f"mesh {path} does not exist; reinstall pybullet, or correct the path.")
    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    materials: list[str] = []
    paint = ""
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("v "):
            vertices.append([float(word) for word in line.split()[1:4]])
        elif line.startswith("f "):
            corners = [int(word.split("/")[0]) for word in line.split()[1:]]
            # Negative numbers count back from the last vertex.
            ring = [corner - 1 if corner > 0 else len(vertices) + corner for corner in corners]
            faces += [[ring[0], ring[i], ring[i + 1]] for i in range(1, len(ring) - 1)]
            materials += [paint] * (len(ring) - 2)
        elif line.startswith("usemtl"):
            paint = line.removeprefix("usemtl").strip()
    if not faces:
        raise ValueError(
            f"mesh {path} holds no triangles; a Wavefront OBJ file with `v` and `f` lines is needed."
        )
    if min(map(min, faces)) < 0 or max(map(max, faces)) >= len(vertices):
        raise ValueError(f"mesh {path} has a face of vertices that do not exist; export it again.")
    return Soup(np.array(vertices), np.array(faces)), materials


def welded(soup: Soup, thinnest: float = 1e-12) -> Soup:
    """Merge vertices at the same place, so that edges are shared, and drop triangles of less area [m^2]."""
    step = max(1e-6, 1e-5 * float(np.ptp(soup.vertices, axis=0).max()))
    keys = np.round(soup.vertices / step).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[soup.faces]
    merged = Soup(soup.vertices[first], faces)
    return Soup(merged.vertices, faces[0.5 * _areas(merged) > thinnest])


def simplified(soup: Soup, triangles: int) -> Soup:
    """Collapse edges (quadric error) until `triangles` are left.

    Screws, seals and other small shells are dropped and small holes shut first: hundreds of hidden details would
    take the triangles that the silhouette needs.
    """
    from envs.rendering.decimate import collapsed

    # Needles stay for now: without them a mesh has slits, which open when it is simplified.
    whole = welded(soup, thinnest=0.0)
    if len(whole.faces) <= triangles:
        return welded(soup)
    shell = shells(whole)[whole.faces[:, 0]]
    area = np.bincount(shell, weights=0.5 * _areas(whole))
    piece = area.sum() / triangles
    large = whole.faces[(area >= min(SMALL_SHELL * piece, 0.5 * area.max()))[shell]]
    shut = _shut(Soup(whole.vertices, large), SMALL_HOLE * np.sqrt(2.0 * piece))
    return welded(Soup(*collapsed(shut.vertices, shut.faces, triangles)))


def _shut(soup: Soup, longest: float) -> Soup:
    """Draw every hole of a shorter border than `longest` [m] together to a point."""
    edges = np.sort(soup.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = unique[count == 1]
    hole = shells(Soup(soup.vertices, border[:, [0, 1, 1]]))
    size = np.linalg.norm(soup.vertices[border[:, 0]] - soup.vertices[border[:, 1]], axis=1)
    length = np.bincount(hole[border[:, 0]], weights=size, minlength=len(hole))
    drawn = np.where(length[hole] < longest, hole, np.arange(len(hole)))
    members = np.bincount(drawn, minlength=len(hole))
    sums = np.stack([np.bincount(drawn, weights=axis, minlength=len(hole)) for axis in soup.vertices.T], axis=1)
    return welded(Soup(sums / np.maximum(members, 1)[:, None], drawn[soup.faces]), thinnest=0.0)


def shells(soup: Soup) -> np.ndarray:
    """Label the vertices (n,) of welded geometry by the connected piece they belong to."""
    label = np.arange(len(soup.vertices))
    while True:
        lowest = label.copy()
        np.minimum.at(lowest, soup.faces.ravel(), np.repeat(label[soup.faces].min(axis=1), 3))
        lowest = lowest[lowest]
        if np.array_equal(lowest, label):
            return label
        label = lowest


def _areas(soup: Soup) -> np.ndarray:
    """Twice the area of each face [m^2]."""
    a, b, c = (soup.vertices[soup.faces[:, i]] for i in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1)


def corner_normals(soup: Soup, crease_deg: float = CREASE_DEG) -> np.ndarray:
    """Average the normals around each vertex over faces closer than the crease angle, weighted by area.

    Returns:
        (faces, 3 corners, 3) unit vectors.
    """
    a, b, c = (soup.vertices[soup.faces[:, i]] for i in range(3))
    weighted = np.cross(b - a, c - a)
    unit = weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-20)
    corner_of = np.argsort(soup.faces.ravel(), kind="stable")
    vertex = soup.faces.ravel()[corner_of]
    count = np.bincount(vertex, minlength=len(soup.vertices))
    start = np.cumsum(count) - count
    # Every ordered pair of corners that share a vertex.
    left = np.repeat(np.arange(len(vertex)), count[vertex])
    within = np.arange(len(left)) - np.repeat(np.cumsum(count[vertex]) - count[vertex], count[vertex])
    right = start[vertex[left]] + within
    face_left, face_right = corner_of[left] // 3, corner_of[right] // 3
    smooth = (unit[face_left] * unit[face_right]).sum(1) >= np.cos(np.radians(crease_deg))
    normals = np.zeros((soup.faces.size, 3))
    np.add.at(normals, corner_of[left[smooth]], weighted[face_right[smooth]])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    return normals.reshape(-1, 3, 3)


def box_uvs(soup: Soup, tile: float) -> np.ndarray:
    """Project each face along its dominant axis; one texture tile is `tile` wide [m].

    Returns:
        (faces, 3 corners, 2), never negative.
    """
    corners = soup.vertices[soup.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axes = np.array([[1, 2], [0, 2], [0, 1]])[np.argmax(np.abs(normal), axis=1)]
    uvs = np.take_along_axis(corners, axes[:, None, :].repeat(3, 1), 2) / tile
    return uvs - np.floor(uvs.min(axis=(0, 1)))


def finished(soup: Soup, tile: float, crease_deg: float = CREASE_DEG) -> Mesh:
    """Add normals and box texture coordinates, and number the corners that differ."""
    normals, uvs = corner_normals(soup, crease_deg), box_uvs(soup, tile)
    return _indexed(soup.vertices[soup.faces], normals, uvs)


def _indexed(corners: np.ndarray, normals: np.ndarray, uvs: np.ndarray) -> Mesh:
    """Merge equal corners (faces, 3, 3 | 3 | 2) into one vertex each."""
    rows = np.concatenate((corners, normals, uvs), axis=2).reshape(-1, 8).astype(np.float32)
    unique, index = np.unique(np.round(rows, 5), axis=0, return_inverse=True)
    faces = index.reshape(-1, 3).astype(np.int32)
    return Mesh(
        *(np.ascontiguousarray(part) for part in (unique[:, :3], faces, unique[:, 3:6], unique[:, 6:]))
    )


def box(half_extents: tuple[float, float, float], centre: tuple[float, float, float] = (0, 0, 0)) -> Mesh:
    """Make a box whose every face shows the texture once."""
    faces = [quad(axis, sign) for axis in range(3) for sign in (-1.0, 1.0)]
    corners = np.concatenate([face[0] for face in faces]) * half_extents + centre
    return _indexed(
        corners, np.concatenate([face[1] for face in faces]), np.concatenate([face[2] for face in faces])
    )


def quad(axis: int, sign: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make one face of the cube [-1, 1]^3: corners, normals (2, 3, 3) and texture coordinates (2, 3, 2)."""
    u, v = (axis + 1) % 3, (axis + 2) % 3
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    points = np.zeros((4, 3))
    points[:, axis], points[:, u], points[:, v] = sign, 2 * square[:, 0] - 1, 2 * square[:, 1] - 1
    normals = np.zeros((2, 3, 3))
    normals[..., axis] = sign
    order = np.array([[0, 1, 2], [0, 2, 3]] if sign > 0 else [[0, 2, 1], [0, 3, 2]])
    return points[order], normals, square[order]


def rectangle(axis: int, sign: float, half: tuple[float, float, float], centre: tuple[float, float, float],
              tile: float) -> Mesh:  # fmt: skip
    """Make a flat rectangle that faces along one axis; the texture repeats every `tile` [m]."""
    corners, normals, uvs = quad(axis, sign)
    size = 2.0 * np.array([half[(axis + 1) % 3], half[(axis + 2) % 3]])
    place = corners * np.where(np.arange(3) == axis, 0.0, half) + centre
    return _indexed(place, normals, uvs * size / tile)


def joined(*meshes: Mesh) -> Mesh:
    """Put several meshes into one part."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + np.int32(offset) for mesh, offset in zip(meshes, offsets)]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uvs for mesh in meshes]),
    )


def revolved(profile: np.ndarray, sides: int, crease_deg: float) -> Mesh:
    """Turn a closed outline (points, 2) of (radius, z), from bottom to top, about z."""
    angle = np.arange(sides) * (2.0 * np.pi / sides)
    rings = np.stack(
        (np.outer(profile[:, 0], np.cos(angle)), np.outer(profile[:, 0], np.sin(angle)),
         np.repeat(profile[:, 1:], sides, axis=1)), axis=2,
    )  # fmt: skip
    index = np.arange(len(profile) * sides).reshape(len(profile), sides)
    low, high = index[:-1], index[1:]
    low_next, high_next = np.roll(low, -1, axis=1), np.roll(high, -1, axis=1)
    faces = np.concatenate([np.stack((low, low_next, high_next), 2).reshape(-1, 3),
                            np.stack((low, high_next, high), 2).reshape(-1, 3)])  # fmt: skip
    return finished(welded(Soup(rings.reshape(-1, 3), faces)), tile=1.0, crease_deg=crease_deg)


def ball(radius: float, sides: int = 10) -> Mesh:
    """Make a smooth ball about the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, sides // 2 + 1)
    outline = radius * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    outline[[0, -1], 0] = 0.0
    return revolved(outline, sides, crease_deg=180.0)


def cylinder(radius: float, half_height: float, sides: int = 12) -> Mesh:
    """Make an upright cylinder about the origin, round at its side and sharp at its rims."""
    outline = np.array(
        [[0.0, -half_height], [radius, -half_height], [radius, half_height], [0.0, half_height]]
    )
    return revolved(outline, sides, crease_deg=50.0)
