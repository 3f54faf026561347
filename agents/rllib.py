"""Worlds as RLlib's new API stack builds them: one batch for each of its runners.

    config = (
        PPOConfig()
        .environment(register(), env_config={"spec": spec.to_dict(), "observes": "state"})
        .env_runners(num_envs_per_env_runner=16, gym_env_vectorize_mode="vector_entry_point")
        .debugging(seed=3)
    )

RLlib resets its runner of number k with
the seed `seed + k`; worlds of a runner run different episodes of it, so that no two runners share one.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium

from envs.single import World
from envs.spec import WorldsSpec
from envs.vector import VectorWorlds
from envs.views import FlatVector, FlatWorld
from randomizers.errors import unknown

NAME = "sim2arm"
_KEYS = ("spec", "observes")


def worlds_of(context: Mapping[str, Any]) -> gymnasium.vector.VectorEnv | gymnasium.Env:
    """Build what RLlib asks for.

    Args:
        context: The env_config: "spec", as `WorldsSpec.to_dict` gives it, and "observes", entries of the observation
            (one, which comes alone; several; all where it is missing); see `envs.views`. RLlib adds "num_envs" in
            the mode "vector_entry_point"; without it, one world is built.

    Raises:
        ValueError: A key is unknown or missing.
    """
    given = {name: value for name, value in context.items() if name != "num_envs"}
    for name in given:
        if name not in _KEYS:
            raise ValueError(unknown("key of env_config", name, _KEYS))
    if "spec" not in given:
        raise ValueError("env_config needs `spec`, such as WorldsSpec('push').to_dict()")
    spec, chosen = WorldsSpec.from_dict(given["spec"]), given.get("observes")
    chosen = tuple(chosen) if isinstance(chosen, list) else chosen
    if "num_envs" in context:
        return FlatVector(VectorWorlds(spec.build(int(context["num_envs"]))), chosen)
    return FlatWorld(World(spec.build(1)), chosen)


def register(name: str = NAME) -> str:
    """Make the worlds known to RLlib, in this process and its workers, and give their name back."""
    from ray.tune.registry import register_env

    register_env(name, worlds_of)
    return name
