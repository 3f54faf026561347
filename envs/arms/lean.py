"""From any URDF to the lean form of a profile: joints that turn about their own z axes, fixed pieces merged.

    profile = from_description(yaml_mapping, "my_arm.yaml", Path("."))

Kinematics, physics and pictures then have one code path for all arms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from envs.arms.description import Description, Limits, read_description
from envs.arms.files import kept_name, path_of
from envs.arms.grippers import Linkage, as_link, jaws, moved, row
from envs.arms.model import FULL_TURN, Model
from envs.arms.parts import Hand, Joint, Link, Piece, Shape, angles, compose, cure, inverse, repaired, transform, vector
from envs.arms.profile import ArmProfile
from randomizers.errors import unknown

STILL = np.eye(3, 4)
TURNS = ("revolute", "continuous")
PEDESTAL = (0.18, 0.18)
"""Width of the block under a base that is mounted above the table, in pictures [m]."""
FEWEST = 5
"""Joints an arm needs to put its tool anywhere, pointing down."""


def from_description(data: Mapping[str, Any], where: str, folder: Path) -> ArmProfile:
    """Read a profile that names a URDF.

    Raises:
        ValueError: A field or the URDF is wrong.
        FileNotFoundError: The URDF or a mesh is missing.
    """
    about = read_description(data, where)
    model = Model.read(path_of(about.urdf, folder))
    try:
        return Mechanism(about, model, folder).profile(Path(where).stem)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


@dataclass(frozen=True)
class Mechanism:
    """A URDF on its way to a profile.

    Attributes:
        about: What the profile's file says.
        model: The URDF.
        folder: Of the profile's file.
    """

    about: Description
    model: Model
    folder: Path

    def profile(self, name: str) -> ArmProfile:
        """Put it all together."""
        hand, of_hand = self._hand()
        return ArmProfile(
            name=self.about.name or name,
            joints=tuple(self._joint(k) for k in range(len(self.chosen))),
            links=tuple(self._link(k) for k in range(len(self.chosen) + 1)),
            hand=hand,
            home=self._home(),
            workspace=self.about.workspace,
            control_rate_hz=self.about.control_rate_hz,
            servo_rate=self.about.servo_rate,
            joint_damping=self.about.joint_damping,
            mount=self.about.mount,
            urdf=kept_name(self.about.urdf, self.folder),
            pieces=(*self._pieces(), *self._pedestal(), *of_hand),
        )

    @cached_property
    def end(self) -> int:
        """Link that carries the gripper."""
        return self.model.link(self.about.gripper.link, "gripper.link")

    @cached_property
    def chosen(self) -> list[int]:
        """Indices of the arm's joints, outwards."""
        path = self.model.path_to(self.end)
        joints = self.model.robot.joints
        on_path = [k for k in path if joints[k].kind != "fixed"]
        wanted = [self.model.joint(name, "joints") for name in self.about.joints] or on_path
        for k in wanted:
            if k not in on_path:
                known = [joints[i].name for i in on_path]
                raise ValueError(
                    f"joints: `{joints[k].name}` does not move `{self.about.gripper.link}`; these do: {known}."
                )
            if joints[k].kind not in TURNS:
                raise ValueError(
                    f"joints: `{joints[k].name}` is {joints[k].kind}; joints of an arm must turn ({', '.join(TURNS)}). "
                    "List the others in `joints`: what is left out stays at 0."
                )
        if len(wanted) < FEWEST:
            raise ValueError(f"the arm has {len(wanted)} joints; it needs at least {FEWEST} to point its hand down.")
        return sorted(wanted, key=path.index)

    @cached_property
    def frames(self) -> np.ndarray:
        """(links, 3, 4) world_from_link with the arm's joints at 0 and the gripper closed."""
        for name in self.about.gripper.closed:
            self.model.joint(name, "gripper.closed")
        return self.model.frames(self.about.gripper.closed)

    @cached_property
    def lean(self) -> list[np.ndarray]:
        """(3, 4) frames of base and links, turned so that the joints turn about z."""
        found = [STILL]
        for k in self.chosen:
            turn = _onto(self.model.robot.joints[k].axis)
            found.append(compose(self.frames[k + 1], np.column_stack((turn, np.zeros(3)))))
        return found

    @cached_property
    def carriers(self) -> list[int]:
        """For each link, the number of the lean link that it is part of."""
        found = [0]
        for index, joint in enumerate(self.model.robot.joints):
            found.append(self.chosen.index(index) + 1 if index in self.chosen else found[joint.parent])
        return found

    @cached_property
    def of_gripper(self) -> tuple[int, ...]:
        """The gripper's links: what hangs on its link, and that link itself unless a joint of the arm holds it."""
        found = [self.end]
        for index, joint in enumerate(self.model.robot.joints):
            if joint.parent in found:
                found.append(index + 1)
        bare = self.about.gripper.jaws is not None or self.end - 1 in self.chosen
        return tuple(found[1:] if bare else found) if self.about.gripper.jaws is None else ()

    def _joint(self, k: int) -> Joint:
        """Give the k-th joint of the arm with the limits of URDF and profile."""
        joint = self.model.robot.joints[self.chosen[k]]
        known = [self.model.robot.joints[i].name for i in self.chosen]
        for name in self.about.limits:
            if name not in known:
                raise ValueError(f"limits: {unknown('joint', name, known)}")
        own, said = self.about.limits.get(joint.name, Limits()), self.model.ranges[joint.name]
        numbers = {}
        for what in ("lower", "upper", "effort", "velocity"):
            value = getattr(own, what) if getattr(own, what) is not None else getattr(said, what)
            if value is None:
                raise ValueError(
                    f"joint `{joint.name}`: the URDF gives no {what}; say `limits: {{{joint.name}: {{{what}: ..}}}}`."
                )
            numbers[what] = float(value)
        pose = compose(inverse(self.lean[k]), self.lean[k + 1])
        numbers |= {what: float(np.clip(numbers[what], -FULL_TURN, FULL_TURN)) for what in ("lower", "upper")}
        return Joint(joint.name, vector(pose[:, 3]), angles(pose[:, :3]), **numbers)

    def merge(self, links: Iterable[int], frame: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Add up the inertial data of some links in a frame (3, 4) of the world."""
        for name in self.about.links:
            self.model.link(name, "links")
        parts = []
        for link in links:
            seen = compose(inverse(frame), self.frames[link])
            own = self.about.links.get(self.model.names[link])
            if own is not None:
                data = Link(self.model.names[link], own.mass, own.centre, own.inertia)
                parts.append((data.mass, moved(np.array([data.centre]), seen)[0], _turned(data.inertia_matrix, seen)))
            elif self.model.masses[link] != 0.0 or self.model.inertias[link].any():
                place = compose(seen, self.model.centres[link])
                turned = _turned(repaired(self.model.inertias[link]), place)
                as_link(self.model.names[link], (self.model.masses[link], place[:, 3], turned))
                parts.append((float(self.model.masses[link]), place[:, 3], turned))
        return _sum(parts)

    def _link(self, k: int) -> Link:
        """Give the k-th lean link; the base never moves, so its inertia is not looked at."""
        joints = self.model.robot.joints
        name = self.model.names[self.chosen[k - 1] + 1] if k else self.model.names[0]
        if k == 0:
            return Link(name, 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 0.0, 0.0, 0.0))
        links = [i for i, carrier in enumerate(self.carriers) if carrier == k and i not in self.of_gripper]
        mass, centre, inertia = self.merge(links, self.lean[k])
        if mass <= 0.0:
            raise ValueError(
                f"link `{name}`, moved by `{joints[self.chosen[k - 1]].name}`: mass 0 kg must be > 0; {cure(name)}"
            )
        return as_link(name, (mass, centre, inertia))

    def _hand(self) -> tuple[Hand, tuple[Piece, ...]]:
        """Give the gripper."""
        about, last, count = self.about.gripper, self.lean[-1], len(self.chosen)
        placed = compose(self.frames[self.end], transform(about.xyz, about.rpy))
        if about.jaws is not None:
            return jaws(about, compose(inverse(last), placed), count, self.folder)
        return Linkage(self.model, about, placed, last, self.of_gripper, count).made(self.merge)

    def _home(self) -> tuple[float, ...]:
        """Give home in the order of the joints."""
        home = self.about.home
        names = [self.model.robot.joints[k].name for k in self.chosen]
        if not isinstance(home, Mapping):
            return tuple(float(value) for value in home)
        for name in home:
            if name not in names:
                raise ValueError(f"home: {unknown('joint', name, names)}")
        return tuple(float(home.get(name, 0.0)) for name in names)

    def _pieces(self) -> Iterable[Piece]:
        """Place all links of the arm that can be seen."""
        for index, link in enumerate(self.model.robot.links):
            if link.visuals and index not in self.of_gripper:
                carrier = self.carriers[index]
                pose = compose(inverse(self.lean[carrier]), self.frames[index])
                yield Piece(link.name, carrier, (row(pose),))


    def _pedestal(self) -> Iterable[Piece]:
        """Stand a base that is mounted above the table on a block."""
        height, upright = self.about.mount.xyz[2], not any(self.about.mount.rpy[:2])
        if upright and height > 0.005:
            block = Shape("box", (*PEDESTAL, height), (0.0, 0.0, -0.5 * height))
            yield Piece("pedestal", 0, (row(STILL),), shape=block)


def _onto(axis: np.ndarray) -> np.ndarray:
    """Give the smallest turn (3, 3) that takes z to an axis (3,)."""
    x, y, z = axis
    if z > 1.0 - 1e-12:
        return np.eye(3)
    if z < -1.0 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    return np.eye(3) + cross + cross @ cross / (1.0 + z)


def _turned(inertia: np.ndarray, pose: np.ndarray) -> np.ndarray:
    return pose[:, :3] @ inertia @ pose[:, :3].T


def _sum(parts: list[tuple[float, np.ndarray, np.ndarray]]) -> tuple[float, np.ndarray, np.ndarray]:
    """Add rigidly connected pieces (parallel axis theorem); nothing weighs nothing."""
    from envs.arms.urdf import merged

    return merged(parts) if parts else (0.0, np.zeros(3), np.zeros((3, 3)))
