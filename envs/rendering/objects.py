"""What is drawn of a task's objects: parts in their own frames, each object on a surface of its name.

    parts, surfaces = object_parts(task.objects)      # "drawer", "drawer_handle", "cube", "cube.cylinder" ..

The first piece of an object is the part of its name, further ones carry their own; the other shapes that an object
may have are parts that are hidden until it has them. A part's mesh is centred: `places` says where it belongs.
"""

from collections.abc import Sequence

from envs.objects import ObjectSpec, Shape, Vector, other
from envs.rendering.meshes import ball, box, cylinder
from envs.rendering.scene import Mesh, Part, Surface

CLUTTER = 3
"""Most things that may lie about and be touched."""


def object_parts(objects: Sequence[ObjectSpec]) -> tuple[list[Part], dict[str, Surface]]:
    """Make parts and surfaces of objects, in their order."""
    parts, surfaces = [], {}
    for item in objects:
        surfaces[item.name] = Surface(item.colour)
        for name, piece in zip(item.parts(), item.pieces):
            own = item.name if piece.colour is None else name
            surfaces.setdefault(own, Surface(piece.colour or item.colour))
            parts.append(Part(name, mesh_of(piece), own))
        for kind in item.families[1:]:
            parts.append(Part(f"{item.name}.{kind}", mesh_of(other(kind, item.pieces[0])), item.name, hidden=True))
    return parts, surfaces


def clutter_parts() -> list[Part]:
    """Make the parts of what may lie about, hidden until it does; painted like what only distracts."""
    return [Part(f"clutter{i}.box", box((0.5, 0.5, 0.5)), f"distractor{i}", hidden=True) for i in range(CLUTTER)]


def places(objects: Sequence[ObjectSpec]) -> list[tuple[str, int, Vector]]:
    """Name every part of the objects, the object it belongs to and its centre in that object's frame [m]."""
    found = []
    for owner, item in enumerate(objects):
        found += [(name, owner, piece.centre) for name, piece in zip(item.parts(), item.pieces)]
        found += [(f"{item.name}.{kind}", owner, item.pieces[0].centre) for kind in item.families[1:]]
    return found


def mesh_of(piece: Shape) -> Mesh:
    """Make the mesh of a piece about its centre."""
    if piece.kind == "ball":
        return ball(piece.half_extents[0])
    if piece.kind == "cylinder":
        return cylinder(piece.half_extents[0], piece.half_extents[2])
    return box(piece.half_extents)
