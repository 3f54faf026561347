"""Reinforcement learning on many machines: RLlib's new API stack, PPO and APPO, in batches of our worlds.

    settings = RLSettings.of("rllib_ppo", steps=500_000)
    outcome = learn(spec, PolicySpec("state", ...), settings, Path("runs/push"), workers=2)

What RLlib 2.60 does wrong is guarded against here: runners that act with the weights of nobody after a restore, seeds
that collide or are replayed, errors that vanish, samples that are dropped in silence. Its checkpoints are pickles; a
run is kept as safetensors and JSON (`agents.rl_memory`) and nothing else is read back.
"""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
from ray.rllib.algorithms.algorithm import Algorithm
from ray.tune.registry import register_env

from agents.clone import Log, Progress
from agents.distributed import start_ray
from agents.gaussian import flat_names, fresh
from agents.policy import Policy, PolicySpec
from agents.rl_ledger import Accounted, Ledger
from agents.rl_memory import Memory, keep, pack, pack_adam, recall, unpack, unpack_adam
from agents.rl_outcome import MEMORY, Outcome, finish, refuse_other_settings
from agents.rl_settings import DISTRIBUTED, RLSettings
from agents.rl_start import look_around
from agents.rl_watch import Curve
from agents.rllib import worlds_of
from agents.rllib_config import configure
from agents.rllib_module import AsymmetricModule
from envs.spec import WorldsSpec
from randomizers.errors import unknown

MODULE, NAME = "default_policy", "sim2arm-accounted"
EMPTY_S = 180.0  # without samples before a run is given up: a lost runner is back in 10 to 60
PAUSE_S = 0.5  # after an iteration that brought nothing, so that a runner can come back
SYNC_S = 60.0


def accounted(context: Mapping[str, Any]) -> Accounted:
    """Build a runner's worlds: `agents.rllib.worlds_of` with "seed" and "ledger" beside its keys."""
    given = dict(context)
    seed, ledger = given.pop("seed"), given.pop("ledger")
    return Accounted(worlds_of(given), seed, ledger)


def learn(
    spec: WorldsSpec,
    policy: PolicySpec,
    settings: RLSettings,
    folder: Path,
    *,
    workers: int | None = None,
    address: str | None = None,
    start: Policy | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Outcome:
    """Learn by doing; call it again with the same arguments to go on after a kill.

    Args:
        spec: Worlds to learn in; their reward is replaced by "progress" (`envs.outcome`).
        policy: Shape of a fresh policy; sizes of inputs are taken from the worlds.
        settings: How; `worlds` of each runner.
        folder: Where everything is kept.
        workers: Runners; None takes every CPU.
        address: Of a Ray cluster; None starts Ray here.
        start: Policy to begin with.
        progress: Called with ("learn", steps done, steps).
        log: Called with the control step and figures.

    Raises:
        RuntimeError: Runners keep failing; the message holds the traceback of the first failure.
    """
    if settings.method not in DISTRIBUTED:
        raise ValueError(unknown("method of distributed_rl", settings.method, DISTRIBUTED))
    folder, spec = Path(folder), spec.but(reward="progress", images=policy.cameras)
    refuse_other_settings(folder, {"rl": settings.to_dict(), "policy": policy.to_dict(), "worlds": spec.to_dict()})
    start_ray(workers, address)
    curve = Curve(spec, settings, progress, log)
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    training = Training(spec, policy, settings, folder, workers, start, curve)
    try:
        training.run()
        return finish(training.policy, spec, settings, folder, curve, training.steps)
    finally:
        training.close()
        curve.close()
        torch.set_num_threads(threads)


class Training:
    """One run: the algorithm, its ledger, and where it stands.

    Attributes:
        policy: The learner's, always the newest.
        steps: Control steps learnt from, over all processes that worked at it.
    """

    def __init__(
        self,
        spec: WorldsSpec,
        shape: PolicySpec,
        settings: RLSettings,
        folder: Path,
        workers: int | None,
        start: Policy | None,
        curve: Curve,
    ):
        self.settings, self.folder, self.curve = settings, folder, curve
        self.memory = recall(folder / MEMORY)
        nothing: dict[str, Any] = {"env_steps": 0, "incarnations": {}, "iterations": 0}
        about = self.memory.about if self.memory else nothing
        self.steps = self._before = int(about["env_steps"])
        self._iterations = int(about["iterations"])
        self._name = f"sim2arm-ledger-{time.time_ns()}"
        book: Any = ray.remote(num_cpus=0)(Ledger)
        self.ledger: Any = book.options(name=self._name).remote(about["incarnations"])
        ray.get(self.ledger.told.remote())
        seen = look_around(spec, settings.seed)
        first = fresh(shape, seen, action_size(spec), settings.seed, start)
        critic = {"privileged": seen["privileged"].shape[1], "hidden": settings.hidden, "layers": settings.layers}
        model = {"policy": first.spec.to_dict(), "log_std": settings.log_std, **critic}
        observes = list(flat_names(first.spec))
        context = {"spec": spec.to_dict(), "observes": observes, "seed": settings.seed, "ledger": self._name}
        register_env(NAME, accounted)
        logging.getLogger("ray.rllib").setLevel(logging.ERROR)
        runners = workers or int(ray.cluster_resources().get("CPU", 1))
        self.algorithm: Algorithm = configure(settings, runners, NAME, context, model, self.steps).build_algo()
        self._begin(first, seen["privileged"])

    def _begin(self, policy: Policy, privileged: np.ndarray) -> None:
        """Give learner and runners the first weights, or those of the memory."""
        self.module.driver.policy.load_state_dict(policy.state_dict())
        self.module.critic.scale.fit(privileged)
        if self.memory is not None:
            unpack("module", self.module, self.memory.tensors)
            unpack_adam("adam", self.optimizer, self.memory.tensors)
            self.curve.restore(self.memory.about["curve"])
        elif hasattr(self.module, "former"):
            self.module.former.load_state_dict(self.module.driver.state_dict())
        self.sync()

    @property
    def learner(self) -> Any:
        """RLlib's learner, in this process."""
        return self.algorithm.learner_group._learner  # type: ignore[union-attr]

    @property
    def module(self) -> AsymmetricModule:
        """The learner's networks."""
        return self.learner.module[MODULE].unwrapped()

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The learner's."""
        return self.learner.get_optimizer(MODULE)

    @property
    def policy(self) -> Policy:
        """The learner's policy."""
        return self.module.driver.policy

    def sync(self) -> None:
        """Give every runner the learner's weights, and wait for it: the asynchronous way may drop them.

        Raises:
            RuntimeError: A runner holds others.
        """
        group: Any = self.algorithm.env_runner_group
        group.sync_weights(
            from_worker_or_learner_group=self.algorithm.learner_group, inference_only=True, timeout_seconds=SYNC_S
        )
        own = total(self.policy.state_dict())
        found = group.foreach_env_runner(
            lambda runner: total(runner.module.driver.policy.state_dict()),
            local_env_runner=False,
            timeout_seconds=SYNC_S,
        )
        wrong = [value for value in found if abs(value - own) > 1e-3 * max(1.0, abs(own))]
        if wrong:
            raise RuntimeError(f"{len(wrong)} of {len(found)} runners hold other weights than the learner; run again")

    def run(self) -> None:
        """Iterate until the steps are taken or the task is solved."""
        fed = kept = time.monotonic()
        lives = 0
        while self.steps < self.settings.steps and not self.curve.solved:
            result = self.algorithm.train()
            self._iterations += 1
            steps = self._before + int(result.get("num_env_steps_sampled_lifetime", 0))
            told = ray.get(self.ledger.told.remote())
            if told["faults"] or time.monotonic() - fed > EMPTY_S:
                raise RuntimeError(why(told["faults"]))
            if "env_runners" not in result or steps <= self.steps:
                time.sleep(PAUSE_S)
                continue
            self.steps, fed = steps, time.monotonic()
            if sum(told["incarnations"].values()) != lives:  # a runner is new
                self.sync()
                lives = sum(told["incarnations"].values())
            self.curve.at(self.steps, self.policy, (), self._figures(result, told))
            if time.monotonic() - kept > self.settings.checkpoint_s:
                self.save(told)
                kept = time.monotonic()
        self.save(ray.get(self.ledger.told.remote()))

    def _figures(self, result: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, float]:
        """Give what is worth a line: the learner's figures, dropped samples, lost runners."""
        learnt = result.get("learners", {}).get(MODULE, {})
        names = ("policy_loss", "vf_loss", "entropy", "mean_kl_loss", "vf_explained_var")
        figures = {name: float(learnt[name]) for name in names if name in learnt}
        runners = result.get("env_runners", {})
        if "episode_return_mean" in runners:
            figures["return"] = float(runners["episode_return_mean"])
        dropped = told["steps"] - (self.steps - self._before)
        group: Any = self.algorithm.env_runner_group
        lives = sum(told["incarnations"].values())
        healthy = group.num_healthy_remote_workers()
        return {**figures, "dropped": max(0.0, float(dropped)), "healthy": float(healthy), "lives": float(lives)}

    def save(self, told: Mapping[str, Any]) -> None:
        """Write everything that the run needs to go on."""
        about = {
            "env_steps": self.steps,
            "iterations": self._iterations,
            "incarnations": {str(number): count for number, count in told["incarnations"].items()},
            "curve": self.curve.to_dict(),
        }
        tensors = {**pack("module", self.module), **pack_adam("adam", self.optimizer)}
        keep(self.folder / MEMORY, Memory(tensors, about))

    def close(self) -> None:
        """Let runners and ledger go; Ray itself stays."""
        self.algorithm.stop()
        ray.kill(self.ledger)


def why(faults: list[str]) -> str:
    """Say what went wrong."""
    if faults:
        return f"{len(faults)} failure(s) in the worlds of runners; the first, {faults[0]}"
    return f"no samples for {EMPTY_S:.0f} s: runners die, usually for lack of memory. Use fewer worlds or workers"


def action_size(spec: WorldsSpec) -> int:
    """Give the numbers of an action."""
    worlds = spec.but(images=()).build(1)
    size = worlds.actuation.controller.size
    worlds.close()
    return size


def total(state: Mapping[str, Any]) -> float:
    """Give a number that tells weights apart."""
    return float(sum(abs(torch.as_tensor(values).double()).sum() for values in state.values()))
