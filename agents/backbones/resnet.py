"""Residual network (arXiv 1512.03385) with torchvision's parameter names."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from agents.backbones.base import Backbone, centred, divisible, groups_of


def norm_of(channels: int, batch_norm: bool) -> nn.Module:
    """Give GroupNorm, which does not mix frames of a batch, or the BatchNorm of published weights."""
    return nn.BatchNorm2d(channels) if batch_norm else nn.GroupNorm(groups_of(channels), channels)


class Basic(nn.Module):
    """Two 3 x 3 convolutions around a shortcut."""

    def __init__(self, before: int, after: int, stride: int, batch_norm: bool = False):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = norm_of(after, batch_norm)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = norm_of(after, batch_norm)
        self.downsample = shortcut(before, after, stride, batch_norm)

    def forward(self, maps: Tensor) -> Tensor:
        kept = maps if self.downsample is None else self.downsample(maps)
        maps = torch.relu(self.bn1(self.conv1(maps)))
        return torch.relu(self.bn2(self.conv2(maps)) + kept)


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions around a shortcut, as in ResNet-50."""

    def __init__(self, before: int, after: int, stride: int, batch_norm: bool = False):
        super().__init__()
        inner = after // 4
        self.conv1 = nn.Conv2d(before, inner, 1, bias=False)
        self.bn1 = norm_of(inner, batch_norm)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.bn2 = norm_of(inner, batch_norm)
        self.conv3 = nn.Conv2d(inner, after, 1, bias=False)
        self.bn3 = norm_of(after, batch_norm)
        self.downsample = shortcut(before, after, stride, batch_norm)

    def forward(self, maps: Tensor) -> Tensor:
        kept = maps if self.downsample is None else self.downsample(maps)
        maps = torch.relu(self.bn1(self.conv1(maps)))
        maps = torch.relu(self.bn2(self.conv2(maps)))
        return torch.relu(self.bn3(self.conv3(maps)) + kept)


def shortcut(before: int, after: int, stride: int, batch_norm: bool) -> nn.Module | None:
    """Match shapes where a block changes them."""
    if stride == 1 and before == after:
        return None
    return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), norm_of(after, batch_norm))


class Stages(nn.Module):
    """The network of blocks, with torchvision's names.

    Args:
        stem: Width of the first convolution.
        widths: Of the stages; every one but the first halves the maps.
        blocks: Blocks of each stage.
        bottleneck: Blocks of three convolutions.
        batch_norm: As in published weights.
    """

    def __init__(
        self, stem: int, widths: Sequence[int], blocks: Sequence[int], bottleneck: bool, batch_norm: bool
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.bn1 = norm_of(stem, batch_norm)
        self.maxpool: nn.Module = nn.MaxPool2d(3, 2, 1)
        block = Bottleneck if bottleneck else Basic
        before = stem
        self.count = len(widths)
        for stage, (width, count) in enumerate(zip(widths, blocks), 1):
            made = [
                block(before if i == 0 else width, width, 2 if i == 0 and stage > 1 else 1, batch_norm)
                for i in range(count)
            ]
            setattr(self, f"layer{stage}", nn.Sequential(*made))
            before = width

    def forward(self, pixels: Tensor) -> Tensor:
        maps = self.maxpool(torch.relu(self.bn1(self.conv1(pixels))))
        for stage in range(1, self.count + 1):
            maps = getattr(self, f"layer{stage}")(maps)
        return maps


class ResNet(Backbone):
    """Learns from scratch; GroupNorm, as diffusion policy found necessary (arXiv 2303.04137, section III-A).

    Only the first stages halve the maps, so that a 64 px image keeps 8 x 8 cells with three stages.

    Args:
        widths: Of the stages.
        blocks: Of every stage.
        side: Of the image [px].
    """

    def __init__(self, widths: tuple[int, ...], blocks: int, side: int):
        super().__init__()
        self.side = divisible(side, 2 ** len(widths), f"a resnet of {len(widths)} stages")
        self.channels = widths[-1]
        self.stages = Stages(widths[0], widths, (blocks,) * len(widths), False, False)
        self.stages.maxpool = nn.Identity()  # small images have no resolution to lose

    def forward(self, pixels: Tensor) -> Tensor:
        return self.stages(centred(pixels))
