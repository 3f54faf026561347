"""Does an arm touch itself? Asked of PyBullet with the whole URDF's collision shapes, in any pose.

    touching(profile, np.array(profile.home))          # [("link2", "link5", 0.004)]
"""

from itertools import combinations

import numpy as np
import pybullet as pb

from envs.arms.files import path_of
from envs.arms.profile import ArmProfile

SLACK = 1e-3
"""Overlap that hulls of round links may have [m]."""
TRIALS = 24
"""Random poses; links that touch in all of them are built that way."""


def touching(profile: ArmProfile, joints: np.ndarray) -> list[tuple[str, str, float]]:
    """List the pairs of links that touch, with how deep [m].

    Left out are pairs held together by one joint, pairs of the gripper, and those that touch in any pose: hulls
    of meshes are fatter than the links. Nothing is found where the profile names no URDF.

    Raises:
        ValueError: PyBullet cannot load the URDF.
    """
    if not profile.urdf:
        return []
    client = pb.connect(pb.DIRECT)
    try:
        return _Touch(client, profile).at(joints)
    finally:
        pb.disconnect(client)


class _Touch:
    """A robot in a client of its own."""

    def __init__(self, client: int, profile: ArmProfile):
        self._key, path = {"physicsClientId": client}, path_of(profile.urdf)
        try:
            self._body = pb.loadURDF(str(path), useFixedBase=True, **self._key)
        except pb.error as error:
            raise ValueError(f"PyBullet cannot load {path} ({error}); check its meshes and joints.") from error
        count = pb.getNumJoints(self._body, **self._key)
        infos = [pb.getJointInfo(self._body, j, **self._key) for j in range(count)]
        self._profile = profile
        self._joints = {info[1].decode(): j for j, info in enumerate(infos)}
        base = pb.getBodyInfo(self._body, **self._key)[0].decode()
        self._names = {-1: base} | {j: info[12].decode() for j, info in enumerate(infos)}
        self._parents = {j: info[16] for j, info in enumerate(infos)}
        self._kinds = {j: info[2] for j, info in enumerate(infos)}
        self._group = {link: self._rigid(link) for link in self._names}
        hand = {piece.name for piece in profile.pieces if piece.hand} | set(profile.hand.finger_links)
        self._hand = {link for link, name in self._names.items() if name in hand or name == profile.hand.link.name}

    def at(self, joints: np.ndarray) -> list[tuple[str, str, float]]:
        """List what touches in a pose and not in all poses."""
        found = self._pairs(joints)
        rng, built = np.random.default_rng(0), set(found)
        low, high = np.maximum(self._profile.lower, -np.pi), np.minimum(self._profile.upper, np.pi)
        for _ in range(TRIALS if found else 0):
            built &= set(self._pairs(rng.uniform(low, high)))
        kept = {pair: depth for pair, depth in found.items() if pair not in built}
        return [(self._names[a], self._names[b], depth) for (a, b), depth in sorted(kept.items())]

    def _rigid(self, link: int) -> int:
        """Give the first link that is rigidly one with this one."""
        while link >= 0 and self._kinds[link] == pb.JOINT_FIXED:
            link = self._parents[link]
        return link

    def _neighbours(self, a: int, b: int) -> bool:
        """Say whether one joint, or none, is between two links."""
        first, second = self._group[a], self._group[b]
        if first == second or (a in self._hand and b in self._hand):
            return True
        above = {link: self._group[self._parents[link]] for link in (first, second) if link >= 0}
        return above.get(first) == second or above.get(second) == first

    def _pairs(self, joints: np.ndarray) -> dict[tuple[int, int], float]:
        """Give all pairs that overlap in a pose, by how much [m]."""
        for name, position in zip(self._profile.joint_names, joints):
            pb.resetJointState(self._body, self._joints[name], float(position), **self._key)
        pb.performCollisionDetection(**self._key)
        found = {}
        for a, b in combinations(self._names, 2):
            if not self._neighbours(a, b):
                points = pb.getClosestPoints(self._body, self._body, -SLACK, a, b, **self._key)
                deep = [-point[8] for point in points if point[8] < -SLACK]
                if deep:
                    found[a, b] = max(deep)
        return found
