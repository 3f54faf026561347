"""One world as a Gymnasium environment.

    env = envs.make("push", randomization=DEFAULT, images=("front",), render_mode="rgb_array")
    observation, info = env.reset(seed=7, options={"strength": 0.5, "pin": {"mass.cube": 1.0}})
    info["randomization"]["mass.cube"], info["address"]        # 0.2, {"seed": 7, "episode": 0}

The episodes after `reset(seed=7)` are (7, 0), (7, 1), ...; `options={"episode": n}` brings any of them back.
"""

from typing import Any

import gymnasium
import numpy as np

from envs.address import SEEDS, whole
from envs.rendering.scene import Renderer
from envs.spaces import MOST_SEEDS, action_space, checked, drawn, observation_space, observed, row_of
from envs.worlds import Worlds
from randomizers import Domain
from randomizers.strength import Strength

PICTURE_SIZE = 256
"""Height and width of what `render` gives [px]."""


class World(gymnasium.Env[dict[str, Any], np.ndarray]):
    """One world; a batch of one behind Gymnasium's interface.

    Args:
        worlds: A batch of one world.
        painter: Draws pictures of PICTURE_SIZE for people; given, `render_mode` is "rgb_array".
        language: The instruction is part of the observation; `info["instruction"]` has it always.

    Attributes:
        randomization: What varies; prints as a table.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}

    def __init__(self, worlds: Worlds, painter: Renderer | None = None, language: bool = False):
        if worlds.num != 1:
            raise ValueError(f"World takes a batch of 1 world, not {worlds.num}; use VectorWorlds.")
        self.worlds, self._painter, self._language = worlds, painter, language
        self.metadata = {**self.metadata, "render_fps": round(1.0 / worlds.control_period_s)}
        self.render_mode = "rgb_array" if painter else None
        self.observation_space, self.action_space = observation_space(worlds, language), action_space(worlds)
        self._seed: int | None = None
        self._episode = 0

    @property
    def randomization(self) -> Domain:
        """What varies, bound to this world."""
        return self.worlds.randomization

    @property
    def strength(self) -> Strength:
        """Randomization strength of episodes whose reset names none."""
        return self.worlds.strength

    @strength.setter
    def strength(self, strength: Strength) -> None:
        self.worlds.strength = strength

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Counts episodes from 0 anew. Without one, the next episode of the present seed begins.
            options: For this episode: "strength" of the randomization, "pin" of unit coordinates by axis,
                "episode" to begin that one of the seed.
        """
        options = checked(options)
        seed = None if seed is None else whole("seed", seed, SEEDS)
        super().reset(seed=seed)
        if seed is not None or self._seed is None:
            self._seed = int(self.np_random.integers(MOST_SEEDS)) if seed is None else seed
            self._episode = -1
        episode = options.get("episode", self._episode + 1)
        self.worlds.begin([0], self._seed, episode, options.get("strength"), options.get("pin"))
        self._episode = int(episode)
        return self._observation(), self._info()

    def step(self, action: np.ndarray) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Simulate one control step; see `envs.arms.controller` for what an action means."""
        self.worlds.step(np.asarray(action)[None])
        ended = bool(self.worlds.terminated[0]), bool(self.worlds.truncated[0])
        return self._observation(), float(self.worlds.reward[0]), *ended, self._info()

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """Draw the first camera's view for a person, the goal marked, (256, 256, 3) uint8."""
        if self._painter is None:
            return None
        first = next(iter(self.worlds.sight.scene.cameras))
        return self.worlds.picture(0, self._painter, first, PICTURE_SIZE)

    def close(self) -> None:
        """Give back the world and its renderers; a second call does nothing."""
        self.worlds.close()
        if self._painter is not None:
            self._painter.close()
            self._painter = None

    def _observation(self) -> dict[str, Any]:
        return row_of(observed(self.worlds, self._language), 0)

    def _info(self) -> dict[str, Any]:
        done, unstable = bool(self.worlds.success[0]), bool(self.worlds.unstable[0])
        return {**drawn(self.worlds, 0), "success": done, "unstable": unstable}
