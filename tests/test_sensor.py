"""The sensor stage: nothing at nominal, saturation, and noise that belongs to its own address."""

import numpy as np
import pytest

from envs.rendering.sensor import amplified, expose, random_bytes

CAMERAS = ("front", "side")


def pictures(rows=3, size=24, level=None):
    if level is not None:
        return np.full((rows, 2, size, size, 3), level, np.uint8)
    return np.random.default_rng(0).integers(0, 256, (rows, 2, size, size, 3), dtype=np.uint8)


def lens(rows, exposure=1.0, noise=0.0):
    return np.full((rows, 2), exposure, np.float32), np.full((rows, 2), noise, np.float32)


def address(rows, seed=7, tick=3):
    return [(seed, episode, tick) for episode in range(rows)]


def test_nothing_changes_at_exposure_one_and_noise_zero():
    images = pictures()
    shots = expose(images, *lens(3), address(3), CAMERAS)
    assert np.array_equal(shots, images)
    assert shots is not images


def test_exposure_scales_and_saturates():
    image = np.array([[[0, 100, 200]]], np.uint8)
    assert amplified(image, 1.5).tolist() == [[[0, 150, 255]]]
    assert amplified(image, 0.5).tolist() == [[[0, 50, 100]]]


def test_noise_has_the_deviation_it_was_given():
    shots = expose(pictures(4, 64, level=128), *lens(4, noise=0.04), address(4), CAMERAS)
    assert shots.mean() == pytest.approx(128.0, abs=0.2)
    assert shots.std() == pytest.approx(0.04 * 255, rel=0.02)


def test_faint_noise_is_not_rounded_away():
    shots = expose(pictures(4, 64, level=128), *lens(4, noise=0.002), address(4), CAMERAS)
    assert 0.3 < shots.std() < 0.8


def test_noise_never_wraps_around():
    for level in (0, 255):
        shots = expose(pictures(2, level=level), *lens(2, noise=0.1), address(2), CAMERAS)
        assert (np.abs(shots.astype(int) - level) < 128).all()


def test_the_same_bytes_alone_or_in_any_batch():
    images, (exposure, noise) = pictures(5), lens(5, 1.2, 0.05)
    together = expose(images, exposure, noise, address(5), CAMERAS)
    order = [3, 0, 4]
    some = expose(images[order], exposure[order], noise[order], [address(5)[i] for i in order], CAMERAS)
    assert np.array_equal(some, together[order])


def test_a_camera_keeps_its_noise_when_another_is_left_out():
    images, (exposure, noise) = pictures(2), lens(2, noise=0.05)
    both = expose(images, exposure, noise, address(2), CAMERAS)
    side = expose(images[:, 1:], exposure[:, 1:], noise[:, 1:], address(2), ("side",))
    assert np.array_equal(side, both[:, 1:])


@pytest.mark.parametrize(
    "other", [(8, 0, 0, "front"), (7, 1, 0, "front"), (7, 0, 1, "front"), (7, 0, 0, "side")]
)
def test_every_part_of_the_address_counts(other):
    *place, camera = other
    ours, theirs = random_bytes((7, 0, 0), "front", 4096), random_bytes(place, camera, 4096)
    assert abs((ours == theirs).mean() - 1 / 256) < 0.01


def test_seeds_of_64_bits_are_fine():
    assert len(random_bytes((2**64 - 1, 2**40, 10**6), "front", 100)) == 100


def test_dirty_calls_are_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        expose(pictures().astype(float), *lens(3), address(3), CAMERAS)
    with pytest.raises(ValueError, match="expected uint8"):
        expose(pictures(), *lens(3), address(3), ("front",))
