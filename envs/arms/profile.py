"""What an arm is: joints, limits, inertials, hand, home pose, rates. Read from one YAML file per arm.

    profile = load("panda")            # or "xarm6", "iiwa", "path/to/my_arm.yaml"
    profile.joint_names                # ("panda_joint1", ...)
    profile.chain                      # (8, 3, 4) fixed transforms for `envs.arms.kinematics`

A file either holds these fields as they are, or names a URDF and what it cannot say (see docs/arms.md); `to_text`
writes the former, which needs neither URDF nor meshes any more. Nothing here imports a simulator: the robot's
computer reads the same file.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from envs.arms.files import FOLDER, build, read_mapping
from envs.arms.parts import Box, Hand, Joint, Link, Mount, Piece, Shape, compose, transform
from randomizers.errors import unknown

__all__ = ["FOLDER", "ArmProfile", "load", "names", "parse", "to_text"]


@dataclass(frozen=True)
class ArmProfile:
    """Everything the project knows of one arm.

    Attributes:
        name: Its name on the command line.
        joints: From the base to the hand.
        links: The base and the link after each joint: one more than joints.
        hand: The gripper.
        home: Joint positions at the start of an episode [rad].
        workspace: Where the tool point may be sent, in the table's frame.
        control_rate_hz: Actions per second.
        servo_rate: Nominal rate of the position servos, a first-order lag [1/s].
        joint_damping: Nominal viscous friction of each joint [N m s/rad].
        mount: Where the base stands in the table's frame.
        urdf: The whole robot, for pictures and checks; "" where there is none.
        pieces: What is drawn of it; none for the Panda, whose meshes have a place of their own.
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
    mount: Mount = Mount()
    urdf: str = ""
    pieces: tuple[Piece, ...] = ()

    def __post_init__(self) -> None:
        if len(self.links) != len(self.joints) + 1:
            raise ValueError(
                f"arm `{self.name}` has {len(self.joints)} joints and {len(self.links)} links; "
                "it needs the base and one link after each joint."
            )
        if len(self.home) != len(self.joints):
            raise ValueError(
                f"arm `{self.name}`: home has {len(self.home)} values for {len(self.joints)} joints "
                f"({', '.join(self.joint_names)})."
            )
        for joint, position in zip(self.joints, self.home):
            if not joint.lower <= position <= joint.upper:
                raise ValueError(
                    f"arm `{self.name}`: home of `{joint.name}` is {position:g} rad, outside its limits "
                    f"[{joint.lower:g}, {joint.upper:g}]; move it inside, or widen the limits."
                )
        for what in ("control_rate_hz", "servo_rate"):
            if not getattr(self, what) > 0.0:
                raise ValueError(f"arm `{self.name}`: {what} is {getattr(self, what)}; it must be > 0.")
        if not self.joint_damping >= 0.0:
            raise ValueError(f"arm `{self.name}`: joint_damping is {self.joint_damping}; it must be >= 0.")

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
    def velocity(self) -> np.ndarray:
        """(joints,) largest speeds [rad/s]."""
        return np.array([joint.velocity for joint in self.joints])

    @cached_property
    def base(self) -> np.ndarray:
        """(3, 4) table_from_base."""
        return transform(self.mount.xyz, self.mount.rpy)

    @cached_property
    def places(self) -> np.ndarray:
        """(joints, 3, 4) parent_from_joint before each joint turns; the first one's parent is the table."""
        places = [transform(joint.xyz, joint.rpy) for joint in self.joints]
        if self.mount != Mount():
            places[0] = compose(self.base, places[0])
        return np.array(places)

    @cached_property
    def chain(self) -> np.ndarray:
        """(joints + 1, 3, 4) parent_from_joint before each joint turns, and last link_from_tool."""
        tool = transform(self.hand.xyz, self.hand.rpy)
        tool[:, 3] += tool[:, 2] * self.hand.tool_depth
        return np.ascontiguousarray([*self.places, tool])


def parse(text: str, where: str, folder: Path = FOLDER) -> ArmProfile:
    """Read a profile from YAML text.

    Args:
        text: What the file holds.
        where: Names the source in errors.
        folder: Paths in the file are relative to it.

    Raises:
        ValueError: The text is not YAML, or a field is missing, unknown or impossible.
        FileNotFoundError: The URDF or one of its meshes is not there.
    """
    data = read_mapping(text, where)
    if "gripper" in data:
        from envs.arms.lean import from_description

        return from_description(data, where, folder)
    if "hand" not in data:
        raise ValueError(
            f"{where}: expected the fields of ArmProfile, as in {FOLDER / 'panda.yaml'}, or `urdf` and `gripper`, "
            f"as in {FOLDER / 'xarm6.yaml'}; got {sorted(map(str, data))}."
        )
    return _from_fields(data, where)


def _from_fields(data: dict[str, Any], where: str) -> ArmProfile:
    """Read a profile that is written as it is."""
    for key, kind in (("joints", Joint), ("links", Link), ("pieces", Piece)):
        data[key] = _built(kind, data.get(key), f"{where}: {key}")
    hand = data["hand"]
    if not isinstance(hand, dict):
        raise ValueError(f"{where}: hand must be a mapping with the fields of Hand, got {hand!r}.")
    shapes = {key: _built(Shape, hand.get(key), f"{where}: hand.{key}") for key in ("flange", "palm", "fingers")}
    link = build(Link, hand.get("link"), f"{where}: hand.link")
    data["hand"] = build(Hand, hand | shapes | {"link": link}, f"{where}: hand")
    data["workspace"] = build(Box, data.get("workspace"), f"{where}: workspace")
    data["mount"] = build(Mount, data.get("mount", {}), f"{where}: mount")
    return build(ArmProfile, data, where)


def _built(kind: type, items: Any, where: str) -> tuple[Any, ...]:
    """Make a tuple of dataclasses from a list of mappings; a piece may hold a shape."""
    made = []
    for i, item in enumerate(items or ()):
        if isinstance(item, dict) and item.get("shape") is not None:
            item = item | {"shape": build(Shape, item["shape"], f"{where}[{i}].shape")}
        made.append(build(kind, item, f"{where}[{i}]"))
    return tuple(made)


def to_text(profile: ArmProfile) -> str:
    """Write a profile so that `parse` reads it anywhere."""
    return json.dumps(asdict(profile))


@lru_cache(maxsize=16)
def read_text(text: str) -> ArmProfile:
    """Read what `to_text` wrote."""
    return parse(text, "profile")


def names() -> list[str]:
    """Name the arms that ship with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> ArmProfile:
    """Read the profile of an arm that ships with the project, such as "panda", or of a YAML file.

    Raises:
        ValueError: There is no such arm, or its file is wrong.
        FileNotFoundError: There is no such file, or it names one that does not exist.
    """
    if name in names():
        return _shipped(name)
    path = Path(name).expanduser()
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError(f"{unknown('arm', name, names())}; or the path of a profile file, such as my_arm.yaml")
    if not path.is_file():
        raise FileNotFoundError(f"no profile at {path.resolve()}; correct the path, or take one of {names()}.")
    return parse(path.read_text(), str(path), path.resolve().parent)


@cache
def _shipped(name: str) -> ArmProfile:
    path = FOLDER / f"{name}.yaml"
    return parse(path.read_text(), str(path))
