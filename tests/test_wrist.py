"""Laws of a camera on the hand: it goes where the hand goes, is late as the scene is, and alike in both engines."""

import numpy as np
import pytest

from envs.arms import kinematics
from envs.arms import profile as arms
from envs.audit import audit
from envs.columns import Row
from envs.engine import Command
from envs.reality import RealitySpec
from envs.rebuilding import rebuild
from envs.record import Record
from envs.rendering.appearance import knobs, looking_at, nominal_appearance
from envs.rendering.assets import CAMERAS, arm_scene
from envs.rendering.mounts import Mounts
from envs.rendering.overlay import project
from envs.spec import WorldsSpec
from envs.tasks import base as tasks
from envs.tasks.lift import HOVER
from envs.transforms import PartFrames
from randomizers import (
    DEFAULT,
    BasePose,
    Beta,
    Camera,
    Choice,
    Empirical,
    Exposure,
    Latency,
    Mixture,
    Noise,
    Normal,
    Uniform,
    nominal,
)

LIFT, WRIST = tasks.get("lift"), CAMERAS["wrist"]
SIZE = 64
BOTH = ("front", "wrist")
SPEC = WorldsSpec("lift", images=BOTH, image_size=SIZE)
HALF = LIFT.objects[0].half_extents[2]


def aimed(profile, joints, write=lambda knobs: None):
    """Give the wrist camera's position (3,) and turn (3, 3) at some joint positions, and its carrier's pose."""
    scene = arm_scene(profile, LIFT, cameras=("wrist",))
    look, transforms = nominal_appearance(scene, 1), np.zeros((1, len(scene.parts), 3, 4), np.float32)
    write(knobs(look, 0, scene))
    PartFrames(scene, profile, LIFT).write(joints, 0.04, np.tile([0, 0, 0, 0, 0, 0, 1.0], (1, 1)), transforms[0])
    seen, index = Mounts(scene).aimed(look, transforms, np.array([0])), list(scene.cameras).index("wrist")
    return seen.camera_position[0, index], seen.world_from_camera[0, index]


@pytest.mark.parametrize("name", ["panda", "xarm6", "iiwa"])
def test_the_camera_goes_where_the_hand_goes(name):
    profile, rng = arms.load(name), np.random.default_rng(0)
    for _ in range(5):
        joints = rng.uniform(profile.lower, profile.upper)
        place, turn = kinematics.tool_pose(profile.chain, joints)
        position, world_from_camera = aimed(profile, joints)
        np.testing.assert_allclose(position, place + turn @ WRIST.position, atol=1e-5)
        np.testing.assert_allclose(world_from_camera, turn @ looking_at(WRIST), atol=1e-5)


def test_an_error_of_the_mount_is_in_the_hand_s_frame():
    profile, shift = arms.load("panda"), np.array([0.01, -0.02, 0.03])
    joints = np.array(profile.home) + 0.3
    turn = kinematics.tool_pose(profile.chain, joints)[1]

    def write(found):
        found["camera.wrist.position"].write(np.add(WRIST.position, shift))
        found["camera.wrist.rotation_deg"].write(np.array([0.0, 0.0, 90.0]))

    (here, upright), (there, rolled) = aimed(profile, joints), aimed(profile, joints, write)
    np.testing.assert_allclose(there - here, turn @ shift, atol=1e-6)
    np.testing.assert_allclose(rolled[:, 2], upright[:, 2], atol=1e-6)
    np.testing.assert_allclose(rolled[:, 0], upright[:, 1], atol=1e-6)


@pytest.mark.parametrize(("above", "back"), [(HOVER, -1.0), (0.5 * HOVER, -1.0), (0.0, 0.0)])
def test_a_cube_below_the_hand_is_in_the_picture_and_its_front_half_between_the_fingers(above, back):
    angle = np.arange(0.0, 2.0 * np.pi, 0.1)
    rim = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], 1) * HALF * np.sqrt(2.0)
    rim = rim[rim[:, 0] >= back]
    points = np.concatenate([rim + (0.0, 0.0, above + side) for side in (-HALF, 0.0)])  # in the tool's frame, z down
    scene = arm_scene(arms.load("panda"), LIFT, cameras=("wrist",))
    look = nominal_appearance(scene, 1)
    pixels, depth = project(points, look, 0, list(scene.cameras).index("wrist"), SIZE)
    assert (depth > 0.05).all() and (pixels > 0.0).all() and (pixels < SIZE).all()


def test_worlds_that_do_not_look_through_it_have_no_axis_of_it_and_the_rest_draws_the_same():
    old, new = (WorldsSpec("lift", randomization=DEFAULT, images=seen).build(1) for seen in (("front",), BOTH))
    names, added = set(old.randomization), set(new.randomization) - set(old.randomization)
    assert len(names) == 170 and all(".wrist" in name for name in added) and len(added) == 15
    assert [part.name for part in new.sight.scene.parts][:-1] == [part.name for part in old.sight.scene.parts]
    before, after = old.randomization.draw(3, 4).values, new.randomization.draw(3, 4).values
    assert all(np.array_equal(before[name], after[name]) for name in names)


def test_a_range_for_any_camera_is_narrowed_to_what_a_bracket_allows_but_not_one_for_this():
    worlds = SPEC.build(1)
    ranges = []
    for of in ("*", "front wrist"):
        axes = Camera(of, position=nominal + Normal(0.0, 0.01)).axes(Row(worlds.knobs[0]))
        ranges.append({axis.name: str(axis.expression) for axis in axes})
    assert ranges[0]["camera.wrist.position"] == "nominal + Normal(0.0, 0.0025)"
    assert ranges[0]["camera.front.position"] == "nominal + Normal(0.0, 0.01)"
    assert set(ranges[1].values()) == {"nominal + Normal(0.0, 0.01)"} and len(ranges[1]) == 2


@pytest.mark.parametrize(
    "shape",
    [
        Uniform(-1.0, (2.0, 3.0)),
        Normal(0.5, 1.0),
        Beta(2.0, 5.0, -1.0, 2.0),
        Choice((0.5, 1.0), (2.0, -1.0)),
        Empirical(1.0, 2.0, 5.0),
        Mixture(Uniform(-1.0, 0.0), Normal(0.0, 1.0), weights=(1.0, 3.0)),
    ],
    ids=str,
)
def test_a_narrowed_shift_goes_a_share_as_far_whatever_its_shape(shape):
    whole = nominal + shape
    centre = np.zeros(2)
    u = np.random.default_rng(0).uniform(size=(50, *shape.unit_shape((2,))))
    few, many = (each.value(centre, u) for each in (whole.narrowed(0.25), whole))
    np.testing.assert_allclose(few, 0.25 * many, atol=1e-12)
    assert whole.narrowed(1.0) is whole and str(whole.narrowed(0.25)).startswith("nominal + ")


def drive(worlds, steps, seed=0, episode=0):
    """Give the images of some steps with the expert at work, (steps, ...) of row 0, by camera."""
    rows, seen = np.arange(worlds.num), []
    worlds.begin(rows, seed, episode + rows)
    for _ in range(steps):
        seen.append(worlds.observe()["images"])
        worlds.step(worlds.expert_actions())
    return {camera: np.array([images[camera] for images in seen]) for camera in worlds.cameras}


def test_a_late_image_is_late_in_the_scene_and_in_the_camera():
    prompt = drive(SPEC.build(1), 8)
    late = drive(SPEC.but(randomization=Latency(images=Uniform(0.1, 0.1))).build(1), 8)
    for camera in BOTH:
        np.testing.assert_array_equal(late[camera][2:], prompt[camera][:-2])
        assert (prompt[camera][3] != prompt[camera][5]).any()


def test_an_episode_looks_the_same_in_any_row_of_any_batch_and_is_rebuilt_bit_for_bit():
    spec = SPEC.but(randomization=DEFAULT | BasePose())
    alone, batch = (drive(spec.build(num), 4, episode=first) for num, first in ((1, 5), (3, 3)))
    for camera in BOTH:
        np.testing.assert_array_equal(alone[camera][:, 0], batch[camera][:, 2])
    worlds = spec.build(2)
    worlds.record()
    drive(worlds, 6)
    found = rebuild(Record.from_json(Record.of(worlds, 1).to_json()))
    assert found.match and found.record is not None and found.record.images is not None


def test_every_axis_of_it_acts_and_on_nothing_else():
    varied = Camera("wrist") | Exposure("wrist") | Noise("wrist")
    found = audit(lambda varied: SPEC.but(randomization=varied).build(2), varied)
    assert len(found) == 5 and {(each.status, each.image, each.trajectory) for each in found} == {("acts", True, False)}


def posed(worlds, joints, cube):
    """Give both images of a nominal world whose arm and cube are put somewhere, and the look they were taken with."""
    row = np.array([0])
    worlds.begin(row, 0, 0, strength=0.0)
    worlds.engines[0].reset(Command(joints, 0.08), cube[None])
    worlds.engines[0].measure(worlds.state, 0)
    worlds.sight.begin(row, row, worlds.engines, worlds.state)
    return worlds.observe()["images"], worlds.sight.seen_from(row), list(worlds.sight.scene.cameras).index("wrist")


@pytest.mark.parametrize("offset", [(0.0, 0.0), (0.05, -0.04)])
def test_simulation_and_twin_and_tiny_renderer_see_a_cube_where_the_formula_says(offset):
    profile, joints = arms.load("panda"), np.array(arms.load("panda").home)
    place = kinematics.tool_pose(profile.chain, joints)[0]
    cube = np.array([*(place[:2] + offset), HALF, 0.0, 0.0, 0.0, 1.0])
    real = RealitySpec("lift", images=BOTH, image_size=SIZE)
    centres = []
    for spec in (SPEC, SPEC.but(renderer="tiny"), real):
        images, look, index = posed(spec.build(1), joints, cube)
        red, green, blue = np.moveaxis(images["wrist"][0].astype(float), -1, 0)
        rows, columns = np.nonzero(red > 1.6 * np.maximum(green, blue))
        pixel, depth = project(cube[:3] + (0.0, 0.0, HALF), look, 0, index, SIZE)  # of its upper face, which is seen
        assert depth == pytest.approx(0.26, abs=0.03)
        centres.append((columns.mean() + 0.5, rows.mean() + 0.5))
        assert np.abs(centres[-1] - pixel).max() < 1.5, spec
    assert np.ptp(centres, axis=0).max() < 1.0


def test_a_card_s_errors_move_the_twin_s_camera_with_its_own_hand():
    worlds = RealitySpec("lift", "harsh", images=BOTH, image_size=SIZE).build(1)
    worlds.begin([0], 0, 0)
    seen, index = worlds.sight.seen_from(np.array([0])), list(worlds.sight.scene.cameras).index("wrist")
    drawn = worlds.draws[0].values["camera.wrist.position"]
    turn = kinematics.tool_pose(arms.load("panda").chain, worlds.state.joint_positions[0])[1]
    np.testing.assert_allclose(seen.camera_position[0, index], worlds.state.hand_position[0] + turn @ drawn, atol=2e-3)
    assert 1e-4 < np.abs(drawn - WRIST.position).max() < 0.25 * 3 * 0.018 + 1e-6
