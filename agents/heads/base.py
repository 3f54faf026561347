"""What every head can do, and the layers they share."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Luck:
    """Random numbers of a minibatch, addressed by whoever trains.

    Attributes:
        noise: (batch, chunk, action_size) standard normal.
        time: (batch,) uniform in [0, 1).
    """

    noise: Tensor
    time: Tensor


class Head(Protocol):
    """Turns features into actions. Deterministic: whatever is random comes in as `noise` or `luck`."""

    def act(self, features: Tensor, noise: Tensor | None = None) -> Tensor:
        """Give (batch, chunk, action_size) in [-1, 1] for (batch, inputs) features.

        `noise` is (batch, chunk, action_size) standard normal, for heads that start from it.
        """
        ...

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck | None = None) -> Tensor:
        """Give the loss against `labels` (batch, chunk, action_size) with `weights` (batch, chunk)."""
        ...


def hidden_layers(inputs: int, width: int, count: int) -> list[nn.Module]:
    """Stack `count` fully connected layers with ReLU."""
    sizes = [inputs, *[width] * count]
    return [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]


def weighted(error: Tensor, weights: Tensor) -> Tensor:
    """Average (batch, chunk, action_size) errors over actions and then, by weight, over the chunk."""
    return (error.mean(2) * weights).sum() / weights.sum()
