"""Mistakes that a user can make: each one is refused where it is made, and the message teaches."""

import numpy as np
import pytest
from omegaconf import OmegaConf
from plain_world import PlainWorld

from randomizers import (
    DEFAULT,
    Camera,
    Choice,
    Cone,
    Distractors,
    Every,
    Exposure,
    Friction,
    Gain,
    Latency,
    Lighting,
    LogUniform,
    Mass,
    Normal,
    Randomization,
    Texture,
    Uniform,
    nominal,
)
from randomizers.errors import unknown

DOMAIN = DEFAULT.bind(PlainWorld())


def bind(*randomizers):
    return Randomization(randomizers).bind(PlainWorld())


def test_two_owners_of_one_axis_are_refused_and_named():
    owners = r"Mass\('cube', by=Uniform\(1, 2\)\) and Mass\('\*', by=Uniform\(1, 2\)\)"
    with pytest.raises(ValueError, match=owners + " both vary `mass.cube`; leave it out"):
        bind(Mass("cube", Uniform(1, 2)), Mass("*", Uniform(1, 2)))
    assert len(bind(Mass("cube", Uniform(1, 2)), Mass("* !cube", Uniform(1, 2)))) == 2  # the advice works


def test_misspelt_bodies_get_a_suggestion():
    with pytest.raises(ValueError, match="unknown body `cub`. Did you mean `cube`"):
        bind(Mass("cub", Uniform(1, 2)))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: bind(Camera("wirst")), "unknown camera `wirst`. Did you mean `wrist`"),
        (lambda: bind(Texture("tabel")), "unknown surface `tabel`. Did you mean `table`"),
        (lambda: bind(Gain("panda_joint9")), "unknown joint `panda_joint9`. Did you mean `panda_joint"),
        (lambda: bind(Mass("sphere*")), r"`sphere\*` fits no body. Known: cube, duck"),
        (lambda: bind(Mass("cube !cube")), "leaves no body to vary. Known: cube, duck"),
        (lambda: bind(Mass("* !cub")), "unknown body `cub`"),
        (lambda: Mass(""), "Mass.of names its targets, such as 'cube', 'cube table' or"),
        (lambda: Mass([]), "Mass.of names its targets"),
        (lambda: Mass(3), "Mass.of names its targets"),
        (lambda: Mass(["cube", 3]), "Mass.of names its targets"),
        (lambda: Mass("!"), "Mass.of names its targets"),
    ],
)
def test_targets_that_do_not_exist_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("randomizer", "text"),
    [
        (
            Mass("cube", Uniform(-0.1, 0.2)),
            "`mass.cube`: `Uniform\\(-0.1, 0.2\\)` reaches below 0: it spans -0.1 to 0.2",
        ),
        (Mass("cube", nominal + Normal(0.0, 0.1)), "reaches below 0.* the limits are 0.0001 to 1000 kg"),
        (Mass("cube", nominal * Uniform(-1.0, 1.0)), "reaches below 0"),
        (Mass("cube", Uniform(2000.0, 3000.0)), "lies outside of what is possible: it spans 2000 to 3000 kg"),
        (Mass("cube", Uniform(0.0, 0.0)), "lies outside of what is possible"),
        (Friction("cube", Uniform(-0.5, 1.0)), "reaches below 0"),
        (Latency(action=Uniform(-0.1, 0.1)), "reaches below 0"),
        (Latency(images=Uniform(0.5, 1.0)), "lies outside .* the limits are 0 to 0.2 s"),
        (Exposure("*", nominal * Uniform(-1.0, 2.0)), "reaches below 0"),
        (
            Camera("wrist", fov_deg=nominal + Uniform(200.0, 300.0)),
            "`camera.wrist.fov_deg`.*outside.*about a nominal 60",
        ),
        (Texture("cube", colour=Uniform((0.0, 0.0, 2.0), (1.0, 1.0, 3.0))), "`texture.cube.colour`.*outside"),
        (Texture("cube", pattern=Choice("flat", "plaid")), "unknown option `plaid`.*Known: brick, checker"),
        (
            Texture("cube", pattern=Choice("flat", "chekcer")),
            "unknown option `chekcer`. Did you mean `checker`",
        ),
        (Texture("cube", pattern=Uniform(0, 1)), "gives numbers, but words are needed"),
        (Texture("cube", variant=Choice("a")), "gives words, but numbers are needed"),
        (Distractors(count=Choice("two")), "gives words"),
        (Lighting(shadow=nominal * Uniform(0.5, 2.0)), "changes nothing: nominal is 0.0"),
        (Lighting(shadow=LogUniform(0.5, 2.0)), "cannot vary a nominal value of 0.0"),
        (Lighting(ambient=Cone(3.0)), "varies a unit vector"),
        (Lighting(colour=Uniform((0, 0), (1, 1))), "has 2 components"),
    ],
    ids=str,
)
def test_impossible_ranges_are_refused_when_bound(randomizer, text):
    with pytest.raises(ValueError, match=text):
        bind(randomizer)


def test_an_impossible_range_names_its_randomizer():
    with pytest.raises(ValueError, match=r"^Mass\('cube', by=Uniform\(-0.1, 0.2\)\): `mass.cube`"):
        bind(Mass("cube", Uniform(-0.1, 0.2)))


def test_a_range_may_overlap_the_limits():
    bind(Texture("*", colour=nominal + Uniform(-0.5, 0.5)), Lighting(ambient=nominal + Normal(0.0, 0.4)))


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ({"Mas": {}}, "unknown randomizer `Mas`. Did you mean `Mass`"),
        ({"mass": {}}, "unknown randomizer `mass`. Did you mean `Mass`"),
        ({"": {}}, "unknown randomizer"),
        ({3: {}}, "unknown randomizer `3`"),
        ({"Mass": {"off": "cube"}}, "unknown field of Mass `off`. Did you mean `of`"),
        ({"Camera 2": {"fov": "Uniform(1, 2)"}}, "unknown field of Camera `fov`. Did you mean `fov_deg`"),
        (
            {"Mass": "Uniform(1, 2)"},
            "`Mass` is 'Uniform\\(1, 2\\)'; it takes a mapping of when, of, by, or null",
        ),
        ({"Mass": {"by": "Unifrom(1, 2)"}}, "Mass.by: cannot read 'Unifrom.*Did you mean `Uniform`"),
        ({"Mass": {"by": "LogUniform(0, 2)"}}, r"Mass.by: LogUniform\(0, 2\) needs low > 0"),
        ({"Mass": {"by": float("nan")}}, "Mass.by: a fixed value must be finite, not nan"),
        ({"Mass": {"by": True}}, "Mass.by: a fixed value must be a number, not True"),
        ({"Mass": {"by": {"low": 1}}}, "Mass.by: a fixed value must be a number"),
        ({"Mass": {"by": []}}, "Mass.by: a fixed value must be finite, not \\[\\]"),
        ({"Texture": {"pattern": "checker"}}, "Texture.pattern:.*a fixed word is written Choice"),
        ({"Mass": {"when": "episodes"}}, "unknown moment `episodes`. Did you mean `episode`"),
        ({"Mass": {"when": "Every(5)"}}, "unknown moment `Every\\(5\\)`"),
        ({"Mass": {"when": "Every(5, 2)"}}, "needs 0 < low <= high, in seconds"),
        ({"Mass": {"when": 3}}, "unknown moment `3`"),
    ],
)
def test_mistakes_in_yaml_are_named(items, text):
    for data in (items, OmegaConf.create(items)):
        with pytest.raises(ValueError, match=text):
            Randomization.from_dict(data)


@pytest.mark.parametrize("items", [[], "Mass", 3, ["Mass"]])
def test_a_randomization_is_a_mapping(items):
    with pytest.raises(TypeError, match="a randomization is a mapping such as"):
        Randomization.from_dict(items)


def test_a_randomization_holds_randomizers():
    with pytest.raises(TypeError, match="holds randomizers such as Mass"):
        Randomization(("Mass",))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Mass() | "Friction"  # type: ignore[operator]


@pytest.mark.parametrize(
    "times", [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0), (1.0, float("inf"))]
)
def test_impossible_waiting_times_are_refused(times):
    with pytest.raises(ValueError, match="needs 0 < low <= high|must be finite"):
        Every(*times)


@pytest.mark.parametrize(
    ("strength", "text"),
    [
        (-0.1, "strength is -0.1; it must be a number >= 0"),
        (float("nan"), "strength must be finite, not nan"),
        (float("inf"), "strength must be finite"),
        ("0.5", "strength must be a number, not '0.5'"),
        (None, "strength must be a number, not None"),
        ({"Mass": -1.0}, "strength of `Mass` is -1.0; it must be a number >= 0, or a pair"),
        ({"mass.cube": (0.0, 1.0, 2.0)}, "or a pair"),
        ({"mass.cube": (0.0, -1.0)}, "or a pair"),
        ({"mas.cube": 1.0}, "unknown axis or family in strength `mas.cube`. Did you mean `mass.cube`"),
        ({"Fricton": 1.0}, "Did you mean `Friction`"),
        ([0.5, 0.5], "2 strengths for 3 worlds; give one for all, or one for each"),
        ([0.5, (0.1, 0.2), 0.5], "it must be a number >= 0"),
    ],
)
def test_impossible_strengths_are_refused(strength, text):
    with pytest.raises(ValueError, match=text):
        DOMAIN.draw_many(0, [0, 1, 2], strength=strength)


@pytest.mark.parametrize(
    ("pin", "text"),
    [
        ({"mass.cube": 1.1}, r"pin of `mass.cube` is 1.1; it must be in \[0, 1\], the two ends"),
        ({"mass.cube": -0.1}, r"must be in \[0, 1\]"),
        ({"mass.cube": float("nan")}, "pin of `mass.cube` must be finite"),
        ({"mass.cube": "high"}, "must be a number, not 'high'"),
        ({"mass.cube": (0.0, 1.0)}, r"must be in \[0, 1\]"),
        ({"mass.cbe": 1.0}, "unknown axis to pin `mass.cbe`. Did you mean `mass.cube`"),
        ({"Mass": 1.0}, "unknown axis to pin `Mass`"),
        ([{}, {}], "2 pins for 3 worlds"),
    ],
)
def test_impossible_pins_are_refused(pin, text):
    with pytest.raises(ValueError, match=text):
        DOMAIN.draw_many(0, [0, 1, 2], pin=pin)


@pytest.mark.parametrize("address", [(-1, 0), (0, -1), (2**64, 0), (0, 2**32), (0.5, 0), (0, 0.5)])
def test_impossible_addresses_are_refused(address):
    with pytest.raises(ValueError, match="must be a whole number in"):
        DOMAIN.draw(*address)


def test_an_engine_that_gives_no_finite_nominal_is_named():
    world = PlainWorld()
    world.add("mass.ghost", float("nan"))
    with pytest.raises(
        ValueError, match="`mass.ghost`: the nominal value is nan; the engine must give a finite one"
    ):
        Randomization((Mass("ghost", Uniform(1, 2)),)).bind(world)


def test_a_world_without_a_knob_is_named():
    world = PlainWorld()
    del world.knobs["light.shadow"]
    with pytest.raises(ValueError, match="unknown knob `light.shadow`"):
        Randomization((Lighting(),)).bind(world)


def test_unknown_names_are_listed_shortly():
    many = [f"texture.surface{i}" for i in range(200)]
    text = unknown("knob", "texture.surface7x", many)
    assert "Did you mean `texture.surface7" in text and text.endswith("and 176 more") and len(text) < 700
    assert unknown("card", "x", []) == "unknown card `x`. Known: none"


def test_nothing_is_written_when_a_draw_is_refused():
    world = PlainWorld()
    before = world.bits()
    with pytest.raises(ValueError, match="strength"):
        DOMAIN.apply(world, DOMAIN.draw(0, 0, strength=np.nan))
    assert world.bits() == before
