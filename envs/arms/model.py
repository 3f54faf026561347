"""A URDF as a mechanism: its tree of links with inertias, limits, mimics and what can touch.

    model = Model.read(path)
    frames = model.frames({"drive_joint": 0.85})           # (links, 3, 4), mimicking joints follow
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from envs.rendering.links import LinkTree
from envs.rendering.robots import pieces_of, placed
from envs.rendering.urdf import Robot, Visual, numbers_of, paints_of, pose_of, read_urdf, root_of, shapes_of
from randomizers.errors import unknown

FULL_TURN = 2.0 * np.pi
"""Limit of a joint that turns on and on [rad]: what inverse kinematics may use of it."""


@dataclass(frozen=True)
class Range:
    """What a joint can do: positions, largest force or torque, largest speed; None where the URDF is silent."""

    lower: float | None
    upper: float | None
    effort: float | None
    velocity: float | None


@dataclass(frozen=True)
class Model:
    """A URDF.

    Attributes:
        path: Of the file.
        robot: Its tree.
        tree: Its forward kinematics.
        masses: (links,) [kg]; 0 where the URDF gives no <inertial>.
        centres: (links, 3, 4) link_from_inertial [m].
        inertias: (links, 3, 3) in the inertial frame [kg m^2].
        ranges: What each joint can do.
        mimics: Joint -> (joint it follows, multiplier, offset).
    """

    path: Path
    robot: Robot
    tree: LinkTree
    masses: np.ndarray
    centres: np.ndarray
    inertias: np.ndarray
    ranges: Mapping[str, Range]
    mimics: Mapping[str, tuple[str, float, float]]
    _points: dict[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Model":
        """Read a file.

        Raises:
            FileNotFoundError: It, or a mesh that it names, does not exist.
            ValueError: It is no URDF.
        """
        robot, root = read_urdf(path), root_of(path)
        elements = {item.get("name", ""): item for item in root.findall("link")}
        inertials = [_inertial(elements[link.name], path) for link in robot.links]
        ranges, mimics = {}, {}
        for element in root.findall("joint"):
            name = element.get("name", "")
            ranges[name] = _range(element, path)
            follows = element.find("mimic")
            if follows is not None:
                numbers = (numbers_of(follows, key, (value,), 1, path)[0]
                           for key, value in (("multiplier", 1.0), ("offset", 0.0)))  # fmt: skip
                mimics[name] = (follows.get("joint", ""), *numbers)
        masses, centres, inertias = (np.array(column) for column in zip(*inertials))
        return cls(path, robot, LinkTree(robot), masses, centres, inertias, ranges, mimics)  # type: ignore[arg-type]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the links in the order of all arrays."""
        return self.tree.links

    def link(self, name: str, what: str) -> int:
        """Give the index of a link; `what` says in errors who asks."""
        if name not in self.names:
            raise ValueError(f"{what}: {unknown('link', name, self.names)} (of {self.path})")
        return self.names.index(name)

    def joint(self, name: str, what: str) -> int:
        """Give the index of a joint: it holds link index + 1."""
        known = [joint.name for joint in self.robot.joints]
        if name not in known:
            raise ValueError(f"{what}: {unknown('joint', name, self.tree.joints)} (of {self.path})")
        return known.index(name)

    def frames(self, positions: Mapping[str, float]) -> np.ndarray:
        """Place all links, (links, 3, 4) [m]: joints that are not named are at 0, mimicking ones follow."""
        at = dict(positions)
        for name, (followed, multiplier, offset) in self.mimics.items():
            if followed in positions:
                at.setdefault(name, multiplier * positions[followed] + offset)
        return self.tree.world_from_link(np.array([[at.get(name, 0.0) for name in self.tree.joints]]))[0]

    def path_to(self, link: int) -> list[int]:
        """Give the joints between the root and a link, outwards."""
        found: list[int] = []
        while link > 0:
            found.append(link - 1)
            link = self.robot.joints[link - 1].parent
        return found[::-1]

    def points(self, link: int) -> np.ndarray:
        """Give the vertices (n, 3) of all that can touch of a link, in its frame [m]; read once."""
        if link not in self._points:
            shapes = self.collisions(link)
            found = [placed(piece.soup, shape).vertices for shape in shapes for piece in pieces_of(shape, self.path)]
            self._points[link] = np.concatenate(found) if found else np.zeros((0, 3))
        return self._points[link]

    def collisions(self, link: int) -> list[Visual]:
        """List what can touch of a link; what can be seen, where the URDF has no <collision>.

        Raises:
            FileNotFoundError: A mesh is missing.
        """
        root, name = root_of(self.path), self.names[link]
        element = next(item for item in root.findall("link") if item.get("name") == name)
        shapes = list(shapes_of(element, name, paints_of(root), self.path, "collision"))
        return shapes or list(self.robot.links[link].visuals)


def _inertial(link: Element, path: Path) -> tuple[float, np.ndarray, np.ndarray]:
    """Read mass, pose and inertia of a link."""
    element = link.find("inertial")
    if element is None:
        return 0.0, np.eye(3, 4), np.zeros((3, 3))
    mass = numbers_of(element.find("mass"), "value", (0.0,), 1, path)[0]
    given = element.find("inertia")
    xx, yy, zz, xy, xz, yz = (
        numbers_of(given, key, (0.0,), 1, path)[0] for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
    )
    return mass, pose_of(element, path), np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _range(joint: Element, path: Path) -> Range:
    """Read <limit>; a continuous joint may turn once either way."""
    limit = joint.find("limit")
    numbers = {
        key: None if limit is None or limit.get(key) is None else numbers_of(limit, key, None, 1, path)[0]
        for key in ("lower", "upper", "effort", "velocity")
    }
    if joint.get("type") == "continuous":
        numbers |= {"lower": -FULL_TURN, "upper": FULL_TURN}
    return Range(**numbers)
