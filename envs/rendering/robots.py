"""What is drawn of any robot: the visual shapes of a URDF as parts, with few triangles, kept on disk.

    arm = scene_parts("xarm6_with_gripper.urdf")
    tree = LinkTree(read_urdf("xarm6_with_gripper.urdf"))
    transforms = tree.world_from_link(joints)[:, arm.links]        # (worlds, parts, 3, 4)

A mesh with several MTL colours becomes a part for each; otherwise the URDF's <material> is its colour. Parts
of one colour share a surface, named by the first material that has it: links of the same paint vary together.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from envs.rendering.cache import Arrays, kept
from envs.rendering.mesh_files import Piece, material_libraries, read_pieces
from envs.rendering.meshes import Soup, ball, box, cylinder, finished, revolved, simplified, welded
from envs.rendering.scene import Mesh, Part, Surface
from envs.rendering.urdf import Colour, Robot, Visual, read_urdf

RECIPE = "2"  # Part of the cache's key: raise it when the preparation below changes.
TILE_M = 0.25
TRIANGLES = 2000
"""Of a whole robot: shows the same part as all its triangles on 99.65 % of pixels or more (measured, three arms)."""
FEWEST = 24
"""Triangles that even a small piece may have."""
SIDES = 16
"""Of balls and cylinders."""
WHITE = (1.0, 1.0, 1.0)
"""Of shapes without a material, as in PyBullet."""
FIELDS = ("vertices", "faces", "normals", "uvs")


@dataclass(frozen=True)
class RobotParts:
    """All that is drawn of a robot.

    Attributes:
        parts: Named "<link>", or "<link>.<material>" where a link shows several; in the link's frame.
        surfaces: Nominal colours.
        links: (parts,) index of each part's link, counted from the base at 0.
    """

    parts: tuple[Part, ...]
    surfaces: dict[str, Surface]
    links: np.ndarray


@dataclass(frozen=True)
class Shape:
    """A piece of a link before it is simplified; `solid` ones are made of few triangles already."""

    link: int
    piece: Piece
    solid: bool


def scene_parts(path: Path | str, triangles: int | None = TRIANGLES) -> RobotParts:
    """Prepare all visual shapes of a robot, or read them where that was done before.

    Args:
        path: The URDF file.
        triangles: About how many the whole robot may have; None keeps all.

    Raises:
        FileNotFoundError: The URDF or one of its meshes does not exist.
        ValueError: One of them cannot be read.
    """
    if triangles is not None and triangles < 1:
        raise ValueError(f"triangles is {triangles}; give at least 1, or None to keep all of them.")
    path = Path(path)
    robot = read_urdf(path)
    key = _key(robot, path, triangles)
    return _unpacked(kept(f"{path.stem}-{key}", lambda: _packed(robot, path, triangles)))


def _key(robot: Robot, path: Path, triangles: int | None) -> str:
    """Hash the content of all files and the recipe."""
    meshes = {visual.mesh for link in robot.links for visual in link.visuals if visual.mesh}
    files = [path] + [file for mesh in sorted(meshes) for file in (mesh, *material_libraries(mesh))]
    digest = hashlib.sha256(f"{RECIPE} {triangles} {FEWEST} {SIDES} {TILE_M}".encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _packed(robot: Robot, path: Path, triangles: int | None) -> Arrays:
    """Make all parts, as arrays that can be written to a file."""
    shapes = list(_shapes(robot, path))
    meshes = [finished(soup, TILE_M) for soup in _few(shapes, triangles)]
    paints = _surface_names(shapes)
    arrays = {f"{number}.{field}": getattr(mesh, field) for number, mesh in enumerate(meshes) for field in FIELDS}
    return arrays | {
        "names": np.array(_part_names(robot, shapes), str),
        "links": np.array([shape.link for shape in shapes], np.int64),
        "surfaces": np.array([paints[_colour(shape)] for shape in shapes], str),
        "colours": np.array([_colour(shape) for shape in shapes], float).reshape(-1, 3),
    }


def _unpacked(arrays: Arrays) -> RobotParts:
    surfaces = [str(name) for name in arrays["surfaces"]]
    parts = tuple(
        Part(str(name), Mesh(*(arrays[f"{number}.{field}"] for field in FIELDS)), surface)
        for number, (name, surface) in enumerate(zip(arrays["names"], surfaces))
    )
    colours = [(float(red), float(green), float(blue)) for red, green, blue in arrays["colours"]]
    return RobotParts(parts, {name: Surface(colour) for name, colour in zip(surfaces, colours)}, arrays["links"])


def _shapes(robot: Robot, path: Path) -> Iterator[Shape]:
    """Cut all visuals into pieces of one colour in the frames of their links."""
    for number, link in enumerate(robot.links):
        for visual in link.visuals:
            for piece in pieces_of(visual, path):
                soup = welded(placed(piece.soup, visual))
                if len(soup.faces):
                    yield Shape(number, Piece(piece.material, piece.colour, soup), visual.mesh is None)


def pieces_of(visual: Visual, path: Path) -> list[Piece]:
    """Give a visual's pieces; the URDF's material paints what has no more than one colour of its own."""
    if visual.mesh is None:
        solid = [solid_of(visual)] if min(visual.size) > 0.0 else []
        return [Piece(visual.material, visual.colour, soup) for soup in solid]
    try:
        pieces = read_pieces(visual.mesh)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if len({piece.colour for piece in pieces}) > 1:
        return pieces
    return [Piece(visual.material or piece.material, visual.colour or piece.colour, piece.soup) for piece in pieces]


def solid_of(visual: Visual) -> Soup:
    """Make a box, sphere, cylinder or capsule along z."""
    size = visual.size
    if visual.kind == "box":
        mesh = box((0.5 * size[0], 0.5 * size[1], 0.5 * size[2]))
    elif visual.kind == "sphere":
        mesh = ball(size[0], SIDES)
    elif visual.kind == "cylinder":
        mesh = cylinder(size[0], 0.5 * size[1], SIDES)
    else:
        mesh = capsule(size[0], 0.5 * size[1])
    return Soup(mesh.vertices.astype(float), mesh.faces)


def capsule(radius: float, half_length: float) -> Mesh:
    """Make a cylinder between two half balls, upright about the origin."""
    angle = np.linspace(0.0, np.pi / 2, SIDES // 4 + 1)
    cap = radius * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    cap[-1, 0] = 0.0
    outline = np.concatenate((cap[::-1] * (1, -1) - (0, half_length), cap + (0, half_length)))
    return revolved(outline, SIDES, crease_deg=180.0)


def placed(soup: Soup, visual: Visual) -> Soup:
    """Scale a mesh and move it to its origin; a mirrored one is turned inside out to face outwards again."""
    scale = np.array(visual.size if visual.mesh else (1.0, 1.0, 1.0))
    faces = soup.faces[:, ::-1] if np.prod(scale) < 0.0 else soup.faces
    used, faces = np.unique(faces, return_inverse=True)
    vertices = (soup.vertices[used] * scale) @ visual.pose[:, :3].T + visual.pose[:, 3]
    return Soup(vertices, faces.reshape(-1, 3))


def _few(shapes: list[Shape], triangles: int | None) -> Iterator[Soup]:
    """Simplify all pieces; each gets triangles by the root of its area, so that fingers keep their shape."""
    widths = [0.0 if shape.solid else _width(shape.piece.soup) for shape in shapes]
    for shape, width in zip(shapes, widths):
        soup = shape.piece.soup
        if triangles is not None and not shape.solid:
            soup = simplified(soup, max(FEWEST, round(triangles * width / sum(widths))))
        yield soup


def _width(soup: Soup) -> float:
    """Root of the area [m]."""
    a, b, c = (soup.vertices[soup.faces[:, i]] for i in range(3))
    return float(np.sqrt(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()))


def _colour(shape: Shape) -> Colour:
    return shape.piece.colour or WHITE


def word(material: str) -> str:
    """Write a material so that it can be part of a name: letters, digits, underscores."""
    return re.sub(r"\W+", "_", material).strip("_")


def _surface_names(shapes: Iterable[Shape]) -> dict[Colour, str]:
    """Name each colour by the first material that has it."""
    found: dict[Colour, str] = {}
    for shape in shapes:
        if _colour(shape) not in found:
            found[_colour(shape)] = _unique(word(shape.piece.material) or "plain", found.values())
    return found


def _part_names(robot: Robot, shapes: list[Shape]) -> list[str]:
    """Name each part by its link, and by its material where the link shows several."""
    links = [shape.link for shape in shapes]
    names: list[str] = []
    for shape in shapes:
        name = robot.links[shape.link].name
        if links.count(shape.link) > 1:
            name += "." + (word(shape.piece.material) or "plain")
        names.append(_unique(name, names))
    return names


def _unique(name: str, taken: Iterable[str]) -> str:
    """Add a number to a name that is taken."""
    known, wanted, number = set(taken), name, 1
    while wanted in known:
        number += 1
        wanted = f"{name}_{number}"
    return wanted
