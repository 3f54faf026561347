"""Worlds as Stable-Baselines3 wants them: one batch in this process, new episodes at once.

    from stable_baselines3 import PPO
    worlds = SB3Worlds(WorldsSpec("push", randomization=DEFAULT).build(16), observes="state", seed=0)
    PPO("MlpPolicy", worlds).learn(100_000)

Several entries, or None for all of them, are a dict for "MultiInputPolicy"; images are (height, width, 3) uint8. A
critic that sees "privileged" needs a policy class of its own: SB3's give actor and critic the same.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from envs.spaces import row_of
from envs.vector import VectorWorlds
from envs.views import Chosen, flat, flat_space
from envs.worlds import Worlds

TOLD = ("address", "randomization", "success", "instruction")


class SB3Worlds(VecEnv):
    """A batch of worlds behind SB3's vector interface.

    An episode's last observation is in `infos[i]["terminal_observation"]`, its return and length in
    `infos[i]["episode"]`, and `infos[i]["TimeLimit.truncated"]` says that its time ran out.

    Args:
        worlds: The batch; world i of n runs the episodes i, i + n, ... of the seed.
        observes: Entries of the observation: one, several, or None for all; see `envs.views`.
        seed: Of the episodes; None takes one from the operating system.
        told: What `infos` tell of every step; fewer is faster.
        episodes: (worlds,) of each world to begin with at the first reset; default: world i begins with i.
    """

    def __init__(
        self,
        worlds: Worlds,
        observes: Chosen = None,
        seed: int | None = None,
        told: Sequence[str] = TOLD,
        episodes: Sequence[int] | None = None,
    ):
        self.worlds, self._observes = VectorWorlds(worlds, AutoresetMode.SAME_STEP), observes
        space = flat_space(self.worlds.single_observation_space, observes)  # type: ignore[arg-type]
        self.render_mode = None
        super().__init__(worlds.num, space, self.worlds.single_action_space)
        self._first, self._began = seed, time.time()
        self._told, self._episodes = tuple(told), episodes
        self._actions = np.zeros((0,))
        self._returns, self._lengths = np.zeros(worlds.num), np.zeros(worlds.num, int)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Count episodes of another seed from the next reset on."""
        self._first = seed
        return [seed] * self.num_envs

    def reset(self) -> Any:
        """Begin new episodes in all worlds."""
        options = None if self._episodes is None else {"episode": self._episodes}
        observation, infos = self.worlds.reset(seed=self._first, options=options)
        self._first, self._episodes, self._returns[:], self._lengths[:] = None, None, 0.0, 0
        self.reset_infos = [_of(infos, row, self._told) for row in range(self.num_envs)]
        return flat(observation, self._observes)

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions (worlds, A) of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Simulate the step."""
        observation, reward, terminated, truncated, infos = self.worlds.step(self._actions)
        over = terminated | truncated
        self._returns += reward
        self._lengths += 1
        told = [_of(infos, row, self._told) for row in range(self.num_envs)]
        for row in np.flatnonzero(over).tolist():
            told[row] |= self._ended(infos, row, bool(truncated[row] and not terminated[row]))
        self._returns[over], self._lengths[over] = 0.0, 0
        return flat(observation, self._observes), reward.astype(np.float32), over, told

    def _ended(self, infos: dict[str, Any], row: int, late: bool) -> dict[str, Any]:
        """Tell what SB3 wants to know of an episode that is over; success is the old one's."""
        seconds = round(time.time() - self._began, 6)
        return {
            "terminal_observation": flat(infos["final_obs"][row], self._observes),
            "TimeLimit.truncated": late,
            "is_success": bool(infos["final_info"]["success"][row]),
            "episode": {"r": float(self._returns[row]), "l": int(self._lengths[row]), "t": seconds},
        }

    def close(self) -> None:
        """Give back the worlds."""
        self.worlds.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Give an attribute of the batch, once for each world."""
        return [getattr(self.worlds, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the batch, such as "strength": all worlds share it."""
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"`{attr_name}` belongs to the batch; set it for all worlds, without indices.")
        setattr(self.worlds, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Refuse: the worlds of a batch have no methods of their own."""
        raise ValueError(f"`{method_name}`: worlds of a batch have no methods of their own; use .worlds of {self}.")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Say that episodes are counted as SB3's Monitor does, and that nothing else is wrapped."""
        counted = wrapper_class.__name__ == "Monitor"
        return [counted] * len(list(self._get_indices(indices)))


def _of(infos: dict[str, Any], row: int, told: Sequence[str]) -> dict[str, Any]:
    """Take one world's part of what `infos` tells."""
    return row_of({name: _plain(infos[name]) for name in told}, row)


def _plain(values: Any) -> Any:
    """Leave out the masks."""
    if not isinstance(values, dict):
        return values
    return {name: part for name, part in values.items() if not name.startswith("_")}
