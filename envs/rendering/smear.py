"""Blur of a lens out of focus and of a camera that moves, compiled; use it through `envs.rendering.lens`."""

import numpy as np

from envs.rendering.raster.compiled import compiled

REACH = 3.0
"""Standard deviations after which a Gaussian is cut, as OpenCV does for bytes."""


@compiled()
def smear(images, sigmas, streaks, sizes):
    """Blur images in place; pixels beyond the border are those at the border.

    Args:
        images: (n, height, width, 3) uint8.
        sigmas: (n,) float32 standard deviation of the Gaussian [px]; 0 leaves it out.
        streaks: (n, rows, columns) float32 kernels of the way the camera moved; the first `sizes` of each count.
        sizes: (n, 2) odd rows and columns of a kernel; 1 and 1 leaves it out.
    """
    height, width = images.shape[1], images.shape[2]
    for i in range(len(images)):
        down, across = sizes[i, 0] // 2, sizes[i, 1] // 2
        reach = int(np.ceil(REACH * sigmas[i])) if sigmas[i] > 0.0 else 0
        if reach + down + across == 0:
            continue
        tall, wide = height + 2 * (reach + down), 3 * (width + 2 * (reach + across))
        light = np.empty((tall, wide), np.float32)
        _spread(images[i].reshape(height, 3 * width), light, reach + down, 3 * (reach + across))
        if reach:
            light = _soften(light, sigmas[i], reach)
        if down + across:
            light = _streaked(light, streaks[i], sizes[i])
        _settle(light, images[i].reshape(height, 3 * width))


@compiled()
def _spread(levels, light, above, left):
    """Copy an image (height, 3 * width) into light (rows, values), so many rows and values in; repeat its border."""
    height, count = levels.shape
    for row in range(light.shape[0]):
        level = levels[min(max(row - above, 0), height - 1)]
        before, line, after = light[row, :left], light[row, left : left + count], light[row, left + count :]
        for k in range(count):
            line[k] = np.float32(level[k])
        for k in range(len(before)):
            before[k], after[k] = level[k % 3], level[count - 3 + k % 3]


@compiled()
def _settle(light, levels):
    """Round light (height, values) to levels (height, values) uint8."""
    for row in range(len(levels)):
        line, level = light[row], levels[row]
        for k in range(len(level)):
            level[k] = np.uint8(line[k] + np.float32(0.5))


@compiled()
def _soften(light, sigma, reach):
    """Convolve rows, then columns, with a Gaussian; the result is smaller by `reach` on all sides."""
    weights = np.empty(reach + 1, np.float32)
    total = -1.0
    for t in range(reach + 1):
        weights[t] = np.exp(-0.5 * (t / sigma) ** 2)
        total += 2.0 * weights[t]
    for t in range(reach + 1):
        weights[t] /= np.float32(total)
    tall, wide = light.shape[0], light.shape[1] - 6 * reach
    rows, out = np.empty((tall, wide), np.float32), np.empty((tall - 2 * reach, wide), np.float32)
    for row in range(tall):
        line, sums = light[row], rows[row]
        middle = line[3 * reach :]
        for k in range(wide):
            sums[k] = weights[0] * middle[k]
        for t in range(1, reach + 1):
            weight, before, after = weights[t], line[3 * (reach - t) :], line[3 * (reach + t) :]
            for k in range(wide):
                sums[k] += weight * (before[k] + after[k])
    for row in range(out.shape[0]):
        middle, sums = rows[row + reach], out[row]
        for k in range(wide):
            sums[k] = weights[0] * middle[k]
        for t in range(1, reach + 1):
            weight, before, after = weights[t], rows[row + reach - t], rows[row + reach + t]
            for k in range(wide):
                sums[k] += weight * (before[k] + after[k])
    return out


@compiled()
def _streaked(light, kernel, size):
    """Correlate with a small kernel; the result is smaller by half of its size on all sides."""
    tall, wide = light.shape[0] - size[0] + 1, light.shape[1] - 3 * (size[1] - 1)
    out = np.zeros((tall, wide), np.float32)
    for row in range(tall):
        sums = out[row]
        for a in range(size[0]):
            for b in range(size[1]):
                weight = kernel[a, b]
                if weight > 0.0:
                    line = light[row + a, 3 * b :]
                    for k in range(wide):
                        sums[k] += weight * line[k]
    return out
