"""ConvNeXt (arXiv 2201.03545), small."""

from torch import Tensor, nn

from agents.backbones.base import Backbone, centred, divisible

STEM = 4  # px of a first cell


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of maps."""

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """A 7 x 7 convolution of every channel by itself, then two layers across channels."""

    def __init__(self, width: int):
        super().__init__()
        self.across = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = ChannelNorm(width)
        self.mix = nn.Sequential(nn.Conv2d(width, 4 * width, 1), nn.GELU(), nn.Conv2d(4 * width, width, 1))

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.mix(self.norm(self.across(maps)))


class ConvNeXt(Backbone):
    """Learns from scratch; a 64 px image ends in 4 x 4 cells with three stages.

    Args:
        widths: Of the stages; every one but the first halves the maps.
        blocks: Of every stage.
        side: Of the image [px].
    """

    def __init__(self, widths: tuple[int, ...], blocks: int, side: int):
        super().__init__()
        self.side = divisible(side, STEM * 2 ** (len(widths) - 1), f"a convnext of {len(widths)} stages")
        self.channels = widths[-1]
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], STEM, STEM), ChannelNorm(widths[0])]
        for before, after in zip((None, *widths), widths):
            if before is not None:
                layers += [ChannelNorm(before), nn.Conv2d(before, after, 2, 2)]
            layers += [Block(after) for _ in range(blocks)]
        self.stages = nn.Sequential(*layers, ChannelNorm(widths[-1]))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.stages(centred(pixels))
