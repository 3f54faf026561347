"""Blur of lenses and moving cameras: what OpenCV would give, in one pass."""

import cv2
import numpy as np
import pytest

from envs.rendering import lens
from envs.rendering.smear import smear

SOFT = (cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (40, 36, 3), np.uint8), (0, 0), 1.0),)


@pytest.mark.parametrize("motion", [(0.0, 0.0), (0.7, -0.3), (3.2, -2.1)])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 0.79, 1.6])
def test_blur_is_that_of_opencv(sigma, motion):
    (image,), streak = SOFT, lens._streak(*motion)
    wanted = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) if sigma else image
    wanted = cv2.filter2D(wanted, -1, streak, borderType=cv2.BORDER_REPLICATE)
    blurred = image[None].copy()
    smear(blurred, np.array([sigma], np.float32), streak[None].astype(np.float32), np.array([streak.shape]))
    off = np.abs(blurred[0].astype(int) - wanted)
    assert off[4:-4, 4:-4].max() <= 1, "OpenCV rounds in between"
    assert off.max() <= 4, "and repeats the border of what is soft already"


def test_one_image_does_not_touch_another():
    streaks, sizes = np.ones((3, 1, 1), np.float32), np.ones((3, 2), np.int64)
    images = np.repeat(SOFT[0][None], 3, axis=0)
    smear(images, np.array([0.0, 1.0, 0.0], np.float32), streaks, sizes)
    assert (images[0] == SOFT[0]).all() and (images[2] == SOFT[0]).all() and (images[1] != SOFT[0]).any()
