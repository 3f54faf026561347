"""Every randomizer, by kind: what it writes, where, and that its defaults make sense."""

from dataclasses import fields

import numpy as np
import pytest
from omegaconf import OmegaConf
from plain_world import PlainWorld

from envs.rendering.appearance import LENS
from envs.rendering.scene import DETAILS, LAMPS, kind
from randomizers import (
    BASIC,
    DEFAULT,
    Background,
    Camera,
    Choice,
    ControlRate,
    Damping,
    Depth,
    Distractors,
    Dropout,
    Encoder,
    Exposure,
    Friction,
    Gain,
    Jitter,
    Lamps,
    Latency,
    Lens,
    Lighting,
    Mass,
    Noise,
    Pose,
    Randomization,
    Randomizer,
    Refresh,
    Table,
    Texture,
    Uniform,
    varies,
)
from randomizers.base import _KINDS

TRACKING = ("dropout", "jitter", "latency")
DEFAULT_KNOBS = {
    Mass: ["mass.cube", "mass.duck"],
    Friction: ["friction.cube", "friction.duck"],
    Damping: ["damping.panda_joint1", "damping.panda_joint2"],
    Gain: ["gain.panda_joint1", "gain.panda_joint2"],
    Latency: ["latency.action", "latency.images", "latency.joints"],
    Jitter: ["jitter.action", "jitter.images", "jitter.joints"],
    Dropout: ["dropout.action", "dropout.images", "dropout.joints"],
    Refresh: ["refresh.images", "refresh.joints"],
    ControlRate: ["control.jitter", "control.period"],
    Encoder: ["encoder.bias", "encoder.noise", "opening.bias", "opening.noise"],
    Pose: [
        f"pose.{thing}.{what}"
        for thing in ("cube", "duck")
        for what in (*TRACKING, "position_bias", "position_noise", "refresh", "yaw_bias", "yaw_noise")
    ],
    Texture: [
        f"texture.{surface}.{what}"
        for surface in ("cube", "distractor0", "floor", "table")
        for what in ("colour", "pattern", "scale", "shininess", "specular", "turn_deg", "variant")
    ],
    Lighting: [f"light.{w}" for w in ("ambient", "colour", "direction", "intensity", "shadow", "temperature_k")],
    Lamps: [
        f"lamp.1.{what}"
        for what in ("colour", "cone_deg", "direction", "intensity", "kind", "position", "shadow", "temperature_k")
    ],
    Background: ["background.bottom", "background.kind", "background.top", "background.variant"],
    Camera: [
        f"camera.{c}.{what}" for c in ("side", "wrist") for what in ("fov_deg", "position", "rotation_deg")
    ],
    Exposure: ["exposure.side", "exposure.wrist"],
    Noise: ["noise.side", "noise.wrist"],
    Lens: [
        f"lens.{c}.{what}"
        for c in ("side", "wrist")
        for what in sorted(set(LENS) - {"exposure", "noise", "depth_noise", "depth_holes"})
    ],
    Depth: [f"lens.{c}.{what}" for c in ("side", "wrist") for what in ("depth_holes", "depth_noise")],
    Table: ["table.position", "table.size"],
    Distractors: [
        "distractors.0.position",
        "distractors.0.shape",
        "distractors.0.size",
        "distractors.count",
    ],
}
kinds = pytest.mark.parametrize("kind", DEFAULT_KNOBS, ids=lambda kind: kind.__name__)


LEFT_OUT = (Depth, Jitter, Dropout, Refresh, ControlRate, Encoder, Pose)
"""Randomizers that the default leaves out: what no policy with a camera sees, or needs."""


def test_the_default_holds_every_randomizer_once_but_those_that_are_left_out():
    assert {type(randomizer) for randomizer in DEFAULT} == set(DEFAULT_KNOBS) - set(LEFT_OUT)
    assert len(DEFAULT) == len(DEFAULT_KNOBS) - len(LEFT_OUT)
    left_out = {knob for kind in LEFT_OUT for knob in DEFAULT_KNOBS[kind]} | {"latency.joints"}
    everything = set(PlainWorld().knobs) - left_out  # every other knob varies by default
    assert set(DEFAULT.bind(PlainWorld())) == everything


def test_the_basic_randomization_is_the_default_without_what_few_renderers_draw():
    both = [randomization.bind(PlainWorld()) for randomization in (BASIC, DEFAULT)]
    left_out = {kind(name) for name in set(both[1]) - set(both[0])}
    assert set(both[0]) <= set(both[1]) and left_out == LAMPS | DETAILS
    assert all(str(both[0].axes[name]) == str(both[1].axes[name]) for name in both[0])


@kinds
def test_a_randomizer_varies_its_own_knobs(kind):
    domain = Randomization((kind(),)).bind(PlainWorld())
    assert list(domain) == DEFAULT_KNOBS[kind]
    assert {axis.family for axis in domain.axes.values()} == {kind.__name__}


@kinds
def test_what_is_drawn_is_what_is_read_back(kind):
    world = PlainWorld()
    untouched = set(world.knobs) - set(DEFAULT_KNOBS[kind])
    before, domain = world.bits(), Randomization((kind(),)).bind(world)
    draw = domain.draw(5, 6)
    domain.apply(world, draw)
    for name, value in draw.values.items():
        assert np.array_equal(world.knobs[name].read(), value)
    assert all(world.bits()[name] == before[name] for name in untouched)


@kinds
def test_every_field_that_varies_is_documented_and_comes_from_somewhere(kind):
    from inspect import getmodule, getsource

    documented = kind.__doc__
    for f in fields(kind):
        if "knob" in f.metadata:
            assert f"        {f.name}: " in documented
    assert "# " in getsource(kind) and "varies(" in getsource(getmodule(kind))


def test_targets_are_names_lists_wildcards_and_exceptions():
    world = PlainWorld()
    for of, bodies in {
        "cube": ["cube"],
        "cube duck": ["cube", "duck"],
        "duck cube duck": ["duck", "cube"],
        "*": ["cube", "duck"],
        "c*": ["cube"],
        "d?ck": ["duck"],
        "* !duck": ["cube"],
        "* !c* cube": ["duck", "cube"],
    }.items():
        assert [axis.name for axis in Mass(of).axes(world)] == [f"mass.{body}" for body in bodies]
        assert Mass(of.split()) == Mass(of)


def test_a_wildcard_takes_the_targets_that_have_the_knob():
    world = PlainWorld()
    world.add("camera.phone.fov_deg", 70.0, "deg", (5.0, 150.0))
    axes = [axis.name for axis in Camera("*").axes(world)]
    assert "camera.phone.fov_deg" in axes and "camera.phone.position" not in axes


def test_a_fixed_value_may_stand_for_a_range():
    world = PlainWorld()
    written = {"Mass": {"by": 0.3}, "Camera": {"of": ["wrist"], "position": [0.5, 0.1, 0.4]}}
    fixed = Randomization.from_dict(OmegaConf.create(written))
    assert fixed == Randomization.from_dict(written)
    domain = fixed.bind(world)
    domain.apply(world, domain.draw(0, 0))
    assert world.state["mass.cube"] == 0.3 and world.state["camera.wrist.position"].tolist() == [
        0.5,
        0.1,
        0.4,
    ]
    assert Randomization.from_dict(fixed.to_dict()) == fixed


def test_distractors_are_counted_in_whole_numbers():
    domain = Randomization((Distractors(),)).bind(PlainWorld())
    for strength in (0.3, 1.0, 3.0):
        counts = domain.draw_many(0, np.arange(400), strength=strength).values["distractors.count"]
        assert set(counts) <= {0.0, 1.0, 2.0, 3.0} and (counts == 0.0).mean() >= 0.2


def test_the_light_stays_above_the_table():
    domain = Randomization((Lighting(),)).bind(PlainWorld())
    directions = domain.draw_many(0, np.arange(500)).values["light.direction"]
    assert directions[:, 2].min() > 0.2
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1.0)


def test_a_red_cube_stays_red_in_dark_and_bright_paint():
    domain = Randomization((Texture("cube"),)).bind(PlainWorld())
    colours = domain.draw_many(0, np.arange(500)).values["texture.cube.colour"]
    assert np.all(colours[:, 0] > colours[:, 1:].max(axis=1))
    assert colours[:, 0].min() < 0.5 and colours[:, 0].max() == 1.0


def test_a_new_randomizer_is_one_small_class():
    from dataclasses import dataclass

    try:

        @dataclass(frozen=True)
        class Bounce(Randomizer):
            """Vary how bouncy bodies are."""

            of: str = "*"
            by: Uniform = varies("bounce.{of}", Uniform(0.0, 0.5))

        world = PlainWorld()
        world.add("bounce.cube", 0.1)
        domain = Randomization.from_dict({"Bounce": {"of": "cube"}}).bind(world)
        domain.apply(world, domain.draw(0, 0, pin={"bounce.cube": 1.0}))
        assert world.state["bounce.cube"] == 0.5
    finally:
        _KINDS.pop("Bounce", None)


def test_an_override_of_words_reaches_the_knob():
    world = PlainWorld()
    domain = Randomization((Texture("floor", pattern=Choice("image")),)).bind(world)
    domain.apply(world, domain.draw(0, 0))
    assert world.state["texture.floor.pattern"] == "image"
