"""Replay buffers for SAC: goals put in afterwards (HER), and episodes of the expert in every batch (RLPD).

    SAC(..., replay_buffer_class=Hindsight, replay_buffer_kwargs={"rule": GoalRule.of(worlds)})
    model.replay_buffer = Mixed(model.replay_buffer, demonstrations)

Hindsight (Andrychowicz et al. 2017, arXiv 1707.01495): what was reached is taken for what was wanted. The features
hold ways to the goal, not the goal itself; they are linear in it, so a new goal is a shift of some columns.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from stable_baselines3.common.buffers import DictReplayBuffer
from stable_baselines3.common.type_aliases import DictReplayBufferSamples
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer
from torch import cat

from envs.spec import WorldsSpec
from envs.tasks.base import DONE, PROGRESS_PER_M
from envs.worlds import Worlds

ENTRIES = ("state", "privileged")
"""Observations that hold the task's features, from their first column on."""


@dataclass(frozen=True)
class GoalRule:
    """How a task's features and reward depend on its goal.

    Attributes:
        shift: (3, features) what features gain for a metre of the goal's x, y, z.
        way: (3,) columns that hold goal minus what is to be brought there.
        radius: Distance that counts as there [m].
    """

    shift: np.ndarray
    way: np.ndarray
    radius: float

    @classmethod
    def of(cls, spec: WorldsSpec) -> "GoalRule":
        """Find it by moving the goal in a world.

        Raises:
            ValueError: The goal is not a place where something is to be brought.
        """
        worlds = spec.but(images=()).build(1)
        worlds.begin(0, 0, 0)
        task, plain = worlds.task, worlds.task.features(worlds.state)
        moved = []
        for axis in range(3):
            state = copy.copy(worlds.state)
            state.goal = worlds.state.goal + np.eye(3)[axis]
            moved.append((task.features(state) - plain)[0].round(3))
        shift = np.array(moved)
        rule = cls(shift, (shift == 1.0).argmax(axis=1), task.radius)
        rules = (shift[np.arange(3), rule.way] == 1.0).all() and rule._rules(worlds)
        worlds.close()
        if not rules:
            raise ValueError(
                f"method=her needs a task whose goal is a place that something is to be brought to, such as reach or "
                f"push; {task.name} asks for more. Use method=sac, rlpd or clone_ppo."
            )
        return rule

    def _rules(self, worlds: Worlds) -> bool:
        """Tell whether being there, and nothing else, is success."""
        found = []
        achieved = worlds.state.goal - worlds.task.features(worlds.state)[:, self.way]
        for offset in (0.0, 1.0):
            state = copy.copy(worlds.state)
            state.goal = achieved + offset
            found.append(worlds.task.success(state))
        return bool(found[0].all() and not found[1].any())

    def moved(self, observation: dict[str, np.ndarray], by: np.ndarray) -> dict[str, np.ndarray]:
        """Give observations whose goals lie elsewhere, by (n, 3) [m]."""
        found = {**observation, "goal": observation["goal"] + by}
        for name in ENTRIES:
            found[name] = observation[name].copy()
            found[name][:, : self.shift.shape[1]] += by @ self.shift
        return found

    def progress(self, before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> np.ndarray:
        """Give the share of a step's reward that depends on the goal (n,): the way made."""
        far, near = (np.linalg.norm(seen["privileged"][:, self.way], axis=1) for seen in (before, after))
        return PROGRESS_PER_M * (far - near)

    def there(self, after: dict[str, np.ndarray]) -> np.ndarray:
        """Tell (n,) whether the goal is reached."""
        return np.linalg.norm(after["privileged"][:, self.way], axis=1) < self.radius


class Hindsight(HerReplayBuffer):
    """SB3's HER buffer for our observations; staying at the goal is what pays, so that nothing ends by success.

    Args:
        rule: Of the task; the other arguments are SB3's.
    """

    def __init__(self, *args: Any, rule: GoalRule, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.rule = rule

    def add(self, obs: Any, next_obs: Any, action: Any, reward: Any, done: Any, infos: list[dict[str, Any]]) -> None:
        """Store a step without what finishing is worth: a later goal may not have been reached."""
        won = np.array([info.get("is_success", False) for info in infos])
        super().add(obs, next_obs, action, reward - DONE * won, done, infos)

    def _get_real_samples(self, batch_indices, env_indices, env=None):
        return self._samples(batch_indices, env_indices, None)

    def _get_virtual_samples(self, batch_indices, env_indices, env=None):
        start, length = self.ep_start[batch_indices, env_indices], self.ep_length[batch_indices, env_indices]
        along = np.random.randint((batch_indices - start) % self.buffer_size, length)  # noqa: NPY002
        later = (start + along) % self.buffer_size
        reached = self.next_observations["goal"][later, env_indices]
        reached = reached - self.next_observations["privileged"][later, env_indices][:, self.rule.way]
        return self._samples(batch_indices, env_indices, reached)

    def _samples(self, rows: np.ndarray, worlds: np.ndarray, goals: np.ndarray | None) -> DictReplayBufferSamples:
        """Take steps (n,) of worlds (n,), with other goals (n, 3) where they are given."""
        before = {name: values[rows, worlds] for name, values in self.observations.items()}
        after = {name: values[rows, worlds] for name, values in self.next_observations.items()}
        rewards = self.rewards[rows, worlds] - self.rule.progress(before, after)  # the rest: no goal in it
        if goals is not None:
            by = goals - before["goal"]
            before, after = self.rule.moved(before, by), self.rule.moved(after, by)
        rewards = rewards + self.rule.progress(before, after) + self.rule.there(after)
        return DictReplayBufferSamples(
            observations={name: self.to_torch(values) for name, values in before.items()},
            actions=self.to_torch(self.actions[rows, worlds]),
            next_observations={name: self.to_torch(values) for name, values in after.items()},
            dones=self.to_torch(np.zeros((len(rows), 1), np.float32)),
            rewards=self.to_torch(rewards.astype(np.float32).reshape(-1, 1)),
        )


class Mixed:
    """Half of every batch from one buffer, half from another (RLPD, arXiv 2302.02948, section 4.1).

    Args:
        own: What the policy itself did; everything else is asked of this one.
        expert: What the expert did.
    """

    def __init__(self, own: DictReplayBuffer, expert: DictReplayBuffer):
        self.own, self.expert = own, expert

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["own"], name)

    def sample(self, batch_size: int, env: Any = None) -> DictReplayBufferSamples:
        """Draw a batch."""
        half = batch_size // 2
        mine, theirs = self.own.sample(batch_size - half), self.expert.sample(half)
        return DictReplayBufferSamples(
            observations={name: cat([v, theirs.observations[name]]) for name, v in mine.observations.items()},
            actions=cat([mine.actions, theirs.actions]),
            next_observations={
                name: cat([v, theirs.next_observations[name]]) for name, v in mine.next_observations.items()
            },
            dones=cat([mine.dones, theirs.dones]),
            rewards=cat([mine.rewards, theirs.rewards]),
        )
