"""RLlib's module around our networks: runners hold the policy alone, the learner also the critic that sees more.

    RLModuleSpec(module_class=AsymmetricModule, model_config={"policy": spec.to_dict(), "privileged": 23,
                 "hidden": 128, "layers": 2, "log_std": -0.5})

Normalisation is inside the policy, as buffers, so nothing depends on RLlib's connectors.
"""

import copy
from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis import (
    TARGET_NETWORK_ACTION_DIST_INPUTS,
    InferenceOnlyAPI,
    TargetNetworkAPI,
    ValueFunctionAPI,
)
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from torch import Tensor, nn

from agents.gaussian import PRIVILEGED, Critic, mean_of
from agents.policy import Policy, PolicySpec


class Driver(nn.Module):
    """A policy's mean and one standard deviation for each coordinate, as RLlib's Gaussian takes them."""

    def __init__(self, policy: Policy, log_std: float):
        super().__init__()
        self.policy = policy
        self.log_std = nn.Parameter(torch.full((policy.spec.action_size,), float(log_std)))

    def forward(self, observation: dict[str, Tensor]) -> Tensor:
        """Give (batch, 2 * action_size)."""
        mean = mean_of(self.policy, observation)
        return torch.cat([mean, self.log_std.expand_as(mean)], dim=1)


class AsymmetricModule(TorchRLModule, ValueFunctionAPI, InferenceOnlyAPI, TargetNetworkAPI):
    """Actor for what the arm will have, critic for the true state and the episode's draw; serves PPO and APPO."""

    def setup(self) -> None:
        """Build the networks; runners, which only act, get no critic."""
        about: Any = self.model_config
        self.driver = Driver(Policy(PolicySpec.from_dict(about["policy"])), about["log_std"])
        if not self.inference_only:
            self.critic = Critic(about["privileged"], about["hidden"], about["layers"])

    def get_non_inference_attributes(self) -> list[str]:
        """Name what runners need not have."""
        return ["critic", "former"]

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self.driver(batch[Columns.OBS])}

    def compute_values(self, batch: dict[str, Any], embeddings: Any = None) -> Tensor:
        """Give the value of states (batch,)."""
        return self.critic(batch[Columns.OBS][PRIVILEGED]).squeeze(-1)

    def make_target_networks(self) -> None:
        """Copy the actor as APPO's slowly following one."""
        self.former = copy.deepcopy(self.driver).requires_grad_(False)

    def get_target_network_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """Name who follows whom."""
        return [(self.driver, self.former)]

    def forward_target(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Act as the follower does."""
        return {TARGET_NETWORK_ACTION_DIST_INPUTS: self.former(batch[Columns.OBS])}
