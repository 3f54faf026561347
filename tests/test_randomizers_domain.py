"""Laws of a bound randomization: the privileged vector, the table, strengths, pins and records."""

import json

import numpy as np
import pytest
from omegaconf import OmegaConf
from plain_world import PATTERNS, PlainWorld

from randomizers import (
    DEFAULT,
    Axis,
    Camera,
    Choice,
    Cone,
    Distractors,
    Domain,
    Draw,
    Every,
    Expression,
    Friction,
    Latency,
    Lighting,
    LogUniform,
    Mass,
    Randomization,
    Texture,
    Uniform,
    nominal,
)

DOMAIN = DEFAULT.bind(PlainWorld())


def bound(*randomizers):
    return Randomization(randomizers).bind(PlainWorld())


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_the_vector_is_zero_at_nominal():
    assert not DOMAIN.vector(DOMAIN.draw(1, 0, strength=0.0)).any()


def test_the_vector_stays_within_one_at_full_strength():
    vectors = DOMAIN.vector(DOMAIN.draw_many(1, np.arange(200)))
    assert vectors.shape == (200, DOMAIN.vector_size) and vectors.dtype == np.float32
    assert np.abs(vectors).max() <= 1.0 + 1e-6
    assert np.all(np.abs(vectors).max(axis=0) > 0.1)  # and every number of it moves


def test_the_vector_of_a_batch_holds_the_vectors_of_its_rows():
    draws = DOMAIN.draw_many(1, np.arange(5))
    assert np.array_equal(DOMAIN.vector(draws), [DOMAIN.vector(draw) for draw in draws])


def test_the_vector_reaches_one_at_the_farther_end():
    domain = bound(Mass("cube", nominal * LogUniform(0.5, 4.0)), Friction("cube", Uniform(0.4, 1.2)))
    ends = [domain.vector(domain.draw(0, 0, pin={"mass.cube": u, "friction.cube": u})) for u in (0.0, 1.0)]
    assert domain.names() == ("friction.cube", "mass.cube")
    assert np.array(ends) == pytest.approx(
        np.array([[-1.0, -0.5], [1.0 / 3.0, 1.0]])
    )  # halves are half as far


def test_the_vector_grows_with_strength():
    domain = bound(Friction("cube", Uniform(0.4, 1.2)))
    vectors = [domain.vector(domain.draw(0, 0, strength=s))[0] for s in (0.5, 1.0, 2.0)]
    assert vectors[1:] == pytest.approx([2.0 * vectors[0], 4.0 * vectors[0]], rel=1e-5)


def test_the_vector_tells_words_from_each_other():
    domain = bound(Texture("cube", pattern=Choice("flat", "noise", "image")))
    assert domain.names() == tuple(
        f"texture.cube.pattern={p}" for p in PATTERNS if p != "flat"
    )
    vectors = [
        domain.vector(domain.draw(0, 0, pin={"texture.cube.pattern": u})).tolist() for u in (0.0, 0.5, 1.0)
    ]
    assert vectors == [[float(pattern == p) for p in PATTERNS[1:]] for pattern in ("flat", "noise", "image")]


def test_the_vector_has_a_fixed_layout_whatever_the_range():
    wide, narrow = (bound(Mass("*", nominal * Uniform(low, 1.1))) for low in (0.5, 0.99))
    assert wide.names() == narrow.names() == ("mass.cube", "mass.duck")


def test_a_range_without_width_is_zero_in_the_vector():
    domain = bound(Mass("cube", nominal * Uniform(1.0, 1.0)))
    assert domain.vector(domain.draw(0, 0)).tolist() == [0.0]


def test_an_empty_randomization_binds_draws_and_prints():
    domain = bound()
    assert domain.draw(0, 0).values == {} and len(domain.draw_many(0, [1, 2])) == 2
    assert domain.vector_size == 0 and domain.vector(domain.draw_many(0, [1, 2])).shape == (2, 0)
    assert str(domain).split() == ["axis", "expression", "nominal", "unit", "when"]


def test_the_table_has_a_row_for_each_axis():
    domain = bound(Mass("cube"), Camera("side", fov_deg=nominal + Uniform(-1.0, 1.0), when=Every(2.0, 5.0)))
    rows = [line.split("  ") for line in str(domain).splitlines()]
    cells = [[cell.strip() for cell in row if cell] for row in rows]
    assert cells == [
        ["axis", "expression", "nominal", "unit", "when"],
        ["camera.side.fov_deg", "nominal + Uniform(-1.0, 1.0)", "60", "deg", "Every(2.0, 5.0)"],
        ["mass.cube", "nominal * LogUniform(0.5, 2.0)", "0.1", "kg", "episode"],
    ]


def test_the_passport_is_plain_and_holds_every_range():
    passport = json.loads(json.dumps(DOMAIN.to_dict()))
    assert list(passport) == list(DOMAIN)
    assert passport["friction.cube"] | {"family": ""} == {
        "family": "",
        "expression": "Uniform(0.4, 1.2)",
        "when": "episode",
        "unit": "1",
        "nominal": 1.0,
        "low": 0.4,
        "high": 1.2,
    }
    assert passport["texture.cube.pattern"]["options"] == list(PATTERNS)
    assert passport["texture.cube.colour"]["high"] == pytest.approx([1.0, 0.36, 0.18])  # limits hold


def test_drawn_values_lie_in_the_passport():
    draws = DOMAIN.draw_many(2, np.arange(200))
    for name, axis in DOMAIN.axes.items():
        if not axis.options:
            low, high = axis.span
            assert np.all(draws.values[name] >= low - 1e-9) and np.all(draws.values[name] <= high + 1e-9)


def test_a_draw_survives_json():
    draw = DOMAIN.draw(1, 2, 3, strength={"Mass": (0.2, 0.7), "*": 1.3})
    again = Draw.from_dict(json.loads(json.dumps(draw.to_dict())))
    assert same(again.values, draw.values) and same(again.unit, draw.unit)
    assert (again.seed, again.episode, again.tick, again.strength) == (1, 2, 3, draw.strength)
    assert np.array_equal(DOMAIN.vector(again), DOMAIN.vector(draw))


def test_a_record_is_enough_to_draw_again():
    draw = DOMAIN.draw(1, 2, 3, strength={"Mass": (0.2, 0.7), "light.ambient": 0.0})
    assert same(DOMAIN.draw(draw.seed, draw.episode, draw.tick, strength=draw.strength).values, draw.values)


def test_values_are_plain_numbers_words_and_arrays():
    values = DOMAIN.draw(0, 0).values
    assert type(values["mass.cube"]) is float and type(values["texture.cube.pattern"]) is str
    assert values["camera.wrist.position"].shape == (3,)


def test_draws_of_two_moments_join():
    domain = bound(Mass("cube", when="startup"), Mass("duck"))
    joined = domain.at("startup").draw(1, 0) | domain.at("episode").draw(1, 7)
    assert set(joined.values) == {"mass.cube", "mass.duck"} and joined.episode == 7
    early, late = domain.draw(1, 7), domain.at("episode").draw(1, 7, 3)
    assert (early | late).values == early.values | late.values != early.values and (early | late).tick == 3


def test_a_family_or_everything_has_its_strength():
    def changed(strength):
        values = DOMAIN.draw(3, 4, strength=strength).values
        return {
            axis.family
            for name, axis in DOMAIN.axes.items()
            if not np.array_equal(values[name], axis.nominal)
        }

    assert changed({"Mass": 1.0, "*": 0.0}) == changed({"mass": 1.0, "*": 0.0}) == {"Mass"}
    assert "Mass" not in changed({"Mass": 0.0}) and "Friction" in changed({"Mass": 0.0})


def test_an_axis_beats_its_family_and_a_family_beats_everything():
    draw = DOMAIN.draw(3, 4, strength={"mass.cube": 0.0, "Mass": 1.0, "*": 0.0})
    assert draw.values["mass.cube"] == 0.1 and draw.values["mass.duck"] != 0.2


def test_each_end_of_an_axis_has_its_strength():
    ends = [DOMAIN.draw(0, 0, strength={"mass.cube": (0.0, 1.0)}, pin={"mass.cube": u}) for u in (0.0, 1.0)]
    assert [draw.values["mass.cube"] for draw in ends] == pytest.approx([0.1, 0.2])


def test_the_command_line_may_nest_names():
    """`strength.mass.cube=0` arrives as a mapping in a mapping."""
    strength, pin = {"mass": {"cube": [0.0, 0.0]}}, {"mass": {"duck": 1.0}}
    for read in (dict, OmegaConf.create):
        draw = DOMAIN.draw(0, 0, strength=read(strength), pin=read(pin))
        assert draw.values["mass.cube"] == 0.1 and draw.values["mass.duck"] == pytest.approx(0.4)
        json.dumps(draw.to_dict())


def test_one_moment_accepts_names_of_another():
    """A sweep or an AutoRange names all axes; each moment takes what is its own."""
    domain = bound(Mass("cube", when="startup"), Mass("duck")).at("episode")
    draw = domain.draw(0, 0, strength={"mass.cube": 0.5, "mass.duck": 0.0}, pin={"mass.cube": 1.0})
    assert draw.values == {"mass.duck": 0.2}


@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_a_pinned_choice_picks_only_where_there_is_strength(strength):
    domain = bound(Distractors(count=Choice(1, 2, 3)))
    values = [domain.draw(0, 0, strength=strength, pin={"distractors.count": u}).values for u in (0.0, 1.0)]
    assert [value["distractors.count"] for value in values] == ([0.0, 0.0] if strength == 0.0 else [1.0, 3.0])


def test_a_pinned_cone_goes_to_its_rim_in_any_direction():
    domain = bound(Lighting(direction=Cone(30.0)))
    directions = domain.draw_many(0, np.arange(50), pin={"light.direction": 1.0}).values["light.direction"]
    assert np.degrees(np.arccos(directions @ [0.6, 0.0, 0.8])) == pytest.approx(30.0)
    assert len(np.unique(directions[:, 0])) == 50


def test_latency_starts_at_none_and_grows_with_strength():
    domain = bound(Latency())
    drawn = [domain.draw(0, 0, strength=s).values["latency.action"] for s in (0.0, 0.5, 1.0)]
    assert drawn[0] == 0.0 and drawn[2] == pytest.approx(2.0 * drawn[1]) and 0.0 < drawn[2] <= 0.06


def test_waiting_times_are_addressed_and_within_bounds():
    every = Every(2.0, 5.0)
    waits = every.wait(7, np.arange(200), 0)
    assert waits.min() >= 2.0 and waits.max() <= 5.0 and np.ptp(waits) > 2.5
    assert every.wait(7, [13], 0)[0] == waits[13] != every.wait(7, [13], 1)[0]


@pytest.mark.parametrize("value", [-0.0, 5.0])
def test_nominal_is_left_alone_even_where_arithmetic_or_limits_would_change_it(value):
    domain = Domain({"a": Axis("a", "1", nominal + Uniform(-9.0, 9.0), value, (0.0, 1.0))})
    draw = domain.draw(0, 0, strength=0.0)
    assert str(draw.values["a"]) == str(value)


def test_an_axis_may_be_made_by_hand():
    by = Expression(Uniform(0.0, 1.0))
    domain = Domain({"b": Axis("b", "m", by, 0.5), "a": Axis("a", "m", by, np.array([0.1, 0.2]))})
    assert list(domain) == ["a", "b"] and domain.names() == ("a[0]", "a[1]", "b")
