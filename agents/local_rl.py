"""Reinforcement learning on one machine: Stable-Baselines3 in a batch of our worlds, no Ray, no processes.

    settings = RLSettings.of("ppo", steps=300_000)
    outcome = learn(WorldsSpec("reach", randomization=DYNAMICS), PolicySpec("state", ...), settings, Path("runs/reach"))

Methods: PPO; PPO from a clone of the expert; SAC; SAC with goals put in afterwards (HER); SAC with episodes of the
expert in every batch (RLPD). A run that is killed goes on from its last checkpoint: networks, optimizers, replay and
counters; the episodes that were under way then are begun by nobody again.

    FOLDER/rl.json  memory/  checkpoint/  policy.onnx
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import set_random_seed

from agents.clone import Log, Progress
from agents.gaussian import Critic, flat_names, fresh
from agents.policy import Policy, PolicySpec
from agents.replay import GoalRule, Hindsight, Mixed
from agents.rl_memory import Memory, keep, pack, pack_adam, pack_replay, recall, unpack, unpack_adam, unpack_replay
from agents.rl_outcome import MEMORY, Outcome, finish, refuse_other_settings
from agents.rl_settings import LOCAL, RLSettings
from agents.rl_start import clone_first, demonstrate, look_around
from agents.rl_watch import Curve
from agents.sb3 import SB3Worlds
from agents.sb3_policies import ActorCritic, SquashedActorCritic
from envs.spec import WorldsSpec
from randomizers.errors import unknown


def learn(
    spec: WorldsSpec,
    policy: PolicySpec,
    settings: RLSettings,
    folder: Path,
    *,
    start: Policy | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Outcome:
    """Learn by doing; call it again with the same arguments to go on after a kill.

    Args:
        spec: Worlds to learn in; their reward is replaced by "progress" (`envs.outcome`).
        policy: Shape of a fresh policy; sizes of inputs are taken from the worlds.
        settings: How.
        folder: Where everything is kept.
        start: Policy to begin with; clone_ppo clones the expert where there is none.
        progress: Called with ("learn", steps done, steps).
        log: Called with the control step and figures.
    """
    if settings.method not in LOCAL:
        raise ValueError(unknown("method of local_rl", settings.method, LOCAL))
    folder, spec = Path(folder), spec.but(reward="progress", images=policy.cameras)
    refuse_other_settings(folder, {"rl": settings.to_dict(), "policy": policy.to_dict(), "worlds": spec.to_dict()})
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        return _learn(spec, policy, settings, folder, start, Curve(spec, settings, progress, log))
    finally:
        torch.set_num_threads(threads)


def _learn(
    spec: WorldsSpec, shape: PolicySpec, settings: RLSettings, folder: Path, start: Policy | None, curve: Curve
) -> Outcome:
    memory = recall(folder / MEMORY)
    episodes = memory.about["next_episodes"] if memory else None
    told = ("success",)
    worlds = SB3Worlds(spec.build(settings.worlds), flat_names(shape), settings.seed, told, episodes)
    try:
        seen = look_around(spec, settings.seed)
        if start is None and settings.method == "clone_ppo":
            start = clone_first(spec, shape, settings, folder / "clone", curve.progress)
        actions = worlds.action_space.shape
        policy = fresh(shape, seen, actions[0] if actions else 0, settings.seed, start)
        model = build(worlds, policy, settings, seen["privileged"])
        if isinstance(model, SAC) and settings.method == "rlpd":
            expert = demonstrate(spec, settings, flat_names(shape))
            model.replay_buffer = Mixed(model.replay_buffer, expert)  # type: ignore[assignment, arg-type]
        keeper = Keeper(settings, folder, curve, policy)
        if memory is not None:
            keeper.restore(model, memory)
        if model.num_timesteps < settings.steps and not curve.solved:
            left = settings.steps - model.num_timesteps
            model.learn(left, keeper, log_interval=None, reset_num_timesteps=memory is None)  # type: ignore[arg-type]
            curve.at(model.num_timesteps, policy, list(model.ep_success_buffer or []), {})
            keeper.save()
        return finish(policy, spec, settings, folder, curve, model.num_timesteps)
    finally:
        worlds.close()
        curve.close()


def build(worlds: SB3Worlds, policy: Policy, settings: RLSettings, privileged: np.ndarray) -> PPO | SAC:
    """Make SB3's algorithm around our networks."""

    def critic() -> Critic:
        made = Critic(privileged.shape[1], settings.hidden, settings.layers, 0 if settings.on_policy else size)
        made.scale.fit(privileged)
        return made

    size = policy.spec.action_size
    set_random_seed(settings.seed)
    shared: dict[str, Any] = {"gamma": settings.gamma, "batch_size": settings.batch, "device": "cpu"}
    if settings.on_policy:
        kwargs = {"policy": policy, "critic": critic(), "log_std": settings.log_std}
        return PPO(
            ActorCritic,
            worlds,
            learning_rate=settings.rate,
            n_steps=settings.fragment,
            n_epochs=settings.epochs,
            gae_lambda=0.9,
            target_kl=settings.target_kl or None,
            policy_kwargs=kwargs,
            **shared,
        )
    rule = GoalRule.of(worlds.worlds.worlds.spec) if settings.method == "her" else None
    return SAC(
        SquashedActorCritic,
        worlds,
        learning_rate=settings.learning_rate,
        buffer_size=settings.buffer,
        learning_starts=settings.worlds * 100,
        train_freq=1,
        gradient_steps=max(1, round(settings.updates * settings.worlds)),
        ent_coef="auto_0.1",
        replay_buffer_class=Hindsight if rule else None,
        replay_buffer_kwargs={"rule": rule} if rule else None,
        policy_kwargs={"policy": policy, "critic": critic},
        **shared,
    )


class Keeper(BaseCallback):
    """Between two updates: warms the critic up, measures, writes checkpoints, and makes chance addressable.

    Random numbers are seeded anew by (seed, control step) at every iteration of PPO and at every checkpoint of SAC.
    """

    def __init__(self, settings: RLSettings, folder: Path, curve: Curve, policy: Policy):
        super().__init__()
        self.settings, self.folder, self.curve, self.own = settings, folder, curve, policy
        self._kept, self._stop = time.monotonic(), False
        self._iterations = 0

    def _on_rollout_start(self) -> None:
        if self.settings.on_policy:
            self._seed()
            if isinstance(self.model.policy, ActorCritic):
                self.model.policy.critic_alone(self._iterations < self.settings.warm_up)
        self._iterations += self.settings.on_policy
        successes: Any = self.model.ep_success_buffer or []
        figures = {name: float(value) for name, value in self.logger.name_to_value.items()}
        self._stop = self.curve.at(self.num_timesteps, self.own, list(successes), figures)
        if time.monotonic() - self._kept > self.settings.checkpoint_s:
            self.save()

    def _on_step(self) -> bool:
        return not self._stop

    def _seed(self) -> None:
        address = np.random.SeedSequence([self.settings.seed, self.num_timesteps])
        set_random_seed(int(address.generate_state(1)[0]))

    def save(self) -> None:
        """Write everything that the run needs to go on."""
        worlds: Any = self.training_env
        model: Any = self.model
        following = worlds.worlds.worlds.episodes + worlds.num_envs
        about = {
            "env_steps": model.num_timesteps,
            "next_episodes": [int(number) for number in following],
            "iterations": self._iterations,
            "updates": model._n_updates,
            "curve": self.curve.to_dict(),
        }
        keep(self.folder / MEMORY, Memory(tensors_of(model), about))
        self._kept = time.monotonic()
        if not self.settings.on_policy:
            self._seed()

    def restore(self, model: Any, memory: Memory) -> None:
        """Put a run back to where it was."""
        about = memory.about
        model.num_timesteps, model._n_updates = about["env_steps"], about["updates"]
        self._iterations = about["iterations"]
        self.curve.restore(about["curve"])
        give_back(model, memory.tensors)
        self.num_timesteps = model.num_timesteps
        if not self.settings.on_policy:
            self._seed()


def optimizers_of(model: Any) -> dict[str, torch.optim.Optimizer]:
    """Name SB3's optimizers."""
    if isinstance(model, PPO):
        return {"adam": model.policy.optimizer}
    return {"actor": model.actor.optimizer, "critic": model.critic.optimizer, "alpha": model.ent_coef_optimizer}


def tensors_of(model: Any) -> dict[str, torch.Tensor]:
    """Name every number that a run has learnt or will learn from."""
    found = pack("policy", model.policy)
    for name, optimizer in optimizers_of(model).items():
        found |= pack_adam(name, optimizer)
    if isinstance(model, SAC):
        found |= {"log_alpha": model.log_ent_coef.detach(), **pack_replay(model.replay_buffer)}  # type: ignore[union-attr]
    return found


def give_back(model: Any, tensors: Mapping[str, torch.Tensor]) -> None:
    """Undo `tensors_of`."""
    unpack("policy", model.policy, tensors)
    for name, optimizer in optimizers_of(model).items():
        unpack_adam(name, optimizer, tensors)
    if isinstance(model, SAC):
        with torch.no_grad():
            model.log_ent_coef.copy_(tensors["log_alpha"])  # type: ignore[union-attr]
        buffer: Any = model.replay_buffer
        unpack_replay(buffer.own if isinstance(buffer, Mixed) else buffer, tensors)
