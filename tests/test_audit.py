"""Laws of the audit: sound axes pass it, and every way to be broken is caught by its name."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from envs.audit import audit, summary, supported
from envs.bullet.world import BulletWorld
from envs.props import Props
from envs.spec import WorldsSpec
from experiments import auditing, look
from experiments.__main__ import main
from experiments.run import Run
from experiments.schema import Config
from randomizers import (
    Choice,
    Clearance,
    Clutter,
    ControlRate,
    Dropout,
    Empirical,
    Encoder,
    Form,
    Friction,
    Gain,
    GearError,
    Gravity,
    Inertia,
    Jitter,
    JointLimits,
    Latency,
    LogUniform,
    Mass,
    Pads,
    Pose,
    Randomization,
    Refresh,
    Restitution,
    RollingFriction,
    Size,
    Start,
    Texture,
    Uniform,
    nominal,
)

SOUND = (
    Mass("cube")
    | Gravity()
    | Restitution("cube table")
    | JointLimits("panda_joint2")
    | GearError("panda_joint4")
    | Latency()
    | Texture(
        "table", scale=nominal * LogUniform(0.5, 2.0), turn_deg=Uniform(-180, 180), pattern=Choice("wood", "brick")
    )
)  # fmt: skip
PUSH = WorldsSpec("push")


def examine(randomization, **changes):
    """Audit on push unless told otherwise; findings by name."""
    spec = PUSH.but(**changes)
    found = audit(lambda varied: spec.but(randomization=varied).build(2), Randomization((*randomization,)))
    return {each.name: each for each in found}


def test_sound_axes_of_every_kind_act_on_themselves_alone_and_come_back():
    found = examine(SOUND, images=("front", "side"), image_size=32)
    assert len(found) == 15
    assert {name: each.note for name, each in found.items() if each.status != "acts" or not each.read_back} == {}
    assert found["mass.cube"].trajectory and not found["texture.table.pattern"].trajectory
    assert found["latency.images"].image and not found["latency.images"].trajectory
    assert found["latency.joints"].observation and not found["latency.joints"].trajectory
    assert "other axes" in found["texture.table.turn_deg"].note
    assert summary(found.values())["acting"] == summary(found.values())["axes"] == len(found)


def test_axes_of_objects_act_through_rebuilds_and_those_of_sensing_on_what_is_told():
    looks = {"images": ("front",), "image_size": 32}
    measured = Latency(action=Empirical(0.021, 0.024, 0.09))
    told = Encoder() | Pose() | Jitter() | Dropout() | Refresh() | ControlRate() | measured
    found = examine(Size("cube") | Form() | Start() | Clutter(Choice(0, 3)) | told, task="place", **looks)
    found |= examine(Randomization((Clearance(),)), task="insert", **looks)
    assert len(found) == 31 and {name: each.note for name, each in found.items() if each.status != "acts"} == {}
    senses = {name: (each.trajectory, each.image, each.observation) for name, each in found.items()}
    for name in ("size.cube", "shape.cube", "start.cube.position", "clutter.count", "clearance.socket"):
        assert senses[name] == (True, True, True) and found[name].read_back, name
    for name in ("encoder.bias", "opening.noise", "pose.cube.latency", "jitter.joints", "refresh.joints"):
        assert senses[name] == (False, False, True), name
    for name in ("jitter.images", "dropout.images", "refresh.images"):
        assert senses[name] == (False, True, False), name
    for name in ("jitter.action", "dropout.action", "latency.action", "control.period", "control.jitter"):
        assert senses[name][0] and senses[name][2], name


def test_furniture_acts_where_the_hand_runs_into_it():
    found = examine(Friction("housing") | RollingFriction("housing") | Restitution("housing"), task="drawer")
    assert [each.status for each in found.values()] == ["acts"] * 3
    with pytest.raises(ValueError, match="unknown object `housing`"):
        examine((Pose("housing", position_bias=Uniform(-0.01, 0.01)),), task="drawer")
    with pytest.raises(ValueError, match="unknown body `drawer`"):
        examine((Inertia("drawer"),), task="drawer")


def compounding(knobs):
    knob = knobs["mass.cube"]
    return replace(knob, write=lambda value: knob.write(np.clip(knob.read() * value / knob.nominal, *knob.limits)))


def idle(knobs):
    return replace(knobs["mass.cube"], write=lambda value: None)


def liar(knobs):
    told = {"value": knobs["mass.cube"].nominal}
    return replace(knobs["mass.cube"], read=lambda: told["value"], write=lambda value: told.update(value=value))


def astray(knobs):
    return replace(knobs["mass.cube"], write=knobs["mass.hand"].write)


def overreaching(knobs):
    def write(value):
        knobs["mass.cube"].write(value)
        knobs["friction.table"].write(1.0 if value == knobs["mass.cube"].nominal else 0.9)

    return replace(knobs["mass.cube"], write=write)


def sticky(knobs):
    knob = knobs["mass.cube"]
    return replace(knob, write=lambda value: None if value == knob.nominal else knob.write(value))


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (compounding, "drifts"),
        (idle, "silent"),
        (liar, "silent"),
        (astray, "astray"),
        (overreaching, "astray"),
        (sticky, "sticks"),
    ],
    ids=lambda case: getattr(case, "__name__", case),
)
def test_a_broken_knob_is_caught_by_its_kind(broken, status, monkeypatch):
    whole = BulletWorld._all_knobs

    def planted(self, objects):
        knobs = whole(self, objects)
        return {**knobs, "mass.cube": broken(knobs)}

    monkeypatch.setattr(BulletWorld, "_all_knobs", planted)
    monkeypatch.setattr("envs.audit.AWAKE", 1)
    found = examine(Mass("cube") | Gain("panda_joint4"))
    assert found["mass.cube"].status == status, found["mass.cube"]
    # A knob that always writes to another one leaves no world nominal, so no axis gets it back either.
    assert found["gain.panda_joint4"].status == ("sticks" if broken is astray else "acts")
    told = summary(found.values())
    assert told["acting"] < 2 and auditing.status({"audit": told}) == 1


def column_compounding(columns):
    column = columns["size.cube"]

    def write(rows, values):
        now = np.array([column.read(row) for row in np.arange(2)[rows]])
        column.write(rows, np.clip(now * values, *column.limits))

    return {"size.cube": replace(column, write=write)}


def column_idle(columns):
    return {"size.cube": replace(columns["size.cube"], write=lambda rows, values: None)}


def column_astray(columns):
    def write(rows, values):
        columns["start.cube.yaw_deg"].write(rows, 100.0 * (values - 1.0))

    return {"size.cube": replace(columns["size.cube"], write=write)}


def column_liar(columns):
    told = np.ones(2)
    return {"size.cube": replace(columns["size.cube"], read=told.__getitem__, write=told.__setitem__)}


@pytest.mark.parametrize(
    ("broken", "status"),
    [(column_compounding, "drifts"), (column_idle, "silent"), (column_astray, "astray"), (column_liar, "silent")],
    ids=lambda case: getattr(case, "__name__", case),
)
def test_a_broken_column_is_caught_by_its_kind(broken, status, monkeypatch):
    whole = Props.columns.fget
    monkeypatch.setattr(Props, "columns", property(lambda self: (found := whole(self)) | broken(found)))
    monkeypatch.setattr("envs.audit.AWAKE", 1)
    found = examine((Size("cube"),))
    assert found["size.cube"].status == status, found["size.cube"]


def test_a_range_without_anything_but_the_nominal_value_is_silent():
    found = examine((Mass("cube", 0.12),))
    assert found["mass.cube"].status == "silent" and "nominal" in found["mass.cube"].note


def test_what_a_world_cannot_vary_is_listed_with_the_reason():
    worlds = PUSH.build(1)
    kept, refused = supported((Mass("cube"), Pads(), Mass("sphere")), worlds)
    worlds.close()
    assert list(kept) == [Mass("cube")] and [each.status for each in refused] == ["unsupported"] * 3
    assert [each.name for each in refused] == ["pads.stiffness", "pads.damping", "mass.{of}"]
    assert "nothing of that kind in this task" in refused[0].note and "sphere" in refused[2].note
    assert summary(refused)["unsupported"] == 3 and summary(refused)["axes"] == 0


@pytest.mark.parametrize(
    ("randomize", "message"),
    [
        ("Clearance: {}", "nothing of that kind in this task.*leave Clearance out"),
        ("Mass: {of: cub}", "unknown body `cub`. Did you mean `cube`"),
        ("Pads: {}", "only where fingers move"),
    ],
)
@pytest.mark.parametrize("audit", ["true", "all"])
def test_an_axis_that_cannot_be_bound_is_one_error_before_anything_is_written(
    randomize, message, audit, tmp_path, capsys
):
    (tmp_path / "mine.yaml").write_text(f"task: push\nrandomize:\n  {randomize}\n")
    run = tmp_path / "run"
    assert main(["look", str(tmp_path / "mine.yaml"), f"audit={audit}", f"run={run}"]) == 2
    said = capsys.readouterr().err
    assert re.search(message, said) and said.count("error:") == said.count("\n") == 1 and not run.exists()


def test_audit_is_asked_for_by_one_of_three_words():
    assert [auditing.asked(Config(audit=word)) for word in (False, True, "all")] == ["", "true", "all"]
    with pytest.raises(ValueError, match="unknown audit `al`. Did you mean `all`"):
        look.check(Config(audit="al"))


def test_the_verb_prints_a_table_and_keeps_it_in_the_run(tmp_path, capsys):
    folder = tmp_path / "run"
    config = Config(task="push", randomize={"Mass": {"of": "cube"}}, audit=True, run=str(folder))
    look.check(config)
    result, following = look.main(Run.open("look", config), config)
    assert look.status(result) == 0 and following == "python -m experiments look push.yaml"
    told = result["audit"]
    assert (told["axes"], told["acting"], told["drifting"], told["silent"], told["unsupported"]) == (1, 1, 0, 0, 0)
    assert told["list"][0]["name"] == "mass.cube" and json.loads((folder / "audit.json").read_text()) == told
    table = (folder / "audit.txt").read_text()
    assert table.strip() in capsys.readouterr().out and "mass.cube  acts    yes   yes" in table
