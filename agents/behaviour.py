"""Who drives while data are collected, and how far the actions are disturbed.

    Behaviour("expert", noise=0.4)                 # clean labels on disturbed paths
    Behaviour("student", expert_share=0.3)         # DAgger: the student drives, the expert labels

All luck is addressed by (seed, episode, step), so an episode does not depend on its batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agents.acting import Actor
from agents.chunks import Execution
from randomizers.errors import unknown
from randomizers.streams import uniforms

DRIVERS = ("expert", "student")
MEMORY = 0.8  # of the noise from step to step: a push lasts about five steps, long enough to lead astray
GRIPPER_SHARE = 0.2  # the gripper is disturbed less: a dropped object teaches little
AHEAD = 32  # ticks whose luck is drawn in one go
UNIT_VARIANCE = np.sqrt(12.0)  # a uniform number in [0, 1] has variance 1/12


@dataclass(frozen=True)
class Behaviour:
    """How actions are chosen during an episode.

    Attributes:
        driver: "expert", or "student" (the exported policy).
        expert_share: Share of the student's segments that the expert drives, in [0, 1] (DAgger's beta).
        segment: Steps after which it is decided anew who drives.
        noise: Standard deviation of correlated noise added to what is carried out, in unit actions.
        calm: Share of the episodes without noise.
        execute: Actions of a chunk that the student carries out before it looks again.
        execution: How the student carries chunks out, where that is not "receding".
    """

    driver: str = "expert"
    expert_share: float = 0.0
    segment: int = 10
    noise: float = 0.0
    calm: float = 0.25
    execute: int = 1
    execution: Execution | None = None

    def __post_init__(self) -> None:
        if self.driver not in DRIVERS:
            raise ValueError(unknown("driver", self.driver, DRIVERS))
        for name in ("expert_share", "calm"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a share in [0, 1], not {getattr(self, name)}")
        if self.noise < 0.0 or self.segment < 1:
            raise ValueError(f"noise must be >= 0 and segment >= 1, not {self.noise} and {self.segment}")


class Driver:
    """Carries a behaviour through the episodes of one job.

    Args:
        behaviour: Who drives.
        seed: Address of the luck.
        episodes: (rows,) episode number of every row of the batch.
        actor: The student, if one drives.
    """

    def __init__(self, behaviour: Behaviour, seed: int, episodes: np.ndarray, actor: Actor | None):
        if behaviour.driver == "student" and actor is None:
            raise ValueError('A "student" can drive only if a policy (ONNX bytes) is given')
        self.behaviour, self.actor = behaviour, actor
        self.seed, self.episodes = seed, episodes
        self._drawn: dict[str, np.ndarray] = {}
        self.noise = np.zeros((len(self.episodes), 1))
        self.size = behaviour.noise * (self._luck(0, "agents.calm", 1) >= behaviour.calm)  # (rows, 1)
        self.expert_drives = np.zeros(len(self.episodes), bool)

    @property
    def reads(self) -> tuple[str, ...]:
        """Name what the student observes; nothing without one."""
        return () if self.actor is None else self.actor.inputs

    def act(self, observation: Mapping, labels: np.ndarray, step: int) -> np.ndarray:
        """Choose what is carried out, (rows, action_size) in [-1, 1]."""
        actions = labels
        if self.behaviour.driver == "student" and self.actor is not None:
            if step % self.behaviour.segment == 0:
                lot = self._luck(step // self.behaviour.segment, "agents.expert", 1)[:, 0]
                self.expert_drives = lot < self.behaviour.expert_share
            actions = np.where(self.expert_drives[:, None], labels, self.actor.act(observation))
        return self._disturb(actions, step) if self.behaviour.noise else actions

    def _disturb(self, actions: np.ndarray, step: int) -> np.ndarray:
        """Add first-order autoregressive noise of stationary standard deviation `size`."""
        fresh = (self._luck(step, "agents.noise", actions.shape[1]) - 0.5) * UNIT_VARIANCE
        kept = MEMORY if step else 0.0
        self.noise = kept * self.noise + np.sqrt(1.0 - kept**2) * fresh
        scale = np.ones(actions.shape[1])
        scale[-1] = GRIPPER_SHARE
        return np.clip(actions + self.size * scale * self.noise, -1.0, 1.0)

    def _luck(self, tick: int, name: str, count: int) -> np.ndarray:
        """Draw (rows, count) addressed numbers in (0, 1); many ticks at once, which costs little more than one."""
        if tick % AHEAD == 0 or name not in self._drawn:
            ticks = np.repeat(np.arange(tick - tick % AHEAD, tick - tick % AHEAD + AHEAD), len(self.episodes))
            drawn = uniforms(self.seed, np.tile(self.episodes, AHEAD), ticks, (name,), (count,))
            self._drawn[name] = drawn.reshape(AHEAD, len(self.episodes), count)
        return self._drawn[name][tick % AHEAD]
