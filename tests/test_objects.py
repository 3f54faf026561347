"""Laws of objects: what they weigh, how they are built anew, and what stands where when they vary."""

import hashlib

import numpy as np
import pytest

from envs.objects import Build, ObjectSpec, Rail, Shape, Stock
from envs.rendering.objects import object_parts, places
from envs.spec import WorldsSpec
from envs.tasks import base
from randomizers import Clearance, Clutter, Form, Randomization, Size, Start

RED = (0.8, 0.1, 0.1)
EVERYTHING = {
    "place": Size() | Form() | Start() | Clutter(),
    "insert": Clearance() | Start() | Clutter(),
    "drawer": Start() | Clutter(),
}


def episode(worlds, row: int, number: int, steps: int = 12) -> str:
    """Hash of one episode's beginning."""
    told, alone = hashlib.sha256(), np.arange(worlds.num) == row
    worlds.begin([row], 3, number)
    for _ in range(steps):
        worlds.step(worlds.expert_actions(), alone)
        for name in ("joint_positions", "object_poses", "object_velocities", "goal", "sizes"):
            told.update(getattr(worlds.state, name)[row].tobytes())
    told.update(np.array(worlds.unstable[row]).tobytes())
    return told.hexdigest()


def test_inertia_of_two_halves_is_that_of_the_whole():
    whole = ObjectSpec("bar", (0.02, 0.01, 0.01), 0.2, 0.5, RED)
    halves = tuple(Shape("box", (0.01, 0.01, 0.01), (sign * 0.01, 0.0, 0.0)) for sign in (-1.0, 1.0))
    joined = ObjectSpec("bar", (0.02, 0.01, 0.01), 0.2, 0.5, RED, shapes=halves)
    assert joined.inertia() == pytest.approx(whole.inertia())
    assert whole.inertia() == pytest.approx(0.2 / 3.0 * np.array([2e-4, 5e-4, 5e-4]))


def test_inertia_of_round_pieces_is_that_of_the_books():
    ball = ObjectSpec("ball", (0.02,) * 3, 0.1, 0.5, RED, shapes=(Shape("ball", (0.02,) * 3),))
    rod = ObjectSpec("rod", (0.01, 0.01, 0.05), 0.1, 0.5, RED, shapes=(Shape("cylinder", (0.01, 0.01, 0.05)),))
    assert ball.inertia() == pytest.approx(np.full(3, 0.4 * 0.1 * 0.02**2))
    across = 0.1 * (3.0 * 0.01**2 + 0.1**2) / 12.0
    assert rod.inertia() == pytest.approx([across, across, 0.5 * 0.1 * 0.01**2])


def test_a_body_that_is_out_of_balance_is_refused():
    lopsided = (Shape("box", (0.02,) * 3), Shape("ball", (0.01,) * 3, (0.03, 0.0, 0.0)))
    with pytest.raises(ValueError, match="centre of mass at"):
        ObjectSpec("hammer", (0.02,) * 3, 0.1, 0.5, RED, shapes=lopsided)


@pytest.mark.parametrize(
    "wrong, told",
    (
        ({"solid": False}, "say fixed=True"),
        ({"families": ("ball", "box")}, "its own kind first"),
        ({"shapes": (Shape("box", (0.02,) * 3),) * 2, "families": ("box", "ball")}, "one piece"),
    ),
)
def test_an_impossible_object_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        ObjectSpec("cube", (0.02,) * 3, 0.1, 0.5, RED, **wrong)


def test_an_unknown_shape_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean `cylinder`"):
        Shape("cylindre", (0.02, 0.02, 0.03))
    with pytest.raises(ValueError, match="equally wide"):
        Shape("ball", (0.02, 0.02, 0.03))


def test_an_object_that_is_built_as_it_is_stays_the_same():
    cube = base.get("place").objects[0]
    assert cube.made(Build()) is cube
    assert cube.made(Build(1.5)).half_extents == pytest.approx((0.03,) * 3)
    assert cube.made(Build(family="cylinder")).pieces[0].kind == "cylinder"


def test_clearance_moves_the_walls_apart_on_every_side():
    socket = base.get("insert").objects[1]
    wider = socket.made(Build(wider=0.002))
    for one, other in zip(socket.pieces, wider.pieces):
        way = np.array(other.centre) - one.centre
        assert np.linalg.norm(way) == pytest.approx(0.002) and way @ np.array(one.centre) > 0.0


@pytest.mark.parametrize("name", base.NAMES)
def test_every_object_has_the_part_and_the_surface_of_its_name(name):
    objects = base.get(name).objects
    parts, surfaces = object_parts(objects)
    drawn = [part.name for part in parts]
    assert drawn == [name for name, *_ in places(objects)]
    for spec in objects:
        assert parts[drawn.index(spec.name)].surface == spec.name and spec.name in surfaces


def test_a_drawer_stops_at_both_ends_and_stays_where_it_is_left():
    worlds = WorldsSpec("drawer").build(1)
    worlds.begin([0], 0, 0)
    engine, task = worlds.engines[0], worlds.task
    import pybullet as pb

    body, key = engine._things.bodies[0], engine._things._key
    places = []
    for speed in (-0.5, 3.0, 0.0):
        pb.resetJointState(body, 0, min(max(worlds_open(worlds), 0.0), 0.16), speed, **key)
        for _ in range(20):
            worlds.step(np.zeros((1, 4)))
        places.append(worlds_open(worlds))
    travel = task.objects[0].rail.travel
    assert -0.002 < places[0] < 0.01 and 0.1 < places[1] < travel + 0.005
    assert places[2] == pytest.approx(places[1], abs=1e-3)
    worlds.close()


def worlds_open(worlds) -> float:
    """How far the drawer of the first world is open [m]."""
    from envs.tasks.drawer import opened

    return float(opened(worlds.state)[0])


@pytest.mark.parametrize("task", EVERYTHING)
def test_an_episode_is_the_same_in_any_row_after_any_others_whatever_is_rebuilt(task):
    spec = WorldsSpec(task, randomization=EVERYTHING[task])
    one, three = spec.build(1), spec.build(3)
    first = episode(one, 0, 7)
    assert episode(one, 0, 8) != first
    assert episode(one, 0, 7) == first
    three.begin([0, 2], 3, [20, 21])
    assert episode(three, 2, 7) == first
    for worlds in (one, three):
        worlds.close()


@pytest.mark.parametrize("task", EVERYTHING)
def test_strength_zero_is_the_world_without_randomization_bit_for_bit(task):
    varied, plain = WorldsSpec(task, randomization=EVERYTHING[task]).build(1), WorldsSpec(task).build(1)
    episode(varied, 0, 5, steps=2)
    varied.strength = 0.0
    assert episode(varied, 0, 7) == episode(plain, 0, 7)
    for worlds in (varied, plain):
        worlds.close()


def test_a_larger_cube_has_the_inertia_of_its_size_and_the_mass_it_was_given():
    import pybullet as pb

    worlds = WorldsSpec("place").build(1)
    worlds.begin([0], 0, 0)
    engine = worlds.engines[0]
    engine.knobs["mass.cube"].write(0.25)
    engine.build(Stock((Build(1.3), Build())))
    things = engine._things
    assert engine.knobs["mass.cube"].read() == 0.25  # what was written is sent when somebody asks
    info = pb.getDynamicsInfo(things.bodies[0], -1, **things._key)
    assert info[2] == pytest.approx(np.full(3, 0.25 * 2.0 / 3.0 * (1.3 * 0.02) ** 2), rel=1e-6)
    worlds.close()


def test_a_thing_put_into_another_one_is_kept_and_told():
    cube = base.get("lift").layout(0, np.arange(1)).object_poses[0, 0, :2].tolist()
    into = Clutter(count=1, position=cube, size=0.05)
    worlds = WorldsSpec("lift", randomization=into).build(2)
    worlds.begin([0, 1], 0, [0, 1])
    assert worlds.unstable[0] and worlds.elapsed[0] == 0
    worlds.begin([0], 0, 0, strength=0.0)
    assert not worlds.unstable[0]
    worlds.close()


def test_the_goal_follows_the_mark():
    worlds = WorldsSpec("place", randomization=Start("mark", position=[0.03, -0.02])).build(1)
    worlds.begin([0], 0, 0)
    plain = worlds.task.layout(0, np.arange(1))
    assert worlds.state.goal[0, :2] == pytest.approx(plain.goal[0, :2] + (0.03, -0.02))
    assert worlds.state.object_poses[0, 1, :2] == pytest.approx(worlds.state.goal[0, :2])
    worlds.close()


def test_a_shape_is_seen_as_it_is():
    worlds = WorldsSpec("place", randomization=Form(by="Choice('cylinder')") | Clutter(count=2)).build(1)
    worlds.begin([0], 0, 0)
    names = [part.name for part in worlds.sight.scene.parts]
    seen = {name for name, shown in zip(names, worlds.sight.appearance.visible[0]) if shown}
    assert {"cube.cylinder", "clutter0.box", "clutter1.box"} <= seen and not {"cube", "clutter2.box"} & seen
    worlds.close()


def test_what_an_engine_cannot_build_is_refused():
    from envs.reality import RealitySpec

    worlds = RealitySpec("insert", card="mild").build(1)
    with pytest.raises(ValueError, match="Size"):
        Randomization((Size(),)).bind(type("Row", (), {"knobs": worlds.knobs[0]}))
    worlds.close()


def test_a_rail_is_no_loose_body():
    rail = Rail((1.0, 0.0, 0.0), 0.1, 1.0, 1.0)
    assert not ObjectSpec("slider", (0.02,) * 3, 0.1, 0.5, RED, rail=rail).loose


@pytest.mark.parametrize("name", ("insert", "drawer", "sort"))
def test_both_engines_put_things_and_their_pieces_in_the_same_places(name):
    from envs.reality import RealitySpec

    made = WorldsSpec(name).build(1), RealitySpec(name, card="mild").build(1)
    poses, drawn = [], []
    for worlds in made:
        worlds.begin([0], 0, 3)
        poses.append(worlds.state.object_poses[0].copy())
        out = np.zeros((len(worlds.sight.scene.parts), 3, 4), np.float32)
        worlds.engines[0].transforms(out)
        names = [part.name for part in worlds.sight.scene.parts]
        drawn.append([out[names.index(part)] for part, *_ in places(worlds.task.objects)])
        worlds.close()
    assert poses[0] == pytest.approx(poses[1], abs=1e-6)
    assert np.array(drawn[0]) == pytest.approx(np.array(drawn[1]), abs=1e-5)


def test_the_twins_drawer_slides_along_its_rail_and_stops():
    from envs.reality import RealitySpec

    worlds = RealitySpec("drawer", card="mild").build(1)
    worlds.begin([0], 0, 1)
    joint = worlds.engines[0]._data.joint("drawer")
    joint.qvel[0] = 2.0
    for _ in range(20):
        worlds.step(np.zeros((1, 4)))
    travel = worlds.task.objects[0].rail.travel
    assert 0.05 < worlds_open(worlds) < travel + 0.01
    assert worlds_open(worlds) == pytest.approx(float(joint.qpos[0]), abs=1e-4)
    worlds.close()
