"""CLIP's text tower from a local folder: the words of an instruction as CLIP understands them. It never learns."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from agents.clip_words import read_tokenizer
from agents.storage import read_json
from agents.text import Text
from agents.weights import refuse_pickles, transformers_of
from agents.words import WORDS

FAMILIES = ("clip", "clip_text_model")


class ClipReader(nn.Module):
    """Tokens -> Text, by a frozen tower and two learnt projections.

    Args:
        architecture: What `describe_tower` found, as JSON.
        width: Of a word's vector.
    """

    def __init__(self, architecture: str, width: int):
        super().__init__()
        about = tower_of(architecture)
        library = transformers_of("clip")
        config = library.CLIPTextConfig(**about["config"], attn_implementation="eager")
        self.tower = library.CLIPTextModel(config)
        self.tower.requires_grad_(False).eval()
        self.end = json.loads(about["tokenizer"])["end"]
        self.words, self.summary = nn.Linear(config.hidden_size, width), nn.Linear(config.hidden_size, width)

    def train(self, mode: bool = True) -> "ClipReader":
        """Switch to training; the tower stays as it is."""
        super().train(mode)
        self.tower.eval()
        return self

    def forward(self, tokens: Tensor) -> Text:
        """Read (batch, words) tokens."""
        ends = (tokens == self.end).long()
        before = torch.cumsum(ends, dim=1) - ends  # ends that lie before a place
        mask = (before == 0).float()
        with torch.no_grad():
            seen = self.tower(input_ids=tokens.long()).last_hidden_state
        first_end = (ends.float() * mask)[:, :, None]
        return Text(self.words(seen), mask, self.summary((seen * first_end).sum(1)))


def describe_tower(folder: Path) -> dict:
    """Read the architecture of the text tower in a folder, and its tokenizer."""
    config = read_json(folder / "config.json", "folder of CLIP weights")
    if config.get("model_type") not in FAMILIES:
        raise ValueError(
            f"{folder} holds a `{config.get('model_type')}`, but network.language.tower=clip reads "
            f"{' or '.join(FAMILIES)}; name another folder"
        )
    refuse_pickles(folder)
    config = dict(config.get("text_config", config))
    for name in ("architectures", "transformers_version", "dtype", "torch_dtype", "_name_or_path"):
        config.pop(name, None)
    length = min(WORDS, config.get("max_position_embeddings", 77))
    return {"config": config, "tokenizer": read_tokenizer(folder, length).to_json()}


def tower_of(architecture: str) -> dict[str, Any]:
    """Read a described tower.

    Raises:
        ValueError: The folder has not been looked into.
    """
    if not architecture:
        raise ValueError("the CLIP folder was not looked into: build the policy of agents.pretrained.described(spec)")
    return json.loads(architecture)
