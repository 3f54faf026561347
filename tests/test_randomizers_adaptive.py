"""Ranges widen where the policy copes, narrow where it does not, and survive a checkpoint."""

import json
import math

import numpy as np
import pytest
from plain_world import PlainWorld

from randomizers import (
    DEFAULT,
    AutoRange,
    Choice,
    Distractors,
    Friction,
    LogUniform,
    Mass,
    Randomization,
    nominal,
)

PHYSICS = Randomization((Mass("cube duck", nominal * LogUniform(0.5, 2.0)), Friction("*")))


def test_ranges_widen_only_where_the_policy_copes():
    domain = PHYSICS.bind(PlainWorld())
    ranges, rng = AutoRange.start(domain), np.random.default_rng(0)
    for episode in range(6_000):
        pin = ranges.probe(rng)
        heavy = domain.draw(0, episode, strength=ranges.strength, pin=pin).values["mass.cube"] > 0.15
        ranges = ranges.record(pin, success=not heavy)
    assert ranges.strength["mass.duck"] == (1.0, 1.0)
    assert 0.1 * 2 ** ranges.strength["mass.cube"][1] < 0.16


def test_a_batch_of_probes_is_drawn_at_once():
    """One call for sixty-four probes of different axes and ends."""
    domain = PHYSICS.bind(PlainWorld())
    ranges, rng = AutoRange(dict.fromkeys(domain, (0.2, 0.7))), np.random.default_rng(0)
    pins = [ranges.probe(rng) for _ in range(64)]
    draws = domain.draw_many(0, np.arange(64), strength=ranges.strength, pin=pins)
    for i, pin in enumerate(pins):
        alone = domain.draw(0, i, strength=ranges.strength, pin=pin)
        assert alone.values == draws[i].values


def test_it_starts_at_nominal():
    domain = DEFAULT.bind(PlainWorld())
    draw = domain.draw(0, 0, strength=AutoRange.start(domain).strength)
    assert not domain.vector(draw).any()


@pytest.mark.parametrize(("success", "end"), [(True, 1.0), (False, 0.0)])
def test_always_succeeding_reaches_the_limit_and_never_succeeding_stays(success, end):
    ranges = AutoRange.start(["a"], step=0.3, window=2)
    verdicts = math.ceil(1.0 / 0.3)
    for _ in range(2 * verdicts):
        ranges = ranges.record({"a": 1.0}, success)
    assert ranges.strength["a"] == (0.0, end)


def test_a_limit_above_one_outgrows_the_declared_range():
    ranges = AutoRange.start(["a"], step=0.5, window=1, limit=1.5)
    for _ in range(9):
        ranges = ranges.record({"a": 0.0}, True)
    assert ranges.strength["a"] == (1.5, 0.0)


def test_a_middling_policy_moves_nothing():
    ranges = AutoRange({"a": (0.5, 0.5)}, window=10)
    for i in range(100):
        ranges = ranges.record({"a": 1.0}, i % 5 < 3)
    assert ranges.strength["a"] == (0.5, 0.5)


def test_verdicts_of_one_end_do_not_mix_with_the_other():
    ranges = AutoRange.start(["a"], window=4)
    for i in range(6):
        ranges = ranges.record({"a": float(i % 2)}, True)
    assert ranges.strength["a"] == (0.0, 0.0) and ranges.tries == {("a", 0): (1,) * 3, ("a", 1): (1,) * 3}


def test_recording_leaves_the_old_state_alone():
    before = AutoRange.start(["a"], window=1)
    before.record({"a": 1.0}, True)
    assert before == AutoRange.start(["a"], window=1)


def test_probes_visit_every_axis_and_end_equally_often():
    ranges, rng = AutoRange.start(["a", "b"]), np.random.default_rng(0)
    seen = [tuple(ranges.probe(rng).items())[0] for _ in range(4000)]
    assert all(abs(seen.count((name, end)) - 1000) < 150 for name in "ab" for end in (0.0, 1.0))


def test_words_adapt_too():
    domain = Randomization((Distractors(count=Choice(1, 2)),)).bind(PlainWorld())
    ranges = AutoRange({"distractors.count": (0.0, 0.5)})
    counts = domain.draw_many(0, np.arange(4000), strength=ranges.strength).values["distractors.count"]
    assert np.mean(counts > 0.0) == pytest.approx(0.25, abs=0.03)


def test_it_survives_a_checkpoint():
    ranges = AutoRange.start(["a", "b"], step=0.1, window=3)
    for i in range(10):
        ranges = ranges.record({"ab"[i % 2]: float(i % 3 == 0)}, i % 4 > 0)
    assert AutoRange.from_dict(json.loads(json.dumps(ranges.to_dict()))) == ranges


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda r: r.record({"c": 1.0}, True), "unknown axis of this AutoRange `c`"),
        (lambda r: r.record({"a": 0.5}, True), "pins `a` to an end, 0 or 1, not 0.5"),
        (lambda r: r.record({"a": 1.0, "b": 0.0}, True), "a probe pins one axis, not 2"),
        (lambda r: r.record({}, True), "a probe pins one axis, not 0"),
        (lambda r: AutoRange.start([]).probe(np.random.default_rng(0)), "nothing varies"),
        (lambda r: AutoRange.start("ab", narrow_below=0.9), "narrow_below < widen_above"),
        (lambda r: AutoRange.start("ab", step=0.0), "step > 0"),
        (lambda r: AutoRange.start("ab", window=0), "window >= 1"),
    ],
)
def test_mistakes_are_named(mistake, text):
    with pytest.raises(ValueError, match=text):
        mistake(AutoRange.start("ab"))
