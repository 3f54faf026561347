"""Meshes of a scene as the flat arrays the kernel reads; made once per renderer."""

import numpy as np

from envs.rendering.meshes import Soup, shells
from envs.rendering.raster.casters import caster
from envs.rendering.raster.layout import CORNERS, Meshes
from envs.rendering.rigid import bounding_spheres
from envs.rendering.scene import Mesh, Scene
from envs.rendering.shadows import NO_CASTERS

CASTS = ("nothing", "front", "both")
"""Faces of a part that throw shadows: those of a closed body that look at the lamp are enough."""
OPEN_SHARE = 0.2
"""Share of edges with one triangle from which a mesh counts as an open sheet; a choice."""


def pack_meshes(scene: Scene) -> Meshes:
    """Lay all meshes of a scene out; parts that share a mesh share its place.

    Raises:
        ValueError: A mesh holds numbers that are not finite, or a face names a vertex that is not there.
    """
    for part in scene.parts:
        _check(part.name, part.mesh)
    shown, casters = [part.mesh for part in scene.parts], _casters(scene)
    meshes = list({id(mesh): mesh for mesh in [*shown, *casters]}.values())
    places = {id(mesh): place for place, mesh in enumerate(meshes)}
    of_part, of_caster = (np.array([places[id(mesh)] for mesh in some], int) for some in (shown, casters))
    vertex = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    face = np.cumsum([0] + [len(mesh.faces) for mesh in meshes])
    spans = np.stack((vertex[:-1], vertex[1:], face[:-1], face[1:]), axis=1).astype(np.int32)
    faces = [np.reshape(mesh.faces, (-1, 3)) + first for mesh, first in zip(meshes, vertex)]
    surfaces = list(scene.surfaces)
    casts = [_casting(part.name, mesh) for part, mesh in zip(scene.parts, casters)]
    return Meshes(
        vertices=_joined([np.reshape(mesh.vertices, (-1, 3)) for mesh in meshes], 3).T.copy(),
        triangles=(4 * _joined(faces, 3)).astype(np.int32).ravel(),
        corners=_aligned(_joined([corner_table(mesh) for mesh in meshes], CORNERS)),
        groups=np.concatenate([np.zeros(0), *(_groups(mesh) for mesh in meshes)]).astype(np.int32),
        spans=spans[of_part],
        casters=spans[of_caster],
        spheres=np.array([_sphere(meshes[mesh]) for mesh in of_part], np.float32).reshape(-1, 4),
        surfaces=np.array([surfaces.index(part.surface) for part in scene.parts], np.int32),
        casts=np.array(casts, np.int32),
    )


def _casters(scene: Scene) -> list[Mesh]:
    """Give what throws each part's shadow; parts that share a mesh share this too."""
    meshes = {id(part.mesh): part.mesh for part in scene.parts if part.name not in NO_CASTERS}
    coarse = {place: caster(mesh) for place, mesh in meshes.items()}
    return [coarse.get(id(part.mesh), part.mesh) for part in scene.parts]


def corner_table(mesh: Mesh) -> np.ndarray:
    """List normals, texture coordinates and texture density [1/m] of every triangle: (triangles, CORNERS)."""
    table = np.zeros((len(mesh.faces), CORNERS), np.float32)
    if len(mesh.faces):
        table[:, :9] = mesh.normals[mesh.faces].reshape(-1, 9)
        table[:, 9:15] = mesh.uvs[mesh.faces].reshape(-1, 6)
        a, b, c = (mesh.vertices[mesh.faces[:, i]].astype(float) for i in range(3))
        metres = np.linalg.norm(np.cross(b - a, c - a), axis=1)
        a, b, c = (mesh.uvs[mesh.faces[:, i]].astype(float) for i in range(3))
        tiles = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
        table[:, 15] = np.sqrt(tiles / np.maximum(metres, 1e-12))
    return table


def drawn_twice(meshes: Meshes) -> tuple[int, int]:
    """Count vertices and triangles of all parts, where a shared mesh counts for each of its parts."""
    counts = meshes.spans[:, [1, 3]] - meshes.spans[:, [0, 2]]
    return int(counts[:, 0].sum()), int(counts[:, 1].sum())


def _check(name: str, mesh: Mesh) -> None:
    """Refuse what would read beyond an array or poison every pixel."""
    arrays = (mesh.vertices, mesh.normals, mesh.uvs)
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(f"mesh of part `{name}` holds numbers that are not finite; prepare it again.")
    count = len(mesh.vertices)
    if len(mesh.normals) != count or len(mesh.uvs) != count:
        raise ValueError(
            f"mesh of part `{name}` has {count} vertices, {len(mesh.normals)} normals and {len(mesh.uvs)} texture "
            "coordinates; each vertex needs one of each."
        )
    if len(mesh.faces) and not 0 <= mesh.faces.min() <= mesh.faces.max() < count:
        raise ValueError(f"mesh of part `{name}` names vertex {mesh.faces.max()}, but has {count} of them.")


def _joined(arrays: list[np.ndarray], width: int) -> np.ndarray:
    """Concatenate rows as float32 or int32; also of no mesh at all."""
    kind = np.int32 if arrays and np.issubdtype(arrays[0].dtype, np.integer) else np.float32
    return np.concatenate([np.zeros((0, width), kind), *arrays]).astype(kind)


def _aligned(table: np.ndarray) -> np.ndarray:
    """Flatten, starting at a multiple of 64 bytes: a triangle is then one line of the cache."""
    memory = np.zeros(table.size + 2 * CORNERS, np.float32)
    start = (-memory.ctypes.data % 64) // 4
    flat = memory[start : start + table.size + CORNERS]
    flat[: table.size] = table.ravel()
    return flat


def _groups(mesh: Mesh) -> np.ndarray:
    """Number the smooth pieces of a mesh: vertices are doubled at creases, so pieces share none."""
    if not len(mesh.faces):
        return np.zeros(0, int)
    return shells(Soup(mesh.vertices, mesh.faces))[mesh.faces[:, 0]]


def _sphere(mesh: Mesh) -> tuple[float, float, float, float]:
    """Enclose a mesh: centre and radius [m], zero for an empty one."""
    if not len(mesh.vertices):
        return 0.0, 0.0, 0.0, 0.0
    (centre,), (radius,) = bounding_spheres([mesh])
    return float(centre[0]), float(centre[1]), float(centre[2]), float(radius)


def _casting(name: str, mesh: Mesh) -> int:
    """Choose one of CASTS."""
    if name in NO_CASTERS or not len(mesh.faces):
        return CASTS.index("nothing")
    _, welded = np.unique(np.round(mesh.vertices, 6), axis=0, return_inverse=True)
    faces = welded.reshape(-1)[mesh.faces]
    edges = np.sort(np.concatenate((faces[:, :2], faces[:, 1:], faces[:, [2, 0]])), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    return CASTS.index("both" if (count == 1).mean() > OPEN_SHARE else "front")
