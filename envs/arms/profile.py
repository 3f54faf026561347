"""What an arm is: joints, limits, inertials, hand, home pose, rates. Read from one YAML file per arm.

    profile = load("panda")
    profile.joint_names                # ("panda_joint1", ...)
    profile.chain                      # (8, 3, 4) fixed transforms for `envs.arms.kinematics`

Nothing here imports a simulator: the robot's computer reads the same file.
"""

from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from randomizers.errors import unknown

FOLDER = Path(__file__).parent
Vector = tuple[float, float, float]


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


def transform(xyz: Vector, rpy: Vector) -> np.ndarray:
    """Build parent_from_child (3, 4) from an offset [m] and roll, pitch, yaw [rad]."""
    return np.column_stack((rotation(rpy), np.asarray(xyz, float)))


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
            raise ValueError(f"joint `{self.name}`: lower {self.lower} must be below upper {self.upper}.")
        if min(self.effort, self.velocity) <= 0.0:
            raise ValueError(
                f"joint `{self.name}`: effort {self.effort} and velocity {self.velocity} must be > 0."
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
        if self.mass <= 0.0:
            raise ValueError(f"link `{self.name}`: mass {self.mass} kg must be > 0.")

    @property
    def inertia_matrix(self) -> np.ndarray:
        """(3, 3) [kg m^2]."""
        xx, yy, zz, xy, xz, yz = self.inertia
        return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


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


@dataclass(frozen=True)
class Box:
    """An axis-aligned box, corners in the base frame [m]."""

    low: Vector
    high: Vector

    def __post_init__(self) -> None:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"workspace: low {self.low} must be below high {self.high} on every axis [m].")


@dataclass(frozen=True)
class ArmProfile:
    """Everything the project knows of one arm.

    Attributes:
        name: Its name on the command line.
        joints: From the base to the hand.
        links: The base and the link after each joint: one more than joints.
        hand: The gripper.
        home: Joint positions at the start of an episode [rad].
        workspace: Where the tool point may be sent.
        control_rate_hz: Actions per second.
        servo_rate: Nominal rate of the position servos, a first-order lag [1/s].
        joint_damping: Nominal viscous friction of each joint [N m s/rad].
    """

    name: str
    joints: tuple[Joint, ...]
    links: tuple[Link, ...]
    hand: Hand
    home: tuple[float, ...]
    workspace: Box
    control_rate_hz: float
    servo_rate: float
    joint_damping: float

    def __post_init__(self) -> None:
        if len(self.links) != len(self.joints) + 1:
            raise ValueError(
                f"arm `{self.name}` has {len(self.joints)} joints and {len(self.links)} links; "
                "it needs the base and one link after each joint."
            )
        if len(self.home) != len(self.joints):
            raise ValueError(
                f"arm `{self.name}`: home has {len(self.home)} values for {len(self.joints)} joints."
            )
        for joint, position in zip(self.joints, self.home):
            if not joint.lower <= position <= joint.upper:
                raise ValueError(
                    f"arm `{self.name}`: home of `{joint.name}` is {position} rad, outside its limits "
                    f"[{joint.lower}, {joint.upper}]."
                )

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the arm's joints in the order of every joint array."""
        return tuple(joint.name for joint in self.joints)

    @property
    def control_period_s(self) -> float:
        """Time from one action to the next [s]."""
        return 1.0 / self.control_rate_hz

    @cached_property
    def lower(self) -> np.ndarray:
        """(joints,) [rad]."""
        return np.array([joint.lower for joint in self.joints])

    @cached_property
    def upper(self) -> np.ndarray:
        """(joints,) [rad]."""
        return np.array([joint.upper for joint in self.joints])

    @cached_property
    def chain(self) -> np.ndarray:
        """(joints + 1, 3, 4) parent_from_joint before each joint turns, and last link_from_tool."""
        tool = transform(self.hand.xyz, self.hand.rpy)
        tool[:, 3] += tool[:, 2] * self.hand.tool_depth
        return np.ascontiguousarray([*(transform(joint.xyz, joint.rpy) for joint in self.joints), tool])


def _tuples(value: Any) -> Any:
    """Turn the lists of YAML into tuples, so that profiles are values."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _build(kind: type, data: Any, where: str) -> Any:
    """Make one dataclass from one mapping; name the field that is missing, unknown or not a number."""
    names = [field.name for field in fields(kind)]
    if not isinstance(data, dict):
        raise ValueError(f"{where}: expected a mapping with {names}, got {data!r}.")
    for key in data:
        if key not in names:
            raise ValueError(f"{where}: {unknown('field', key, names)}")
    missing = [name for name in names if name not in data]
    if missing:
        raise ValueError(f"{where}: missing {missing}.")
    return kind(**{key: _tuples(value) for key, value in data.items()})


def parse(text: str, where: str) -> ArmProfile:
    """Read a profile from YAML text; `where` names the source in errors.

    Raises:
        ValueError: The text is not YAML, or a field is missing, unknown or impossible.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("hand"), dict):
        example = FOLDER / "panda.yaml"
        raise ValueError(f"{where}: expected a mapping with the fields of ArmProfile; see {example}.")
    for key, kind in (("joints", Joint), ("links", Link)):
        items = data.get(key) or ()
        data[key] = tuple(_build(kind, item, f"{where}: {key}[{i}]") for i, item in enumerate(items))
    link = _build(Link, data["hand"].get("link"), f"{where}: hand.link")
    data["hand"] = _build(Hand, data["hand"] | {"link": link}, f"{where}: hand")
    data["workspace"] = _build(Box, data.get("workspace"), f"{where}: workspace")
    return _build(ArmProfile, data, where)


@cache
def load(name: str) -> ArmProfile:
    """Read the profile of an arm that ships with the project, such as "panda".

    Raises:
        ValueError: There is no such arm.
    """
    known = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    if name not in known:
        raise ValueError(unknown("arm", name, known))
    path = FOLDER / f"{name}.yaml"
    return parse(path.read_text(), str(path))
