"""Robots read from URDF without a simulator: links, joints and what can be seen, in PyBullet's order of links.

    robot = read_urdf(path)
    [link.name for link in robot.links]       # the base, then depth first, as PyBullet numbers them from -1
    robot.links[0].visuals[0].mesh            # a path that exists

Meshes named by `package://`, `model://`, `file://` or a relative path are looked for in the folder of the URDF
and in all folders above it, as PyBullet does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from envs.arms.parts import transform
from randomizers.errors import unknown

SHAPES = {"box": ("size",), "sphere": ("radius",), "cylinder": ("radius", "length"),
          "capsule": ("radius", "length"), "mesh": ("scale",)}  # fmt: skip
"""Attributes of each kind of geometry that make up its size."""
JOINTS = ("fixed", "revolute", "continuous", "prismatic", "floating", "planar", "spherical")
SCHEMES = ("package://", "model://", "file://")
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Visual:
    """One shape of a link.

    Attributes:
        kind: One of SHAPES.
        size: Edges of a box, radius, radius and length, or the scale of a mesh [m; 1].
        mesh: File of a mesh.
        pose: (3, 4) link_from_shape [m].
        material: Name of the URDF's material, "" without one.
        colour: Its RGB in [0, 1], None where the URDF gives none.
    """

    kind: str
    size: tuple[float, ...]
    mesh: Path | None
    pose: np.ndarray
    material: str
    colour: Colour | None


@dataclass(frozen=True)
class Link:
    """A rigid piece of a robot and its shapes in the order of the file."""

    name: str
    visuals: tuple[Visual, ...]


@dataclass(frozen=True)
class Joint:
    """What holds a link.

    Attributes:
        name: Unique.
        kind: One of JOINTS.
        parent: Index of the link that carries it.
        pose: (3, 4) parent_from_link where the joint is at 0 [m].
        axis: (3,) unit vector in the link's frame.
    """

    name: str
    kind: str
    parent: int
    pose: np.ndarray
    axis: np.ndarray


@dataclass(frozen=True)
class Robot:
    """A tree of links; `joints[i]` holds `links[i + 1]`."""

    name: str
    links: tuple[Link, ...]
    joints: tuple[Joint, ...]


def read_urdf(path: Path | str) -> Robot:
    """Read a robot.

    Raises:
        FileNotFoundError: There is no such file, or none of a mesh it names.
        ValueError: The file is no URDF, or its links are no tree.
    """
    path = Path(path)
    root = root_of(path)
    paints = paints_of(root)
    elements = {text_of(item, "name", path): item for item in root.findall("link")}
    holders: dict[str, list[Element]] = {}
    for joint in root.findall("joint"):
        for end in ("parent", "child"):
            name = text_of(child_of(joint, end, path), "link", path)
            if name not in elements:
                raise ValueError(f"{path}: joint `{joint.get('name')}`: {unknown('link', name, elements)}")
        holders.setdefault(text_of(child_of(joint, "parent", path), "link", path), []).append(joint)
    order = list(_depth_first(elements, holders, path))
    index = {name: number for number, (name, _) in enumerate(order)}
    links = [Link(name, tuple(shapes_of(elements[name], name, paints, path))) for name, _ in order]
    joints = [_joint(held, index, path) for _, held in order if held is not None]
    return Robot(root.get("name", ""), tuple(links), tuple(joints))


def root_of(path: Path) -> Element:
    """Parse the file; PyBullet forgives what stands before the declaration and after the end, so do we."""
    if not path.is_file():
        raise FileNotFoundError(f"URDF {path} does not exist; correct the path.")
    content = path.read_bytes().rstrip(b"\0\r\n\t ")
    try:
        root = ElementTree.fromstring(content[max(0, content.find(b"<?xml")) :])
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is not valid XML ({error}); expand xacro files to URDF first.") from error
    if root.tag != "robot":
        raise ValueError(f"{path} holds <{root.tag}>, not <robot>; a URDF file is needed.")
    return root


def _depth_first(
    elements: dict[str, Element], holders: dict[str, list[Element]], path: Path
) -> Iterator[tuple[str, Element | None]]:
    """Walk from the base outwards: each link with the joint that holds it."""
    held = {text_of(child_of(joint, "child", path), "link", path) for group in holders.values() for joint in group}
    bases = [name for name in elements if name not in held]
    if len(bases) != 1:
        raise ValueError(f"{path}: the links need exactly one base that no joint holds, found {bases}.")
    stack: list[tuple[str, Element | None]] = [(bases[0], None)]
    seen: set[str] = set()
    while stack:
        name, joint = stack.pop()
        if name in seen:
            raise ValueError(f"{path}: link `{name}` is held by two joints; the links must form a tree.")
        seen.add(name)
        yield name, joint
        carried = holders.get(name, [])
        stack += [(text_of(child_of(item, "child", path), "link", path), item) for item in reversed(carried)]


def _joint(element: Element, index: dict[str, int], path: Path) -> Joint:
    name, kind = text_of(element, "name", path), text_of(element, "type", path)
    if kind not in JOINTS:
        raise ValueError(f"{path}: joint `{name}`: {unknown('type', kind, JOINTS)}")
    axis = np.array(numbers_of(element.find("axis"), "xyz", (1.0, 0.0, 0.0), 3, path))
    length = float(np.linalg.norm(axis))
    if kind != "fixed" and not length > 1e-9:
        raise ValueError(f"{path}: joint `{name}` turns about {axis}, which has no direction.")
    parent = index[text_of(child_of(element, "parent", path), "link", path)]
    return Joint(name, kind, parent, pose_of(element, path), axis / max(length, 1e-9))


def shapes_of(
    link: Element, name: str, paints: dict[str, Colour], path: Path, tag: str = "visual"
) -> Iterator[Visual]:
    """Read all shapes of a link: those that are seen, or with tag "collision" those that touch."""
    for element in link.findall(tag):
        shapes = list(child_of(element, "geometry", path))
        kind = shapes[0].tag if shapes else ""
        if kind not in SHAPES:
            raise ValueError(f"{path}: link `{name}`: {unknown('geometry', kind, SHAPES)}")
        size: tuple[float, ...] = ()
        for attribute in SHAPES[kind]:
            count = 3 if attribute in ("size", "scale") else 1
            default = (1.0, 1.0, 1.0) if attribute == "scale" else None
            size += numbers_of(shapes[0], attribute, default, count, path)
        mesh = find_mesh(text_of(shapes[0], "filename", path), path) if kind == "mesh" else None
        material = element.find("material")
        paint = "" if material is None else material.get("name", "")
        own = None if material is None else _colour(material)
        yield Visual(kind, size, mesh, pose_of(element, path), paint, own or paints.get(paint))


def find_mesh(name: str, urdf: Path) -> Path:
    """Find a mesh that a URDF names.

    Raises:
        FileNotFoundError: It is neither in the URDF's folder nor in one above.
    """
    place = name
    for scheme in SCHEMES:
        place = place.removeprefix(scheme)
    for folder in urdf.resolve().parents:
        if (folder / place).is_file():
            return folder / place
    raise FileNotFoundError(
        f"mesh {name} of {urdf} is not in {urdf.resolve().parent} or a folder above; "
        "put the mesh files beside the URDF, or correct the name."
    )


def paints_of(root: Element) -> dict[str, Colour]:
    """Colours by name; those that a visual defines can be used by the ones after it."""
    found: dict[str, Colour] = {}
    for material in root.iter("material"):
        colour = _colour(material)
        if colour is not None:
            found.setdefault(material.get("name", ""), colour)
    found.pop("", None)
    return found


def _colour(material: Element) -> Colour | None:
    colour = material.find("color")
    words = [] if colour is None else colour.get("rgba", "").split()
    return (float(words[0]), float(words[1]), float(words[2])) if len(words) >= 3 else None


def pose_of(element: Element, path: Path) -> np.ndarray:
    """Read <origin> as (3, 4)."""
    origin, zero = element.find("origin"), (0.0, 0.0, 0.0)
    x, y, z = numbers_of(origin, "xyz", zero, 3, path)
    roll, pitch, yaw = numbers_of(origin, "rpy", zero, 3, path)
    return transform((x, y, z), (roll, pitch, yaw))


def child_of(element: Element, tag: str, path: Path) -> Element:
    found = element.find(tag)
    if found is None:
        raise ValueError(f"{path}: <{element.tag} {element.attrib}> has no <{tag}>.")
    return found


def text_of(element: Element, attribute: str, path: Path) -> str:
    value = element.get(attribute)
    if not value:
        raise ValueError(f"{path}: <{element.tag} {element.attrib}> has no {attribute}.")
    return value


def numbers_of(
    element: Element | None, attribute: str, default: tuple[float, ...] | None, count: int, path: Path
) -> tuple[float, ...]:
    """Read numbers separated by spaces or commas; like PyBullet, leave out what follows them."""
    text = None if element is None else element.get(attribute)
    if text is None and default is not None:
        return default
    try:
        values = tuple(float(word) for word in (text or "").replace(",", " ").split()[:count])
    except ValueError:
        values = ()
    if len(values) != count or not np.isfinite(values).all():
        where = "" if element is None else f"<{element.tag}> "
        raise ValueError(f"{path}: {where}{attribute} must be {count} number(s), got {text!r}.")
    return values
