"""Laws of distributions, for each of them in every relation to the nominal value."""

import statistics

import numpy as np
import pytest

from randomizers import Beta, Choice, Cone, Expression, LogUniform, Mixture, Normal, Uniform, nominal
from randomizers.distributions import Interval

U = np.linspace(0.0, 1.0, 101)
NUMBERS: tuple[Interval, ...] = (
    Uniform(0.4, 1.2),
    LogUniform(0.5, 2.0),
    Normal(0.9, 0.05),
    Beta(2.0, 5.0, 0.5, 2.0),
    Beta(0.5, 0.5, 0.5, 2.0),
    Mixture(Uniform(0.9, 1.1), LogUniform(0.5, 2.0), weights=(0.8, 0.2)),
)
EXPRESSIONS = [
    *(Expression(distribution) for distribution in NUMBERS),
    *(nominal * distribution for distribution in NUMBERS),
    *(nominal + distribution for distribution in NUMBERS if not isinstance(distribution, LogUniform)),
]
numbers = pytest.mark.parametrize("distribution", NUMBERS, ids=str)
expressions = pytest.mark.parametrize("by", EXPRESSIONS, ids=str)


@expressions
def test_strength_zero_is_nominal_bit_for_bit(by):
    for value in (0.1, 0.3, 1.0, 123.456):
        assert np.all(by.value(value, U, 0.0, 0.0) == value)


@expressions
def test_values_stay_between_the_ends_and_reach_them(by):
    values, (low, high) = by.value(0.7, U), by.extremes(0.7)
    assert values[0] == pytest.approx(low) and values[-1] == pytest.approx(high)
    assert np.all(values >= low * (1 - 1e-12)) and np.all(values <= high * (1 + 1e-12))


@expressions
def test_a_larger_u_is_a_larger_value(by):
    for down, up in ((1.0, 1.0), (0.3, 1.0), (1.0, 0.2), (0.0, 1.0)):
        if by.extremes(0.7)[0] <= 0.7:  # else the low end starts above the high one, at nominal
            assert np.all(np.diff(by.value(0.7, U, down, up)) >= 0.0)


@expressions
def test_strength_moves_a_value_steadily_away_from_nominal(by):
    ruler = by.distribution.ruler
    away = np.array([ruler(by.value(0.7, U, s, s)) - ruler(0.7) for s in (0.0, 0.25, 0.5, 1.0, 1.5)])
    assert away == pytest.approx(np.outer([0.0, 0.25, 0.5, 1.0, 1.5], away[3]), abs=1e-12)


@expressions
def test_each_end_has_its_own_strength(by):
    whole, narrow = by.value(0.7, U), by.value(0.7, U, 0.25, 1.0)
    ruler = by.distribution.ruler
    assert narrow[-1] == pytest.approx(whole[-1])
    assert ruler(narrow[0]) - ruler(0.7) == pytest.approx(0.25 * (ruler(whole[0]) - ruler(0.7)))


@expressions
def test_a_batch_is_its_rows_bit_for_bit(by):
    nominals = np.array([0.5, 0.7, 1.1])
    u = np.random.default_rng(0).random((64, 3))
    together = by.value(nominals, u, 0.7, 0.9)
    for row in range(64):
        assert together[row].tobytes() == by.value(nominals, u[row : row + 1], 0.7, 0.9)[0].tobytes()
    for column in range(3):
        alone = by.value(nominals[column], u[:, column], 0.7, 0.9)
        assert together[:, column].tobytes() == alone.tobytes()


@numbers
def test_the_quantile_is_the_value_at_full_strength(distribution):
    assert distribution.quantile(U) == pytest.approx(distribution.at(U, 0.7))


def test_normal_is_a_bell_cut_at_three_sigma():
    u = (np.arange(20_000) + 0.5) / 20_000
    bell = statistics.NormalDist()
    tail = bell.cdf(-3.0)
    exact = [bell.inv_cdf(tail + x * (1.0 - 2.0 * tail)) for x in u[::50]]
    assert Normal(0.0, 1.0).at(u[::50], 0.0) == pytest.approx(exact, abs=1e-5)
    assert Normal(0.0, 1.0).at(np.array([0.0, 0.5, 1.0]), 0.0) == pytest.approx([-3.0, 0.0, 3.0], abs=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1.0, 1.0), (2.0, 5.0), (30.0, 3.0), (1000.0, 1000.0)])
def test_beta_has_the_moments_of_the_textbook(a, b):
    values = Beta(a, b).quantile((np.arange(100_000) + 0.5) / 100_000)
    assert values.mean() == pytest.approx(a / (a + b), abs=2e-5)
    assert values.var() == pytest.approx(a * b / ((a + b) ** 2 * (a + b + 1)), rel=2e-3)


def test_beta_of_one_and_one_is_uniform():
    assert Beta(1.0, 1.0, 3.0, 5.0).quantile(U) == pytest.approx(Uniform(3.0, 5.0).quantile(U), abs=1e-6)


def test_loguniform_halves_as_often_as_it_doubles():
    values = LogUniform(0.5, 2.0).quantile((np.arange(1000) + 0.5) / 1000)
    assert np.mean(values < 1.0) == 0.5 and np.mean(np.log(values)) == pytest.approx(0.0, abs=1e-9)


def test_a_mixture_takes_each_part_by_weight():
    apart = Mixture(Uniform(0.0, 1.0), Uniform(10.0, 11.0), weights=(3.0, 1.0))
    values = apart.quantile((np.arange(10_000) + 0.5) / 10_000)
    assert np.mean(values < 5.0) == pytest.approx(0.75, abs=1e-3)
    assert not np.any((values > 1.01) & (values < 9.99))


def test_a_mixture_does_not_mind_the_order_of_its_parts():
    parts = (Uniform(0.9, 1.1), LogUniform(0.5, 2.0), Normal(3.0, 0.1))
    assert Mixture(*parts).quantile(U) == pytest.approx(Mixture(*parts[::-1]).quantile(U))


def test_nested_parts_of_a_mixture_reach_the_outer_ends():
    assert Mixture(Uniform(0.5, 2.0), Uniform(0.9, 1.1)).quantile(U)[[0, -1]] == pytest.approx([0.5, 2.0])


def test_choice_gate_opens_with_strength():
    choice, u = Choice("flat", "noise"), np.array([[0.9, 0.4]])  # pick, gate
    assert choice.at(u, "own", 0.3, 0.3) == "own" and choice.at(u, "own", 0.5, 0.5) == "noise"


def test_choice_takes_every_option_equally_often():
    u = np.stack([(np.arange(900) + 0.5) / 900, np.zeros(900)], axis=-1)
    values, counts = np.unique(Choice(0, 1, 3).at(u, 0.0), return_counts=True)
    assert values.tolist() == [0.0, 1.0, 3.0] and counts.tolist() == [300, 300, 300]


def test_choice_of_tuples_keeps_components_together():
    u = np.stack([U, np.zeros_like(U)], axis=-1)
    drawn = Choice((1.0, 0.0, 0.0), (0.0, 1.0, 0.5)).at(u, np.array([0.2, 0.2, 0.2]))
    assert {tuple(row) for row in drawn.tolist()} == {(1.0, 0.0, 0.0), (0.0, 1.0, 0.5)}


def test_a_pin_opens_the_gate_of_a_choice():
    choice, u = Choice("a", "b", "c"), np.full((1, 2), 0.99)
    assert [choice.at(choice.pinned(u, np.array([p])), "own")[0] for p in (0.0, 0.5, 1.0)] == ["a", "b", "c"]
    assert choice.at(choice.pinned(u, np.array([1.0])), "own", 0.0, 0.0) == "own"


CENTRE = np.array([0.6, 0.0, 0.8])


def _angles(directions):
    return np.degrees(np.arccos(np.clip(directions @ CENTRE, -1.0, 1.0)))


def test_a_cone_holds_unit_vectors_within_its_angle():
    u = np.random.default_rng(0).random((5000, 2))
    drawn = Cone(40.0).at(u, CENTRE)
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(1.0)
    assert 39.0 < _angles(drawn).max() <= 40.0 + 1e-6


def test_a_cone_is_even_over_the_cap():
    u = np.random.default_rng(0).random((20_000, 2))
    drawn = Cone(40.0).at(u, CENTRE)
    cosines = drawn @ CENTRE  # by Archimedes, heights over a sphere are uniform
    assert np.mean(cosines) == pytest.approx((1.0 + np.cos(np.radians(40.0))) / 2.0, abs=2e-3)
    assert np.mean(drawn - cosines[:, None] * CENTRE, axis=0) == pytest.approx(np.zeros(3), abs=8e-3)


def test_strength_scales_the_angle_of_a_cone():
    u = np.tile([1.0, 0.3], (1, 1))
    for strength in (0.0, 0.5, 1.0, 1.5):
        drawn = Cone(40.0).at(u, CENTRE, strength, strength)
        assert _angles(drawn) == pytest.approx(40.0 * strength, abs=1e-5)
    assert np.array_equal(Cone(40.0).at(u, CENTRE, 0.0, 0.0)[0], CENTRE)


def test_a_cone_never_turns_past_the_opposite_direction():
    drawn = Cone(120.0).at(np.array([[1.0, 0.3]]), CENTRE, 3.0, 3.0)
    assert drawn[0] == pytest.approx(-CENTRE, abs=1e-7)


def test_components_have_their_own_ends_and_their_own_luck():
    by = Uniform((0.0, 10.0), (1.0, 20.0))
    values = by.at(np.array([[0.0, 0.5], [1.0, 0.25]]), np.array([0.5, 15.0]))
    assert values.tolist() == [[0.0, 15.0], [1.0, 12.5]]
