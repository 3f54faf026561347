"""Many worlds of one process as a Gymnasium vector environment: no copies, no processes, images in one call.

    worlds = envs.make_vec("push", num_envs=64, randomization=DEFAULT, images=("front",))
    observations, infos = worlds.reset(seed=0)

After `reset(seed=s)` world i of n runs the episodes (s, i), (s, i + n), (s, i + 2 n), ...: no two worlds
share one, and none depends on how long others took. With a list of seeds it runs (s_i, 0), (s_i, 1), ...
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from envs.address import SEEDS, whole
from envs.spaces import MOST_SEEDS, action_space, checked, observation_space, observed, row_of
from envs.worlds import Worlds
from randomizers import Domain
from randomizers.errors import unknown
from randomizers.strength import Pin, Strength


class VectorWorlds(gymnasium.vector.VectorEnv):
    """A batch of worlds behind Gymnasium's vector interface.

    Args:
        worlds: The batch.
        autoreset_mode: NEXT_STEP begins a new episode in the step after the last (its action is not looked
            at, its reward is 0); SAME_STEP at once, with the last observation in `infos["final_obs"]`;
            DISABLED leaves it to `reset(options={"reset_mask": ...})`.
        language: Instructions are part of the observations; `infos["instruction"]` has them always.

    Attributes:
        randomization: What varies; prints as a table.
    """

    def __init__(
        self,
        worlds: Worlds,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        language: bool = False,
    ):
        self.worlds, self.num_envs, self._language = worlds, worlds.num, language
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {
            "render_modes": [],
            "render_fps": round(1.0 / worlds.control_period_s),
            "autoreset_mode": self.autoreset_mode,
        }
        self.single_observation_space = observation_space(worlds, language)
        self.single_action_space = action_space(worlds)
        self.observation_space = batch_space(self.single_observation_space, worlds.num)
        self.action_space = batch_space(self.single_action_space, worlds.num)
        self._seeds, self._next, self._stride = np.zeros((3, worlds.num), np.int64)
        self._seeded = False
        self._over = np.zeros(worlds.num, bool)

    @property
    def randomization(self) -> Domain:
        """What varies, bound to these worlds."""
        return self.worlds.randomization

    @property
    def strength(self) -> Strength:
        """Randomization strength of episodes that begin on their own, and of resets that name none."""
        return self.worlds.strength

    @strength.setter
    def strength(self, strength: Strength) -> None:
        self.worlds.strength = strength

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin episodes.

        Args:
            seed: One for all worlds, or one for each (None keeps a world's own); counts episodes anew.
            options: For these episodes: "strength", "pin", "episode" (one, or one for each world), and
                "reset_mask" (worlds,) bool for the worlds to reset while the others go on.
        """
        options = dict(options or {})
        mask = self._mask(options.pop("reset_mask", None))
        options = checked(options)
        seeds = self._checked_seeds(seed)
        super().reset(seed=seeds if isinstance(seeds, int) else None)
        self._count_from(seeds, mask)
        rows = np.flatnonzero(mask)
        if "episode" in options:
            self._next[rows] = np.broadcast_to(options["episode"], self.num_envs)[rows]
        self._begin(rows, options.get("strength"), options.get("pin"))
        return self._observation(), _told(self.worlds, mask)

    def step(
        self, actions: np.ndarray
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Simulate one control step of all worlds, and begin episodes where they are due."""
        if self.autoreset_mode == AutoresetMode.DISABLED and self._over.any():
            rows = np.flatnonzero(self._over).tolist()
            raise ValueError(f"episodes of worlds {rows} are over; reset with options={{'reset_mask': ...}}.")
        worlds, again = self.worlds, np.flatnonzero(self._over)
        worlds.step(np.asarray(actions), ~self._over)
        self._begin(again)
        reward = worlds.reward.copy()
        terminated, truncated = worlds.terminated.copy(), worlds.truncated.copy()
        observation, infos = self._observation(), _told(self.worlds, np.ones(self.num_envs, bool))
        self._over = terminated | truncated
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._over.any():
            observation, infos = self._begin_at_once(observation)
        return observation, reward, terminated, truncated, infos

    def close_extras(self, **kwargs: Any) -> None:
        """Give back the worlds."""
        self.worlds.close()

    def _observation(self, active: np.ndarray | None = None) -> dict[str, Any]:
        return observed(self.worlds, self._language, active)

    def _begin(self, rows: np.ndarray, strength: Strength | None = None, pin: Pin | None = None) -> None:
        """Begin the next episode of each of the rows."""
        if rows.size:
            self.worlds.begin(rows, self._seeds[rows], self._next[rows], strength, pin)
            self._next[rows] += self._stride[rows]
            self._over[rows] = False

    def _begin_at_once(self, last: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin the episodes after those that are over; `last` holds the observations that ended them."""
        over, final_info = self._over.copy(), _told(self.worlds, self._over)
        final = np.full(self.num_envs, None, object)
        for row in np.flatnonzero(over):
            final[row] = row_of(last, int(row))
        self._begin(np.flatnonzero(over))
        observation = self._observation(over)
        for what in ("images", "depth"):
            for camera, images in observation.get(what, {}).items():
                images[~over] = last[what][camera][~over]
        infos = _told(self.worlds, np.ones(self.num_envs, bool))
        infos |= {"final_obs": final, "_final_obs": over}
        return observation, infos | {"final_info": final_info, "_final_info": over.copy()}

    def _count_from(self, seeds: int | list[int | None] | None, mask: np.ndarray) -> None:
        """Set which episodes the worlds of the mask run next."""
        if seeds is None and not self._seeded:
            seeds = int(self.np_random.integers(MOST_SEEDS))
        if isinstance(seeds, int):
            self._seeds[mask], self._stride[mask] = seeds, self.num_envs
            self._next[mask] = np.flatnonzero(mask)
        elif seeds is not None:
            for row in np.flatnonzero(mask):
                if (own := seeds[row]) is not None:
                    self._seeds[row], self._stride[row], self._next[row] = own, 1, 0
        self._seeded = True

    def _checked_seeds(self, seed: Any) -> int | list[int | None] | None:
        if seed is None or np.ndim(seed) == 0:
            return None if seed is None else whole("seed", seed, SEEDS)
        if len(seed) != self.num_envs:
            raise ValueError(
                f"{len(seed)} seeds for {self.num_envs} worlds; give one for all, or one for each."
            )
        if None in seed and not self._seeded:
            raise ValueError(f"seeds {list(seed)} leave a world without any at the first reset.")
        return [None if own is None else whole("seed", own, SEEDS) for own in seed]

    def _mask(self, mask: Any) -> np.ndarray:
        if mask is None:
            return np.ones(self.num_envs, bool)
        mask = np.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != bool or not mask.any():
            raise ValueError(f"reset_mask is {mask!r}; it must be bool ({self.num_envs},), some of it true.")
        return mask


def _told(worlds: Worlds, mask: np.ndarray) -> dict[str, Any]:
    """What `infos` tells of the episodes: fresh arrays with Gymnasium's masks; outside them 0 or None."""
    drawn = {name: _plain(values) for name, values in worlds.values.items()}
    address = {"seed": worlds.seeds, "episode": worlds.episodes}
    told = {"address": address, "randomization": drawn, "success": worlds.success, "unstable": worlds.unstable}
    return _masked({**told, "instruction": worlds.instructions}, mask)


def _plain(values: np.ndarray) -> np.ndarray:
    """Words as objects, which can be None."""
    return values.astype(object) if values.dtype.kind == "U" else values


def _masked(values: dict[str, Any], mask: np.ndarray) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found[name] = _masked(value, mask)
        else:
            found[name] = value.copy()
            found[name][~mask] = None if value.dtype == object else 0
        found[f"_{name}"] = mask.copy()
    return found


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Read an autoreset mode or its name, such as "same_step"."""
    if isinstance(mode, AutoresetMode):
        return mode
    names = {known.name.lower(): known for known in AutoresetMode}
    name = str(mode).lower()
    if name not in names:
        raise ValueError(unknown("autoreset_mode", mode, names))
    return names[name]
