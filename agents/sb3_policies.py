"""Stable-Baselines3 around our networks: PPO's and SAC's policy classes, with the critic that sees more.

PPO(ActorCritic, worlds, policy_kwargs={"policy": policy, "critic": critic, "log_std": -0.5})
SAC(SquashedActorCritic, worlds, policy_kwargs={"policy": policy, "critic": lambda: TwinCritic(...)})
"""

from collections.abc import Callable
from typing import Any

import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution, SquashedDiagGaussianDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.sac.policies import SACPolicy
from torch import Tensor, nn

from agents.gaussian import PRIVILEGED, Critic, GaussianActor, mean_of
from agents.policy import Policy

Seen = dict[str, Tensor]
SMALL = 1e-5  # Adam's epsilon, as SB3 has it


class ActorCritic(ActorCriticPolicy):
    """PPO: a policy's mean with one standard deviation for each coordinate, and the value of the true state."""

    def __init__(self, *args: Any, policy: Policy, critic: Critic, log_std: float, **kwargs: Any):
        kwargs |= {"net_arch": [], "ortho_init": False, "log_std_init": log_std}
        super().__init__(*args, **kwargs)
        del self.action_net, self.value_net, self.mlp_extractor, self.features_extractor
        del self.pi_features_extractor, self.vf_features_extractor
        self.actor, self.critic = policy, critic
        rate = self.optimizer.param_groups[0]["lr"]
        self.optimizer = torch.optim.Adam(self.parameters(), lr=rate, eps=SMALL)

    def get_distribution(self, obs: Seen) -> DiagGaussianDistribution:  # type: ignore[override]
        """Give the distribution of actions."""
        return DiagGaussianDistribution(self.log_std.numel()).proba_distribution(mean_of(self.actor, obs), self.log_std)

    def predict_values(self, obs: Seen) -> Tensor:  # type: ignore[override]
        """Give the value of states (batch, 1)."""
        return self.critic(obs[PRIVILEGED])

    def forward(self, obs: Seen, deterministic: bool = False) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """Give actions, values and log-probabilities."""
        distribution = self.get_distribution(obs)
        actions = distribution.get_actions(deterministic=deterministic)
        return actions, self.predict_values(obs), distribution.log_prob(actions)

    def evaluate_actions(self, obs: Seen, actions: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:  # type: ignore[override]
        """Give values, log-probabilities of actions, and entropy."""
        distribution = self.get_distribution(obs)
        return self.predict_values(obs), distribution.log_prob(actions), distribution.entropy()

    def critic_alone(self, alone: bool) -> None:
        """Let only the critic learn, or everything."""
        for parameter in (*self.actor.parameters(), self.log_std):
            parameter.requires_grad_(not alone)


class SquashedActor(nn.Module):
    """SAC's actor: Gaussian before tanh."""

    def __init__(self, policy: Policy):
        super().__init__()
        self.gaussian = GaussianActor(policy)
        self.distribution = SquashedDiagGaussianDistribution(policy.spec.action_size)

    def forward(self, obs: Seen, deterministic: bool = False) -> Tensor:
        """Give actions (batch, action_size) in [-1, 1]."""
        mean, log_std = self.gaussian(obs)
        return self.distribution.actions_from_params(mean, log_std, deterministic=deterministic)

    def action_log_prob(self, obs: Seen) -> tuple[Tensor, Tensor]:
        """Draw actions and give their log-probabilities."""
        return self.distribution.log_prob_from_params(*self.gaussian(obs))

    def set_training_mode(self, mode: bool) -> None:
        """SB3's word for `train`."""
        self.train(mode)


class TwinCritic(nn.Module):
    """Two critics of actions; SAC believes the more modest."""

    def __init__(self, make: Callable[[], Critic]):
        super().__init__()
        self.twins = nn.ModuleList([make(), make()])

    def forward(self, obs: Seen, actions: Tensor) -> tuple[Tensor, ...]:
        """Give both values (batch, 1)."""
        return tuple(twin(obs[PRIVILEGED], actions) for twin in self.twins)

    def set_training_mode(self, mode: bool) -> None:
        """SB3's word for `train`."""
        self.train(mode)


class SquashedActorCritic(SACPolicy):
    """SAC: a squashed Gaussian around a policy, and two critics of true state and action."""

    def __init__(self, *args: Any, policy: Policy, critic: Callable[[], Critic], **kwargs: Any):
        self._given = (policy, critic)  # a tuple: modules cannot be set before the constructor ran
        super().__init__(*args, **kwargs)

    def make_actor(self, features_extractor: Any = None) -> SquashedActor:  # type: ignore[override]
        """Build the actor."""
        return SquashedActor(self._given[0])

    def make_critic(self, features_extractor: Any = None) -> TwinCritic:  # type: ignore[override]
        """Build the critic, and once more its slow copy."""
        return TwinCritic(self._given[1])
