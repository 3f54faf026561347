"""What every backbone can do."""

from torch import Tensor, nn


class Backbone(nn.Module):
    """Pixels (batch, 3, height, width) in [0, 1] -> maps (batch, channels, side, side).

    Attributes:
        channels: Of the maps.
        side: Of the maps [cells].
    """

    channels: int
    side: int


def centred(pixels: Tensor) -> Tensor:
    """Bring [0, 1] to [-1, 1]."""
    return 2.0 * pixels - 1.0


def groups_of(channels: int) -> int:
    """Choose groups of about 16 channels for a GroupNorm."""
    return next(count for count in range(max(1, channels // 16), 0, -1) if channels % count == 0)


def divisible(side: int, by: int, what: str) -> int:
    """Give the cells of an image, or say that it cannot be cut so."""
    if side % by or side < by:
        raise ValueError(f"image_size={side} cannot be cut into cells of {by} px for {what}; use a multiple of {by}")
    return side // by
