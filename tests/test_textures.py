"""Texture banks: two pools without a common picture, the same on every machine, bounded in memory."""

import tracemalloc

import cv2
import numpy as np
import pytest

from envs.rendering import textures
from envs.rendering.patterns import Luck, paint
from envs.rendering.scene import PATTERNS
from envs.rendering.textures import MAX_IMAGES, SIZE, bank, image_folder


def write_picture(path, number, shape=(20, 30, 3)):
    """Save a picture whose content depends on a number only."""
    picture = np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)
    assert cv2.imwrite(str(path), picture)


@pytest.fixture
def folder(tmp_path):
    for number in range(8):
        write_picture(tmp_path / f"{number}.png", number)
    return tmp_path


def rows(pictures):
    return {picture.tobytes() for picture in pictures}


def test_the_pools_share_no_picture_but_white():
    shared = rows(bank("seen").pictures) & rows(bank("unseen").pictures)
    assert shared == {np.full((SIZE, SIZE, 3), 255, np.uint8).tobytes()}


@pytest.mark.parametrize("pool", textures.POOLS)
def test_all_pictures_of_a_pool_differ(pool):
    assert len(rows(bank(pool).pictures)) == len(bank(pool).pictures)


def test_a_bank_is_loaded_once_a_process_and_cannot_be_painted_over():
    assert bank("seen") is bank("seen")
    with pytest.raises(ValueError, match="read-only"):
        bank("seen").pictures[0] = 0


def test_content_depends_on_nothing_but_pattern_pool_and_number():
    np.random.seed(5)  # noqa: NPY002 - the global state is what is under test
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = bank.__wrapped__("seen")
    assert np.array_equal(again.pictures, bank("seen").pictures)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("pattern", PATTERNS[1:-1])
def test_a_family_made_larger_keeps_its_first_pictures(pattern):
    few, many = (paint(pattern, Luck(pattern, "seen", count)) for count in (2, 5))
    assert np.array_equal(many[:2], few)


@pytest.mark.parametrize("pattern", PATTERNS[1:-1])
def test_a_family_repeats_without_a_seam(pattern):
    """Neighbours across the border differ no more than the most different ones inside."""
    pictures = paint(pattern, Luck(pattern, "seen", 24)).astype(float)
    for axis in (1, 2):
        steps = np.abs(pictures - np.roll(pictures, 1, axis)).mean(axis=(3, 3 - axis))  # (pictures, SIZE)
        assert (steps[:, 0] <= 1.05 * steps[:, 1:].max(axis=1) + 2.0).all(), pattern


@pytest.mark.parametrize("pattern", PATTERNS[1:-1])
def test_no_unseen_picture_nearly_equals_a_seen_one(pattern):
    seen, unseen = (paint(pattern, Luck(pattern, pool, textures.VARIANTS[pool])) for pool in textures.POOLS)
    apart = np.abs(seen[:, None].astype(np.int16) - unseen[None]).mean(axis=(2, 3, 4))
    assert apart.min() > 4.0


@pytest.mark.parametrize("pattern", PATTERNS[1:-1])
def test_every_picture_has_contrast_and_is_light_enough_to_be_tinted(pattern):
    pictures = paint(pattern, Luck(pattern, "seen", 24)).astype(float)
    assert pictures.std(axis=(1, 2)).max(axis=1).min() > 3.0
    assert pictures.mean() > 110.0


def test_redrawing_looks_a_hundred_thousand_times_leaves_the_bank_as_large_as_it_was():
    seen = bank("seen")
    rng = np.random.default_rng(0)
    before = seen.pictures.nbytes
    tracemalloc.start()
    seen.index(rng.integers(0, len(PATTERNS), 64), rng.random(64))
    held = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        seen.index(rng.integers(0, len(PATTERNS), 64), rng.random(64))
        seen.background(rng.random(64))
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert grown < 0.01 * before
    assert bank("seen").pictures.nbytes == before


def test_backgrounds_are_all_images_of_the_pool_and_nothing_else():
    seen = bank("seen")
    images = PATTERNS.index("image")
    found = np.unique(seen.background(np.linspace(0.0, 1.0, 500)))
    assert np.array_equal(found, seen.first[images] + np.arange(seen.count[images]))


def test_flat_is_white_whatever_the_variant():
    seen = bank("seen")
    flat = np.zeros(3, np.int8)
    assert (seen.pictures[seen.index(flat, np.array([0.0, 0.5, 1.0]))] == 255).all()


@pytest.mark.parametrize("pattern", range(1, len(PATTERNS)))
def test_variants_from_zero_to_one_reach_every_picture_of_their_pattern_and_no_other(pattern):
    seen = bank("seen")
    variant = np.linspace(0.0, 1.0, 1001)
    found = np.unique(seen.index(np.full(1001, pattern), variant))
    assert np.array_equal(found, seen.first[pattern] + np.arange(seen.count[pattern]))


def test_index_keeps_the_shape_of_a_batch():
    seen = bank("seen")
    assert seen.index(np.ones((4, 7), np.int8), np.zeros((4, 7), np.float32)).shape == (4, 7)


def test_a_bank_takes_less_than_four_megabytes(tmp_path):
    for number in range(MAX_IMAGES + 30):
        write_picture(tmp_path / f"{number:03}.png", number, (8, 8, 3))
    big = bank.__wrapped__("seen", tmp_path)
    assert big.pictures.nbytes < 4e6
    assert big.count[PATTERNS.index("image")] <= MAX_IMAGES


def test_pictures_of_odd_sizes_are_resized(tmp_path):
    for number, shape in enumerate(((1, 300, 3), (77, 5, 3), (64, 64), (30, 30, 4))):
        write_picture(tmp_path / f"{number}.png", number, shape)
    assert image_folder(tmp_path, "seen").shape == (3, SIZE, SIZE, 3)


def test_colours_of_a_picture_come_out_as_red_green_blue(tmp_path):
    for number, blue in enumerate((0, 40)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((9, 9, 3), (blue, 100, 200), np.uint8))
    assert image_folder(tmp_path, "seen")[0, 0, 0].tolist()[:2] == [200, 100]


def test_a_copy_under_another_name_is_never_in_both_pools(folder):
    for number in range(8):
        (folder / f"copy{number}.png").write_bytes((folder / f"{number}.png").read_bytes())
    seen, unseen = image_folder(folder, "seen"), image_folder(folder, "unseen")
    assert len(seen) + len(unseen) == 8
    assert not rows(seen) & rows(unseen)


def test_names_do_not_decide_which_pictures_are_unseen(folder):
    before = rows(image_folder(folder, "unseen"))
    for number in range(8):
        (folder / f"{number}.png").rename(folder / f"z{9 - number}.png")
    assert rows(image_folder(folder, "unseen")) == before


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        bank("seen", tmp_path / "nowhere")


@pytest.mark.parametrize("files", [(), ("notes.txt",), ("one.png",)])
def test_a_folder_with_fewer_than_two_pictures_says_how_many_are_needed(tmp_path, files):
    for name in files:
        write_picture(tmp_path / "one.png", 1) if name.endswith("png") else (tmp_path / name).write_text("x")
    with pytest.raises(ValueError, match="at least 2 are needed"):
        bank("seen", tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_an_unreadable_picture_is_named(folder, content):
    (folder / "broken.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.png cannot be read"):
        bank("seen", folder)


def test_an_unknown_pool_suggests_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `unseen`"):
        bank("unseeen")
