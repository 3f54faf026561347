"""Observations for libraries that know numbers only: nested entries get plain names, words are left out.

    env = FlatWorld(envs.make("push", images=("front",)))       # {"state": ..., "images_front": ...}
    worlds = FlatVector(envs.make_vec("push", 8), "state")      # the state alone, (8, 17)
"""

from collections.abc import Iterator, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from envs.single import World
from envs.vector import VectorWorlds
from randomizers.errors import unknown

Chosen = str | tuple[str, ...] | None
"""One entry, which comes alone; several, as a dict; or None for all."""


def flat(observation: Mapping[str, Any], chosen: Chosen = None) -> Any:
    """Take the chosen numbers out of an observation."""
    found = dict(_leaves(observation))
    if isinstance(chosen, str):
        return found[chosen]
    return {name: found[name] for name in chosen or found}


def flat_space(space: spaces.Dict, chosen: Chosen = None) -> spaces.Space:
    """Give the space of what `flat` takes.

    Raises:
        ValueError: An entry is unknown.
    """
    known = {name: leaf for name, leaf in _leaves(space.spaces) if isinstance(leaf, spaces.Box)}
    for name in (chosen,) if isinstance(chosen, str) else chosen or ():
        if name not in known:
            raise ValueError(unknown("observation", name, known))
    return known[chosen] if isinstance(chosen, str) else spaces.Dict({name: known[name] for name in chosen or known})


def _leaves(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        if isinstance(value, Mapping | spaces.Dict):
            yield from _leaves(value, f"{prefix}{name}_")
        elif isinstance(value, np.ndarray | spaces.Space):
            yield f"{prefix}{name}", value


class FlatWorld(gymnasium.ObservationWrapper):
    """One world with flat observations.

    Args:
        env: The world.
        chosen: Entries to keep; one alone is not put into a dict.
    """

    def __init__(self, env: World, chosen: Chosen = None):
        super().__init__(env)
        self._chosen = chosen
        self.observation_space = flat_space(env.observation_space, chosen)  # type: ignore[arg-type]

    def observation(self, observation: Any) -> Any:
        """Flatten."""
        return flat(observation, self._chosen)


class FlatVector(gymnasium.vector.VectorObservationWrapper):
    """Many worlds with flat observations; arguments as of `FlatWorld`."""

    def __init__(self, env: VectorWorlds, chosen: Chosen = None):
        super().__init__(env)
        self._chosen = chosen
        self._single_observation_space = flat_space(env.single_observation_space, chosen)  # type: ignore[arg-type]
        self._observation_space = batch_space(self._single_observation_space, env.num_envs)

    def observations(self, observations: Any) -> Any:
        """Flatten."""
        return flat(observations, self._chosen)
