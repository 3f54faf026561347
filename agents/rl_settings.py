"""How much of what a run of reinforcement learning does: one small dataclass for all methods.

    RLSettings.of("ppo", steps=300_000)            # the rest is the method's own

`LOCAL` methods run on Stable-Baselines3 in this process (`agents.local_rl`), `DISTRIBUTED` ones on RLlib
(`agents.distributed_rl`).
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from randomizers.errors import unknown

LOCAL = ("ppo", "clone_ppo", "sac", "her", "rlpd")
DISTRIBUTED = ("rllib_ppo", "rllib_appo")
METHODS = (*LOCAL, *DISTRIBUTED)
SLOWEST = 0.1  # share of PPO's learning rate at the end


@dataclass(frozen=True)
class RLSettings:
    """Everything that shapes a run.

    Attributes:
        method: One of `METHODS`.
        steps: Control steps to take in all, over all worlds.
        worlds: Worlds stepped in one batch, in this process or in each runner.
        hidden: Width of the fully connected layers of a fresh policy and of the critic.
        layers: Their number.
        gamma: Discount of a control step.
        learning_rate: Adam's; PPO's falls to a tenth of it along the run.
        batch: Samples of an optimization step.
        fragment: Steps of every world between two updates (on-policy methods).
        epochs: Passes over them.
        log_std: Logarithm of the first standard deviation of actions, in unit actions (on-policy methods).
        target_kl: PPO's update ends early beyond it; 0 never.
        warm_up: Iterations at first in which only the critic learns (clone_ppo).
        updates: Optimization steps per control step of one world (off-policy methods).
        buffer: Control steps that the replay buffer holds.
        demonstrations: Episodes of the scripted expert (rlpd, clone_ppo).
        noise: Of the expert's actions, in unit actions.
        clone_steps: Optimization steps of the clone that clone_ppo starts from.
        evaluate_every: Control steps between two measurements of the policy without its noise.
        evaluate_episodes: Episodes of such a measurement.
        solved: The run ends when a measurement reaches this rate; above 1 never.
        seed: Of episodes, weights and samples.
        threads: Of torch.
        checkpoint_s: A checkpoint at least every so many seconds.
    """

    method: str = "ppo"
    steps: int = 500_000
    worlds: int = 32
    hidden: int = 128
    layers: int = 2
    gamma: float = 0.95
    learning_rate: float = 1e-3
    batch: int = 512
    fragment: int = 64
    epochs: int = 6
    log_std: float = -0.5
    target_kl: float = 0.03
    warm_up: int = 0
    updates: float = 0.25
    buffer: int = 300_000
    demonstrations: int = 100
    noise: float = 0.3
    clone_steps: int = 600
    evaluate_every: int = 50_000
    evaluate_episodes: int = 64
    solved: float = 2.0
    seed: int = 0
    threads: int = 1
    checkpoint_s: float = 30.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(unknown("method", self.method, METHODS))
        whole = ("steps", "worlds", "hidden", "layers", "batch", "fragment", "epochs", "buffer", "threads")
        for name in (*whole, "demonstrations", "evaluate_every", "evaluate_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"rl.{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "updates"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"rl.{name} must be > 0, not {getattr(self, name)}")
        if not 0.0 < self.gamma < 1.0:
            raise ValueError(f"rl.gamma must lie between 0 and 1, not {self.gamma}")
        if self.method in LOCAL and self.on_policy and self.batch > self.worlds * self.fragment:
            size = self.worlds * self.fragment
            raise ValueError(f"rl.batch={self.batch} is more than an iteration collects (worlds x fragment = {size})")

    @property
    def on_policy(self) -> bool:
        """It learns from what it just did, and forgets it."""
        return self.method in ("ppo", "clone_ppo", *DISTRIBUTED)

    def rate(self, left: float) -> float:
        """Give PPO's learning rate when this share of the steps is left."""
        return self.learning_rate * (SLOWEST + (1.0 - SLOWEST) * left)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, method: str, **given: Any) -> "RLSettings":
        """Give the settings of a method: its own where none, or None, is given."""
        if method not in METHODS:
            raise ValueError(unknown("method", method, METHODS))
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise ValueError(unknown("setting of reinforcement learning", name, known))
        stated = {name: value for name, value in given.items() if value is not None}
        return cls(method=method, **{**OWN.get(method, {}), **stated})


_REPLAY = {"worlds": 16, "learning_rate": 7e-4, "batch": 256, "evaluate_every": 20_000, "steps": 200_000}
OWN: dict[str, dict[str, Any]] = {
    "clone_ppo": {"log_std": -1.6, "learning_rate": 3e-4, "target_kl": 0.015, "warm_up": 10, "gamma": 0.97},
    "sac": _REPLAY,
    "her": _REPLAY,
    "rlpd": _REPLAY,
    "rllib_appo": {"learning_rate": 5e-4},
}
"""Where a method differs from the defaults."""
