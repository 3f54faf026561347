"""Laws of capabilities: the table is what the engines do, and what they cannot do is refused by name."""

import pytest

from envs import capability
from envs.reality import RealitySpec
from envs.spec import WorldsSpec
from envs.tasks import NAMES
from randomizers import (
    Adversary,
    Armature,
    Backlash,
    BasePose,
    CentreOfMass,
    Clearance,
    Clutter,
    Contact,
    ControlRate,
    Damping,
    Dropout,
    Effort,
    Encoder,
    Form,
    Friction,
    Gain,
    GearError,
    Gravity,
    Inertia,
    Jitter,
    JointFriction,
    JointLimits,
    Latency,
    LinkMass,
    Mass,
    Pads,
    Pose,
    Push,
    Randomization,
    Randomizer,
    Refresh,
    Restitution,
    RollingFriction,
    Size,
    SpinningFriction,
    TablePose,
)


@pytest.fixture(scope="module")
def present():
    """Kinds of knobs that each engine has, in any task."""
    found = {engine: set() for engine in capability.ENGINES}
    for task in ("reach", "place", "insert"):
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
    with pytest.raises(ValueError, match="MuJoCo twin does not support `size`.*compiled once.*PyBullet can vary it"):
        capability.check(Randomization((Size(),)), "MuJoCo twin", knobs)


@pytest.mark.parametrize(
    ("task", "randomizer", "cure"),
    [
        ("push", Pads(), "`pads.damping` .only where fingers move.*leave Pads out"),
        ("reach", CentreOfMass(), "`centre.{of}` .only of loose objects.*leave CentreOfMass out"),
        ("reach", Size(), "leave Size out"),
        ("reach", Pose(), "leave Pose out"),
        ("stack", Clearance(), "only of objects with a hole.*leave Clearance out"),
        ("stack", Form(), "leave Form out"),
        ("sort", Pose(), "`pose.{of}.yaw_noise`.*say yaw_bias=None, yaw_noise=None"),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Randomizer) else None,
)
def test_what_a_task_has_nothing_of_is_refused_with_the_cure(task, randomizer, cure):
    with pytest.raises(ValueError, match=f"nothing of that kind in this task.*{cure}") as caught:
        WorldsSpec(task, randomization=randomizer).build(1)
    assert str(caught.value).count("nothing of that kind") == 1 and "\n" not in str(caught.value)


def test_what_the_refusal_says_to_leave_out_is_all_that_stands_in_the_way():
    worlds = WorldsSpec("sort", randomization=Pose(yaw_bias=None, yaw_noise=None)).build(1)
    assert "pose.blue_cube.position_bias" in worlds.randomization and "pose.zone.latency" not in worlds.knobs[0]
    worlds.close()


EVERYDAY = (
    Inertia() | LinkMass() | Restitution() | Contact() | Gravity() | Effort() | JointFriction() | Armature()
    | JointLimits() | Backlash() | GearError() | TablePose() | BasePose() | Encoder() | Jitter() | ControlRate()
    | Latency() | Dropout() | Refresh() | SpinningFriction() | RollingFriction() | Damping() | Gain() | Friction()
    | Mass() | Adversary() | Push() | Clutter()
)  # fmt: skip


@pytest.mark.parametrize("arm", ["panda", "xarm6", "iiwa"])
def test_what_every_task_has_binds_in_every_task_with_every_arm(arm):
    for task in NAMES:
        worlds = WorldsSpec(task, arm=arm, randomization=EVERYDAY).build(1)
        worlds.close()


def test_unknown_kinds_engines_and_ways_name_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `mass`"):
        capability.how("mas", "PyBullet")
    with pytest.raises(ValueError, match="Did you mean `PyBullet`"):
        capability.how("mass", "Bullet")
    with pytest.raises(ValueError, match="runtime"):
        capability.Capability("run time")
