"""What is drawn of a task's objects: parts in their own frames, each object on a surface of its name."""

from collections.abc import Sequence

from envs.engine import ObjectSpec
from envs.rendering.meshes import box
from envs.rendering.scene import Part, Surface


def object_parts(objects: Sequence[ObjectSpec]) -> tuple[list[Part], dict[str, Surface]]:
    """Make parts and surfaces of objects, in their order."""
    parts = [Part(item.name, box(item.half_extents), item.name) for item in objects]
    return parts, {item.name: Surface(item.colour) for item in objects}
