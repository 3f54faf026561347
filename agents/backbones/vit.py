"""Vision transformer (arXiv 2010.11929) with timm's parameter names, which MAE's and VC-1's weights use."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from agents.backbones.base import Backbone, centred, divisible


class Attention(nn.Module):
    """Every token looks at every other."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        count, width = tokens.shape[1:]
        parts = self.qkv(tokens).view(-1, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return self.proj(seen.transpose(1, 2).reshape(-1, count, width))


class Mlp(nn.Module):
    """Two layers, four times as wide between."""

    def __init__(self, width: int):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(tokens)))


class Block(nn.Module):
    """Attention and layers, each added to what comes in."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class PatchEmbed(nn.Module):
    """Cut the image into patches and make each a token."""

    def __init__(self, width: int, patch: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.proj(pixels).flatten(2).transpose(1, 2)


class Transformer(nn.Module):
    """Patches -> tokens, the class token first.

    Args:
        width: Of a token.
        blocks: How many.
        heads: Of attention.
        patch: Side of a patch [px].
        side: Of the image [cells].
    """

    def __init__(self, width: int, blocks: int, heads: int, patch: int, side: int):
        super().__init__()
        self.patch_embed = PatchEmbed(width, patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(torch.randn(1, side * side + 1, width) * 0.02)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embed(pixels)
        tokens = torch.cat([self.cls_token.expand(patches.shape[0], -1, -1), patches], dim=1) + self.pos_embed
        return self.norm(self.blocks(tokens))


def maps_of(tokens: Tensor, side: int) -> Tensor:
    """Lay (batch, side * side, channels) tokens out as maps."""
    return tokens.transpose(1, 2).unflatten(2, (side, side))


class ViT(Backbone):
    """Learns from scratch.

    Args:
        width: Of a token.
        blocks: How many.
        heads: Of attention.
        patch: Side of a patch [px].
        side: Of the image [px].
    """

    def __init__(self, width: int, blocks: int, heads: int, patch: int, side: int):
        super().__init__()
        self.side, self.channels = divisible(side, patch, "a vit"), width
        self.transformer = Transformer(width, blocks, heads, patch, self.side)

    def forward(self, pixels: Tensor) -> Tensor:
        return maps_of(self.transformer(centred(pixels))[:, 1:], self.side)
