"""Rigid transforms as renderers need them: sizes, positions, quaternions, and what a camera can see.

sizes, positions, turns = split(frame.transforms[rows])
"""

import numpy as np

from envs.rendering.scene import Appearance, Mesh


def split(transforms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split world_from_part (..., 3, 4) into scales (...,), positions (..., 3) and quaternions (..., 4)."""
    turns = transforms[..., :3].astype(float)
    sizes = np.linalg.norm(turns[..., 0], axis=-1)
    scaled = turns / np.maximum(sizes, 1e-9)[..., None, None]
    return sizes, transforms[..., 3].astype(float), quaternions(scaled)


def quaternions(turns: np.ndarray) -> np.ndarray:
    """Turn rotation matrices (..., 3, 3) into quaternions (..., 4), (x, y, z, w); Shepperd 1978."""
    m = turns
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    squares = np.stack((1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz), -1)
    xy, xz, yz = (m[..., i, j] + m[..., j, i] for i, j in ((0, 1), (0, 2), (1, 2)))
    xw, yw, zw = (m[..., j, i] - m[..., i, j] for i, j in ((1, 2), (2, 0), (0, 1)))
    x, y, z, w = (squares[..., i] for i in range(4))
    # Row i is four times the quaternion times its own element i; the largest element divides best.
    products = np.stack((x, xy, xz, xw, xy, y, yz, yw, xz, yz, z, zw, xw, yw, zw, w), -1).reshape(
        *x.shape, 4, 4
    )
    best = np.take_along_axis(products, np.argmax(squares, -1)[..., None, None], -2)[..., 0, :]
    return best / np.linalg.norm(best, axis=-1, keepdims=True)


def bounding_spheres(meshes: list[Mesh]) -> tuple[np.ndarray, np.ndarray]:
    """Enclose each mesh: centres (meshes, 3) and radii (meshes,) [m]."""
    centres = np.array([0.5 * (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) for mesh in meshes])
    radii = [np.linalg.norm(mesh.vertices - centre, axis=1).max() for mesh, centre in zip(meshes, centres)]
    return centres, np.array(radii)


def in_view(
    centres: np.ndarray, radii: np.ndarray, look: Appearance, rows: np.ndarray, camera: int
) -> np.ndarray:
    """Tell which spheres (n, parts, 3) may touch the image of their row's camera: (n, parts) bool."""
    offset = centres - look.camera_position[rows, camera][:, None]
    seen = offset @ look.world_from_camera[rows, camera].astype(float)
    # One percent more than the field of view: TinyRenderer's image is moved by half a pixel.
    half = np.radians(look.fov_deg[rows, camera].astype(float) * 0.505)[:, None]
    across = np.abs(seen[..., :2]).max(axis=-1) * np.cos(half) - seen[..., 2] * np.sin(half)
    return (across < radii) & (seen[..., 2] > -radii)
