"""Instructions as numbers, with numpy alone: for datasets, for collectors, for the robot.

    letters = text_bytes(["push the red cube"])           # (1, 300) uint8, what datasets keep
    HashedWords(2048).encode(texts_of(letters))           # (1, 32) int64, what policies read
"""

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

LONGEST = 300
"""Characters of an instruction; `envs.wording` allows as many."""
WORDS = 32
"""Words of an instruction that are read; more are dropped."""
INSTRUCTION = "instruction"


class Tokenizer(Protocol):
    """Gives every instruction as many tokens; 0 is no word."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Give (texts, length) int64."""
        ...

    def to_json(self) -> str:
        """Give what `tokenizer_of` reads."""
        ...


def text_bytes(texts: Sequence[str]) -> np.ndarray:
    """Lay texts out as (texts, LONGEST) uint8 characters, zeros behind them.

    Raises:
        ValueError: A text is too long, or not ASCII.
    """
    rows = np.zeros((len(texts), LONGEST), np.uint8)
    for row, text in zip(rows, texts):
        if len(text) > LONGEST or not text.isascii():
            raise ValueError(f"an instruction is ASCII of at most {LONGEST} characters, not {text!r}")
        row[: len(text)] = np.frombuffer(text.encode(), np.uint8)
    return rows


def texts_of(letters: np.ndarray) -> list[str]:
    """Undo `text_bytes`."""
    return [bytes(row[row > 0]).decode("ascii") for row in np.asarray(letters, np.uint8)]


def tokens_of(letters: np.ndarray, tokenizer: Tokenizer) -> np.ndarray:
    """Tokenize many rows of `text_bytes`, each text once; (rows, length) int64."""
    different, where = np.unique(letters, axis=0, return_inverse=True)
    return tokenizer.encode(texts_of(different))[where.reshape(-1)]


class HashedWords:
    """Lower-case words and numbers, each hashed into a bucket by crc32.

    Args:
        buckets: Tokens are in [0, buckets); two words share one with a chance of one in so many.
    """

    def __init__(self, buckets: int):
        self.buckets = buckets

    def encode(self, texts: Iterable[str]) -> np.ndarray:
        rows = [self._tokens(text) for text in texts]
        return np.array([row + [0] * (WORDS - len(row)) for row in rows], np.int64).reshape(-1, WORDS)

    def _tokens(self, text: str) -> list[int]:
        words = re.findall(r"[a-z0-9]+", text.lower())[:WORDS]
        return [1 + zlib.crc32(word.encode()) % (self.buckets - 1) for word in words]

    def to_json(self) -> str:
        return json.dumps({"kind": "words", "buckets": self.buckets})


def tokenizer_of(text: str) -> Tokenizer:
    """Read a tokenizer from JSON."""
    data = json.loads(text)
    if data["kind"] == "words":
        return HashedWords(data["buckets"])
    from agents.clip_words import ClipWords

    return ClipWords(data["vocabulary"], data["merges"], data["length"])
