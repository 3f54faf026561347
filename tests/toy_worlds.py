"""A point that moves to a goal, in numpy: Worlds without physics, for tests of what learns from them.

The hand is a point in a 1 m box, the "object" is the goal drawn as a bright square in a 16 px image, and a
unit action moves the hand by 5 cm. `events` lets a test misbehave at a chosen episode.
"""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from randomizers.streams import uniforms

STEP_M, NEAR_M, HORIZON, SIDE = 0.05, 0.04, 30, 16


@dataclass(frozen=True)
class ToyDraw:
    """The drawn values of a toy episode."""

    seed: int
    episode: int

    def to_dict(self) -> dict:
        return {"seed": self.seed, "episode": self.episode}


@dataclass(frozen=True)
class ToySpec:
    """Builds toy worlds.

    Attributes:
        arm: Named in headers.
        images: Camera names to draw.
        renderer: Named in reports.
        blows_up: Episode whose state turns to NaN at its third step, or -1.
        diverges: Episode that the worlds themselves give up at its third step, or -1.
        kills: Episode that kills its process at its third step, or -1.
        flag: File that is made just before the kill; once it is there, nothing is killed.
        slow_s: Seconds that every episode takes to begin.
    """

    arm: str = "point"
    images: tuple[str, ...] = ("front",)
    renderer: str = "tiny"
    blows_up: int = -1
    diverges: int = -1
    kills: int = -1
    flag: str = ""
    slow_s: float = 0.0

    def build(self, num: int) -> "ToyWorlds":
        return ToyWorlds(self, num)

    def to_dict(self) -> dict:
        """Leave out what only disturbs: a killed run must compare equal to an unbroken one."""
        return {"arm": self.arm, "task": "point", "images": list(self.images)}


class ToyWorlds:
    """A batch of toy worlds; `state` is (worlds, 6): hand and goal."""

    def __init__(self, spec: ToySpec, num: int):
        self.spec, self.num = spec, num
        self.state = np.zeros((num, 6))
        self.draws = [ToyDraw(0, 0)] * num
        self.age = np.zeros(num, int)
        self.reward = np.zeros(num)
        self.success, self.terminated, self.truncated, self.diverged = np.zeros((4, num), bool)

    def begin(self, rows, seed, episodes, strength=None, pin=None):
        time.sleep(self.spec.slow_s)
        self.state[rows] = uniforms(seed, np.asarray(episodes), 0, ("layout",), (6,))
        self.age[rows] = 0
        for flag in (self.success, self.terminated, self.truncated, self.diverged):
            flag[rows] = False
        for row, episode in zip(rows, episodes):
            self.draws[row] = ToyDraw(seed, int(episode))

    def observe(self, active=None):
        state = self.state.astype(np.float32)
        return {
            "proprioception": state[:, :3].copy(),
            "goal": state[:, 3:].copy(),
            "state": state[:, 3:] - state[:, :3],
            "images": {name: self.draw() for name in self.spec.images},
        }

    def draw(self) -> np.ndarray:
        images = np.zeros((self.num, SIDE, SIDE, 3), np.uint8)
        pixels = np.clip(np.nan_to_num(self.state[:, 3:5]) * (SIDE - 2), 0, SIDE - 3).astype(int)
        for image, (x, y) in zip(images, pixels):
            image[y : y + 3, x : x + 3] = 255
        return images

    def auxiliary(self):
        return self.state[:, 3:].astype(np.float32)

    def expert_actions(self):
        actions = np.zeros((self.num, 4))
        actions[:, :3] = np.clip((self.state[:, 3:] - self.state[:, :3]) / STEP_M, -1.0, 1.0)
        return actions

    def step(self, actions, active=None):
        active = np.ones(self.num, bool) if active is None else active
        if not np.isfinite(actions).all():
            raise ValueError("actions must be finite")
        self.state[active, :3] += STEP_M * actions[active, :3]
        self.age[active] += 1
        for row in np.flatnonzero(active):
            self.misbehave(row)
        distance = np.linalg.norm(self.state[:, 3:] - self.state[:, :3], axis=1)
        self.reward = -distance
        self.success = distance < NEAR_M
        self.terminated = self.success | self.diverged
        self.truncated = self.age >= HORIZON

    def misbehave(self, row):
        episode = self.draws[row].episode
        if self.age[row] != 3:
            return
        self.diverged[row] = episode == self.spec.diverges
        if episode == self.spec.blows_up:
            self.state[row] = np.nan
        if episode == self.spec.kills and not (self.spec.flag and Path(self.spec.flag).exists()):
            if self.spec.flag:
                Path(self.spec.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def close(self):
        """Nothing to give back."""
