"""From noise to actions: diffusion and flow matching, with the noise given and the steps unrolled.

Both learn a field over noisy chunks and follow it for a fixed number of steps, so the exported model is one
plain graph: the same noise gives the same actions in torch and in onnxruntime.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from agents.heads.base import Luck, weighted

TIMES = 8  # frequencies by which the field is told the time
NOISIEST = 0.999  # share of noise at which training starts (pi0, arXiv 2410.24164, appendix B)


class Field(nn.Module):
    """A direction for every number of a noisy chunk, given features and time.

    What the features say is computed once and added to the first layer; each step costs only the chunk's part.

    Args:
        inputs: Features.
        chunk: Actions.
        action_size: Numbers of an action.
        hidden: Width of the layers.
        layers: Their number.
    """

    frequencies: Tensor

    def __init__(self, inputs: int, chunk: int, action_size: int, hidden: int, layers: int):
        super().__init__()
        self.shape = (chunk, action_size)
        self.context = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        self.noisy = nn.Linear(chunk * action_size + 2 * TIMES, hidden)
        smooth = [layer for _ in range(layers) for layer in (nn.Linear(hidden, hidden), nn.SiLU())]
        self.stack = nn.Sequential(nn.SiLU(), *smooth)
        self.out = nn.Linear(hidden, chunk * action_size)
        octaves = math.pi * 2.0 ** torch.linspace(-1.0, 3.0, TIMES)  # a quarter of a turn to 4 turns over [0, 1]
        self.register_buffer("frequencies", octaves, persistent=False)

    def forward(self, context: Tensor, chunks: Tensor, time: Tensor) -> Tensor:
        """Give (batch, chunk, action_size) for chunks of that shape and (batch, 1) times in [0, 1]."""
        angles = time * self.frequencies
        given = torch.cat([chunks.flatten(1), torch.sin(angles), torch.cos(angles)], dim=1)
        return self.out(self.stack(context + self.noisy(given))).view(-1, *self.shape)


class Denoiser(nn.Module):
    """What diffusion and flow share.

    Args:
        steps: Steps from noise to actions.
        inputs: Features.
        chunk: Actions.
        action_size: Numbers of an action.
        hidden: Width of the layers.
        layers: Their number.
    """

    def __init__(self, steps: int, inputs: int, chunk: int, action_size: int, hidden: int, layers: int):
        super().__init__()
        self.steps = steps
        self.field = Field(inputs, chunk, action_size, hidden, layers)

    def _at(self, context: Tensor, chunks: Tensor, time: float) -> Tensor:
        """Ask the field at one time for all rows."""
        return self.field(context, chunks, torch.full_like(context[:, :1], time))


class Diffusion(Denoiser):
    """Diffusion policy (arXiv 2303.04137) with deterministic DDIM steps (arXiv 2010.02502).

    A chunk at angle phi is cos(phi) action + sin(phi) noise. The field predicts the velocity
    v = cos(phi) noise - sin(phi) action (arXiv 2202.00512, section 4): unlike a prediction of the noise it is well
    conditioned where almost nothing but noise is left, which keeps torch and onnxruntime together.
    """

    def act(self, features: Tensor, noise: Tensor) -> Tensor:
        """Turn the noise back, angle by angle; predicted actions are clipped to the unit box on the way."""
        context, chunks = self.field.context(features), noise
        angles = [0.5 * math.pi * (1.0 - i / self.steps) for i in range(self.steps + 1)]
        clean = noise
        for phi, following in zip(angles, angles[1:]):
            velocity = self._at(context, chunks, 2.0 * phi / math.pi)
            clean = (math.cos(phi) * chunks - math.sin(phi) * velocity).clamp(-1.0, 1.0)
            remaining = math.sin(phi) * chunks + math.cos(phi) * velocity
            chunks = math.cos(following) * clean + math.sin(following) * remaining
        return clean

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck) -> Tensor:
        """Give the squared error of the velocity at a random angle."""
        phi = (0.5 * math.pi * luck.time).view(-1, 1, 1)
        chunks = torch.cos(phi) * labels + torch.sin(phi) * luck.noise
        velocity = torch.cos(phi) * luck.noise - torch.sin(phi) * labels
        found = self.field(self.field.context(features), chunks, luck.time[:, None])
        return weighted(mse_loss(found, velocity, reduction="none"), weights)


class Flow(Denoiser):
    """Flow matching along straight lines from noise to actions, as in pi0 (arXiv 2410.24164, section IV)."""

    def act(self, features: Tensor, noise: Tensor) -> Tensor:
        """Follow the field by Euler's method."""
        context, chunks = self.field.context(features), noise
        for i in range(self.steps):
            chunks = chunks + self._at(context, chunks, i / self.steps) / self.steps
        return chunks.clamp(-1.0, 1.0)

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck) -> Tensor:
        """Give the squared error of the direction at a random time, more often a noisy one.

        The share of noise is distributed as Beta(1.5, 1): the root of order 1.5 of a uniform number.
        """
        time = (1.0 - NOISIEST * luck.time ** (1.0 / 1.5)).view(-1, 1, 1)
        chunks = time * labels + (1.0 - time) * luck.noise
        found = self.field(self.field.context(features), chunks, time[:, :, 0])
        return weighted(mse_loss(found, labels - luck.noise, reduction="none"), weights)
