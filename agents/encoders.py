"""From pixels to keypoints: a small strided CNN whose feature maps are read as positions in the image.

    encoder = KeypointEncoder(channels=(16, 32, 32), keypoints=32, image_size=64)
    encoder(images)        # (batch, 64) x and y of 32 keypoints in [-1, 1]

A spatial soft-argmax (Levine et al. 2016, arXiv 1504.00702, section 5.1) keeps what cloning needs from an
image, where things are, and throws away what randomization changes, how they look.
"""

import torch
from torch import Tensor, nn


def pixel_grid(rows: int, columns: int) -> Tensor:
    """Give the centres of a feature map's cells, x right and y down, in [-1, 1]; (rows * columns, 2)."""
    y = (torch.arange(rows) + 0.5) / rows * 2 - 1
    x = (torch.arange(columns) + 0.5) / columns * 2 - 1
    return torch.stack([x.repeat(rows), y.repeat_interleave(columns)], dim=1)


SHARPNESS = 20.0
"""Of the softmax: the maps of a fresh network are so flat that every keypoint sits in the middle of the image.
After 192,000 images of 400 episodes the cube's mean error in held-out worlds was 2.9, 2.6 and 2.4 cm with a
sharpness of 1, 5 and 20 (one seed)."""


class SpatialSoftArgmax(nn.Module):
    """Turn each feature map into the mean position of its softmax.

    Args:
        side: Height and width of the feature maps [cells].
    """

    grid: Tensor

    def __init__(self, side: int):
        super().__init__()
        self.register_buffer("grid", pixel_grid(side, side), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        weights = torch.softmax(SHARPNESS * maps.flatten(2), dim=2)  # (batch, keypoints, cells)
        return (weights @ self.grid).flatten(1)  # (batch, keypoints * 2)


class KeypointEncoder(nn.Module):
    """Find keypoints in one camera's image.

    The first two convolutions halve the image; the others keep its resolution, so a 64 px image ends in
    maps of 16 x 16 cells: about 0.3 ms forward and backward an image on one core.

    Args:
        channels: Width of each convolution but the last.
        keypoints: Number of maps of the last convolution.
        image_size: Side of the square image [px], a multiple of 4.
    """

    def __init__(self, channels: tuple[int, ...], keypoints: int, image_size: int):
        super().__init__()
        if image_size % 4 or image_size < 16:
            raise ValueError(f"image_size must be a multiple of 4 and at least 16, not {image_size}")
        if len(channels) < 2:
            raise ValueError(f"An encoder needs at least two widths in `channels`, not {channels}")
        widths = (3, *channels, keypoints)
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(zip(widths, widths[1:])):
            kernel, stride = (5, 2) if i == 0 else (3, 2) if i == 1 else (3, 1)
            layers += [nn.Conv2d(before, after, kernel, stride, kernel // 2), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers[:-1])  # the maps are logits: no ReLU after the last
        self.positions = SpatialSoftArgmax(image_size // 4)
        self.size = 2 * keypoints

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, height, width, 3) uint8 to (batch, size) keypoints."""
        pixels = images.permute(0, 3, 1, 2).float() / 127.5 - 1.0  # a view of HWC bytes is channels_last
        return self.positions(self.convolutions(pixels))
