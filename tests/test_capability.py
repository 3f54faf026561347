"""Laws of capabilities: the table is what the engines do, and what they cannot do is refused by name."""

import pytest

from envs import capability
from envs.reality import RealitySpec
from envs.spec import WorldsSpec
from randomizers import CentreOfMass, Mass, Pads, Randomization, RollingFriction


@pytest.fixture(scope="module")
def present():
    """Kinds of knobs that each engine has, in any task."""
    found = {engine: set() for engine in capability.ENGINES}
    for task in ("reach", "lift"):
        for spec in (WorldsSpec(task), RealitySpec(task, "mild")):
            worlds = spec.build(1)
            found[worlds.engines[0].name] |= {name.partition(".")[0] for name in worlds.knobs[0]}
            worlds.close()
    return found


def test_an_engine_has_the_knobs_that_its_capabilities_promise_and_no_others(present):
    for engine, kinds in present.items():
        promised = {kind for kind in capability.KINDS if capability.how(kind, engine).how != "unsupported"}
        assert kinds == promised, engine


def test_every_axis_of_every_randomizer_has_its_line_in_the_table():
    table = capability.table()
    for randomizer in capability.every():
        for kind in capability.kinds(randomizer):
            assert kind in capability.KINDS and f"| {type(randomizer).__name__} | `{kind}" in table


def test_the_table_in_the_docs_is_current():
    assert capability.PATH.read_text() == capability.table(), "run python -m envs.capability"


def test_what_an_engine_cannot_vary_is_refused_with_its_name_and_the_reason():
    knobs = ["mass.cube", "friction.cube"]
    with pytest.raises(ValueError, match="MuJoCo twin does not support `rolling_friction`.*PyBullet can vary it"):
        capability.check(Randomization((Mass(), RollingFriction())), "MuJoCo twin", knobs)
    with pytest.raises(ValueError, match="PyBullet can vary `pads`, but nothing in this task has it"):
        WorldsSpec("push", randomization=Pads()).build(1)
    with pytest.raises(ValueError, match="nothing in this task has it"):
        WorldsSpec("reach", randomization=CentreOfMass()).build(1)


def test_unknown_kinds_engines_and_ways_name_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `mass`"):
        capability.how("mas", "PyBullet")
    with pytest.raises(ValueError, match="Did you mean `PyBullet`"):
        capability.how("mass", "Bullet")
    with pytest.raises(ValueError, match="runtime"):
        capability.Capability("run time")
