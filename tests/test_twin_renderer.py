"""Laws of the twin's eyes: MuJoCo draws what the frame says in any batch, or TinyRenderer stands in."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from envs.arms import profile as arms
from envs.reality import RealitySpec
from envs.rendering.appearance import knobs, nominal_appearance
from envs.rendering.assets import arm_scene
from envs.rendering.scene import LIGHT_KINDS, Frame, Images
from envs.tasks import base as tasks
from envs.twin import gl
from envs.twin.scene import twin_scene
from envs.twin.textures import pick, textures

ROOT = Path(__file__).parents[1]
SIZE = 64
draws = pytest.mark.skipif(gl.available() == gl.NONE, reason="neither EGL nor OSMesa works here")
SCENE = twin_scene(arms.load("panda"), tasks.get("push"))
PARTS = [part.name for part in SCENE.parts]


@pytest.fixture(scope="module")
def renderer():
    from envs.twin.renderer import MujocoRenderer

    renderer = MujocoRenderer(SCENE, SIZE)
    yield renderer
    renderer.close()


@pytest.fixture
def frame() -> Frame:
    """Two equal nominal worlds: arm at home, cube aside, all distractors at their places."""
    from envs.engine import Command
    from envs.twin.engine import TwinEngine

    task, profile = tasks.get("push"), arms.load("panda")
    transforms = np.zeros((2, len(PARTS), 3, 4), np.float32)
    transforms[:, :, [0, 1, 2], [0, 1, 2]] = 1.0
    engine = TwinEngine(task, profile, SCENE)
    engine.reset(Command(np.array(profile.home), 0.04), np.array([[0.5, 0.1, 0.02, 0, 0, 0, 1.0]]))
    engine.transforms(transforms[0])
    transforms[1] = transforms[0]
    return Frame(transforms, nominal_appearance(SCENE, 2), np.arange(2), (0, 1))


def shot(renderer, frame: Frame, **more) -> Images:
    rgb = np.zeros((len(frame.transforms), len(frame.cameras), SIZE, SIZE, 3), np.uint8)
    images = Images(rgb, **more)
    renderer.draw(frame, images)
    return images


def place(frame: Frame, part: str, position: tuple, scale: float) -> None:
    """Show a part in world 1."""
    index = PARTS.index(part)
    frame.transforms[1, index] = np.column_stack((scale * np.eye(3), position))
    frame.appearance.visible[1, index] = True


def test_the_twin_has_the_parts_of_training_in_the_same_order_and_other_paint():
    training = arm_scene(arms.load("panda"), tasks.get("push"))
    assert [part.name for part in training.parts] == PARTS
    assert list(SCENE.surfaces) == list(training.surfaces)
    for surface in ("floor", "wall", "table", "arm", "hand", "cube"):
        assert SCENE.surfaces[surface].colour != training.surfaces[surface].colour
    assert SCENE.cameras == training.cameras


def test_variant_reaches_every_picture_and_no_further():
    for pictures in textures().values():
        if pictures:
            chosen = {pick(len(pictures), variant) for variant in np.linspace(0.0, 1.0, 101)}
            assert chosen == set(range(len(pictures)))


@draws
def test_drawing_twice_gives_the_same_bytes_and_equal_worlds_look_equal(renderer, frame):
    first = shot(renderer, frame).rgb.copy()
    np.testing.assert_array_equal(shot(renderer, frame).rgb, first)
    np.testing.assert_array_equal(first[0], first[1])
    assert first.std() > 20


@draws
def test_worlds_that_are_not_asked_for_keep_their_pixels(renderer, frame):
    images = Images(np.full((2, 2, SIZE, SIZE, 3), 7, np.uint8))
    renderer.draw(Frame(frame.transforms, frame.appearance, np.array([1]), (0, 1)), images)
    assert (images.rgb[0] == 7).all() and (images.rgb[1] != 7).any()


@draws
@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("texture.table.pattern", "checker"),
        ("texture.table.variant", 0.1),
        ("texture.cube.colour", (0.1, 0.2, 0.9)),
        ("light.direction", (-0.5, 0.3, 0.8)),
        ("texture.table.pattern", "wood"),
        ("light.colour", (0.5, 0.6, 0.7)),
        ("light.intensity", 0.6),
        ("light.temperature_k", 3000.0),
        ("light.ambient", 0.9),
        ("light.shadow", 0.8),
        ("camera.front.position", (1.1, 0.05, 0.6)),
        ("camera.front.rotation_deg", (1.0, -2.0, 0.5)),
        ("camera.front.fov_deg", 45.0),
    ],
)
def test_every_visual_knob_changes_its_own_world_only(renderer, frame, knob, value):
    before = shot(renderer, frame).rgb.copy()
    knobs(frame.appearance, 1, SCENE)[knob].write(value if isinstance(value, str) else np.asarray(value))
    after = shot(renderer, frame).rgb
    np.testing.assert_array_equal(after[0], before[0])
    assert (after[1, 0] != before[1, 0]).any()


@draws
@pytest.mark.parametrize("lamp", [1, 3])
@pytest.mark.parametrize("kind", LIGHT_KINDS[1:])
def test_every_lamp_lights_its_own_world_and_goes_out_again(renderer, frame, lamp, kind):
    mine = knobs(frame.appearance, 1, SCENE)
    for other in (1, 2, 3):  # as many lights as there can be
        mine[f"lamp.{other}.kind"].write("spot")
        mine[f"lamp.{other}.shadow"].write(0.9)
    before = shot(renderer, frame).rgb.copy()
    mine[f"lamp.{lamp}.kind"].write("off")
    dark = shot(renderer, frame).rgb.copy()
    assert (before[1, 0].astype(int) - dark[1, 0]).mean() > 1.0
    mine[f"lamp.{lamp}.kind"].write(kind)
    lit = shot(renderer, frame).rgb.copy()
    assert (lit[1, 0].astype(int) - dark[1, 0]).mean() > 1.0
    mine[f"lamp.{lamp}.temperature_k"].write(2700.0)
    assert (shot(renderer, frame).rgb[1] != lit[1]).any()
    np.testing.assert_array_equal(lit[0], before[0])


@draws
@pytest.mark.parametrize("part", ["distractor0.box", "distractor1.ball", "distractor3.cylinder"])
def test_distractors_are_drawn_where_they_are_visible(renderer, frame, part):
    segments = np.zeros((2, 2, SIZE, SIZE), np.int32)
    place(frame, part, (0.45, -0.1, 0.04), 0.08)
    shot(renderer, frame, segmentation=segments)
    index = PARTS.index(part)
    assert (segments[1] == index).sum() > 20 and not (segments[0] == index).any()


@draws
def test_what_is_invisible_throws_no_shadow(renderer, frame):
    frame.appearance.lamps.shadow[:, 0] = 1.0
    before = shot(renderer, frame).rgb.copy()
    place(frame, "distractor0.box", (0.45, -0.1, 0.1), 0.1)
    frame.appearance.visible[1, PARTS.index("distractor0.box")] = False
    np.testing.assert_array_equal(shot(renderer, frame).rgb, before)


@draws
def test_segmentation_and_depth_agree_with_the_pinhole_formula(renderer, frame):
    segments, depth = np.zeros((2, 2, SIZE, SIZE), np.int32), np.zeros((2, 2, SIZE, SIZE), np.float32)
    knobs(frame.appearance, 0, SCENE)["camera.front.rotation_deg"].write(np.array([3.0, -4.0, 10.0]))
    shot(renderer, frame, segmentation=segments, depth=depth)
    look, cube = frame.appearance, PARTS.index("cube")
    for camera in (0, 1):
        there = frame.transforms[0, cube, :, 3] - look.camera_position[0, camera]
        right, down, forward = look.world_from_camera[0, camera].T @ there
        focal = SIZE / 2 / np.tan(np.radians(look.fov_deg[0, camera]) / 2)
        rows, columns = np.nonzero(segments[0, camera] == cube)
        assert abs(columns.mean() + 0.5 - (SIZE / 2 + focal * right / forward)) < 1.0
        assert abs(rows.mean() + 0.5 - (SIZE / 2 + focal * down / forward)) < 1.0
        assert depth[0, camera][rows, columns].mean() == pytest.approx(forward, abs=0.03)


@draws
def test_closing_one_renderer_leaves_another_alone(renderer, frame):
    from envs.twin.renderer import MujocoRenderer

    before = shot(renderer, frame).rgb.copy()
    other = MujocoRenderer(SCENE, 32)
    other.draw(frame, Images(np.zeros((2, 2, 32, 32, 3), np.uint8)))
    other.close()
    other.close()
    del other
    np.testing.assert_array_equal(shot(renderer, frame).rgb, before)


@draws
def test_images_of_an_episode_do_not_depend_on_its_row_or_on_what_ran_before():
    worlds = RealitySpec("push", "harsh", images=("front", "side"), image_size=SIZE).build(3)
    seen = []
    for rows, episodes in (([0], [4]), ([0, 1], [7, 8]), ([1, 2], [9, 4])):
        worlds.begin(rows, seed=3, episodes=episodes)
        active = np.isin(np.arange(3), rows)
        for _ in range(4):
            worlds.step(worlds.expert_actions(), active)
        images = worlds.observe(active)["images"]
        seen.append(np.stack([images["front"][rows[-1]], images["side"][rows[-1]]]))
    np.testing.assert_array_equal(seen[0], seen[2])
    assert (seen[0] != seen[1]).any()
    assert worlds.renderer.name.startswith("mujoco-")
    worlds.close()


# Without OpenGL.


def test_the_trial_is_made_once_and_its_answer_is_inherited(monkeypatch):
    monkeypatch.delenv(gl.VARIABLE, raising=False)
    monkeypatch.setattr(gl, "_draws", lambda kind: kind == "osmesa")
    assert gl.available() == "osmesa"
    monkeypatch.setattr(gl, "_draws", lambda kind: pytest.fail("tried twice"))
    assert gl.available() == "osmesa" == os.environ[gl.VARIABLE]


@pytest.mark.parametrize("trial", ["import os; os.abort()", "raise SystemExit(1)", "print('nothing')"])
def test_a_driver_that_dies_kills_only_the_trial(monkeypatch, trial):
    monkeypatch.delenv(gl.VARIABLE, raising=False)
    monkeypatch.setattr(gl, "TRIAL", trial)
    assert gl.available() == gl.NONE


def test_an_unknown_kind_of_opengl_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv(gl.VARIABLE, "elg")
    with pytest.raises(ValueError, match="Did you mean `egl`"):
        gl.available()


def test_tinyrenderer_stands_in_where_mujoco_cannot_draw():
    code = (
        "import numpy as np\n"
        "from envs.reality import RealitySpec\n"
        "worlds = RealitySpec('push', 'medium', images=('front',), image_size=48).build(1)\n"
        "worlds.begin([0], seed=0, episodes=[0]); image = worlds.observe()['images']['front'][0]\n"
        "faces = sum(len(part.mesh.faces) for part in worlds.sight.scene.parts)\n"
        "print(worlds.renderer.name, image.std() > 20, faces > 50_000)"
    )
    environment = os.environ | {gl.VARIABLE: gl.NONE}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split()[-3:] == ["TinyRenderer", "True", "True"]
