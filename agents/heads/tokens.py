"""Actions as tokens: every number becomes one of a few hundred symbols, written one after the other.

`Bins` cuts [-1, 1] evenly (RT-1, arXiv 2212.06817; RT-2; OpenVLA, arXiv 2406.09246). `Cosines` writes the chunk's
discrete cosine transform, slow components first (FAST, arXiv 2501.09747), without FAST's byte-pair stage: a chunk
has always the same number of tokens, and a wrong late one is a small wiggle.
"""

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from agents.heads.base import Luck, hidden_layers

LEAST = 1e-6
GAIN = 100.0
"""Of what knows the order of the bins: a narrow peak that moves along them takes logits of hundreds."""
SMEAR = 0.02
"""Of the range of a token: bins are told that their neighbours are nearly as good (arXiv 2403.03950, section 3.1). On
641 frames of reach, 300 steps left the first action off by 0.21 with neither of the two, by 0.03 with both (one run
each; regression: 0.016)."""


class Code(Protocol):
    """A way of writing chunks of actions as tokens in [0, bins)."""

    bins: int

    def encode(self, actions: Tensor) -> Tensor: ...
    def decode(self, tokens: Tensor) -> Tensor: ...


class Bins(nn.Module):
    """Even bins: an action comes back to within half a bin.

    Args:
        bins: Number of bins over [-1, 1].
        chunk: Actions.
        action_size: Numbers of an action.
    """

    def __init__(self, bins: int, chunk: int, action_size: int):
        super().__init__()
        self.bins, self.shape = bins, (chunk, action_size)

    def encode(self, actions: Tensor) -> Tensor:
        """Give (batch, chunk * action_size) int64 tokens, in order of time."""
        return quantize(actions.flatten(1), self.bins)

    def decode(self, tokens: Tensor) -> Tensor:
        """Give the middle of every bin, (batch, chunk, action_size)."""
        return middle(tokens, self.bins).view(-1, *self.shape)


class Cosines(nn.Module):
    """Bins over the orthonormal cosine transform (DCT-II) along the chunk.

    Args:
        bins: Number of bins over the range of a coefficient, +-sqrt(chunk).
        chunk: Actions.
        action_size: Numbers of an action.
    """

    basis: Tensor

    def __init__(self, bins: int, chunk: int, action_size: int):
        super().__init__()
        self.bins, self.shape, self.range = bins, (chunk, action_size), math.sqrt(chunk)
        self.register_buffer("basis", cosine_basis(chunk), persistent=False)

    def encode(self, actions: Tensor) -> Tensor:
        """Give (batch, chunk * action_size) int64 tokens, slow components first."""
        return quantize((self.basis @ actions).flatten(1) / self.range, self.bins)

    def decode(self, tokens: Tensor) -> Tensor:
        """Transform back and clip, (batch, chunk, action_size)."""
        coefficients = middle(tokens, self.bins).view(-1, *self.shape) * self.range
        return (self.basis.T @ coefficients).clamp(-1.0, 1.0)


def quantize(values: Tensor, bins: int) -> Tensor:
    """Give the bin of values in [-1, 1]; what lies beyond falls into the last one."""
    return ((values + 1.0) * (0.5 * bins)).long().clamp(0, bins - 1)


def middle(tokens: Tensor, bins: int) -> Tensor:
    """Give the values in the middle of bins."""
    return (tokens.float() + 0.5) * (2.0 / bins) - 1.0


def cosine_basis(size: int) -> Tensor:
    """Give the orthonormal DCT-II matrix, rows from slow to fast; (size, size)."""
    rows, columns = torch.arange(size)[:, None], torch.arange(size)[None]
    basis = torch.cos(math.pi * rows * (2 * columns + 1) / (2 * size)) * math.sqrt(2.0 / size)
    basis[0] /= math.sqrt(2.0)
    return basis


def neighbourly(bins: int) -> Tensor:
    """Give every token's target over all tokens, a normal distribution around it; (bins, bins)."""
    places = torch.arange(bins, dtype=torch.float32) * (2.0 / bins)
    return torch.softmax(-0.5 * ((places[:, None] - places) / SMEAR) ** 2, dim=1)


class Tokens(nn.Module):
    """Writes tokens one after the other, each knowing those before it.

    A place sees the sum of what the features and the earlier tokens say, as in NADE (arXiv 1605.02226): in training
    all places are computed at once, and acting is one small layer a token.

    Args:
        code: What tokens mean.
        length: Tokens of a chunk.
        width: Numbers that features and tokens are turned into.
        inputs: Features.
        hidden: Width of the layers over the features.
        layers: Their number.
    """

    order: Tensor

    def __init__(self, code: Bins | Cosines, length: int, width: int, inputs: int, hidden: int, layers: int):
        super().__init__()
        self.code, self.length = code, length
        self.trunk = nn.Sequential(*hidden_layers(inputs, hidden, layers), nn.Linear(hidden, width))
        self.places = nn.Parameter(torch.randn(length, width) * 0.1)
        self.embed = nn.Embedding(length * code.bins, width)  # what a token says depends on its place
        nn.init.normal_(self.embed.weight, std=0.1)
        self.write = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.free, self.ordered = nn.Linear(width, code.bins), nn.Linear(width, 2)
        value = middle(torch.arange(code.bins), code.bins)
        self.register_buffer("order", GAIN * torch.stack([value, value**2]), persistent=False)

    def logits(self, said: Tensor) -> Tensor:
        """Give (..., bins): any shape over the bins, plus one that knows their order."""
        hidden = self.write(said)
        return self.free(hidden) + self.ordered(hidden) @ self.order

    def act(self, features: Tensor, noise: Tensor | None = None) -> Tensor:
        """Write the likeliest token at every place."""
        said, tokens = self.trunk(features), []
        for place in range(self.length):
            tokens.append(self.logits(said + self.places[place]).argmax(1))
            said = said + self.embed(tokens[-1] + place * self.code.bins)
        return self.code.decode(torch.stack(tokens, dim=1))

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck | None = None) -> Tensor:
        """Give the cross entropy of the expert's tokens; every token of a chunk that has begun counts alike.

        After an episode's end its last action is repeated, which is a chunk as good as any.
        """
        tokens = self.code.encode(labels)
        told = self.embed(tokens + torch.arange(self.length) * self.code.bins)
        before = torch.cumsum(told, dim=1) - told  # (batch, length, width): of the tokens before a place
        logits = self.logits(self.trunk(features)[:, None] + before + self.places)
        begun = (weights.sum(1, keepdim=True) > 0).float()
        wanted = neighbourly(self.code.bins)[tokens]  # (batch, length, bins)
        error = -(wanted * torch.log_softmax(logits, dim=2)).sum(2)
        return (error * begun).mean() / begun.mean().clamp(min=LEAST)
