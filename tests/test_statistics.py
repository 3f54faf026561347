"""Laws of rates and comparisons."""

from math import comb

import numpy as np
import pytest

from transfer.statistics import Rate, mcnemar, paired, rate_of, wilson


def test_wilson_agrees_with_a_published_value():
    """Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3: 81/263 and 0/20."""
    rate = wilson(81, 263)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.2553, 0.3662)
    rate = wilson(0, 20)
    assert (rate.low, round(rate.high, 4)) == (0.0, 0.1611)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 100), (100, 100), (37, 41)])
def test_an_interval_stays_in_zero_to_one_and_holds_its_rate(successes, n):
    rate = wilson(successes, n)
    assert 0.0 <= rate.low <= rate.rate <= rate.high <= 1.0


def test_success_and_failure_mirror_each_other():
    up, down = wilson(30, 40), wilson(10, 40)
    assert up.low == pytest.approx(1 - down.high) and up.high == pytest.approx(1 - down.low)


def test_more_episodes_narrow_the_interval_and_more_confidence_widens_it():
    width = [rate.high - rate.low for rate in (wilson(8, 10), wilson(80, 100), wilson(800, 1000))]
    assert width[0] > width[1] > width[2]
    sure = wilson(80, 100, confidence=0.99)
    assert sure.high - sure.low > width[1]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_wilson_covers_the_truth_about_as_often_as_it_says(rate):
    n = 50
    chance = [comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]
    covered = sum(p for k, p in enumerate(chance) if wilson(k, n).low <= rate <= wilson(k, n).high)
    assert 0.92 < covered < 0.985


def test_mcnemar_counts_only_disagreements():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 6) == pytest.approx(2 / 64)
    assert mcnemar(1, 9) == mcnemar(9, 1) == pytest.approx(2 * 11 / 1024)


def test_a_policy_does_not_differ_from_itself():
    outcomes = np.arange(50) % 3 == 0
    same = paired(outcomes, outcomes)
    assert same.difference == 0.0 and same.p == 1.0 and same.low <= 0.0 <= same.high


def test_swapping_the_policies_mirrors_the_comparison():
    rng = np.random.default_rng(0)
    a, b = rng.random(80) < 0.5, rng.random(80) < 0.7
    there, back = paired(a, b), paired(b, a)
    assert there.difference == -back.difference and there.p == back.p
    assert there.low == pytest.approx(-back.high) and there.high == pytest.approx(-back.low)


def test_a_paired_interval_covers_the_true_difference():
    rng, covered = np.random.default_rng(1), 0
    for _ in range(400):
        luck = rng.random(100)
        a, b = luck < 0.6, luck + rng.normal(0, 0.2, 100) < 0.7
        truth = 0.0941  # of b - a, by 10^7 draws
        found = paired(a, b)
        covered += found.low <= truth <= found.high
    assert covered / 400 > 0.92


def test_pairing_sharpens_the_comparison_of_policies_that_share_their_luck():
    luck = np.arange(200) / 200
    a, b = luck < 0.6, luck < 0.7
    shuffled = np.random.default_rng(0).permutation(b)
    assert paired(a, b).high - paired(a, b).low < paired(a, shuffled).high - paired(a, shuffled).low
    assert paired(a, b).p < 1e-5
    assert (paired(a, b).only_a, paired(a, b).only_b) == (0, 20)


def test_a_rate_is_plain_data():
    assert set(rate_of([True, False]).to_dict()) == {"rate", "n", "low", "high"}
    assert str(Rate(0.83, 100, 0.745, 0.891)) == "83 % (74..89, n=100)"


@pytest.mark.parametrize("bad", [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(bad):
    with pytest.raises(ValueError, match="successes"):
        wilson(*bad)


def test_unequal_or_empty_outcomes_are_refused():
    with pytest.raises(ValueError, match="same episodes"):
        paired([True], [True, False])
    with pytest.raises(ValueError, match="non-empty"):
        rate_of([])
    with pytest.raises(ValueError, match="True and False"):
        rate_of([0.5])
