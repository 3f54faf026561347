"""Regression: one answer, the middle of what the expert did. The default, and the fastest."""

from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss, smooth_l1_loss

from agents.heads.base import Luck, hidden_layers, weighted

CORNER = 0.1  # of a unit action: errors below it count squared, above it linearly


class Direct(nn.Sequential):
    """Fully connected layers that end in tanh.

    Args:
        kind: "smooth_l1", "l1" or "mse".
        inputs: Features.
        chunk: Actions.
        action_size: Numbers of an action.
        hidden: Width of the layers.
        layers: Their number.
    """

    def __init__(self, kind: str, inputs: int, chunk: int, action_size: int, hidden: int, layers: int):
        stack = hidden_layers(inputs, hidden, layers)
        super().__init__(*stack, nn.Linear(hidden, chunk * action_size), nn.Tanh())
        self.kind, self.chunk, self.action_size = kind, chunk, action_size

    def act(self, features: Tensor, noise: Tensor | None = None) -> Tensor:
        """Give the actions; there is nothing random."""
        return self(features).view(-1, self.chunk, self.action_size)

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck | None = None) -> Tensor:
        """Give the mean error of the chosen kind."""
        return weighted(self._error(self.act(features), labels), weights)

    def _error(self, actions: Tensor, labels: Tensor) -> Tensor:
        if self.kind == "smooth_l1":
            return smooth_l1_loss(actions, labels, reduction="none", beta=CORNER)
        return (l1_loss if self.kind == "l1" else mse_loss)(actions, labels, reduction="none")
