"""The policy as a distribution, for reinforcement learning: a normal one around its first action.

    actor = Gaussian(policy)                       # a cloned policy is where RL starts
    mean, log_std = actor(observation)             # (batch, action_size) each
    to_onnx(actor.policy)                          # exploration stays behind

A chunk's later actions are not explored: RL looks at every step, so it needs chunk=1 or execute=1.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from agents.policy import Policy

LOG_STD = (-5.0, 1.0)
"""Bounds of the logarithm of the standard deviation, in unit actions."""


class Gaussian(nn.Module):
    """Mean from the policy's head, spread learnt beside it.

    Args:
        policy: Shared, not copied.
        log_std: At first, of every coordinate.
        by_state: The spread depends on the features too, as SAC wants it; at first it does not.

    Raises:
        ValueError: The head starts from noise, writes tokens or chooses one of several ways: it has no mean to follow.
    """

    def __init__(self, policy: Policy, log_std: float = -1.0, by_state: bool = False):
        super().__init__()
        if policy.spec.head.kind not in ("smooth_l1", "l1", "mse"):
            raise ValueError(
                f"RL moves the mean of a normal distribution, which network.head.kind={policy.spec.head.kind} has not; "
                "use smooth_l1, l1 or mse"
            )
        self.policy = policy
        self.log_std = nn.Parameter(torch.full((policy.spec.action_size,), log_std))
        self.spread = nn.Linear(policy.size, policy.spec.action_size) if by_state else None
        if self.spread is not None:
            nn.init.zeros_(self.spread.weight)
            nn.init.zeros_(self.spread.bias)

    def forward(self, observation: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Give mean in [-1, 1] and logarithm of the standard deviation, (batch, action_size) each."""
        return self.of(self.policy.features(observation))

    def of(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Give both for (batch, policy.size) features, which a critic may share."""
        mean = self.policy.head.act(features)[:, 0]
        log_std = self.log_std.expand_as(mean)
        if self.spread is not None:
            log_std = log_std + self.spread(features)
        return mean, log_std.clamp(*LOG_STD)
