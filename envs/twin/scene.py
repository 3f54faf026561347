"""How the lab looks before a card changes it: the parts and cameras of training, other furniture and paint.

    scene = twin_scene(profile, task)            # about 5,000 triangles of arm, for MuJoCo's renderer
    scene = twin_scene(profile, task, "full")    # the published meshes, for TinyRenderer

The order of the parts is that of `envs.rendering.assets.arm_scene`, so that worlds and engines fit either.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from envs.arms.profile import ArmProfile
from envs.rendering.assets import arm_scene
from envs.rendering.meshes import Soup, finished, joined, rectangle
from envs.rendering.objects import object_parts
from envs.rendering.scene import Mesh, Part, Scene, Surface
from envs.tasks.base import Task

TRIANGLES = 400
"""Of each link: as much as a 128 pixel image can show."""
MELT_M = 0.002
TILE_M = 0.25

# Paint of the lab; the training scene has other colours and none of these pictures.
SURFACES = {
    "floor": Surface((0.55, 0.56, 0.58), "image"),
    "wall": Surface((0.88, 0.90, 0.86), "image"),
    "table": Surface((1.0, 1.0, 1.0), "image"),
    "arm": Surface((0.95, 0.95, 0.93)),
    "hand": Surface((0.78, 0.79, 0.80)),
}
PAINT = (0.06, 0.03, 0.05)
"""A real cube is not painted with the nominal colour: its tint is off by this much, and duller."""


@lru_cache(maxsize=8)
def twin_scene(profile: ArmProfile, task: Task, detail: str = "twin", cameras: tuple[str, ...] = ()) -> Scene:
    """Build the lab: parts and cameras of the training scene, own room, own meshes, own surfaces."""
    base = arm_scene(profile, task, "full", cameras)
    room = _room()
    parts = tuple(_part(part, room, detail) for part in base.parts)
    dyed = {name: Surface(_dyed(paint.colour)) for name, paint in object_parts(task.objects)[1].items()}
    return Scene(parts, base.surfaces | SURFACES | dyed, base.cameras)


def _part(part: Part, room: dict[str, Mesh], detail: str) -> Part:
    if part.name in room:
        return replace(part, mesh=room[part.name])
    if detail == "full" or len(part.mesh.faces) <= 2 * TRIANGLES:
        return part
    return replace(part, mesh=finished(_coarse(part.mesh), TILE_M))


def _coarse(mesh: Mesh) -> Soup:
    """Reduce a published mesh; shells that lie within 2 mm melt together first, or caps would be lost."""
    import fast_simplification

    keys = np.round(mesh.vertices / MELT_M).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[mesh.faces]
    whole = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    # Low aggression keeps round shapes round; it may stop a little above the number asked for.
    vertices, faces = fast_simplification.simplify(
        mesh.vertices[first], whole.astype(np.int32), max(0.0, 1.0 - TRIANGLES / len(whole)), agg=3
    )
    return Soup(np.asarray(vertices, float), np.asarray(faces, int))


def _dyed(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    red, green, blue = (float(np.clip(0.9 * value + shift, 0.0, 1.0)) for value, shift in zip(colour, PAINT))
    return red, green, blue


def _room() -> dict[str, Mesh]:
    """A larger table with an edge on all sides, a lower floor, walls further away."""
    half, centre, thick = (0.60, 0.62), (0.37, 0.0), 0.02
    top = [_plate(half, centre)]
    sides = [
        rectangle(axis, sign, (*half, thick), _edge(axis, sign, half, centre, thick), tile=0.8)
        for axis in (0, 1)
        for sign in (-1.0, 1.0)
    ]
    return {
        "floor": rectangle(2, 1.0, (2.2, 2.2, 0.0), (0.6, 0.2, -0.72), tile=1.1),
        "wall": joined(
            rectangle(0, 1.0, (0.0, 2.2, 1.6), (-0.95, 0.2, 0.8), tile=1.3),
            rectangle(1, 1.0, (2.2, 0.0, 1.6), (0.6, -1.25, 0.8), tile=1.3),
        ),
        "table": joined(*top, *sides),
    }


def _edge(
    axis: int, sign: float, half: tuple[float, float], centre: tuple[float, float], thick: float
) -> tuple[float, float, float]:
    place = [centre[0], centre[1], -thick]
    place[axis] += sign * half[axis]
    return place[0], place[1], place[2]


def _plate(half: tuple[float, float], centre: tuple[float, float], cells: int = 8) -> Mesh:
    """A table top cut into squares: a renderer that lights vertices needs many to show a lamp."""
    tiles = []
    size = (half[0] / cells, half[1] / cells, 0.0)
    for i in range(cells):
        for j in range(cells):
            place = (
                centre[0] - half[0] + (2 * i + 1) * size[0],
                centre[1] - half[1] + (2 * j + 1) * size[1],
                0.0,
            )
            tiles.append(_shifted(rectangle(2, 1.0, size, place, tile=0.8), i, j, size))
    return joined(*tiles)


def _shifted(mesh: Mesh, i: int, j: int, size: tuple[float, float, float]) -> Mesh:
    """Continue the texture from tile to tile."""
    offset = np.array([i * 2 * size[0] / 0.8, j * 2 * size[1] / 0.8], np.float32)
    return replace(mesh, uvs=mesh.uvs + offset)
