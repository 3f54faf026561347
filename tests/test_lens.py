"""Lens and sensor: nothing at nominal, each effect as its formula says, and luck that belongs to its own address."""

import cv2
import numpy as np
import pytest

from envs.rendering.appearance import LENS
from envs.rendering.lens import expose, measure, pick
from envs.rendering.scene import Lenses

CAMERAS = ("front", "side")
EFFECTS = {
    "distortion": (-0.1, 0.02, 0.002),
    "vignetting": 0.4,
    "exposure": 1.3,
    "white_balance": (1.1, 1.0, 0.9),
    "gamma": 1.2,
    "shot_noise": 0.03,
    "noise": 0.03,
    "defocus_px": 2.0,
    "motion_px": (2.0, -1.0),
    "rolling_px": 2.0,
    "jpeg": 0.5,
    "dead_pixels": 0.01,
}
DEPTH = {"depth_noise": 0.02, "depth_holes": 0.1}
EXTREMES = {
    f"{name} {end}": {name: np.broadcast_to(about.limits[end], np.shape(about.nominal))}
    for name, about in LENS.items()
    for end in (0, 1)
}


def lens(rows=3, **effects) -> Lenses:
    """Perfect lenses but for some effects."""
    arrays = {
        name: np.full((rows, 2, *np.shape(about.nominal)), about.nominal, np.float32) for name, about in LENS.items()
    }
    for name, value in effects.items():
        arrays[name][:] = value
    return Lenses(**arrays)


def pictures(rows=3, size=24, level=None):
    if level is not None:
        return np.full((rows, 2, size, size, 3), level, np.uint8)
    rough = np.random.default_rng(0).integers(0, 256, (rows, 2, 6, 6, 3), dtype=np.uint8)
    return np.stack([[cv2.resize(image, (size, size)) for image in row] for row in rough])


def addresses(rows, seed=7, tick=3, first=0):
    return np.array([(seed, first + episode, tick) for episode in range(rows)], np.uint64)


def shoot(images, glass, where=None, cameras=CAMERAS, fov_deg=40.0):
    rows = len(images)
    fov = np.full((rows, len(cameras)), fov_deg, np.float32)
    return expose(images, glass, fov, addresses(rows) if where is None else where, cameras)


def test_a_perfect_lens_changes_no_bit_and_gives_a_new_array():
    images = pictures()
    shots = shoot(images, lens())
    assert np.array_equal(shots, images) and not np.shares_memory(shots, images)


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_is_seen_and_leaves_other_images_alone(name):
    images, glass = pictures(), lens()
    getattr(glass, name)[1, 0] = EFFECTS[name]
    shots = shoot(images, glass)
    assert (shots[1, 0] != images[1, 0]).any()
    shots[1, 0] = images[1, 0]
    assert np.array_equal(shots, images)
    assert np.array_equal(images, pictures())


@pytest.mark.parametrize("name", EXTREMES)
def test_the_ends_of_what_is_possible_give_images_and_depth_that_are_sound(name):
    images, glass = pictures(size=20), lens(**EXTREMES[name])
    once = shoot(images, glass)
    assert once.shape == images.shape and np.array_equal(once, shoot(images, glass))
    metres = np.full(images.shape[:-1], 1.5, np.float32)
    measured = measure(metres, glass, np.full((3, 2), 60.0), addresses(3), CAMERAS)
    assert np.isfinite(measured).all() and measured.min() >= 0.0


def test_the_same_bytes_alone_or_in_any_batch():
    images, glass = pictures(5), lens(5, **EFFECTS)
    glass.exposure[:] = np.linspace(0.8, 1.2, 10).reshape(5, 2)
    together, order = shoot(images, glass), [3, 0, 4]
    some = shoot(images[order], pick(glass, np.ix_(order, [0, 1])), addresses(5)[order])
    assert np.array_equal(some, together[order])
    side = shoot(images[:, 1:], pick(glass, np.ix_(range(5), [1])), cameras=("side",))
    assert np.array_equal(side, together[:, 1:])


@pytest.mark.parametrize("other", [{"seed": 8}, {"seed": 7 + 2**32}, {"first": 1}, {"tick": 4}])
def test_noise_belongs_to_its_whole_address(other):
    images, glass = pictures(1, 64, level=128), lens(1, noise=0.04)
    ours, theirs = shoot(images, glass).astype(int), shoot(images, glass, addresses(1, **other)).astype(int)
    for noise in (theirs[0, 0], theirs[0, 1], ours[0, 1]):
        assert abs(np.corrcoef(ours[0, 0].ravel(), noise.ravel())[0, 1]) < 0.05


def test_dead_pixels_stay_for_an_episode_and_a_larger_share_keeps_them():
    images = pictures(1, 64, level=128)
    few, many = ((shoot(images, lens(1, dead_pixels=share)) != 128).any(-1) for share in (0.005, 0.02))
    assert few.mean() == pytest.approx(0.005, abs=0.003) and many.mean() == pytest.approx(0.02, abs=0.006)
    assert not (few & ~many).any()
    dead = lens(1, dead_pixels=0.02)
    later, other = (shoot(images, dead, addresses(1, **at)) for at in ({"tick": 9}, {"first": 1}))
    assert np.array_equal(later, shoot(images, dead)) and not np.array_equal(other, later)


@pytest.mark.parametrize(("level", "expected"), [(255, 0.04), (64, 0.02)])
def test_photon_noise_falls_with_the_root_of_the_light(level, expected):
    shots = shoot(pictures(8, 64, level=level), lens(8, shot_noise=0.04, exposure=0.7))
    assert shots.std() == pytest.approx(255 * expected * np.sqrt(0.7), rel=0.03)


def test_readout_noise_has_the_deviation_it_was_given_and_no_bias():
    shots = shoot(pictures(4, 64, level=128), lens(4, noise=0.04))
    assert shots.mean() == pytest.approx(128.0, abs=0.2)
    assert shots.std() == pytest.approx(0.04 * 255, rel=0.02)
    faint = shoot(pictures(4, 64, level=128), lens(4, noise=0.002))
    assert 0.3 < faint.std() < 0.8


def test_noise_never_wraps_around_and_a_white_that_is_far_too_bright_is_clean():
    for level in (0, 255):
        shots = shoot(pictures(2, level=level), lens(2, noise=0.1))
        assert (np.abs(shots.astype(int) - level) < 128).all()
    assert (shoot(pictures(2, level=255), lens(2, noise=0.05, exposure=2.0)) == 255).all()


def test_exposure_and_white_balance_scale_and_saturate():
    shots = shoot(pictures(1, level=100), lens(1, exposure=1.5, white_balance=(1.0, 2.0, 0.5)))
    assert shots[0, 0, 0, 0].tolist() == [150, 255, 75]


def test_vignetting_darkens_the_corners_by_its_share_and_the_middle_not_at_all():
    image = shoot(pictures(1, 65, level=200), lens(1, vignetting=0.5))[0, 0, :, :, 0]
    assert image[32, 32] == 200
    assert image[0, 0] == image[64, 64] and abs(int(image[0, 0]) - 100) < 5
    assert np.array_equal(image, image.T)


def test_gamma_bends_the_tone_curve_and_keeps_black_and_white():
    for level, expected in ((0, 0), (128, 255 * (128 / 255) ** 2), (255, 255)):
        assert shoot(pictures(1, level=level), lens(1, gamma=2.0))[0, 0, 0, 0, 0] == round(expected)


def brightest(image):
    """Centre of what is bright, (column, row) [px]."""
    weight = image[..., 0].astype(float)
    rows, columns = np.indices(weight.shape)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.mark.parametrize("spot", [(50, 12), (14, 40), (32, 55)])
@pytest.mark.parametrize("numbers", [(-0.15, 0.0, 0.0), (0.1, -0.05, 0.0), (0.0, 0.0, 0.01)])
def test_distortion_moves_points_as_opencvs_brown_model_does(spot, numbers):
    images = pictures(1, 64, level=0)
    cv2.circle(images[0, 0], spot, 3, (255, 255, 255), cv2.FILLED)
    k1, k2, p = numbers
    focal = 32.0 / np.tan(np.radians(20.0))
    camera = np.array([[focal, 0.0, 31.5], [0.0, focal, 31.5], [0.0, 0.0, 1.0]])
    point = np.array([[(spot[0] - 31.5) / focal, (spot[1] - 31.5) / focal, 1.0]])
    expected = cv2.projectPoints(point, np.zeros(3), np.zeros(3), camera, np.array([k1, k2, p, p]))[0]
    shot = shoot(images, lens(1, distortion=numbers))
    assert np.abs(brightest(shot[0, 0]) - expected[0, 0]).max() < 0.15


def test_blur_spreads_without_moving_and_motion_spreads_along_its_vector_alone():
    images = pictures(1, 64, level=0)
    images[0, :, 32, 32] = 255
    widths = {}
    for name, value in (("defocus_px", 1.5), ("motion_px", (6.0, 0.0))):
        weight = shoot(images, lens(1, **{name: value}))[0, 0, :, :, 0].astype(float)
        rows, columns = np.indices(weight.shape)
        weight /= weight.sum()
        assert brightest(weight[..., None]) == pytest.approx((32.0, 32.0), abs=0.1)
        widths[name] = [np.sqrt((weight * (place - 32) ** 2).sum()) for place in (columns, rows)]
    assert widths["defocus_px"] == pytest.approx([1.5, 1.5], rel=0.1)
    assert widths["motion_px"] == pytest.approx([6.0 / np.sqrt(12.0), 0.0], rel=0.15)


def test_a_rolling_shutter_shears_the_image():
    images = pictures(1, 64, level=0)
    images[..., 32, :] = 255
    shot = shoot(images, lens(1, rolling_px=6.0))[0, 0, :, :, 0].astype(float)
    columns = (shot * np.arange(64)).sum(1) / shot.sum(1)
    assert columns[0] - columns[63] == pytest.approx(6.0, abs=0.1)
    assert columns[31:33].mean() == pytest.approx(32.0, abs=0.1)


def test_blurs_and_shifts_grow_with_the_image():
    small, large = (shoot(pictures(1, size), lens(1, rolling_px=4.0, motion_px=(3.0, 0.0))) for size in (32, 64))
    halved = cv2.resize(large[0, 0], (32, 32), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(halved - small[0, 0]).mean() < 8.0


def test_more_compression_loses_more():
    images = pictures(2, 64)
    losses = [np.abs(shoot(images, lens(2, jpeg=loss)).astype(int) - images).mean() for loss in (0.1, 0.5, 1.0)]
    assert 0.0 < losses[0] < losses[1] < losses[2]


def scan(glass, rows=2):
    depth = np.ones((rows, 2, 32, 32), np.float32)
    depth[..., 10:20, 10:20] = 0.5
    return depth, measure(depth, glass, np.full((rows, 2), 40.0), addresses(rows), CAMERAS)


def test_depth_is_untouched_by_a_perfect_lens_and_by_what_only_light_meets():
    depth, measured = scan(lens(2, noise=0.1, gamma=2.0, exposure=2.0, jpeg=0.5))
    assert np.array_equal(depth, measured) and not np.shares_memory(depth, measured)


def test_depth_is_bent_like_its_image_and_no_depth_lies_between_two_things():
    depth, measured = scan(lens(2, distortion=(-0.3, 0.0, 0.0), rolling_px=12.0))
    assert set(np.unique(measured)) == {0.5, 1.0} and not np.array_equal(depth, measured)
    images = np.repeat(np.where(depth == 0.5, 255, 0).astype(np.uint8)[..., None], 3, axis=-1)
    shot = shoot(images, lens(2, distortion=(-0.3, 0.0, 0.0), rolling_px=12.0))[..., 0]
    assert ((shot > 128) == (measured == 0.5)).mean() > 0.99


def test_depth_noise_grows_with_the_square_of_the_distance():
    _, measured = scan(lens(2, depth_noise=0.02), 2)
    near = np.zeros((32, 32), bool)
    near[10:20, 10:20] = True
    assert measured[..., ~near].std() == pytest.approx(0.02, rel=0.1)
    assert measured[..., near].std() == pytest.approx(0.005, rel=0.2)
    assert not np.array_equal(measured[0, 0], measured[0, 1])


def test_holes_open_at_outlines_first_and_have_their_share():
    depth, measured = scan(lens(2, depth_holes=0.05))
    holes = measured == 0.0
    assert holes[0, 0].sum() == round(0.05 * 32 * 32)
    inside = np.zeros((32, 32), bool)
    inside[11:19, 11:19] = inside[:9] = True
    assert not holes[..., inside].any()
    assert np.array_equal(measured[~holes], depth[~holes])


def test_images_that_fit_no_camera_are_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        shoot(pictures().astype(float), lens())
    with pytest.raises(ValueError, match="expected uint8"):
        shoot(pictures(), lens(), cameras=("front",))
