"""Coarser twins of meshes, which throw the shadows: a shadow map's texel is a centimetre wide."""

import hashlib

import numpy as np

from envs.rendering.cache import kept
from envs.rendering.meshes import Soup, simplified
from envs.rendering.scene import Mesh

TRIANGLES = 64
"""Of a twin: each link of the Panda then keeps its extent to 2 cm, two texels; with 40, links 3 and 4 lost 11 cm."""
WORTH = 84
"""Meshes of up to so many triangles throw their own shadow: balls and boxes are smooth and cheap as they are."""
RECIPE = "1"  # Part of the cache's key: raise it when the preparation below changes.


def caster(mesh: Mesh) -> Mesh:
    """Give the mesh that throws the shadow of another one, from the cache where it was prepared before."""
    if len(mesh.faces) <= WORTH:
        return mesh
    key = hashlib.sha256(f"{RECIPE} {TRIANGLES}".encode() + mesh.vertices.tobytes() + mesh.faces.tobytes())
    arrays = kept(f"caster-{key.hexdigest()[:24]}", lambda: _prepare(mesh))
    if not len(arrays["faces"]):
        return mesh
    vertices = arrays["vertices"].astype(np.float32)
    return Mesh(vertices, arrays["faces"].astype(np.int32), np.zeros_like(vertices), np.zeros_like(vertices[:, :2]))


def _prepare(mesh: Mesh) -> dict[str, np.ndarray]:
    """Simplify a mesh; shadows need neither normals nor texture."""
    return vars(simplified(Soup(mesh.vertices.astype(float), mesh.faces), TRIANGLES))
