"""What a profile file says of a URDF: which joints, which gripper, and what no URDF knows.

    description = read_description(mapping, "my_arm.yaml")
    description.gripper.force                                   # [N]

docs/arms.md shows a file of 25 lines. Every field that has a default may be left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from envs.arms.files import build
from envs.arms.parts import ZERO, Box, Mount, Vector

PANDAS_BOX = Box((0.32, -0.30, 0.012), (0.68, 0.28, 0.36))
"""The tasks lay out their objects in it."""


@dataclass(frozen=True)
class Limits:
    """What a data sheet says otherwise than the URDF; None keeps the URDF's number [rad, N m, rad/s]."""

    lower: float | None = None
    upper: float | None = None
    effort: float | None = None
    velocity: float | None = None


@dataclass(frozen=True)
class Inertial:
    """Inertial data in place of the URDF's: [kg], [m] in the link's frame, xx yy zz xy xz yz [kg m^2]."""

    mass: float
    centre: Vector
    inertia: tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Solid:
    """A body of a gripper that no URDF describes: a box, or the mesh of a file; its frame is the bolted one.

    Attributes:
        size: Edges of the box [m].
        mesh: File of a mesh instead.
        scale: Of the mesh: 0.001 where it is in millimetres.
        xyz, rpy: Its place [m], [rad]; a box without them stands on the flange.
    """

    size: Vector | None = None
    mesh: str = ""
    scale: float = 1.0
    xyz: Vector | None = None
    rpy: Vector = ZERO


@dataclass(frozen=True)
class Jaws:
    """A parallel gripper that no URDF describes: a body on the flange and two fingers on its far side.

    Attributes:
        body: Its shape.
        body_mass: [kg].
        finger: Edges of one finger along the hand's x, y (thickness) and z (length) [m].
        finger_mass: [kg].
    """

    body: Solid
    body_mass: float
    finger: Vector
    finger_mass: float


@dataclass(frozen=True)
class Gripper:
    """A gripper whose two pads stay parallel; linkages are collapsed to two sliding fingers.

    Attributes:
        link: Link of the URDF that carries it.
        xyz, rpy: Frame of the tool in that link; z points out of the hand, y the way the fingers open [m], [rad].
            With `jaws`: where they are bolted on, and the tool point is 8 mm above their tips.
        force: Grip force of one finger [N].
        fingers: The two links with the pads; the first moves along +y.
        closed, open: Positions of the joints that move the fingers; those that mimic them follow [rad or m].
        travel: Largest distance between the pads [m]; None takes it from `open`.
        jaws: The gripper, where the URDF has none.
    """

    link: str
    force: float
    xyz: Vector = ZERO
    rpy: Vector = ZERO
    fingers: tuple[str, ...] = ()
    closed: Mapping[str, float] = field(default_factory=dict)
    open: Mapping[str, float] = field(default_factory=dict)
    travel: float | None = None
    jaws: Jaws | None = None

    def __post_init__(self) -> None:
        if self.jaws is not None:
            if self.fingers or self.closed or self.open or self.travel is None:
                raise ValueError("`jaws` need `travel`, and no `fingers`, `closed` or `open`: no URDF describes them.")
        elif len(self.fingers) != 2 or not self.closed or set(self.closed) != set(self.open):
            raise ValueError(
                "a gripper of the URDF needs `fingers: [first, second]` and the same joints in `closed` and `open`; "
                "one that the URDF lacks needs `jaws` and `travel`."
            )


@dataclass(frozen=True)
class Description:
    """A whole file.

    Attributes:
        urdf: Path of the URDF: relative to the file, absolute, or below `pybullet_data/`.
        gripper: The gripper.
        home: Joint positions at the start of an episode [rad]: in the order of `joints`, or by name.
        name: Default: the file's.
        joints: From base to hand; default: all that move between the URDF's root and the gripper's link.
        limits: By joint, what the data sheet says otherwise than the URDF.
        links: By link, inertial data in place of the URDF's.
        mount: Where the URDF's root stands in the table's frame.
        workspace: Box of the tool point.
        control_rate_hz, servo_rate, joint_damping: See `ArmProfile`.
    """

    urdf: str
    gripper: Gripper
    home: tuple[float, ...] | Mapping[str, float]
    name: str = ""
    joints: tuple[str, ...] = ()
    limits: Mapping[str, Limits] = field(default_factory=dict)
    links: Mapping[str, Inertial] = field(default_factory=dict)
    mount: Mount = Mount()
    workspace: Box = PANDAS_BOX
    control_rate_hz: float = 20.0
    servo_rate: float = 25.0
    joint_damping: float = 0.1


def read_description(data: Mapping[str, Any], where: str) -> Description:
    """Read a description.

    Raises:
        ValueError: A field is missing, unknown or impossible.
    """
    read = dict(data)
    gripper = read.get("gripper")
    if isinstance(gripper, Mapping) and gripper.get("jaws") is not None:
        jaws = gripper["jaws"]
        body = build(Solid, jaws.get("body") if isinstance(jaws, Mapping) else None, f"{where}: gripper.jaws.body")
        gripper = {**gripper, "jaws": build(Jaws, {**jaws, "body": body}, f"{where}: gripper.jaws")}
    read["gripper"] = build(Gripper, gripper, f"{where}: gripper")
    for key, kind in (("limits", Limits), ("links", Inertial)):
        given = read.get(key) or {}
        if not isinstance(given, Mapping):
            raise ValueError(f"{where}: {key} must map names to {kind.__name__}, got {given!r}.")
        read[key] = {name: build(kind, item, f"{where}: {key}.{name}") for name, item in given.items()}
    for key, single in (("mount", Mount), ("workspace", Box)):
        if key in read:
            read[key] = build(single, read[key], f"{where}: {key}")
    return build(Description, read, where)
