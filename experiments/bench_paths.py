"""What a sample costs on each way from worlds to a learner, in a process of its own: `bench train` starts these.

All paths run the push task with every randomizer of dynamics, a network of 2 x 64, and episodes to their end. CPU time
is that of the whole tree of processes, Ray's own included, and without start-up.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from envs.spec import WorldsSpec

TASK, WIDTH = "push", 64
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def spec() -> "WorldsSpec":
    """Give the worlds that all paths share."""
    from envs.spec import WorldsSpec
    from randomizers.default import DYNAMICS

    return WorldsSpec(TASK, randomization=DYNAMICS)


def children_s() -> float:
    """CPU time of all processes that descend from this one [s]."""
    parents, spent = {}, {}
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            words = (place / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(place.name)] = int(words[1])
        spent[int(place.name)] = sum(map(int, words[11:13])) * TICK_S
    mine, found = {os.getpid()}, -1
    while len(mine) != found:
        found = len(mine)
        mine |= {child for child, parent in parents.items() if parent in mine}
    return sum(spent[each] for each in mine - {os.getpid()} if each in spent)


@contextmanager
def measured(found: dict[str, Any]) -> Iterator[None]:
    """Add CPU and wall time of what happens inside, in this process and its children, to `found` [s]."""
    others, own, wall = children_s(), time.process_time(), time.perf_counter()  # looking at children takes 10 ms
    yield
    found["cpu_s"] = found.get("cpu_s", 0.0) + time.process_time() - own
    found["wall_s"] = found.get("wall_s", 0.0) + time.perf_counter() - wall
    found["cpu_s"] += children_s() - others


def student() -> bytes:
    """Build a policy with random weights, as ONNX."""
    import torch

    from agents.onnx_export import to_onnx
    from agents.policy import Policy, PolicySpec

    batch = spec().build(1)
    batch.begin(np.arange(1), 0, np.arange(1))
    seen = batch.observe()
    batch.close()
    sizes = {name: seen[name].shape[1] for name in ("state", "proprioception", "goal")}
    torch.manual_seed(0)
    return to_onnx(Policy(PolicySpec(observes="state", cameras=(), auxiliary=0, chunk=1, hidden=WIDTH, **sizes)))


def loop(worlds: int, rounds: int, workers: int = 0) -> dict[str, Any]:
    """Collect as DAgger does: student acts, expert labels, frames are kept; then replay the same actions bare.

    Args:
        worlds: Of a batch.
        rounds: Jobs of each worker.
        workers: Ray actors; 0 stays in this process.

    Returns:
        `samples`, `cpu_s`, `wall_s`; and but for several workers, whose cores share caches, `bare_us`, a sample of the
        same episodes with nothing but observing and stepping, measured job by job between the others in this process,
        and `asked_us`, the same with student and expert asked what to do.
    """
    from agents.behaviour import Behaviour
    from agents.rollout import open_pool, plan

    share, found = max(1, workers), dict[str, Any](samples=0)
    jobs = plan(0, (rounds + 1) * share * worlds, worlds, Behaviour("student", expert_share=0.3), record=True)
    pool = open_pool(spec(), worlds, workers=workers or None, backend="ray" if workers else "serial")
    model, bare, spent_s = student(), spec().build(worlds), np.zeros(2)
    list(pool.run(jobs[:share], model))  # warm
    batches = [jobs[share:]] if share > 1 else [[job] for job in jobs[share:]]
    for batch in batches:
        with measured(found):
            results = list(pool.run(batch, model))
        found["samples"] += sum(result.frames for result in results)
        if share == 1:
            spent_s += replayed(bare, results[0]), replayed(bare, results[0], model)
    pool.close()
    bare_us, asked_us = (1e6 * spent_s / found["samples"]).tolist()
    return found | ({"bare_us": bare_us, "asked_us": asked_us} if share == 1 else {})


def replayed(worlds: Any, episodes: Any, model: bytes | None = None) -> float:
    """Carry out recorded actions with nothing around; with a model, it and the expert are asked for theirs.

    Returns:
        CPU time [s].
    """
    from agents.acting import Actor

    actor = Actor(model, worlds.num) if model else None
    lengths = np.array([record["frames"] for record in episodes.records])
    starts, rows = np.cumsum(lengths) - lengths, np.arange(len(lengths))
    numbers = np.array([record["episode"] for record in episodes.records])
    began = time.process_time()
    worlds.begin(rows, episodes.records[0]["seed"], numbers)
    for step in range(lengths.max()):
        active = step < lengths
        seen = worlds.observe(active)
        if actor is not None:
            actor.act(seen), worlds.expert_actions()
        worlds.step(episodes.columns["action"][np.where(active, starts + step, starts)], active)
    return time.process_time() - began


def sb3(worlds: int, rounds: int) -> dict[str, Any]:
    """Collect as Stable-Baselines3's PPO does, without its updates."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import CheckpointCallback

    from agents.sb3 import SB3Worlds

    torch.set_num_threads(1)
    steps, found = 80, dict[str, Any](samples=0)
    batch = SB3Worlds(spec().build(worlds), observes="state", seed=0)
    shape = {"net_arch": [WIDTH, WIDTH]}
    model = PPO("MlpPolicy", batch, n_steps=steps, batch_size=steps * worlds, policy_kwargs=shape, device="cpu")
    _, callback = model._setup_learn(10**9, CheckpointCallback(10**9, "."))
    for number in range(rounds + 1):
        with measured(found if number else {}):
            model.collect_rollouts(batch, callback, model.rollout_buffer, steps)
        found["samples"] += steps * worlds if number else 0
    return found


def rllib(worlds: int, rounds: int) -> dict[str, Any]:
    """Collect as one of RLlib's runners does, in this process and without its learner."""
    import torch
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
    from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

    from agents.rllib import register

    torch.set_num_threads(1)
    steps, found = 80, dict[str, Any](samples=0)
    config = (
        PPOConfig()
        .environment(register(), env_config={"spec": spec().to_dict(), "observes": "state"})
        .env_runners(num_envs_per_env_runner=worlds, gym_env_vectorize_mode="vector_entry_point")
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[WIDTH, WIDTH]))
        .debugging(seed=3, log_level="ERROR")
    )
    runner = SingleAgentEnvRunner(config=config, worker_index=1)
    for number in range(rounds + 1):
        with measured(found if number else {}):
            episodes = runner.sample(num_timesteps=steps * worlds, random_actions=False)
        found["samples"] += sum(map(len, episodes)) if number else 0
    runner.stop()
    return found


PATHS: dict[str, Callable[[int, int], dict[str, Any]]] = {
    "loop": loop,
    "ray_1": lambda worlds, rounds: loop(worlds, rounds, 1),
    "ray_2": lambda worlds, rounds: loop(worlds, rounds, 2),
    "sb3": sb3,
    "rllib": rllib,
}

if __name__ == "__main__":
    path, worlds, rounds = sys.argv[1:]
    print(json.dumps(PATHS[path](int(worlds), int(rounds))))
