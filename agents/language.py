"""What an instruction does to a policy: words become vectors, and vectors scale or inform what is seen.

    reader = build_reader(LanguageSpec("film"))       # (batch, words) tokens -> Text
    fusion = build_fusion(LanguageSpec("film"), 32)   # identity until it has learnt something
    fusion(values, reader(tokens))                    # (batch, places, 32)
"""

import math

import torch
from torch import Tensor, nn

from agents.pretrained_text import ClipReader, tower_of
from agents.spec import LanguageSpec
from agents.text import Text
from agents.words import HashedWords, Tokenizer, tokenizer_of


class WordReader(nn.Module):
    """Learnt vectors of hashed words, told their place; every word hears its neighbours.

    Args:
        buckets: Numbers of a token, 0 for none.
        width: Of a word's vector.
    """

    def __init__(self, buckets: int, width: int):
        super().__init__()
        self.embed = nn.Embedding(buckets, width)
        self.neighbours = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, tokens: Tensor) -> Text:
        """Read (batch, words) tokens."""
        mask = (tokens > 0).float()
        words = self.embed(tokens.long()) * mask[:, :, None]
        words = words + torch.relu(self.neighbours(words.transpose(1, 2))).transpose(1, 2)
        words = words * mask[:, :, None]
        return Text(words, mask, words.sum(1) / mask.sum(1, keepdim=True).clamp(min=1.0))


class FiLM(nn.Module):
    """Scale and shift every channel by the instruction (arXiv 1709.07871); the identity at first.

    Args:
        width: Of the instruction's summary.
        channels: Of the values.
    """

    def __init__(self, width: int, channels: int):
        super().__init__()
        self.modulate = nn.Linear(width, 2 * channels)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, values: Tensor, text: Text) -> Tensor:
        """Modulate (batch, places, channels)."""
        scale, shift = self.modulate(text.summary)[:, None].chunk(2, dim=2)
        return values * (1.0 + scale) + shift


class CrossAttention(nn.Module):
    """Let every place look at the words, and add what it finds there; the identity at first.

    Args:
        width: Of a word.
        channels: Of the values.
    """

    def __init__(self, width: int, channels: int):
        super().__init__()
        self.scale = 1.0 / math.sqrt(width)
        self.query, self.key = nn.Linear(channels, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, values: Tensor, text: Text) -> Tensor:
        """Inform (batch, places, channels)."""
        key, value = self.key(text.words), self.value(text.words)
        scores = self.query(values) @ key.transpose(1, 2) * self.scale
        scores = scores - 1e4 * (1.0 - text.mask[:, None])  # no instruction at all: words that are zeros
        return values + self.out(torch.softmax(scores, dim=2) @ value)


def build_reader(spec: LanguageSpec) -> nn.Module | None:
    """Build what reads instructions; None where none are read."""
    if not spec.fusion:
        return None
    if spec.tower == "clip":
        return ClipReader(spec.architecture, spec.width)
    return WordReader(spec.buckets, spec.width)


def build_fusion(spec: LanguageSpec | None, channels: int) -> nn.Module | None:
    """Build what lets values of some channels hear the instruction; None where none is read."""
    if spec is None or not spec.fusion:
        return None
    return (FiLM if spec.fusion == "film" else CrossAttention)(spec.width, channels)


def tokenizer_for(spec: LanguageSpec) -> Tokenizer:
    """Give what turns instructions into the tokens that `build_reader` reads."""
    if spec.tower == "clip":
        return tokenizer_of(tower_of(spec.architecture)["tokenizer"])
    return HashedWords(spec.buckets)
