"""Where table and arm stand in one world, and which way things fall: knobs for any engine.

    site = Site(engine)                                 # something that can `stand`
    site.knobs()["table_pose.height"].write(0.003)      # [m]
    site.settle()                                       # moves what has to move, if anything has

Models a table that stands higher, lower or askew, an arm bolted elsewhere than its calibration says, and a
floor that is not level. Objects lie on the table and move along with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from envs.arms.profile import ArmProfile
from envs.poses import STILL, compose, matrix, moved, pose, rotation_deg, turned
from envs.rendering.scene import TOOL, Scene
from randomizers.world import Knob, Value

PIVOT = np.array([0.45, 0.0, 0.0])
"""The table turns about the middle of its top [m]."""
GRAVITY = 9.81
HEIGHT_LIMITS, TILT_LIMITS = (-0.1, 0.1), (-15.0, 15.0)
SHIFT_LIMITS, TURN_LIMITS = (-0.1, 0.1), (-15.0, 15.0)
GRAVITY_LIMITS = (0.0, 30.0)


@dataclass(frozen=True)
class Standing:
    """What an engine is asked for, and what it says.

    Attributes:
        table: Move (7,) of the table from where it stands nominally.
        base: The same of the arm's base.
        gravity: (3,) [m/s^2].
    """

    table: np.ndarray
    base: np.ndarray
    gravity: np.ndarray


class Ground(Protocol):
    """An engine whose table, arm and gravity can be moved."""

    def stand(self, wanted: Standing) -> None:
        """Put table and base there and let gravity pull that way."""
        ...

    def standing(self) -> Standing:
        """Say how it is."""
        ...


class Site:
    """Wanted place of table and arm, and gravity.

    Attributes:
        wanted: What was written last.
        moved: Whether table or arm are elsewhere than in the nominal world.
        base: Transform (3, 4) of an arm that is; None of one that is not.
    """

    def __init__(self, ground: Ground):
        self._ground, self._settled = ground, True
        self._height, self._tilt = 0.0, np.zeros(2)
        self._shift, self._turn = np.zeros(3), np.zeros(3)
        self._pull, self._lean = GRAVITY, np.zeros(2)
        self.wanted, self.moved = self._compute(), False
        self.base: np.ndarray | None = None

    def settle(self) -> None:
        """Tell the engine what was written since the last time, if anything was."""
        if not self._settled:
            self.wanted, self._settled = self._compute(), True
            self.base = matrix(self.wanted.base) if (self.wanted.base != STILL).any() else None
            self.moved = self.base is not None or bool((self.wanted.table != STILL).any())
            self._ground.stand(self.wanted)

    def carried(self, object_poses: np.ndarray) -> np.ndarray:
        """Move objects (objects, 7) along with the table they lie on; a table that did not move changes no bit."""
        if (self.wanted.table == STILL).all():
            return object_poses
        return np.array([compose(self.wanted.table, each) for each in object_poses]).reshape(object_poses.shape)

    def knobs(self) -> dict[str, Knob]:
        """Name everything that can be set."""
        two, three = np.zeros(2), np.zeros(3)
        return {
            "table_pose.height": self._knob("_height", 0.0, "m", HEIGHT_LIMITS, self._table_height),
            "table_pose.tilt_deg": self._knob("_tilt", two, "deg", TILT_LIMITS, self._table_tilt),
            "base_pose.position": self._knob("_shift", three, "m", SHIFT_LIMITS, self._base_position),
            "base_pose.rotation_deg": self._knob("_turn", three, "deg", TURN_LIMITS, self._base_rotation),
            "gravity.magnitude": self._knob("_pull", GRAVITY, "m/s^2", GRAVITY_LIMITS, self._gravity),
            "gravity.tilt_deg": self._knob("_lean", two, "deg", TILT_LIMITS, self._gravity_tilt),
        }

    def _knob(
        self, field: str, nominal: Value, unit: str, limits: tuple[float, float], ask: Callable[[Standing], Value]
    ) -> Knob:
        """A knob that keeps what is written in a field, and reads what the engine says."""

        def write(value: Value) -> None:
            if np.any(getattr(self, field) != value):
                setattr(self, field, np.array(value, float) if np.ndim(value) else float(value))
                self._settled = False

        def read() -> Value:
            self.settle()
            return ask(self._ground.standing())

        return Knob(nominal, unit, read, write, limits)

    def _compute(self) -> Standing:
        table, lean = STILL, np.array([0.0, 0.0, -self._pull])
        if self._height or self._tilt.any():
            there = pose((*PIVOT[:2], self._height), (*self._tilt, 0.0))
            table = compose(there, pose(-PIVOT))
        if self._lean.any():
            lean = turned(pose((0.0, 0.0, 0.0), (*self._lean, 0.0))[3:], lean)
        base = pose(self._shift, self._turn) if self._shift.any() or self._turn.any() else STILL
        return Standing(table, base, lean)

    @staticmethod
    def _table_height(now: Standing) -> float:
        return float((moved(now.table, PIVOT) - PIVOT)[2])

    @staticmethod
    def _table_tilt(now: Standing) -> np.ndarray:
        return rotation_deg(now.table[3:])[:2]

    @staticmethod
    def _base_position(now: Standing) -> np.ndarray:
        return now.base[:3].copy()

    @staticmethod
    def _base_rotation(now: Standing) -> np.ndarray:
        return rotation_deg(now.base[3:])

    @staticmethod
    def _gravity(now: Standing) -> float:
        return float(np.linalg.norm(now.gravity))

    @staticmethod
    def _gravity_tilt(now: Standing) -> np.ndarray:
        x, y, z = now.gravity / max(np.linalg.norm(now.gravity), 1e-12)
        # From straight down (0, 0, -1): the axis of the turn is down x gravity.
        axis = np.array([y, -x])
        length = np.linalg.norm(axis)
        return np.rad2deg(np.arctan2(length, -z)) * axis / length if length > 0.0 else np.zeros(2)



class SiteFrames:
    """Draws the table and the arm of a scene where a site has them.

    Args:
        scene: Its parts are found by name: table, links and hand of the profile.
        profile: The arm.
    """

    def __init__(self, scene: Scene, profile: ArmProfile):
        names = [part.name for part in scene.parts]
        hand = profile.hand
        arm = {*(link.name for link in profile.links[1:]), hand.link.name, *hand.finger_links, TOOL} & {*names}
        self._table, self._arm = names.index("table"), np.array([names.index(name) for name in sorted(arm)])
        self._base = [names.index(profile.links[0].name)] if profile.links[0].name in names else []

    def table(self, now: Standing, out: np.ndarray) -> None:
        """Move the table alone."""
        out[self._table] = matrix(now.table)

    def write(self, now: Standing, out: np.ndarray) -> None:
        """Move what stands, and the arm as it is in its base's frame, in `world_from_part` (parts, 3, 4)."""
        self.table(now, out)
        if (now.base != STILL).any():
            base = matrix(now.base)
            out[self._base] = base
            out[self._arm] = base[:, :3] @ out[self._arm]
            out[self._arm, :, 3] += base[:, 3]
