"""Any gripper as two sliding fingers: what its URDF or its description says, in the frame of a `Hand`.

    hand, pieces = Linkage(model, description, carrier_from_world, links).made()

A linkage of twelve joints costs 393 us a control step, two prismatic fingers about 180: the pads slide straight,
while the links between them are drawn where the linkage would have them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from envs.arms.description import Gripper, Solid
from envs.arms.files import kept_name, path_of
from envs.arms.model import Model
from envs.arms.parts import Hand, Link, Piece, Shape, angles, compose, inverse, transform, vector
from envs.rendering.mesh_files import read_pieces

TIP = 0.008
"""Of described jaws: the tool point is so far from the tips of the fingers [m]."""
CHAMFER = 0.15
"""Share of a described finger's edges that is cut off, so that it slides over edges instead of catching."""
KNOTS = 6
"""Openings at which the links of a gripper are placed; between them they are drawn on straight lines."""
NOTHING = (1e-4, np.zeros(3), 1e-8 * np.eye(3))
"""Mass [kg], centre [m] and inertia [kg m^2] of a hand whose body is part of the arm's last link already."""
Inertial = tuple[float, np.ndarray, np.ndarray]
"""Mass [kg], centre (3,) [m], inertia (3, 3) about it [kg m^2]."""
Merge = Callable[[Iterable[int], np.ndarray], Inertial]
"""Adds up the inertial data of some links in a frame (3, 4) of the world."""
TILTS = (-1.0, -0.05, 0.05, 1.0)
"""Directions in which the corners of a hull are sought; the slight ones find the corners of its flat faces."""


def moved(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Express points (n, 3) in the frame that pose (3, 4) leads to."""
    return points @ pose[:, :3].T + pose[:, 3]


def box_around(points: np.ndarray) -> tuple[Shape, ...]:
    """Give the smallest upright box; nothing for no points."""
    if not len(points):
        return ()
    low, high = points.min(axis=0), points.max(axis=0)
    return (Shape("box", vector(np.maximum(high - low, 1e-3)), vector(0.5 * (low + high))),)


def hull_of(points: np.ndarray) -> Shape:
    """Give at most 64 corners of the convex hull: few make contacts cheap."""
    directions = np.stack(np.meshgrid(TILTS, TILTS, TILTS, indexing="ij"), axis=-1).reshape(-1, 3)
    corners = np.unique(np.round(points[(points @ directions.T).argmax(axis=0)], 6), axis=0)
    return Shape("hull", tuple(float(value) for value in corners.ravel()))


def row(pose: np.ndarray) -> tuple[float, ...]:
    """Flatten a pose (3, 4)."""
    return tuple(float(value) for value in pose.ravel())


def as_link(name: str, inertial: Inertial) -> Link:
    """Name inertial data."""
    mass, centre, inertia = inertial
    xx, yy, zz = (float(inertia[i, i]) for i in range(3))
    return Link(name, float(mass), vector(centre), (xx, yy, zz, *vector(inertia[[0, 0, 1], [1, 2, 2]])))


@dataclass(frozen=True)
class Linkage:
    """A gripper of the URDF.

    Attributes:
        model: The URDF.
        about: What the profile says of it.
        tool: (3, 4) world_from_tool with the joints of the arm at 0 and the gripper closed.
        last: (3, 4) world_from_link of the last link of the arm, likewise.
        links: Indices of all links of the gripper.
        carrier: Number of the arm's joints: what carries the hand.
    """

    model: Model
    about: Gripper
    tool: np.ndarray
    last: np.ndarray
    links: tuple[int, ...]
    carrier: int

    def made(self, merge: Merge) -> tuple[Hand, tuple[Piece, ...]]:
        """Give hand and pieces; `merge(links, frame)` adds inertial data up."""
        fingers = [self._finger(name) for name in self.about.fingers]
        rest = tuple(link for link in self.links if link not in fingers[0] + fingers[1])
        (first, inner), (second, other) = (self._pad(links, side) for links, side in zip(fingers, (1.0, -1.0)))
        gaps = self._gaps(fingers, inner + other)
        depth = float(min(first[:, 2].min(), second[:, 2].min()))
        tool_depth = max(TIP, float(-self._body(rest)[:, 2].min(initial=-TIP)))
        place = self.tool.copy()
        place[:, 3] -= place[:, 2] * tool_depth
        mounted = compose(inverse(self.last), place)
        shift = np.array([0.0, 0.0, -depth])
        names = self.about.fingers
        masses = [merge(links, place)[0] for links in fingers]
        if min(masses) <= 0.0:
            name = names[int(np.argmin(masses))]
            raise ValueError(
                f"finger `{name}`: mass 0 kg must be > 0; give it <inertial> in the URDF, or the profile "
                f"`links: {{{name}: {{mass: 0.05, centre: [0, 0, 0.02], inertia: [2e-5, 2e-5, 1e-5, 0, 0, 0]}}}}`."
            )
        body = merge(rest, place)
        name = f"{self.about.link}.hand"
        hand = Hand(
            link=as_link(name, NOTHING) if body[0] <= 0.0 else as_link(self.about.link, body),
            xyz=vector(mounted[:, 3]),
            rpy=angles(mounted[:, :3]),
            tool_depth=tool_depth,
            finger_depth=tool_depth + depth,
            finger_joints=(f"{names[0]}.slide", f"{names[1]}.slide"),
            finger_links=(names[0], names[1]),
            finger_mass=float(np.mean(masses)),
            max_opening=float(gaps[-1]) if self.about.travel is None else self.about.travel,
            force=self.about.force,
            flange=(),
            palm=box_around(self._body(rest) + (0.0, 0.0, tool_depth)),
            fingers=(hull_of(first - (0.0, inner, 0.0) + shift), hull_of(second + (0.0, other, 0.0) + shift)),
        )
        return hand, tuple(self._pieces(fingers, rest, (inner, other), gaps, hand.max_opening))

    def _finger(self, name: str) -> tuple[int, ...]:
        """Give a finger's link with everything that is fixed to it."""
        start = self.model.link(name, "gripper.fingers")
        if start not in self.links:
            raise ValueError(f"gripper.fingers: link `{name}` is not carried by `{self.about.link}`.")
        found = [start]
        for index, joint in enumerate(self.model.robot.joints):
            if joint.kind == "fixed" and joint.parent in found:
                found.append(index + 1)
        return tuple(found)

    def _body(self, links: tuple[int, ...]) -> np.ndarray:
        """Give the points of what carries the fingers without moving, seen from the tool [m]."""
        frames, moves = self._frames(0.0), self._frames(0.5)
        still = [link for link in links if np.allclose(frames[link], moves[link])]
        found = [moved(self.model.points(link), frames[link]) for link in still]
        return moved(np.concatenate(found or [np.zeros((0, 3))]), inverse(self.tool))

    def _frames(self, share: float) -> np.ndarray:
        """Place all links for a share of the way from closed to open, the arm's joints at 0."""
        at = {name: (1.0 - share) * self.about.closed[name] + share * self.about.open[name] for name in self.about.open}
        return self.model.frames(at)

    def _pad(self, links: tuple[int, ...], side: float) -> tuple[np.ndarray, float]:
        """Give a closed finger's points seen from the tool, and how far its pad is from the middle [m]."""
        frames, seen, name = self._frames(0.0), inverse(self.tool), self.model.names[links[0]]
        points = np.concatenate([moved(self.model.points(k), compose(seen, frames[k])) for k in links])
        if not len(points):
            raise ValueError(f"finger `{name}` has neither <collision> nor <visual> to grip with.")
        shift = seen[:, :3] @ (self._frames(1.0)[links[0]][:, 3] - frames[links[0]][:, 3])
        if not side * shift[1] > 0.9 * np.linalg.norm(shift[:2]):
            raise ValueError(
                f"finger `{name}` opens along {np.round(shift, 4).tolist()} m as the tool sees it; "
                f"it must be {'+' if side > 0 else '-'}y. Turn the tool by `rpy` (z out of the hand), swap `fingers`, "
                "or swap `closed` and `open`."
            )
        return points, float((side * points[:, 1]).min())

    def _gaps(self, fingers: list[tuple[int, ...]], closed: float) -> np.ndarray:
        """Give the distance between the pads (41,) on the way from closed to open [m]."""
        y = self.tool[:, 1]
        start = self._frames(0.0)
        gaps = []
        for share in np.linspace(0.0, 1.0, 41):
            frames = self._frames(share)
            first, second = ((frames[links[0]][:, 3] - start[links[0]][:, 3]) @ y for links in fingers)
            gaps.append(closed + first - second)
        return np.array(gaps)

    def _pieces(
        self,
        fingers: list[tuple[int, ...]],
        rest: tuple[int, ...],
        inner: tuple[float, float],
        gaps: np.ndarray,
        widest: float,
    ) -> Iterator[Piece]:
        """Place all links that can be seen for every knot of the opening."""
        seen, closed = inverse(self.last), self._frames(0.0)
        openings = np.linspace(0.0, widest, KNOTS)
        shares = np.interp(openings, gaps, np.linspace(0.0, 1.0, len(gaps)))
        drawn = [link for link in self.links if self.model.robot.links[link].visuals]
        for link in drawn:
            poses = [compose(seen, self._frames(share)[link]) for share in shares]
            for side, links, own in zip((1.0, -1.0), fingers, inner):
                if link in links:
                    slides = (side * (0.5 * opening - own) for opening in openings)
                    poses = [compose(seen, _slid(closed[link], self.tool[:, 1] * slide)) for slide in slides]
            if link in rest and all(np.allclose(pose, poses[0], atol=1e-9) for pose in poses):
                poses = poses[:1]
            yield Piece(self.model.names[link], self.carrier, tuple(row(pose) for pose in poses), hand=True)


def _slid(pose: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Move a pose by an offset (3,) [m]."""
    return np.column_stack((pose[:, :3], pose[:, 3] + offset))


def jaws(about: Gripper, bolted: np.ndarray, carrier: int, folder: Path) -> tuple[Hand, tuple[Piece, ...]]:
    """Make a described gripper; `bolted` is (3, 4) link_from_flange."""
    described = about.jaws
    if described is None or about.travel is None:
        raise ValueError("a gripper that no URDF has needs `jaws` and `travel`.")
    body, points = _solid(described.body, folder)
    top = float(points[:, 2].max())
    wide, thick, long = described.finger
    cut = CHAMFER * np.array([wide, thick, long]) / 2.0
    half = np.array([wide, thick, long]) / 2.0
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners = np.concatenate([signs * np.where(np.arange(3) == axis, half, half - cut) for axis in range(3)])
    hulls = tuple(Shape("hull", tuple((corners + (0.0, side * half[1], half[2])).ravel().tolist())) for side in (1, -1))
    edges = points.max(axis=0) - points.min(axis=0)
    mass, centre = described.body_mass, 0.5 * (points.max(axis=0) + points.min(axis=0))
    inertia = mass / 12.0 * (np.sum(edges**2) - edges**2)
    hand = Hand(
        link=Link("gripper_body", mass, vector(centre), (*vector(inertia), 0.0, 0.0, 0.0)),
        xyz=vector(bolted[:, 3]),
        rpy=angles(bolted[:, :3]),
        tool_depth=top + long - TIP,
        finger_depth=top,
        finger_joints=("gripper_finger1.slide", "gripper_finger2.slide"),
        finger_links=("gripper_finger1", "gripper_finger2"),
        finger_mass=described.finger_mass,
        max_opening=about.travel,
        force=about.force,
        flange=(),
        palm=box_around(points),
        fingers=(hulls[0], hulls[1]),
    )
    pieces = [Piece("gripper_body", carrier, (row(bolted),), True, body)]
    for side, name in zip((1.0, -1.0), hand.finger_links):
        shape = Shape("box", described.finger, (0.0, side * half[1], half[2]))
        ends = (transform((0.0, side * 0.5 * opening, top), (0.0, 0.0, 0.0)) for opening in (0.0, about.travel))
        pieces.append(Piece(name, carrier, tuple(row(compose(bolted, end)) for end in ends), True, shape))
    return hand, tuple(pieces)


def _solid(body: Solid, folder: Path) -> tuple[Shape, np.ndarray]:
    """Give the shape of a described body and its points in the bolted frame [m]."""
    if (body.size is None) == (not body.mesh):
        raise ValueError("gripper.jaws.body needs either `size: [x, y, z]` or `mesh: FILE`.")
    if body.size is not None:
        half = np.array(body.size) / 2.0
        place = (0.0, 0.0, float(half[2])) if body.xyz is None else body.xyz
        shape = Shape("box", body.size, place, body.rpy)
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return shape, moved(signs * half, shape.pose)
    scale = (body.scale,) * 3
    shape = Shape("mesh", scale, body.xyz or (0.0, 0.0, 0.0), body.rpy, kept_name(body.mesh, folder))
    vertices = np.concatenate([piece.soup.vertices for piece in read_pieces(path_of(body.mesh, folder))])
    return shape, moved(vertices * body.scale, shape.pose)
