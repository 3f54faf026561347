"""Addressed numbers: Philox as published, and the laws of addresses."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from randomizers.streams import philox, uniforms, unit

PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
ONES = (0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (*ONES, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (*PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ],
)
def test_philox_gives_the_published_words(counter, key, words):
    """Known answers of philox4x32 with 10 rounds from Random123's tests/kat_vectors."""
    assert tuple(int(word) for word in philox(counter, key)) == words


def test_philox_of_arrays_is_philox_of_each():
    counters = [(i, 7 * i, 3, 2**32 - 1 - i) for i in range(9)]
    together = np.array(philox(np.array(counters).T, (5, 6)))
    assert np.array_equal(together.T, [[int(word) for word in philox(each, (5, 6))] for each in counters])


def test_a_number_depends_on_its_whole_address_and_on_nothing_else():
    def at(seed=7, episode=3, tick=2, name="mass.cube"):
        return unit(seed, episode, tick, name, (2,)).tobytes()

    others = [at(seed=8), at(seed=7 + 2**32), at(episode=4), at(tick=3), at(name="mass.duck")]
    assert at() == at() and at() not in others and len(set(others)) == 5


def test_names_do_not_disturb_each_other():
    alone = uniforms(1, [5], 0, ("b",), (3,))
    among = uniforms(1, [5], 0, ("a", "b", "c"), (5, 3, 1))
    assert np.array_equal(alone, among[:, 5:8])


def test_more_coordinates_keep_the_first_ones():
    assert np.array_equal(unit(1, 2, 3, "x", (4,)), unit(1, 2, 3, "x", (9,))[:4])


def test_a_row_of_a_batch_is_the_row_alone():
    seeds, episodes, ticks = np.arange(9) % 2, np.arange(9) * 1000, np.arange(9) // 3
    batch = uniforms(seeds, episodes, ticks, ("a", "b"), (2, 7))
    for i in range(9):
        alone = uniforms(seeds[i], episodes[i : i + 1], ticks[i], ("a", "b"), (2, 7))
        assert np.array_equal(batch[i], alone[0])


def test_no_names_and_no_worlds_are_fine():
    assert uniforms(0, [1, 2], 0, (), ()).shape == (2, 0)
    assert uniforms(0, np.zeros(0, int), 0, ("a",), (2,)).shape == (0, 2)


def test_another_process_draws_the_same():
    """Python's own `hash` is salted per process; ours must not be."""
    code = "from randomizers.streams import unit; print(unit(1, 2, 3, 'mass.cube', (3,)).tolist())"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(unit(1, 2, 3, "mass.cube", (3,)).tolist())


def test_coordinates_are_even_and_never_an_end():
    u = unit(0, 0, 0, "noise", (200_000,))
    assert u.min() > 0.0 and u.max() < 1.0
    counts = np.histogram(u, 20, (0.0, 1.0))[0]
    assert np.sum((counts - 10_000) ** 2 / 10_000) < 45.3  # chi square, 19 degrees of freedom, p = 0.0006


@pytest.mark.parametrize("word", [0, 2**32 - 1])
def test_the_extreme_words_are_no_ends_either(monkeypatch, word):
    monkeypatch.setattr(
        "randomizers.streams.philox", lambda counter, key: (np.full((1, 1), word, np.uint64),) * 4
    )
    assert 0.0 < unit(0, 0, 0, "noise") < 1.0


@pytest.mark.parametrize("across", ["names", "episodes", "ticks", "seeds"])
def test_neighbouring_addresses_are_uncorrelated(across):
    n = 20_000
    draws = {
        "names": lambda: np.array([unit(0, 0, 0, f"a{i}") for i in range(2000)]),
        "episodes": lambda: uniforms(0, np.arange(n), 0, ("a",), (1,))[:, 0],
        "ticks": lambda: uniforms(0, np.zeros(n, int), np.arange(n), ("a",), (1,))[:, 0],
        "seeds": lambda: uniforms(np.arange(n), np.zeros(n, int), 0, ("a",), (1,))[:, 0],
    }
    u = draws[across]()
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4.0 / np.sqrt(len(u))


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ((-1, [0], 0), "seed -1"),
        ((2**64, [0], 0), "seed"),
        ((0.5, [0], 0), "seed 0.5"),
        ((0, [-1], 0), "episode"),
        ((0, [2**32], 0), r"episode \[4294967296\] must be a whole number in \[0, 2\*\*32\)"),
        ((0, [0], 2**32), "tick"),
        ((0, [np.nan], 0), "episode"),
        ((True, [0], 0), "seed True"),
    ],
)
def test_impossible_addresses_are_refused(address, text):
    with pytest.raises(ValueError, match=text):
        uniforms(*address, ("a",), (1,))


def test_the_largest_address_is_possible():
    assert 0.0 < uniforms(2**64 - 1, [2**32 - 1], 2**32 - 1, ("a",), (1,))[0, 0] < 1.0
