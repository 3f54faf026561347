"""CLIP's tokenizer in plain Python: the robot's computer needs no library for it.

Byte-pair encoding (arXiv 1508.07909) of lower-case ASCII words, between a start and an end token.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+")
START, END = "<|startoftext|>", "<|endoftext|>"


class ClipWords:
    """Encodes as CLIP does.

    Args:
        vocabulary: Number of every piece.
        merges: Pairs of pieces, "a b", the first merged first.
        length: Tokens of a text; longer ones are cut, shorter ones filled with the end token.
    """

    def __init__(self, vocabulary: Mapping[str, int], merges: Sequence[str], length: int):
        self.vocabulary, self.merges, self.length = dict(vocabulary), list(merges), length
        self.ranks = {tuple(pair.split()): rank for rank, pair in enumerate(self.merges)}
        self.end = self.vocabulary[END]

    def encode(self, texts: Iterable[str]) -> np.ndarray:
        """Give (texts, length) int64."""
        return np.array([self._tokens(text) for text in texts], np.int64).reshape(-1, self.length)

    def _tokens(self, text: str) -> list[int]:
        pieces = [piece for word in PIECES.findall(text.lower()) for piece in self._pieces(word)]
        known = [self.vocabulary.get(piece, self.end) for piece in pieces][: self.length - 2]
        return [self.vocabulary[START], *known, *[self.end] * (self.length - 1 - len(known))]

    def _pieces(self, word: str) -> list[str]:
        """Merge the letters of a word, the earliest known pair first."""
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:
            pairs = list(zip(pieces, pieces[1:]))
            best = min(pairs, key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if best not in self.ranks:
                break
            merged, i = [], 0
            while i < len(pieces):
                joins = i + 1 < len(pieces) and (pieces[i], pieces[i + 1]) == best
                merged.append(pieces[i] + pieces[i + 1] if joins else pieces[i])
                i += 2 if joins else 1
            pieces = merged
        return pieces

    def to_json(self) -> str:
        """Give what `agents.words.tokenizer_of` reads."""
        about = {"vocabulary": self.vocabulary, "merges": self.merges, "length": self.length, "end": self.end}
        return json.dumps({"kind": "clip", **about})


def read_tokenizer(folder: Path, length: int) -> ClipWords:
    """Read vocab.json and merges.txt, or tokenizer.json, of a CLIP folder."""
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        vocabulary = json.loads((folder / "vocab.json").read_text())
        lines = (folder / "merges.txt").read_text().splitlines()
        return ClipWords(vocabulary, [line for line in lines if line and not line.startswith("#version")], length)
    if (folder / "tokenizer.json").is_file():
        model = json.loads((folder / "tokenizer.json").read_text())["model"]
        merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
        return ClipWords(model["vocab"], merges, length)
    raise FileNotFoundError(f"{folder} has no tokenizer: vocab.json and merges.txt, or tokenizer.json, are missing")
