"""The networks of reinforcement learning: a policy with noise, and a critic that sees more than the arm will.

    actor = GaussianActor(policy)                   # `agents.policy.Policy` is the mean: it exports as it is
    mean, log_std = actor(observation)              # before tanh, for SAC
    critic = Critic(privileged=23, hidden=128, layers=2)
    critic(observation["privileged"])               # (batch, 1)

The critic is asymmetric (Pinto et al. 2017, arXiv 1710.06542): it reads the true state and the episode's draw.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.heads.base import hidden_layers
from agents.policy import NEAR_M, Normalizer, Policy, PolicySpec

LOG_STD = (-5.0, 1.0)
"""Bounds of the logarithm of a standard deviation that depends on the observation, in unit actions before tanh."""
PRIVILEGED = "privileged"
REGRESSION = ("smooth_l1", "l1", "mse")
"""Heads that give one answer."""


def named(observation: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give flat observations ("images_front") the names that policies know ("images.front")."""
    return {name.replace("images_", "images.", 1): values for name, values in observation.items()}


def flat_names(spec: PolicySpec) -> tuple[str, ...]:
    """Name the entries of flat observations that a policy and its critic read."""
    return (*(name.replace("images.", "images_", 1) for name in spec.inputs), PRIVILEGED)


def mean_of(policy: Policy, observation: Mapping[str, Tensor]) -> Tensor:
    """Give the first action of the policy's chunk, (batch, action_size) in [-1, 1]."""
    actions, _ = policy(named(observation))
    return actions[:, 0]


class GaussianActor(nn.Module):
    """A policy whose noise depends on what it sees, squashed by the tanh the policy ends in.

    Args:
        policy: Regresses actions: its head ends in a linear layer and tanh.

    Raises:
        ValueError: Its head has no mean to follow: it starts from noise, writes tokens or chooses one of several ways.
    """

    def __init__(self, policy: Policy):
        super().__init__()
        if policy.spec.head.kind not in REGRESSION:
            raise ValueError(
                f"RL moves the mean of a normal distribution, which network.head.kind={policy.spec.head.kind} has not; "
                f"use {', '.join(REGRESSION)}"
            )
        self.policy = policy
        head: Any = policy.head
        last = head[-2]
        self.log_std = nn.Linear(last.in_features, policy.spec.action_size)
        self._found: tuple[Tensor, Tensor] | None = None
        last.register_forward_hook(self._note)

    def _note(self, layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        """Keep what the last linear layer reads and gives."""
        self._found = inputs[0], output

    def forward(self, observation: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Give mean and log standard deviation before tanh, (batch, action_size) each."""
        self.policy(named(observation))
        assert self._found is not None
        (hidden, output), self._found = self._found, None
        low, high = LOG_STD
        return output[:, : self.policy.spec.action_size], self.log_std(hidden).clamp(low, high)


class Critic(nn.Module):
    """What a state is worth, or an action in it.

    Args:
        privileged: Numbers of the true state and the draw.
        hidden: Width of the layers.
        layers: Their number.
        action_size: Numbers of the action it also reads; 0 for the value of a state.
    """

    def __init__(self, privileged: int, hidden: int, layers: int, action_size: int = 0):
        super().__init__()
        self.scale = Normalizer(privileged)
        stack = hidden_layers(2 * privileged + action_size, hidden, layers)
        if action_size:  # keeps values from running away where the replay has no data (RLPD, arXiv 2302.02948)
            calm = [[layer, nn.LayerNorm(hidden)] if isinstance(layer, nn.Linear) else [layer] for layer in stack]
            stack = [layer for pair in calm for layer in pair]
        self.judge = nn.Sequential(*stack, nn.Linear(hidden, 1))

    def forward(self, privileged: Tensor, actions: Tensor | None = None) -> Tensor:
        """Give (batch, 1) values of (batch, privileged) and, where it reads them, (batch, action_size)."""
        inputs = [self.scale(privileged), torch.tanh(privileged / NEAR_M)]
        return self.judge(torch.cat(inputs if actions is None else [*inputs, actions], dim=1))


def fresh(
    spec: PolicySpec, columns: Mapping[str, np.ndarray], action_size: int, seed: int, policy: Policy | None = None
) -> Policy:
    """Build a policy whose sizes and scales fit observations, or take the given one.

    Args:
        spec: Its shape; sizes of vectors are taken from the data.
        columns: (rows, size) of every vector that policy and critic read.
        action_size: Numbers of an action.
        seed: Of the first weights.
        policy: Where to start from instead.
    """
    if policy is not None:
        return policy
    sizes: dict[str, Any] = {name: columns[name].shape[1] for name in spec.inputs if not name.startswith("images.")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = Policy(PolicySpec(**{**spec.__dict__, **sizes, "action_size": action_size, "chunk": 1}))
    made.fit_normalizers(columns)
    return made
