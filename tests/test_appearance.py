"""Visual knobs write what they are given and read it back; scenes and meshes are sound."""

import shutil
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

from envs.engine import ObjectSpec
from envs.rendering import assets
from envs.rendering.appearance import columns, knobs, looking_at, nominal_appearance
from envs.rendering.assets import arm_scene
from envs.rendering.distractors import Distractors
from envs.rendering.meshes import Soup, ball, box, cylinder, finished, read_obj, shells, simplified, welded
from envs.rendering.scene import EVERYTHING, CameraSpec, kind

ARM = SimpleNamespace(name="panda")
TASK = SimpleNamespace(objects=(ObjectSpec("cube", (0.02, 0.02, 0.02), 0.1, 0.8, (0.9, 0.1, 0.1)),))
SCENE = arm_scene(ARM, TASK)
LOOK = nominal_appearance(SCENE, 1)
NAMES = sorted({**knobs(LOOK, 0, SCENE), **Distractors(SCENE, 1).knobs(0)})


def state(look, distractors):
    """Every number of all worlds."""
    arrays = [getattr(place, field.name) for place in (look, look.lamps, look.lenses) for field in fields(place)]
    arrays = [array for array in arrays if isinstance(array, np.ndarray)]
    return [np.array(array) for array in (*arrays, *vars(distractors).values())]


def visual(row, worlds=3):
    """Looks, distractors and the knobs of one world."""
    look, distractors = nominal_appearance(SCENE, worlds), Distractors(SCENE, worlds)
    return look, distractors, {**knobs(look, row, SCENE), **distractors.knobs(row)}


def another(knob, rng):
    """A value within the limits that is not the nominal one."""
    if knob.options:
        return next(word for word in reversed(knob.options) if word != knob.nominal)
    low = max(knob.limits[0], -3.0)
    high = min(knob.limits[1], low + 6.0)
    value = rng.uniform(low + 0.1 * (high - low), high, np.shape(knob.nominal))
    return float(value) if np.ndim(value) == 0 else value


@pytest.mark.parametrize("name", NAMES)
def test_writing_the_nominal_value_changes_no_bit(name):
    look, distractors, mine = visual(1)
    before = state(look, distractors)
    mine[name].write(mine[name].nominal)
    assert all(np.array_equal(left, right) for left, right in zip(before, state(look, distractors)))
    if isinstance(mine[name].nominal, str):
        assert mine[name].read() == mine[name].nominal
    else:
        assert np.allclose(mine[name].read(), mine[name].nominal, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_knob_reads_back_what_was_written_and_the_second_write_starts_from_nominal(name):
    _, _, mine = visual(1)
    rng = np.random.default_rng(0)
    value = another(mine[name], rng)
    for wanted in (mine[name].nominal, value, value):
        mine[name].write(wanted)
    read = mine[name].read()
    if isinstance(value, str):
        assert read == value
    elif name.endswith("direction"):
        assert np.allclose(read, value / np.linalg.norm(value), atol=1e-6)
    elif name == "distractors.count":
        assert read == round(value)
    else:
        assert np.allclose(read, value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_knob_touches_its_own_world_only(name):
    look, distractors, mine = visual(1)
    before = state(look, distractors)
    mine[name].write(another(mine[name], np.random.default_rng(0)))
    after = state(look, distractors)
    rows = [(left[[0, 2]], right[[0, 2]]) for left, right in zip(before, after) if len(left) == 3]
    assert all(np.array_equal(left, right) for left, right in rows)


def test_the_knobs_of_the_contract_exist():
    surfaces = ("floor", "wall", "table", "arm", "hand", "cube", *(f"distractor{i}" for i in range(4)))
    expected = {
        f"texture.{surface}.{what}"
        for surface in surfaces
        for what in ("pattern", "variant", "colour", "scale", "turn_deg", "specular", "shininess")
    }
    shining = ("direction", "colour", "intensity", "temperature_k", "shadow")
    expected |= {f"light.{what}" for what in ("ambient", *shining)} | {"distractors.count"}
    expected |= {f"lamp.{i}.{what}" for i in (1, 2, 3) for what in ("kind", "position", "cone_deg", *shining)}
    expected |= {f"background.{what}" for what in ("kind", "variant", "top", "bottom")}
    glass = ("distortion", "vignetting", "white_balance", "gamma", "shot_noise", "defocus_px", "motion_px")
    glass += ("rolling_px", "jpeg", "dead_pixels", "depth_noise", "depth_holes")
    for camera in ("front", "side"):
        expected |= {f"camera.{camera}.{what}" for what in ("position", "rotation_deg", "fov_deg")}
        expected |= {f"exposure.{camera}", f"noise.{camera}"} | {f"lens.{camera}.{what}" for what in glass}
    expected |= {f"distractors.{i}.{what}" for i in range(4) for what in ("position", "size", "shape")}
    assert set(NAMES) == expected


@pytest.mark.parametrize("name", sorted(columns(LOOK, SCENE)))
def test_a_column_writes_many_worlds_as_their_knobs_write_one_by_one(name):
    rng, rows = np.random.default_rng(0), np.array([2, 0])
    together, apart = nominal_appearance(SCENE, 3), nominal_appearance(SCENE, 3)
    column = columns(together, SCENE)[name]
    values = [another(column, rng), column.nominal]
    column.write(rows, np.stack(values))
    for row, value in zip(rows, values):
        knobs(apart, row, SCENE)[name].write(value)
    nothing = Distractors(SCENE, 3)
    pairs = zip(state(together, nothing), state(apart, nothing))
    assert all(np.array_equal(left, right) for left, right in pairs)


def test_every_visual_knob_is_of_a_kind_that_renderers_know():
    drawn = [name for name in columns(LOOK, SCENE) if not name.startswith(("lens", "exposure", "noise"))]
    assert {kind(name) for name in drawn} == EVERYTHING
    assert kind("lens.front.gamma") == "lens" and kind("mass.cube") == "mass"


def test_a_turned_camera_stays_a_rotation_and_turns_about_its_own_axis():
    look, _, mine = visual(0)
    nominal = look.world_from_camera[0, 0].copy()
    mine["camera.front.rotation_deg"].write(np.array((0.0, 0.0, 30.0)))
    turned = look.world_from_camera[0, 0]
    assert np.allclose(turned @ turned.T, np.eye(3), atol=1e-6)
    assert np.allclose(turned[:, 2], nominal[:, 2], atol=1e-6)


def test_a_camera_has_its_target_in_the_middle_and_up_above():
    turn = looking_at(CameraSpec((1.0, 0.2, 0.8), (0.4, 0.0, 0.1), 40.0))
    seen = (np.array((0.4, 0.0, 0.1)) - (1.0, 0.2, 0.8)) @ turn
    assert np.allclose(seen[:2], 0.0, atol=1e-12)
    assert seen[2] > 0
    assert turn[2, 1] < 0
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_a_light_without_direction_and_a_camera_straight_down_are_refused():
    with pytest.raises(ValueError, match="no length"):
        visual(0)[2]["light.direction"].write(np.zeros(3))
    with pytest.raises(ValueError, match="straight up or down"):
        looking_at(CameraSpec((0.4, 0.0, 1.0), (0.4, 0.0, 0.0), 40.0))


def test_parts_have_the_documented_order():
    links = [f"panda_link{i}" for i in range(8)]
    fixed = ["floor", "wall", "table", *links, "panda_hand", "panda_leftfinger", "panda_rightfinger", "cube"]
    names = [part.name for part in SCENE.parts]
    assert names[: len(fixed)] == fixed
    assert all(name.startswith(("distractor", "clutter")) for name in names[len(fixed) :])
    assert {part.surface for part in SCENE.parts} == set(SCENE.surfaces)


@pytest.mark.parametrize("detail", assets.DETAILS)
def test_meshes_are_sound(detail):
    for part in arm_scene(ARM, TASK, detail).parts:
        mesh = part.mesh
        assert mesh.faces.min() == 0
        assert mesh.faces.max() == len(mesh.vertices) - 1
        assert np.isfinite(mesh.vertices).all()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-3), part.name
        assert mesh.uvs.min() >= 0.0


def test_the_low_arm_has_about_a_thousand_triangles_and_the_outline_of_the_full_one():
    low, full = SCENE.parts, arm_scene(ARM, TASK, "full").parts
    arm = [i for i, part in enumerate(low) if part.surface in ("arm", "hand")]
    assert 500 < sum(len(low[i].mesh.faces) for i in arm) < 2000
    for i in arm:
        for side in ("min", "max"):
            ours, theirs = (getattr(part[i].mesh.vertices, side)(axis=0) for part in (low, full))
            assert np.abs(ours - theirs).max() < 0.02, low[i].name


def test_the_right_finger_is_the_left_one_turned():
    left, right = (
        next(p.mesh for p in SCENE.parts if p.name == f"panda_{side}finger") for side in ("left", "right")
    )
    assert np.allclose(left.vertices.min(axis=0) * (-1, -1, 1), right.vertices.max(axis=0) * (1, 1, 0)
                       + left.vertices.min(axis=0) * (0, 0, 1), atol=1e-4)  # fmt: skip


def test_unknown_arms_and_details_suggest_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `panda`"):
        arm_scene(SimpleNamespace(name="pandas"), TASK)
    with pytest.raises(ValueError, match="Did you mean `low`"):
        arm_scene(ARM, TASK, "lo")


def test_prepared_meshes_are_kept_and_a_damaged_one_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SIM2ARM_CACHE", str(tmp_path / "cache"))
    first = arm_scene(ARM, TASK)
    kept = sorted((tmp_path / "cache" / "meshes").iterdir())
    assert len(kept) == 11
    assert not [path for path in kept if path.suffix != ".npz"]
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    kept[1].write_bytes(b"")
    again = arm_scene(ARM, TASK)
    assert all(np.array_equal(a.mesh.vertices, b.mesh.vertices) for a, b in zip(first.parts, again.parts))
    assert kept[0].stat().st_size > 1000


def test_a_cache_that_cannot_be_written_names_the_variable_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SIM2ARM_CACHE", str(tmp_path / "file"))
    with pytest.raises(ValueError, match="set SIM2ARM_CACHE"):
        arm_scene(ARM, TASK)


def test_a_missing_mesh_says_what_to_install(tmp_path, monkeypatch):
    shutil.copytree(assets.mesh_folder() / "collision", tmp_path / "collision")
    monkeypatch.setattr(assets, "mesh_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"link1\.obj does not exist.*pip install pybullet"):
        arm_scene(ARM, TASK)


def test_a_mesh_file_without_triangles_is_refused(tmp_path):
    (tmp_path / "empty.obj").write_text("v 0 0 0\n")
    with pytest.raises(ValueError, match="holds no triangles"):
        read_obj(tmp_path / "empty.obj")


def volume(mesh):
    """Signed volume: positive where all triangles face outwards."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]].astype(float) for i in range(3))
    return (a * np.cross(b, c)).sum() / 6.0


def test_primitives_face_outwards_and_have_their_volume():
    assert volume(box((0.1, 0.2, 0.3))) == pytest.approx(8 * 0.1 * 0.2 * 0.3)
    assert volume(ball(0.5, sides=40)) == pytest.approx(np.pi / 6, rel=0.02)
    assert volume(cylinder(0.4, 0.5, sides=60)) == pytest.approx(np.pi * 0.16, rel=0.01)


def test_normals_are_sharp_at_edges_and_smooth_on_a_ball():
    cube = box((0.1, 0.1, 0.1))
    assert set(np.abs(cube.normals).max(axis=1)) == {1.0}
    globe = ball(0.5, sides=32)
    assert (globe.vertices / 0.5 * globe.normals).sum(axis=1).min() > 0.97


def test_simplifying_keeps_large_shells_and_drops_small_ones():
    large, speck = ball(0.5, sides=40), ball(0.01, sides=12)
    soup = Soup(
        np.concatenate((large.vertices, large.vertices + (2, 0, 0), speck.vertices + (5, 0, 0))).astype(
            float
        ),
        np.concatenate(
            (large.faces, large.faces + len(large.vertices), speck.faces + 2 * len(large.vertices))
        ),
    )
    assert len(np.unique(shells(welded(soup)))) == 3
    few = simplified(soup, 300)
    assert 200 < len(few.faces) <= 360
    assert few.vertices[:, 0].max() < 3.0
    assert volume(finished(few, 1.0)) == pytest.approx(2 * np.pi / 6, rel=0.05)


def test_simplifying_to_more_triangles_than_there_are_changes_nothing():
    globe = ball(0.5)
    soup = welded(Soup(globe.vertices.astype(float), globe.faces))
    assert np.array_equal(simplified(soup, 10_000).vertices, soup.vertices)
