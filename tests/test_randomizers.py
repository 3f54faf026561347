"""Laws that every randomization obeys, checked on a world made of plain numbers."""

import itertools
import json
import pickle

import numpy as np
import pytest
from omegaconf import OmegaConf
from plain_world import PlainWorld

from randomizers import (
    DEFAULT,
    Camera,
    Every,
    Friction,
    Lighting,
    LogUniform,
    Mass,
    Normal,
    Randomization,
    Texture,
    Uniform,
    nominal,
)

ALL = (
    Mass("cube duck", nominal * LogUniform(0.5, 2.0)),
    Friction("*", Uniform(0.4, 1.2)),
    Camera("wrist", position=nominal + Normal(0.0, 0.01), fov_deg=nominal + Uniform(-3.0, 3.0)),
)
SETS = {"first": Randomization(ALL), "default": DEFAULT}
everything = pytest.mark.parametrize("randomization", SETS.values(), ids=SETS)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@everything
def test_no_strength_changes_nothing(randomization):
    world = PlainWorld()
    before, domain = world.bits(), randomization.bind(world)
    domain.apply(world, domain.draw(seed=1, episode=0, strength=0.0))
    assert world.bits() == before  # exactly, not approximately


@everything
def test_full_strength_changes_every_number(randomization):
    """The twin of the law above: what does nothing would pass it too."""
    world = PlainWorld()
    domain = randomization.bind(world)
    draws = domain.draw_many(1, np.arange(20))
    for name, axis in domain.axes.items():
        assert np.any(draws.values[name] != axis.nominal), name


@everything
def test_the_hundredth_reset_is_no_wider_than_the_first(randomization):
    """Draws start from the nominal value, so `nominal *` never multiplies up."""
    world, fresh = PlainWorld(), PlainWorld()
    domain = randomization.bind(world)
    for episode in range(100):
        domain.apply(world, domain.draw(1, episode))
        assert 0.05 <= world.state["mass.cube"] <= 0.2
    randomization.bind(fresh).apply(fresh, domain.draw(1, 99))
    assert world.bits() == fresh.bits()


@everything
def test_binding_reads_nominal_values_even_from_a_randomized_world(randomization):
    world, fresh = PlainWorld(), PlainWorld()
    domain = randomization.bind(world)
    domain.apply(world, domain.draw(1, 0))
    assert same(randomization.bind(world).draw(1, 5).values, randomization.bind(fresh).draw(1, 5).values)


@everything
def test_restore_undoes_everything(randomization):
    world = PlainWorld()
    before, domain = world.bits(), randomization.bind(world)
    domain.apply(world, domain.draw(1, 0, strength=2.0))
    assert world.bits() != before
    domain.restore(world)
    assert world.bits() == before


def test_order_does_not_matter():
    states, layouts = [], set()
    for order in itertools.permutations(ALL):
        world = PlainWorld()
        domain = Randomization(order).bind(world)
        domain.apply(world, domain.draw(3, 5))
        states.append(world.bits())
        layouts.add(domain.names())
    assert all(state == states[0] for state in states) and len(layouts) == 1


def test_adding_a_randomizer_leaves_other_draws_alone():
    alone = Randomization(ALL[:1]).bind(PlainWorld()).draw(3, 5)
    together = DEFAULT.bind(PlainWorld()).draw(3, 5)
    assert alone.values["mass.cube"] == together.values["mass.cube"]
    assert np.array_equal(alone.unit["mass.duck"], together.unit["mass.duck"])


@everything
def test_one_world_alone_is_a_row_of_the_batch(randomization):
    domain = randomization.bind(PlainWorld())
    draws = domain.draw_many(3, np.arange(64))
    for row in range(64):
        alone = domain.draw(3, row)
        assert same(alone.values, draws[row].values) and same(alone.unit, draws[row].unit)


@everything
def test_a_batch_does_not_depend_on_its_size_or_order(randomization):
    domain = randomization.bind(PlainWorld())
    whole, backwards = domain.draw_many(3, np.arange(64)), domain.draw_many(3, np.arange(63, -1, -1))
    some = domain.draw_many(3, [40, 7])
    assert same(whole[7].values, backwards[56].values) and same(whole[7].values, some[1].values)


@everything
def test_a_part_draws_what_the_whole_draws(randomization):
    domain = randomization.bind(PlainWorld())
    whole, part = domain.draw(3, 5), domain.at("episode").draw(3, 5)
    assert same(part.values, {name: whole.values[name] for name in part.values})


def test_a_batch_may_have_an_own_seed_tick_strength_and_pin_in_each_row():
    domain = DEFAULT.bind(PlainWorld())
    seeds, ticks, strength = [1, 1, 2], [0, 4, 0], [0.0, 0.5, {"Mass": 2.0, "*": (0.1, 0.9)}]
    pin = [None, {"mass.cube": 1.0}, {"mass.duck": 0.0, "light.direction": 1.0}]
    draws = domain.draw_many(seeds, [7, 8, 9], ticks, strength=strength, pin=pin)
    for i in range(3):
        alone = domain.draw(seeds[i], 7 + i, ticks[i], strength=strength[i], pin=pin[i])
        assert same(alone.values, draws[i].values) and same(alone.unit, draws[i].unit)
        assert alone.strength == draws[i].strength and alone.tick == draws[i].tick == ticks[i]


def test_strength_moves_a_draw_steadily_away_from_nominal():
    domain = Randomization(ALL).bind(PlainWorld())
    strengths = (0.0, 0.3, 0.6, 1.0, 1.5)
    fov = [domain.draw(3, 5, strength=s).values["camera.wrist.fov_deg"] - 60.0 for s in strengths]
    assert fov[0] == 0.0
    assert np.all(np.diff(np.abs(fov)) > 0) and len(set(np.sign(fov[1:]))) == 1


def test_strength_above_one_stops_at_what_is_possible():
    domain = Randomization((Mass("*"), Friction("*", Uniform(0.0, 1.0)))).bind(PlainWorld())
    values = domain.draw_many(0, np.arange(500), strength=10.0).values
    assert np.all(values["friction.cube"] >= 0.0) and np.all(values["mass.cube"] >= 1e-4)
    assert np.any(values["friction.duck"] == 0.0)


def test_pins_reach_the_ends_of_the_range():
    domain = Randomization(ALL).bind(PlainWorld())
    low, high = (domain.draw(0, 0, pin={"mass.cube": u}).values["mass.cube"] for u in (0.0, 1.0))
    assert (low, high) == pytest.approx((0.05, 0.2))


def test_a_pin_leaves_other_axes_alone():
    domain = DEFAULT.bind(PlainWorld())
    free, pinned = domain.draw(0, 0), domain.draw(0, 0, pin={"mass.cube": 1.0})
    assert {name for name in domain if not np.array_equal(free.values[name], pinned.values[name])} == {
        "mass.cube"
    }


@everything
def test_yaml_round_trip(randomization):
    twice = randomization | Camera("side", position=nominal + Normal(0.0, 0.02), when=Every(2.0, 5.0))
    text = OmegaConf.to_yaml(OmegaConf.create(twice.to_dict()))
    assert Randomization.from_dict(OmegaConf.create(text)) == twice
    assert Randomization.from_dict(json.loads(json.dumps(twice.to_dict()))) == twice


@everything
def test_a_randomization_prints_as_python_that_makes_it(randomization):
    import randomizers

    some = (
        randomization,
        Randomization(),
        Randomization((Mass("cube", when=Every(1, 2)), Lighting(shadow=None))),
    )
    for each in some:
        assert eval(repr(each), vars(randomizers)) == each  # noqa: S307
    odd = Mass("cube", when=Every(1, 2)), Lighting(shadow=None)
    some = (randomization, Randomization(), Randomization(odd))


def test_moments_survive_yaml():
    pushes = Randomization((Mass("cube", Uniform(1, 2), when="Every(2.0, 5.0)"),))
    assert pushes.randomizers[0].when == Every(2.0, 5.0)
    text = OmegaConf.to_yaml(OmegaConf.create(pushes.to_dict()))
    assert Randomization.from_dict(OmegaConf.create(text)) == pushes


def test_null_switches_a_randomizer_off():
    config = OmegaConf.merge(OmegaConf.create(Randomization(ALL).to_dict()), {"Camera": None})
    assert Randomization.from_dict(config) == Randomization(ALL[:2])
    assert Randomization.from_dict(None) == Randomization.from_dict({}) == Randomization()


def test_null_switches_a_field_off():
    config = OmegaConf.create({"randomize": DEFAULT.to_dict()})
    config.merge_with_dotlist(["randomize.Lighting.direction=null", "randomize.Mass.by=null"])
    domain = Randomization.from_dict(config.randomize).bind(PlainWorld())
    assert "light.direction" not in domain and "mass.cube" not in domain
    assert {"light.ambient", "light.colour", "light.shadow"} <= set(domain)
    assert Randomization.from_dict(Randomization.from_dict(config.randomize).to_dict()) is not None


def test_an_override_changes_one_range_and_nothing_else():
    config = OmegaConf.create({"randomize": DEFAULT.to_dict()})
    config.merge_with_dotlist(["randomize.Lighting.ambient=Uniform(0.2, 0.9)"])
    before, after = (r.bind(PlainWorld()) for r in (DEFAULT, Randomization.from_dict(config.randomize)))
    changed = {
        name for name in before if str(before.axes[name].expression) != str(after.axes[name].expression)
    }
    assert set(before) == set(after) and changed == {"light.ambient"}


def test_name_nothing_and_the_defaults_vary():
    assert len(Texture("cube").varied) == 7 and len(Lighting().varied) == 6


def test_name_what_varies_and_the_rest_stays_nominal():
    assert list(Texture("cube", variant=Uniform(0, 1)).varied) == ["variant"]
    assert list(Randomization.from_dict({"Lighting": {"ambient": 0.5}}).randomizers[0].varied) == ["ambient"]


def test_name_what_stays_and_the_rest_varies():
    assert list(Lighting(direction=None).varied) == ["colour", "intensity", "temperature_k", "ambient", "shadow"]


def test_a_randomizer_that_varies_nothing_survives_yaml():
    nothing = Mass("cube", None)
    assert nothing.axes(PlainWorld()) == [] and Randomization.from_dict(
        {"Mass": nothing.to_dict()}
    ) == Randomization((nothing,))


@everything
def test_travels_to_another_process(randomization):
    assert pickle.loads(pickle.dumps(randomization)) == randomization  # noqa: S301
    domain = randomization.bind(PlainWorld())
    there = pickle.loads(pickle.dumps(domain))  # noqa: S301
    assert same(there.draw(1, 2).values, domain.draw(1, 2).values)


def test_union_joins_randomizers_and_randomizations():
    a, b, c = ALL
    assert (a | b) | c == a | (b | c) == Randomization(ALL)
    assert len(Randomization() | a) == 1


def test_when():
    randomization = Mass("cube", Uniform(1, 2), when="startup") | Friction("*", Uniform(0, 1))
    domain = randomization.bind(PlainWorld())
    assert list(domain.at("startup").axes) == ["mass.cube"]
    assert list(domain.at("episode").axes) == ["friction.cube", "friction.duck"]
    assert set(domain.moments) == {"startup", "episode"} and len(domain.at("step")) == 0


def test_a_nominal_array_cannot_be_changed_through_a_draw():
    world = PlainWorld()
    domain = DEFAULT.bind(world)
    draw = domain.draw(0, 0, strength=0.0)
    world.knobs["camera.wrist.position"].nominal[:] = 9.0
    for array in (draw.values["camera.wrist.position"], domain.axes["camera.wrist.position"].nominal):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7.0
        assert array.tolist() == [0.5, 0.0, 0.4]
