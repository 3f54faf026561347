"""What reinforcement learning begins with: scales of observations, a clone of the expert, episodes of the expert."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.buffers import DictReplayBuffer

from agents.clone import FitSettings, Progress
from agents.dagger import DaggerSettings, dagger
from agents.policy import Policy, PolicySpec
from agents.rl_settings import RLSettings
from agents.sb3 import SB3Worlds
from envs.spec import WorldsSpec

LOOK_SEED, EXPERT_SEED = 2**41, 2**42  # first seeds; training begins at 0
LOOKS, HELD, EXPLORERS = 160, 8, 16
"""Steps of looking around, in which a random action is held for 8, in 16 worlds: 2560 observations."""
NUMBERS = ("proprioception", "goal", "state", "privileged")


def look_around(spec: WorldsSpec, seed: int) -> dict[str, np.ndarray]:
    """Give observations of arms that move at random, (rows, size) by name, to scale the inputs by."""
    worlds = SB3Worlds(spec.but(images=()).build(EXPLORERS), NUMBERS, LOOK_SEED + seed, ())
    rng = np.random.default_rng([seed, LOOK_SEED])
    seen, shape = [worlds.reset()], (EXPLORERS, *(worlds.action_space.shape or ()))
    for step in range(LOOKS):
        if step % HELD == 0:
            actions = rng.uniform(-1.0, 1.0, shape)
        seen.append(worlds.step(actions)[0])
    worlds.close()
    return {name: np.concatenate([each[name] for each in seen]) for name in NUMBERS}


def clone_first(
    spec: WorldsSpec, shape: PolicySpec, settings: RLSettings, folder: Path, progress: Progress | None
) -> Policy:
    """Clone the disturbed expert, one action at a time; the dataset stays beside the run."""
    from agents import checkpoint

    fit = FitSettings(threads=settings.threads)
    how = DaggerSettings(
        (settings.demonstrations,), (settings.clone_steps,), noise=settings.noise, seed=settings.seed, fit=fit
    )
    shape = replace(shape, chunk=1)
    outcome = dagger(spec.but(reward="dense"), shape, how, folder, backend="serial", progress=progress)
    return checkpoint.load(outcome.checkpoint).policy


def demonstrate(spec: WorldsSpec, settings: RLSettings, observes: tuple[str, ...]) -> DictReplayBuffer:
    """Fill a replay buffer with episodes of the expert, some of its actions disturbed."""
    built = spec.build(settings.worlds)
    worlds = SB3Worlds(built, observes, EXPERT_SEED + settings.seed, ("success",))
    rounds = -(-settings.demonstrations // settings.worlds)
    steps = rounds * built.task.horizon
    space: Any = worlds.observation_space
    buffer = DictReplayBuffer(steps * settings.worlds, space, worlds.action_space, "cpu", n_envs=settings.worlds)
    rng, ended = np.random.default_rng([settings.seed, EXPERT_SEED]), 0
    seen: Any = worlds.reset()
    while ended < settings.demonstrations and buffer.pos < steps - 1:
        expert = built.expert_actions()
        disturbed = rng.random((settings.worlds, 1)) < 0.3
        noise = settings.noise * rng.standard_normal(expert.shape)
        actions = np.clip(expert + disturbed * noise, -1.0, 1.0).astype(np.float32)
        following: Any
        following, reward, done, infos = worlds.step(actions)
        after = {name: values.copy() for name, values in following.items()}
        for row in np.flatnonzero(done):
            for name, values in infos[row]["terminal_observation"].items():
                after[name][row] = values
        buffer.add(seen, after, actions, reward, done, infos)
        seen, ended = following, ended + int(done.sum())
    worlds.close()
    return buffer
