"""Mesh files cut into pieces of one colour: OBJ with its MTL, and through trimesh STL, DAE, GLB, PLY.

for piece in read_pieces(Path("link6.obj")):
    piece.material, piece.colour, len(piece.soup.faces)
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from envs.rendering.meshes import Soup, read_painted_obj
from envs.rendering.urdf import Colour

LIBRARY = re.compile(rb"^mtllib[ \t]+(.+?)[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """Triangles of one material; `colour` is None where the file gives none."""

    material: str
    colour: Colour | None
    soup: Soup


def read_pieces(path: Path) -> list[Piece]:
    """Read a mesh; materials of equal colour are one piece, named by the first of them.

    Raises:
        ValueError: The file cannot be read, or holds no triangle.
    """
    pieces = _obj_pieces(path) if path.suffix.lower() == ".obj" else _other_pieces(path)
    for piece in pieces:
        if not np.isfinite(piece.soup.vertices).all():
            raise ValueError(f"mesh {path} has vertices that are not finite; export it again.")
    return pieces


def material_libraries(path: Path) -> list[Path]:
    """List the MTL files of an OBJ file that exist; missing ones mean no colours, as in PyBullet."""
    if path.suffix.lower() != ".obj":
        return []
    names = LIBRARY.findall(path.read_bytes())
    places = [path.parent / name.decode(errors="replace") for name in names]
    return [place for place in places if place.is_file()]


def _obj_pieces(path: Path) -> list[Piece]:
    """Cut an OBJ file by the diffuse colour of its materials."""
    soup, materials = read_painted_obj(path)
    colours = _diffuse_colours(material_libraries(path))
    faces_of: dict[Colour | None, list[int]] = {}
    for number, material in enumerate(materials):
        faces_of.setdefault(colours.get(material), []).append(number)
    return [
        Piece(materials[faces[0]], colour, Soup(soup.vertices, soup.faces[faces])) for colour, faces in faces_of.items()
    ]


def _diffuse_colours(libraries: list[Path]) -> dict[str, Colour]:
    """Read `Kd` of each material; pictures (`map_Kd`) are left out."""
    found: dict[str, Colour] = {}
    material = ""
    for library in libraries:
        for line in library.read_text(errors="replace").splitlines():
            words = line.split(maxsplit=1)
            if len(words) == 2 and words[0] == "newmtl":
                material = words[1].strip()
            elif len(words) == 2 and words[0] == "Kd":
                red, green, blue = (round(float(word), 2) for word in words[1].split()[:3])
                found[material] = (red, green, blue)
    return found


def _other_pieces(path: Path) -> list[Piece]:
    """Read any other format; each geometry of the file is a piece."""
    import trimesh

    try:
        meshes: Any = trimesh.load_scene(path, process=False).dump()
    except ImportError as error:
        raise ValueError(
            f"mesh {path} needs another package to be read ({error}); install it, or convert the mesh to OBJ."
        ) from error
    except (ValueError, KeyError, IndexError, NotImplementedError) as error:
        raise ValueError(f"mesh {path} cannot be read ({error}); convert it to OBJ or STL.") from error
    pieces = [
        Piece(name, colour, Soup(np.asarray(mesh.vertices, float), np.asarray(mesh.faces, int)))
        for mesh in meshes
        if len(getattr(mesh, "faces", ()))
        for name, colour in [_paint(mesh.visual)]
    ]
    if not pieces:
        raise ValueError(f"mesh {path} holds no triangles; export it again, as OBJ or STL.")
    return pieces


def _paint(visual: Any) -> tuple[str, Colour | None]:
    """Name and colour of what trimesh calls a visual; it has a class for each kind."""
    if visual.kind is None:
        return "", None
    textured = visual.kind == "texture"
    rgba = visual.material.main_color if textured else visual.main_color
    red, green, blue = (round(float(value) / 255.0, 2) for value in rgba[:3])
    return str(getattr(visual.material, "name", "") or "") if textured else "", (red, green, blue)
