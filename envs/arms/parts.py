"""What arms are made of: joints, links, shapes, a hand, a box to work in. Values, read from profile files.

    joint = Joint("elbow", xyz=(0, 0, 0.3), rpy=(0, 0, 0), lower=-2.0, upper=2.0, effort=50.0, velocity=2.0)
    parent_from_joint = transform(joint.xyz, joint.rpy)          # (3, 4)

All rigid transforms are (3, 4); xyz/rpy are as in URDF: fixed axes x, y, z.
"""

from dataclasses import dataclass

import numpy as np

from randomizers.errors import unknown

Vector = tuple[float, float, float]
ZERO: Vector = (0.0, 0.0, 0.0)
SHAPES = {"box": 3, "capsule": 2, "mesh": 3, "hull": 0}
"""Kinds of shapes, with how many numbers their size has; a hull has three for each corner."""


def rotation(rpy: Vector) -> np.ndarray:
    """Turn roll, pitch, yaw about the fixed axes x, y, z [rad] into a matrix (3, 3), as URDF means them."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def angles(turn: np.ndarray) -> Vector:
    """Give roll, pitch, yaw [rad] of a matrix (3, 3); the inverse of `rotation`, also where the pitch is upright."""
    pitch = np.arcsin(np.clip(-turn[2, 0], -1.0, 1.0))
    if abs(turn[2, 0]) > 1.0 - 1e-12:  # only the sum or difference of roll and yaw is known
        return 0.0, float(pitch), -float(np.arctan2(turn[0, 1] + 0.0, turn[1, 1]))
    return float(np.arctan2(turn[2, 1], turn[2, 2])), float(pitch), float(np.arctan2(turn[1, 0], turn[0, 0]))


def transform(xyz: Vector, rpy: Vector) -> np.ndarray:
    """Build parent_from_child (3, 4) from an offset [m] and roll, pitch, yaw [rad]."""
    return np.column_stack((rotation(rpy), np.asarray(xyz, float)))


def compose(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Give left @ right for rigid transforms (3, 4)."""
    return np.column_stack((left[:, :3] @ right[:, :3], left[:, :3] @ right[:, 3] + left[:, 3]))


def inverse(pose: np.ndarray) -> np.ndarray:
    """Give child_from_parent (3, 4) of a rigid parent_from_child."""
    return np.column_stack((pose[:, :3].T, -pose[:, :3].T @ pose[:, 3]))


def vector(values: np.ndarray) -> Vector:
    """Turn three numbers into a tuple."""
    x, y, z = (float(value) for value in values)
    return x, y, z


MEASURED = 0.25
"""Share by which published inertias may break the triangle inequality: the maker's own of xArm 6 do, by 16 %."""


def repaired(inertia: np.ndarray) -> np.ndarray:
    """Shrink the largest moment (3, 3) to what the other two allow, where measuring errors explain the excess.

    Physics engines refuse such inertias, or set them to zero.
    """
    moments, axes = np.linalg.eigh(inertia)
    allowed = moments[0] + moments[1]
    if not 0.0 < allowed < moments[2] <= allowed * (1.0 + MEASURED):
        return inertia
    return axes @ np.diag([moments[0], moments[1], 0.999 * allowed]) @ axes.T


def cure(link: str) -> str:
    """Say how to mend the inertia of a link."""
    numbers = "mass: .., centre: [x, y, z], inertia: [xx, yy, zz, xy, xz, yz]"
    return f"correct <inertial> in the URDF, or give the profile `links: {{{link}: {{{numbers}}}}}`."


@dataclass(frozen=True)
class Joint:
    """A revolute joint that turns about its own z axis.

    Attributes:
        name: Its name in knobs, URDF and bundles.
        xyz: Offset from the parent link's frame [m].
        rpy: Fixed rotation from the parent link's frame [rad].
        lower, upper: Position limits [rad].
        effort: Largest torque [N m].
        velocity: Largest speed [rad/s].
    """

    name: str
    xyz: Vector
    rpy: Vector
    lower: float
    upper: float
    effort: float
    velocity: float

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(
                f"joint `{self.name}`: lower {self.lower:g} must be below upper {self.upper:g} rad; swap or correct "
                f"them, in the URDF or in the profile: `limits: {{{self.name}: {{lower: .., upper: ..}}}}`."
            )
        if not min(self.effort, self.velocity) > 0.0:
            raise ValueError(
                f"joint `{self.name}`: effort {self.effort:g} N m and velocity {self.velocity:g} rad/s must be > 0; "
                f"give what the data sheet says: `limits: {{{self.name}: {{effort: .., velocity: ..}}}}`."
            )


@dataclass(frozen=True)
class Link:
    """Inertial data of a rigid piece.

    Attributes:
        name: Its name.
        mass: [kg].
        centre: Centre of mass in the link's frame [m].
        inertia: xx, yy, zz, xy, xz, yz about the centre of mass, in the link's axes [kg m^2].
    """

    name: str
    mass: float
    centre: Vector
    inertia: tuple[float, float, float, float, float, float]

    def __post_init__(self) -> None:
        if not self.mass > 0.0:
            raise ValueError(f"link `{self.name}`: mass {self.mass:g} kg must be > 0; {cure(self.name)}")
        low, middle, high = np.linalg.eigvalsh(self.inertia_matrix)
        if not low > 0.0:
            raise ValueError(
                f"link `{self.name}`: inertia {self.inertia} kg m^2 has a principal moment of {low:.3g}, "
                f"which must be > 0; {cure(self.name)}"
            )
        if high > (low + middle) * (1.0 + 1e-6):
            raise ValueError(
                f"link `{self.name}`: principal moments {low:.3g}, {middle:.3g}, {high:.3g} kg m^2 belong to no "
                f"body: the largest is more than the other two together; {cure(self.name)}"
            )

    @property
    def inertia_matrix(self) -> np.ndarray:
        """(3, 3) [kg m^2]."""
        xx, yy, zz, xy, xz, yz = self.inertia
        return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


@dataclass(frozen=True)
class Shape:
    """A convex piece that touches things, or that is seen.

    Attributes:
        kind: One of SHAPES.
        size: Edges of a box; radius and length of a capsule along z; scale of a mesh; all corners of a hull [m].
        xyz, rpy: Its place in the frame of what it belongs to [m], [rad].
        file: Of a mesh: absolute, or below `pybullet_data/`.
    """

    kind: str
    size: tuple[float, ...]
    xyz: Vector = ZERO
    rpy: Vector = ZERO
    file: str = ""

    def __post_init__(self) -> None:
        if self.kind not in SHAPES:
            raise ValueError(unknown("kind of shape", self.kind, SHAPES))
        wanted = SHAPES[self.kind]
        if len(self.size) % 3 if not wanted else len(self.size) != wanted:
            raise ValueError(f"a {self.kind} has {wanted or '3 n'} numbers in its size, got {self.size}.")

    @property
    def pose(self) -> np.ndarray:
        """(3, 4)."""
        return transform(self.xyz, self.rpy)


@dataclass(frozen=True)
class Hand:
    """A parallel gripper bolted to the last link; its fingers open along the hand's y axis.

    Attributes:
        link: Inertial data of the hand without fingers.
        xyz, rpy: Mounting on the last link [m], [rad].
        tool_depth: Distance along the hand's z axis to the tool point between the pads [m].
        finger_depth: Distance along the hand's z axis to the frames of the fingers [m].
        finger_joints, finger_links: Their names; the first finger moves along +y, the second along -y.
        finger_mass: Of one finger [kg].
        max_opening: Largest distance between the pads [m].
        force: Grip force of one finger [N].
        flange, palm: What touches things besides the fingers, in the frames of the last link and of the hand.
        fingers: Shape of the first and of the second finger, in the frame of closed fingers.
    """

    link: Link
    xyz: Vector
    rpy: Vector
    tool_depth: float
    finger_depth: float
    finger_joints: tuple[str, str]
    finger_links: tuple[str, str]
    finger_mass: float
    max_opening: float
    force: float
    flange: tuple[Shape, ...]
    palm: tuple[Shape, ...]
    fingers: tuple[Shape, Shape]

    def __post_init__(self) -> None:
        for what, value in (("finger_mass", self.finger_mass), ("force", self.force)):
            if not value > 0.0:
                raise ValueError(f"gripper: {what} is {value:g}; it must be > 0.")
        if not 0.005 <= self.max_opening <= 0.5:
            raise ValueError(
                f"gripper: the pads open to {self.max_opening:.4g} m; it must be in [0.005, 0.5] m. "
                "Check `closed` and `open` of the profile: they are joint positions, and must not be swapped."
            )


@dataclass(frozen=True)
class Box:
    """An axis-aligned box, corners in the table's frame [m]."""

    low: Vector
    high: Vector

    def __post_init__(self) -> None:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"workspace: low {self.low} must be below high {self.high} on every axis [m].")


@dataclass(frozen=True)
class Mount:
    """Where the arm's base stands in the table's frame [m], [rad]; the table top is z = 0."""

    xyz: Vector = ZERO
    rpy: Vector = ZERO


@dataclass(frozen=True)
class Piece:
    """One link of the URDF in the picture, or one shape that no URDF has.

    Attributes:
        name: Of the URDF's link, or of the shape.
        carrier: What carries it: 0 the base, k the link after joint k.
        poses: carrier_from_piece, (3, 4) in rows. A piece of the gripper has several, evenly spread over openings
            from closed to open, so that linkages move as they are.
        hand: It belongs to the gripper.
        shape: What is drawn where the URDF has no such link.
    """

    name: str
    carrier: int
    poses: tuple[tuple[float, ...], ...]
    hand: bool = False
    shape: Shape | None = None
