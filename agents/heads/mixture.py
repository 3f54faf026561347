"""A mixture of Gaussians over whole chunks: several answers, of which the likeliest is carried out."""

import math

import torch
from torch import Tensor, nn

from agents.heads.base import Luck, hidden_layers

LOG_STD = (-4.0, 1.0)
"""Bounds of the logarithm of a standard deviation, in unit actions: below 0.02 a likelihood rewards precision that
no arm has."""


class Mixture(nn.Module):
    """Mixture density head (robomimic's BC-GMM, arXiv 2108.03298), its components spanning the chunk.

    One component is one way of doing all actions of the chunk, so that two ways are never mixed in time.

    Args:
        components: Gaussians.
        inputs: Features.
        chunk: Actions.
        action_size: Numbers of an action.
        hidden: Width of the layers.
        layers: Their number.
    """

    def __init__(self, components: int, inputs: int, chunk: int, action_size: int, hidden: int, layers: int):
        super().__init__()
        self.shape = (components, chunk, action_size)
        self.stack = nn.Sequential(*hidden_layers(inputs, hidden, layers))
        self.means = nn.Linear(hidden, math.prod(self.shape))
        self.log_stds = nn.Linear(hidden, math.prod(self.shape))
        self.logits = nn.Linear(hidden, components)

    def act(self, features: Tensor, noise: Tensor | None = None) -> Tensor:
        """Give the mean of the likeliest component."""
        hidden = self.stack(features)
        best = self.logits(hidden).argmax(1).view(-1, 1, 1, 1).expand(-1, 1, *self.shape[1:])
        return torch.gather(self._means(hidden), 1, best)[:, 0]

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck | None = None) -> Tensor:
        """Give the negative logarithm of the likelihood of a chunk, per number of an action."""
        hidden = self.stack(features)
        low, high = LOG_STD
        log_std = low + (high - low) * torch.sigmoid(self.log_stds(hidden).view(-1, *self.shape))
        error = (labels[:, None] - self._means(hidden)) * torch.exp(-log_std)
        log_normal = -0.5 * error**2 - log_std - 0.5 * math.log(2 * math.pi)
        of_component = (log_normal.mean(3) * weights[:, None]).sum(2)  # (batch, components)
        joint = torch.log_softmax(self.logits(hidden), dim=1) + of_component
        share = weights.sum(1)  # 0 where a window lies behind an episode's end
        return -(torch.logsumexp(joint, dim=1) * share).sum() / share.sum()

    def _means(self, hidden: Tensor) -> Tensor:
        return torch.tanh(self.means(hidden)).view(-1, *self.shape)
