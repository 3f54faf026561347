"""What happens to every pixel on its way through lens and sensor, compiled; use it through `envs.rendering.lens`.

Random numbers are a stream for each image (SplitMix64, Steele et al. 2014) from a key that belongs to its address,
so that no image depends on the batch it is part of.
"""

import numpy as np

from envs.rendering.raster.compiled import compiled

CELL = 8
"""Pixels between two points at which a lens is computed; between them it is straight within 0.05 px."""
STEPS = 6
"""Rounds of the fixed point that undoes Brown's model, as in OpenCV's undistortPoints."""
LEAST_RADIAL = 0.25
"""Radial factor below which the model has turned over; it is held there."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
BYTE = np.uint64(255)
HALF, BIT = np.uint64(32), np.uint64(1)


@compiled()
def paths(size, focal, distortion, rolling):
    """Find which points of a perfect image the pixels of a real one show.

    Args:
        size: Height and width of the images [px].
        focal: (n,) focal length [px].
        distortion: (n, 3) k1, k2, p of Brown's model.
        rolling: (n,) sideways shift between first and last row [px].

    Returns:
        In OpenCV's fixed point: (n, size, size, 2) int16 whole columns and rows, (n, size, size) uint16 parts of them
        in steps of 1/32, the row's above the column's five bits. 0 is the centre of the first pixel.
    """
    whole = np.empty((len(focal), size, size, 2), np.int16)
    parts = np.empty((len(focal), size, size), np.uint16)
    for i in range(len(focal)):
        nodes = field(size, focal[i], distortion[i], rolling[i])
        for row in range(size):
            above, below = nodes[row // CELL], nodes[row // CELL + 1]
            line = above + np.float32((row % CELL) / CELL) * (below - above)
            for k in range(len(line) - 1):
                x, y = line[k]
                step_x, step_y = (line[k + 1, 0] - x) / np.float32(CELL), (line[k + 1, 1] - y) / np.float32(CELL)
                for part in range(min(CELL, size - k * CELL)):
                    across = np.int32(np.floor(np.float32(32.0) * (x + np.float32(part) * step_x) + np.float32(0.5)))
                    down = np.int32(np.floor(np.float32(32.0) * (y + np.float32(part) * step_y) + np.float32(0.5)))
                    whole[i, row, k * CELL + part, 0] = across >> 5
                    whole[i, row, k * CELL + part, 1] = down >> 5
                    parts[i, row, k * CELL + part] = ((down & 31) << 5) | (across & 31)
    return whole, parts


@compiled()
def field(size, focal, distortion, rolling):
    """Find the same for the pixels at every CELL-th row and column, (rows, columns, 2)."""
    nodes = np.empty(((size - 1) // CELL + 2, (size - 1) // CELL + 2, 2), np.float32)
    for j in range(nodes.shape[0]):
        shift = rolling * (j * CELL / (size - 1) - 0.5)
        for k in range(nodes.shape[1]):
            bent_x = (k * CELL + shift + 0.5 - 0.5 * size) / focal
            bent_y = (j * CELL + 0.5 - 0.5 * size) / focal
            x, y = straight(bent_x, bent_y, distortion[0], distortion[1], distortion[2])
            nodes[j, k, 0], nodes[j, k, 1] = x * focal + 0.5 * size - 0.5, y * focal + 0.5 * size - 0.5
    return nodes


@compiled()
def straight(bent_x, bent_y, k1, k2, p):
    """Undo Brown's model on the normalised image plane; p stands for both tangential coefficients."""
    x, y = bent_x, bent_y
    for _ in range(STEPS):
        square = x * x + y * y
        radial = max(1.0 + square * (k1 + square * k2), LEAST_RADIAL)
        aside = 2.0 * x * y + square
        x, y = (bent_x - p * (aside + 2.0 * x * x)) / radial, (bent_y - p * (aside + 2.0 * y * y)) / radial
    return x, y


@compiled()
def sense(images, gain, vignetting, shot, read, dead, keys, quantiles, curves):
    """Turn light into numbers: gain and vignetting, photon and readout noise, dead pixels, tone curve.

    Args:
        images: (n, height, width, 3) uint8; changed in place.
        gain: (n, 3) float32 exposure times white balance.
        vignetting: (n,) float32 share lost in the corners, growing with the square of the distance.
        shot: (n,) float32 standard deviation of photon noise at full scale [full scale].
        read: (n,) float32 standard deviation of readout noise [full scale].
        dead: (n,) float32 share of dead pixels.
        keys: (n, 2) uint64 of the noise and of the dead pixels.
        quantiles: (256,) float32 standard normal values of equal probability.
        curves: (n, 256) uint8 tone curves.
    """
    count, height, width, _ = images.shape
    corner = 4.0 / (height * height + width * width)
    gains, across = np.empty(3 * width, np.float32), np.empty(3 * width, np.float32)
    luck = np.zeros(3 * width + 8, np.float32)
    for i in range(count):
        noisy = shot[i] > 0.0 or read[i] > 0.0
        state = keys[i, 0]
        for k in range(3 * width):
            gains[k] = gain[i, k % 3]
            across[k] = vignetting[i] * corner * (k // 3 + 0.5 - 0.5 * width) ** 2
        for row in range(height):
            left = np.float32(1.0 - vignetting[i] * corner * (row + 0.5 - 0.5 * height) ** 2)
            if noisy:
                state = _throw(state, luck, quantiles)
            _expose(images[i, row].reshape(3 * width), gains, across, left, shot[i], read[i], luck, curves[i])
        if dead[i] > 0.0:
            _kill(images[i], dead[i], keys[i, 1])


@compiled()
def _throw(state, luck, quantiles):
    """Fill a row (values,) with normal numbers, eight from a word; gives the next state."""
    for start in range(0, len(luck) - 7, 8):
        state += GOLDEN
        word = mixed(state)
        for k in range(8):
            luck[start + k] = quantiles[(word >> np.uint64(8 * k)) & BYTE]
    return state


@compiled()
def _expose(levels, gains, across, left, shot, read, luck, curve):
    """Change one row (3 * width,) uint8 in place."""
    full, zero = np.float32(255.0), np.float32(0.0)
    photon, readout = full * shot * shot, (full * read) * (full * read)
    for k in range(len(levels)):
        light = levels[k] * gains[k] * (left - across[k])
        light += np.sqrt(readout + photon * light) * luck[k]
        light = light if light > zero else zero
        light = light if light < full else full
        levels[k] = np.uint8(np.int32(light + np.float32(0.5)))
    for k in range(len(levels)):
        levels[k] = curve[levels[k]]


@compiled()
def _kill(image, share, key):
    """Stick pixels at black or white, half of each; a larger share sticks more, and the same ones."""
    height, width, _ = image.shape
    limit, state = np.float64(share) * 4294967296.0, key
    for row in range(height):
        for column in range(width):
            state += GOLDEN
            word = mixed(state)
            if np.float64(word >> HALF) < limit:
                for channel in range(3):
                    image[row, column, channel] = 255 if word & BIT else 0


@compiled(inline=True)
def mixed(state):
    """Scramble a counter: the output function of SplitMix64."""
    word = (state ^ (state >> SHIFTS[0])) * MIX[0]
    word = (word ^ (word >> SHIFTS[1])) * MIX[1]
    return word ^ (word >> SHIFTS[2])
