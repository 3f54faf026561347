"""The lean arm that PyBullet simulates: identified inertials, collision shapes only where it touches things.

    with arm_file(profile, fingers=True) as path:
        body = pybullet.loadURDF(path, flags=pybullet.URDF_USE_INERTIA_FROM_FILE)

Fixed pieces are merged into the last link, and nothing has a visual shape. Only hand and fingers collide.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from envs.arms.files import path_of
from envs.arms.parts import Link, Shape, angles, compose, transform
from envs.arms.profile import ArmProfile

FINGER_INERTIA = (4e-4, 4e-4, 2e-4)
"""Of a finger per kg of its mass [m^2]; about its centre. Guessed from its size."""

STILL = np.eye(3, 4)
"""The pose that moves nothing."""

Inertial = tuple[float, np.ndarray, np.ndarray]
"""Mass [kg], centre (3,) [m], inertia (3, 3) about it [kg m^2], in one frame."""


def moved(link: Link, pose: np.ndarray) -> Inertial:
    """Express a link's inertial data in the frame that pose (3, 4) leads to."""
    turn = pose[:, :3]
    return link.mass, turn @ np.array(link.centre) + pose[:, 3], turn @ link.inertia_matrix @ turn.T


def merged(parts: list[Inertial]) -> Inertial:
    """Add rigidly connected pieces (parallel axis theorem)."""
    mass = sum(part[0] for part in parts)
    centre = sum((part[0] * part[1] for part in parts), np.zeros(3)) / mass
    inertia = np.zeros((3, 3))
    for piece, place, own in parts:
        arm = place - centre
        inertia += own + piece * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return mass, centre, inertia


def _hand_place(profile: ArmProfile, depth: float = 0.0) -> np.ndarray:
    """Give link_from_hand (3, 4), moved along the hand's z axis by `depth` [m]."""
    place = transform(profile.hand.xyz, profile.hand.rpy)
    place[:, 3] += place[:, 2] * depth
    return place


def _finger_place(profile: ArmProfile) -> np.ndarray:
    """Give link_from_finger (3, 4) of closed fingers; both have the same frame and open along +y and -y."""
    return _hand_place(profile, profile.hand.finger_depth)


def _finger_link(profile: ArmProfile, side: int) -> Link:
    """Inertial data of the first (side 1) or second (side -1) finger in its own frame."""
    mass = profile.hand.finger_mass
    xx, yy, zz = (mass * value for value in FINGER_INERTIA)
    name = profile.hand.finger_links[0 if side > 0 else 1]
    return Link(name, mass, (0.0, side * 0.01, 0.02), (xx, yy, zz, 0.0, 0.0, 0.0))


def last_link(profile: ArmProfile, fingers: bool) -> Inertial:
    """Give the inertial data of the last link with the hand; without moving fingers, with them as well."""
    parts = [moved(profile.links[-1], STILL), moved(profile.hand.link, _hand_place(profile))]
    if not fingers:
        parts += [moved(_finger_link(profile, side), _finger_place(profile)) for side in (1, -1)]
    return merged(parts)


def _numbers(values: np.ndarray | tuple[float, ...]) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def _origin(pose: np.ndarray) -> str:
    return f'<origin xyz="{_numbers(pose[:, 3])}" rpy="{_numbers(angles(pose[:, :3]))}"/>'


def _inertial(inertial: Inertial) -> str:
    """Write inertial data along the principal axes, which Bullet would turn to anyway."""
    mass, centre, inertia = inertial
    moments, axes = np.linalg.eigh(inertia)
    axes[:, 0] *= np.sign(np.linalg.det(axes))
    if abs(axes[2, 0]) > 1.0 - 1e-12:
        axes[:, 1:] *= -1.0  # as good; bit for bit what the trained results were made with
    xx, yy, zz = moments
    return (
        f"<inertial>{_origin(np.column_stack((axes, centre)))}"
        f'<mass value="{mass:.9g}"/>'
        f'<inertia ixx="{xx:.9g}" iyy="{yy:.9g}" izz="{zz:.9g}" ixy="0" ixz="0" iyz="0"/></inertial>'
    )


def _collision(place: np.ndarray, shape: Shape, folder: Path) -> str:
    """Write a shape whose frame is at `place`; a hull goes into a file of its own."""
    size = _numbers(shape.size)
    if shape.kind == "box":
        geometry = f'<box size="{size}"/>'
    elif shape.kind == "capsule":
        geometry = f'<capsule radius="{shape.size[0]:.9g}" length="{shape.size[1]:.9g}"/>'
    elif shape.kind == "mesh":
        geometry = f'<mesh filename="{path_of(shape.file)}" scale="{size}"/>'
    else:
        geometry = f'<mesh filename="{_hull_file(shape, folder)}"/>'
    pose = compose(place, shape.pose)
    return f"<collision>{_origin(pose)}<geometry>{geometry}</geometry></collision>"


def _hull_file(shape: Shape, folder: Path) -> Path:
    """Write the corners of a hull as OBJ; Bullet takes the hull of whatever triangles there are."""
    corners = np.array(shape.size).reshape(-1, 3)
    lines = [f"v {_numbers(corner)}" for corner in corners]
    lines += [f"f 1 {i} {i + 1}" for i in range(2, len(corners))]
    path = folder / f"hull{len(list(folder.glob('hull*.obj')))}.obj"
    path.write_text("\n".join(lines) + "\n")
    return path


def _hand_shapes(profile: ArmProfile, fingers: bool, folder: Path) -> str:
    """Write the shapes of the last link: flange, palm, and the closed fingers where they are welded."""
    hand = profile.hand
    placed = [(STILL, shape) for shape in hand.flange] + [(_hand_place(profile), shape) for shape in hand.palm]
    placed += [] if fingers else [(_finger_place(profile), shape) for shape in hand.fingers]
    return "".join(_collision(place, shape, folder) for place, shape in placed)


def _joint(name: str, kind: str, parent: str, child: str, pose: np.ndarray, axis: str, limits: str) -> str:
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>{_origin(pose)}'
        f'<axis xyz="{axis}"/><limit {limits}/></joint>'
    )


def _finger_parts(profile: ArmProfile, folder: Path) -> list[str]:
    """Write the two sliding fingers."""
    hand, last, place, parts = profile.hand, profile.links[-1].name, _finger_place(profile), []
    limits = f'lower="0" upper="{hand.max_opening / 2.0}" effort="{hand.force}" velocity="0.2"'
    for name, own, side in zip(hand.finger_joints, hand.fingers, (1, -1)):
        link = _finger_link(profile, side)
        shape = _collision(STILL, own, folder)
        parts.append(f'<link name="{link.name}">{_inertial(moved(link, STILL))}{shape}</link>')
        parts.append(_joint(name, "prismatic", last, link.name, place, f"0 {side} 0", limits))
    return parts


def urdf(profile: ArmProfile, fingers: bool, folder: Path) -> str:
    """Write the arm as URDF; `fingers` False welds them closed to the hand. Hulls are written into the folder."""
    links = profile.links
    parts = [f'<link name="{link.name}">{_inertial(moved(link, STILL))}</link>' for link in links[:-1]]
    shapes = _hand_shapes(profile, fingers, folder)
    parts.append(f'<link name="{links[-1].name}">{_inertial(last_link(profile, fingers))}{shapes}</link>')
    for joint, pose, parent, child in zip(profile.joints, profile.places, links, links[1:]):
        limits = f'lower="{joint.lower}" upper="{joint.upper}" '
        limits += f'effort="{joint.effort}" velocity="{joint.velocity}"'
        parts.append(_joint(joint.name, "revolute", parent.name, child.name, pose, "0 0 1", limits))
    parts += _finger_parts(profile, folder) if fingers else []
    return f'<?xml version="1.0"?>\n<robot name="{profile.name}">\n' + "\n".join(parts) + "\n</robot>\n"


@contextmanager
def arm_file(profile: ArmProfile, fingers: bool) -> Iterator[str]:
    """Give the path of a URDF that lives as long as the `with` block, or longer: PyBullet reads files only."""
    folder = _written(profile, fingers)
    if not Path(folder.name).is_dir():  # somebody cleans up temporary files
        _written.cache_clear()
        folder = _written(profile, fingers)
    yield str(Path(folder.name) / f"{profile.name}.urdf")


@lru_cache(maxsize=8)
def _written(profile: ArmProfile, fingers: bool) -> tempfile.TemporaryDirectory:
    """Write the URDF once for all worlds of a process: worlds that are built anew would write it at every reset."""
    folder = tempfile.TemporaryDirectory(prefix="sim2arm-")
    path = Path(folder.name) / f"{profile.name}.urdf"
    path.write_text(urdf(profile, fingers, Path(folder.name)))
    return folder
