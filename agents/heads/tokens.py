"""Actions as tokens: every number becomes one of a few hundred symbols, written one after the other.

`Bins` cuts [-1, 1] evenly (RT-1, arXiv 2212.06817; RT-2; OpenVLA, arXiv 2406.09246). `Cosines` writes the chunk's
discrete cosine transform, slow components first (FAST, arXiv 2501.09747), without FAST's byte-pair stage: a chunk
has always the same number of tokens, and a wrong late one is a small wiggle.
"""

import math
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from agents.heads.base import Luck
from agents.recurrence import Cell


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


class Tokens(nn.Module):
    """Writes tokens one after the other, each knowing those before it, by a small recurrent network.

    Args:
        code: What tokens mean.
        inputs: Features.
        width: Of the network.
        length: Tokens of a chunk.
    """

    def __init__(self, code: Bins | Cosines, inputs: int, width: int, length: int):
        super().__init__()
        self.code, self.length = code, length
        self.start = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.Tanh())
        self.places = nn.Parameter(torch.randn(length, width) * 0.1)
        self.embed = nn.Embedding(code.bins + 1, width)  # the last one stands before the first token
        self.cell = Cell(width, width)
        self.logits = nn.Linear(width, code.bins)

    def act(self, features: Tensor, noise: Tensor | None = None) -> Tensor:
        """Write the likeliest token at every place."""
        state = self.start(features)
        token = torch.full_like(state[:, 0], self.code.bins).long()
        tokens = []
        for place in range(self.length):
            state, logits = self._write(token, place, state)
            token = logits.argmax(1)
            tokens.append(token)
        return self.code.decode(torch.stack(tokens, dim=1))

    def loss(self, features: Tensor, labels: Tensor, weights: Tensor, luck: Luck | None = None) -> Tensor:
        """Give the cross entropy of the expert's tokens; every token counts alike.

        After an episode's end its last action is repeated, which is a chunk as good as any.
        """
        state, tokens = self.start(features), self.code.encode(labels)
        token, written = torch.full_like(tokens[:, 0], self.code.bins), []
        for place in range(self.length):
            state, logits = self._write(token, place, state)
            token = tokens[:, place]
            written.append(logits)
        return cross_entropy(torch.stack(written, dim=2), tokens)

    def _write(self, token: Tensor, place: int, state: Tensor) -> tuple[Tensor, Tensor]:
        state = self.cell(self.embed(token) + self.places[place], state)
        return state, self.logits(state)
