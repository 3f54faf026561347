"""What is drawn of an arm whose profile names a URDF: its links and gripper as parts on few surfaces.

    seen = drawn(load("xarm6"))
    [part.name for part in seen.parts]            # link_base, link1, ..., left_finger, ...
    profile.pieces[seen.pieces[0]].carrier        # what the first part moves with

The most of an arm shows the surface "arm" and the most of a gripper "hand", as with every arm, so that one
randomization fits all; what is of another colour has a surface of its own, such as "arm_orange".
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from envs.arms.files import path_of
from envs.arms.parts import Piece, Shape
from envs.arms.profile import ArmProfile
from envs.rendering import robots
from envs.rendering.mesh_files import read_pieces
from envs.rendering.meshes import Soup, box, finished, simplified, welded
from envs.rendering.robots import RobotParts, scene_parts
from envs.rendering.scene import Mesh, Part, Surface

TRIANGLES = robots.TRIANGLES
"""Of an arm with its gripper; fewer make spikes of the twelve links of an xArm with its gripper."""
OF_A_SHAPE = 120
TILE_M = 0.25
RESERVED = ("floor", "wall", "table", "arm", "hand")
"""Names that a link must not have; it is called "link.<name>" then."""
METAL = (0.55, 0.57, 0.60)
"""Colour of shapes that no URDF has, as of the Panda's hand."""


SMALL = (0.02, 0.02, 0.02)
"""Half of the boxes in place of meshes that are not here [m]."""
NOTHING = RobotParts((), {"metal": Surface(METAL)}, np.zeros(0, int))


@dataclass(frozen=True)
class Drawn:
    """Parts of an arm.

    Attributes:
        parts: In the order of the profile's pieces.
        surfaces: Nominal colours.
        pieces: For each part, the index of the piece it moves with.
    """

    parts: tuple[Part, ...]
    surfaces: dict[str, Surface]
    pieces: tuple[int, ...]


def present(profile: ArmProfile) -> bool:
    """Say whether what the profile's pictures need is on this machine."""
    try:
        path_of(profile.urdf)
    except FileNotFoundError:
        return False
    return True


def check_meshes(profile: ArmProfile) -> None:
    """Refuse to draw an arm whose URDF is not on this machine.

    Raises:
        FileNotFoundError: It is not.
    """
    if profile.pieces and not present(profile):
        raise FileNotFoundError(
            f"images of `{profile.name}` need its URDF and meshes, and {profile.urdf} is not on this machine; "
            "copy its folder to the same place."
        )


@lru_cache(maxsize=8)
def drawn(profile: ArmProfile, detail: str = "low") -> Drawn:
    """Prepare all parts of an arm, or read them where that was done before.

    A profile that travelled to a machine without its URDF is drawn by small boxes: state needs no meshes, and who
    makes a renderer asks `check_meshes` first.
    """
    known = present(profile)
    robot = scene_parts(path_of(profile.urdf), TRIANGLES if detail == "low" else None) if known else NOTHING
    parts: list[Part] = []
    pieces: list[int] = []
    colours: list[tuple[str, tuple[float, float, float]]] = []
    for index, piece in enumerate(profile.pieces):
        if piece.shape is not None:
            found = [Part(piece.name, _mesh(piece.shape, detail), "")]
            paints = [("metal", METAL)]
        else:
            found = [part for part in robot.parts if _belongs(part.name, piece, profile)]
            found = found if known else [Part(piece.name, box(SMALL), "metal")]
            paints = [(part.surface, robot.surfaces[part.surface].colour) for part in found]
        parts += [replace(part, name=f"link.{part.name}" if part.name in RESERVED else part.name) for part in found]
        pieces += [index] * len(found)
        colours += paints
    of_hand = np.array([profile.pieces[index].hand for index in pieces])
    surfaces, shown = _surfaces(parts, colours, of_hand)
    return Drawn(tuple(replace(part, surface=name) for part, name in zip(parts, shown)), surfaces, tuple(pieces))


def _belongs(part: str, piece: Piece, profile: ArmProfile) -> bool:
    """Say whether a part of the URDF shows a piece: it is named "<link>", or "<link>.<material>"."""
    names = [other.name for other in profile.pieces]
    return part == piece.name or (part not in names and part.rpartition(".")[0] == piece.name)


def _mesh(shape: Shape, detail: str) -> Mesh:
    """Make a shape of a described gripper."""
    if shape.kind == "box":
        half = [0.5 * edge for edge in shape.size]
        soup = _soup(box((half[0], half[1], half[2])))
    else:
        soup = welded(Soup(*_joined(shape)))
        soup = simplified(soup, OF_A_SHAPE) if detail == "low" else soup
    place = shape.pose
    return finished(Soup(soup.vertices @ place[:, :3].T + place[:, 3], soup.faces), TILE_M)


def _soup(mesh: Mesh) -> Soup:
    return welded(Soup(mesh.vertices.astype(float), mesh.faces))


def _joined(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Read a mesh file as one; its colours do not matter."""
    pieces = read_pieces(path_of(shape.file))
    starts = np.cumsum([0] + [len(piece.soup.vertices) for piece in pieces])
    vertices = np.concatenate([piece.soup.vertices for piece in pieces]) * np.array(shape.size)
    return vertices, np.concatenate([piece.soup.faces + start for piece, start in zip(pieces, starts)])


def _surfaces(
    parts: list[Part], colours: list[tuple[str, tuple[float, float, float]]], of_hand: np.ndarray
) -> tuple[dict[str, Surface], list[str]]:
    """Name the surfaces: what shows most is "arm" or "hand", other colours add their material's name."""
    surfaces: dict[str, Surface] = {}
    shown = [""] * len(parts)
    for group, wanted in (("arm", False), ("hand", True)):
        chosen = [index for index in range(len(parts)) if of_hand[index] == wanted]
        areas: dict[tuple[float, float, float], float] = {}
        for index in chosen:
            areas[colours[index][1]] = areas.get(colours[index][1], 0.0) + _area(parts[index].mesh)
        main = max(areas, key=lambda colour: areas[colour], default=METAL)
        surfaces[group] = Surface(main)
        for index in chosen:
            material, colour = colours[index]
            shown[index] = group if colour == main else f"{group}_{material.lower()}"
            surfaces[shown[index]] = Surface(colour)
    return surfaces, shown


def _area(mesh: Mesh) -> float:
    """Give the area of a mesh [m^2]."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())
