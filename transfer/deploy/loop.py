"""The closed loop over any arm: observe, decide, guard, command; whatever goes wrong, hold.

    log = drive(bundle, arm, seed=0, episodes=range(10))
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from agents.words import INSTRUCTION
from envs.arms import kinematics, profile
from envs.arms.controller import Controller
from randomizers.errors import unknown
from transfer.bundle.bundle import Bundle
from transfer.deploy import words
from transfer.deploy.arms.base import Arm, Description, Reading, Verdict
from transfer.deploy.guard import Guard, Stop, agree
from transfer.deploy.thinking import Thinker


@dataclass(frozen=True)
class Trial:
    """One episode on the arm.

    Attributes:
        seed, episode: Its address.
        success: What the judge said.
        length: Commands that were given.
        stopped: Why the guard stopped it, or "".
    """

    seed: int
    episode: int
    success: bool
    length: int
    stopped: str = ""


@dataclass
class Log:
    """What one loop noted."""

    arm: Description
    trials: list[Trial] = field(default_factory=list)
    policy_ms: list[float] = field(default_factory=list)
    tick_ms: list[float] = field(default_factory=list)
    late: int = 0
    strips: dict[int, list[np.ndarray]] = field(default_factory=dict)


def drive(
    bundle: Bundle,
    arm: Arm,
    seed: int,
    episodes: Sequence[int],
    *,
    pace: bool = False,
    instruction: str | None = None,
    shown: Sequence[int] = (),
    on_trial: Callable[[int], None] | None = None,
) -> Log:
    """Drive any arm through some episodes; the first stop of the guard ends them all.

    `instruction` is said in every episode; None leaves it to the arm, where that says what it wants.

    Raises:
        ValueError: The arm is not the one of the contract; nothing has moved.
    """
    agree(bundle.contract, arm.description)
    words.agree(bundle.contract, arm.description, instruction)
    loop, log = Loop(bundle, arm, pace, instruction), Log(arm.description, strips={episode: [] for episode in shown})
    for episode in episodes:
        trial = loop.trial(seed, episode, log)
        log.trials.append(trial)
        if on_trial:
            on_trial(episode)
        if trial.stopped:
            break
    return log


class Loop:
    """Observe, decide, guard, command.

    Args:
        bundle: The policy and its contract.
        arm: What is driven.
        pace: Keep the control rate in real time.
        instruction: Said in every episode; None leaves it to the arm.
    """

    def __init__(self, bundle: Bundle, arm: Arm, pace: bool, instruction: str | None = None):
        self.contract, self.arm, self.pace = bundle.contract, arm, pace
        self.actor = Thinker(bundle.policy, self.contract.action.execution)
        self.instruction, self.said = instruction, ""
        self.guard = Guard(self.contract)
        gripper = self.contract.gripper
        self.profile = profile.load(self.contract.arm)
        self.controller = Controller(self.profile, 1, opening=gripper.start, grips=gripper.moves)
        self.scale = np.array(self.contract.action.scale)
        self.sign = np.array([joint.sign for joint in self.contract.joints])
        self.offset = np.array([joint.offset for joint in self.contract.joints])

    def trial(self, seed: int, episode: int, log: Log) -> Trial:
        """Run one episode; hold the arm whatever goes wrong."""
        verdict, length, why = Verdict(), 0, ""
        try:
            goal = self.arm.begin(seed, episode)
            self.said = self.told()
            self.actor.reset()
            self.controller.reset(np.array([0]))
            started = time.perf_counter()
            while not verdict.done and length < self.contract.horizon:
                self._wait(started + length * self.contract.period_s, log)
                verdict = self._tick(goal, length == 0, log, log.strips.get(episode))
                length += 1
        except (Stop, TimeoutError, ConnectionError) as error:
            why = f"{error or type(error).__name__} (step {length})"
        finally:
            if not verdict.done:
                with suppress(TimeoutError, ConnectionError):
                    self.arm.stop()
        return Trial(seed, episode, verdict.success and not why, length, why)

    def told(self) -> str:
        """Give what the policy is told in this episode; "" where it reads nothing.

        Raises:
            Stop: The arm says what cannot be read.
        """
        try:
            return words.checked(self.contract, self.arm.wanted if self.instruction is None else self.instruction)
        except ValueError as error:
            raise Stop(str(error)) from error

    def _tick(self, goal: np.ndarray, first: bool, log: Log, strip: list[np.ndarray] | None) -> Verdict:
        reading = self.arm.observe()
        began = time.perf_counter()
        if first:
            self.guard.begin(reading.stamp_s)
        self.guard.reading(reading)
        joints = self.sign * (reading.joints - self.offset)
        if first:
            self.guard.home(joints)
        observation = self.observation(reading, joints, goal)
        asked = time.perf_counter()
        raw = self.actor.act(observation)[0]
        log.policy_ms.append(1000 * (time.perf_counter() - asked))
        action = self.guard.action(raw)
        commands = self.controller.act((action / self.scale)[None])
        log.tick_ms.append(1000 * (time.perf_counter() - began))
        if strip is not None and reading.images:
            strip.append(next(iter(reading.images.values())))
        return self.arm.command(self.sign * commands.joints[0] + self.offset, float(commands.opening[0]))

    def observation(self, reading: Reading, joints: np.ndarray, goal: np.ndarray) -> dict:
        """Lay the measured numbers out as io.json says.

        Args:
            reading: As it came.
            joints: (joints,) in the bundle's convention [rad].
            goal: (3,) [m].
        """
        hand = kinematics.tool_pose(self.profile.chain, joints)[0]
        known: Mapping[str, np.ndarray] = {
            "joint_positions": joints,
            "opening": np.array([reading.opening]),
            "hand_position": hand,
            "hand_ahead": self.controller.targets[0] - hand,
        }
        for term in self.contract.proprioception:
            if term.name not in known:
                raise ValueError(f"io.json: {unknown('term', term.name, known)}")
        body = np.concatenate([known[term.name] for term in self.contract.proprioception])
        images = {camera.name: reading.images[camera.name][None] for camera in self.contract.cameras}
        numbers = {"proprioception": body, "goal": goal}
        told = {INSTRUCTION: np.array([self.said])} if self.contract.instruction is not None else {}
        seen = {name: values[None].astype(np.float32) for name, values in numbers.items()}
        return seen | told | {"images": images}

    def _wait(self, due: float, log: Log) -> None:
        """Sleep until a tick is due, if the loop keeps pace; count it if it is late already."""
        if not self.pace:
            return
        left = due - time.perf_counter()
        if left > 0:
            time.sleep(left)
        elif -left > self.contract.period_s / 2:
            log.late += 1
