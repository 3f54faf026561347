"""TinyRenderer behind the batch interface: colours, depth and parts are right, batches never matter."""

from types import SimpleNamespace

import numpy as np
import pytest

from envs.engine import ObjectSpec
from envs.rendering.appearance import AMBIENT, knobs, nominal_appearance
from envs.rendering.assets import arm_scene
from envs.rendering.distractors import Distractors
from envs.rendering.overlay import project
from envs.rendering.rigid import quaternions
from envs.rendering.scene import PATTERNS, Frame, Images
from envs.rendering.stage import DIFFUSE
from envs.rendering.textures import bank
from envs.rendering.tiny import TinyRenderer

CUBE = ObjectSpec("cube", (0.025, 0.025, 0.025), 0.1, 0.8, (0.85, 0.15, 0.1))
SCENE = arm_scene(SimpleNamespace(name="panda"), SimpleNamespace(objects=(CUBE,)))
NAMES = [part.name for part in SCENE.parts]
LINKS = [i for i, part in enumerate(SCENE.parts) if part.surface in ("arm", "hand")]
CUBE_PART, TABLE_PART = NAMES.index("cube"), NAMES.index("table")
SIZE = 48


def random_turns(rng, count):
    """Rotation matrices (count, 3, 3)."""
    q, r = np.linalg.qr(rng.normal(size=(count, 3, 3)))
    q *= np.sign(np.einsum("nii->ni", r))[:, None, :]
    return q * np.sign(np.linalg.det(q))[:, None, None]


def standing(worlds, seed=0):
    """Transforms with the arm's links scattered over the table and a cube on it."""
    rng = np.random.default_rng(seed)
    transforms = np.zeros((worlds, len(NAMES), 3, 4), np.float32)
    transforms[..., :3] = np.eye(3)
    for world in range(worlds):
        moving = [i for i in LINKS if NAMES[i] != "panda_link0"]
        transforms[world, moving, :, :3] = random_turns(rng, len(moving))
        transforms[world, moving, :, 3] = rng.uniform((0.0, -0.3, 0.15), (0.6, 0.3, 0.5), (len(moving), 3))
        transforms[world, CUBE_PART, :, 3] = (*rng.uniform((0.4, -0.15), (0.6, 0.15)), 0.025)
    return transforms


def varied(worlds, seed=1):
    """Looks that differ in everything, and transforms with distractors."""
    rng = np.random.default_rng(seed)
    look, transforms = nominal_appearance(SCENE, worlds), standing(worlds, seed)
    distractors = Distractors(SCENE, worlds)
    for world in range(worlds):
        for name, knob in {**knobs(look, world, SCENE), **distractors.knobs(world)}.items():
            if knob.options:
                knob.write(str(rng.choice(knob.options)))
            elif name.startswith(("texture", "light")) and "direction" not in name:
                knob.write(rng.uniform(0.1, 1.0, np.shape(knob.nominal)))
            elif name == "distractors.count":
                knob.write(float(world % 5))
            elif name.endswith(("rotation_deg", "fov_deg")):
                knob.write(knob.nominal + rng.uniform(-3.0, 3.0, np.shape(knob.nominal)))
    distractors.place(look, transforms, np.arange(worlds))
    return look, transforms


def blank(worlds, cameras=1, size=SIZE):
    shape = (worlds, cameras, size, size)
    return Images(np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.float32), np.zeros(shape, np.int32))


def drawn(renderer, look, transforms, rows=None, cameras=(0,)):
    images = blank(len(transforms), len(cameras))
    rows = np.arange(len(transforms)) if rows is None else np.asarray(rows)
    renderer.draw(Frame(transforms, look, rows, cameras), images)
    return images


def same(left, right, rows=slice(None)):
    return all(
        np.array_equal(getattr(left, name)[rows], getattr(right, name)[rows])
        for name in ("rgb", "depth", "segmentation")
    )


@pytest.fixture(scope="module")
def renderer():
    made = TinyRenderer(SCENE, SIZE, ("front", "side"))
    yield made
    made.close()


def only(look, *parts):
    """Hide everything else."""
    look.visible[:] = False
    look.visible[:, list(parts)] = True
    return look


def test_the_second_draw_equals_the_first(renderer):
    look, transforms = varied(3)
    assert same(drawn(renderer, look, transforms), drawn(renderer, look, transforms))


def test_a_world_looks_the_same_alone_first_last_or_in_a_fresh_renderer(renderer):
    look, transforms = varied(4)
    together = drawn(renderer, look, transforms, cameras=(0, 1))
    fresh = TinyRenderer(SCENE, SIZE, ("front", "side"))
    for rows in ([2], [3, 0, 1]):
        assert same(drawn(fresh, look, transforms, rows, (0, 1)), together, rows)
    fresh.close()


def test_worlds_that_are_not_asked_for_keep_their_old_pixels(renderer):
    look, transforms = varied(3)
    images = drawn(renderer, look, transforms, rows=[1])
    assert images.rgb[1].any()
    assert not images.rgb[[0, 2]].any()
    assert not images.depth[[0, 2]].any()


def test_no_worlds_draw_nothing(renderer):
    look, transforms = varied(2)
    assert not drawn(renderer, look, transforms, rows=[]).rgb.any()


def test_what_is_kept_between_images_equals_what_is_drawn_at_once(renderer):
    look, transforms = varied(4)
    look.lamps.shadow[:, 0] = 0.0
    kept = drawn(renderer, look, transforms)
    whole = TinyRenderer(SCENE, SIZE, ("front",))
    whole._is_still[:] = False
    assert same(drawn(whole, look, transforms), kept)
    whole.close()


CHANGES = {
    "texture.table.pattern": "checker",
    "texture.wall.colour": np.array((0.1, 0.2, 0.3)),
    "texture.cube.colour": np.array((0.1, 0.9, 0.3)),
    "light.direction": np.array((0.0, 0.5, 1.0)),
    "light.colour": np.array((1.0, 0.6, 0.6)),
    "light.ambient": 0.7,
    "light.shadow": 0.9,
    "camera.front.position": np.array((1.1, 0.1, 0.7)),
    "camera.front.rotation_deg": np.array((0.0, 2.0, 0.0)),
    "camera.front.fov_deg": 45.0,
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_between_two_images_is_seen_and_can_be_taken_back(renderer, name):
    look, transforms = nominal_appearance(SCENE, 1), standing(1)
    knob = knobs(look, 0, SCENE)[name]
    before = drawn(renderer, look, transforms)
    knob.write(CHANGES[name])
    assert not np.array_equal(drawn(renderer, look, transforms).rgb, before.rgb)
    knob.write(knob.nominal)
    assert same(drawn(renderer, look, transforms), before)


def test_parts_outside_the_view_change_nothing(renderer):
    look, transforms = varied(3)
    culled = drawn(renderer, look, transforms)
    kept, renderer._radii = renderer._radii, renderer._radii + 100.0
    assert same(drawn(renderer, look, transforms), culled)
    renderer._radii = kept


def test_a_lit_table_has_its_colour_times_ambient_and_lamp(renderer):
    look, transforms = only(nominal_appearance(SCENE, 1), TABLE_PART), standing(1)
    look.lamps.colour[0, 0] = (1.2, 0.8, 0.5)
    image = drawn(renderer, look, transforms).rgb[0, 0]
    albedo = look.colour[0, list(SCENE.surfaces).index("table")]
    lamp = DIFFUSE * look.lamps.colour[0, 0] * look.lamps.direction[0, 0, 2]
    assert np.abs(image[SIZE // 2, SIZE // 2] - 255 * albedo * (AMBIENT + lamp)).max() <= 2.0


def test_light_does_not_stick_from_one_world_to_the_next(renderer):
    look, transforms = nominal_appearance(SCENE, 2), np.repeat(standing(1), 2, axis=0)
    before = drawn(renderer, look, transforms, rows=[1]).rgb[1]
    look.ambient[0], look.lamps.colour[0], look.lamps.direction[0] = 1.0, 2.0, (0.0, 1.0, 0.0)
    assert np.array_equal(drawn(renderer, look, transforms).rgb[1], before)


def test_shadows_darken_the_table_by_what_the_lamp_gave_and_nothing_else(renderer):
    look, transforms = only(nominal_appearance(SCENE, 2), TABLE_PART, CUBE_PART), standing(2)
    transforms[1] = transforms[0]
    transforms[:, CUBE_PART, 2, 3] = 0.1
    look.lamps.shadow[:, 0] = (0.0, 1.0)
    images = drawn(renderer, look, transforms)
    ratio = images.rgb[1].astype(float) / np.maximum(images.rgb[0], 1)
    table = images.segmentation[0, 0] == TABLE_PART
    lamp = DIFFUSE * look.lamps.direction[0, 0, 2]
    assert ratio[0, table].min() == pytest.approx(AMBIENT / (AMBIENT + lamp), abs=0.02)
    assert 4 < (ratio[0, table].mean(axis=1) < 0.8).sum() < 100
    assert (ratio[0, ~table & (images.segmentation[0, 0] >= 0)] == 1.0).all()


def test_the_shadow_lies_where_the_light_throws_it(renderer):
    look, transforms = only(nominal_appearance(SCENE, 2), TABLE_PART, CUBE_PART), standing(2)
    transforms[:, CUBE_PART, :, 3] = (0.45, 0.05, 0.25)
    look.lamps.shadow[:, 0] = (0.0, 1.0)
    images = drawn(renderer, look, transforms)
    dark = np.argwhere((images.rgb[0, 0].astype(int) - images.rgb[1, 0] > 20).any(axis=-1))
    light = look.lamps.direction[0, 0]
    place = np.array((0.45, 0.05, 0.25)) - 0.25 * light / light[2]
    pixel, _ = project(place, look, 0, 0, SIZE)
    assert np.abs(dark.mean(axis=0) + 0.5 - pixel[::-1]).max() < 1.0


def test_depth_is_metres_along_the_optical_axis(renderer):
    look, transforms = only(nominal_appearance(SCENE, 1), TABLE_PART), standing(1)
    images = drawn(renderer, look, transforms)
    columns, lines = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    focal = 0.5 * SIZE / np.tan(np.radians(look.fov_deg[0, 0]) / 2)
    rays = np.stack(((columns - SIZE / 2) / focal, (lines - SIZE / 2) / focal, np.ones((SIZE, SIZE))), -1)
    down = rays @ look.world_from_camera[0, 0].T.astype(float)
    expected = look.camera_position[0, 0, 2] / -down[..., 2]
    # The front side of the table hangs below its top; leave its pixels out.
    top = (images.segmentation[0, 0] == TABLE_PART) & (lines < 0.8 * SIZE)
    assert top.sum() > 500
    assert np.abs(images.depth[0, 0][top] / expected[top] - 1.0).max() < 1e-3


@pytest.mark.parametrize("camera", [0, 1])
def test_parts_are_where_the_pinhole_formula_says(renderer, camera):
    """Also that TinyRenderer's half-pixel shift is undone in both directions."""
    errors = []
    for seed in range(8):
        look, transforms = only(nominal_appearance(SCENE, 4), CUBE_PART), standing(4, seed)
        transforms[:, CUBE_PART, :, 3] += (0.0, 0.0, 0.1)
        images = drawn(renderer, look, transforms, cameras=(camera,))
        for row in range(4):
            where = np.argwhere(images.segmentation[row, 0] == CUBE_PART)
            pixel, _ = project(transforms[row, CUBE_PART, :, 3], look, row, camera, SIZE)
            errors.append(where.mean(axis=0) + 0.5 - pixel[::-1])
    assert np.abs(np.mean(errors, axis=0)).max() < 0.15


def test_pixels_without_a_part_say_so(renderer):
    look, transforms = only(nominal_appearance(SCENE, 1), CUBE_PART), standing(1)
    images = drawn(renderer, look, transforms)
    assert set(np.unique(images.segmentation)) == {-1, CUBE_PART}


def test_a_surface_shows_the_picture_of_its_pattern_and_pool(renderer):
    look, transforms = nominal_appearance(SCENE, 1), standing(1)
    look.pattern[:] = PATTERNS.index("checker")
    seen = drawn(renderer, look, transforms).rgb
    other = TinyRenderer(SCENE, SIZE, ("front",), bank("unseen"))
    assert not np.array_equal(drawn(other, look, transforms).rgb, seen)
    look.pattern[:] = PATTERNS.index("flat")
    assert same(drawn(other, look, transforms), drawn(renderer, look, transforms))
    other.close()


def test_distractors_take_the_area_of_their_size(renderer):
    look, transforms = nominal_appearance(SCENE, 2), standing(2)
    transforms[:, LINKS, 2, 3] = 50.0
    distractors = Distractors(SCENE, 2)
    distractors.count[:], distractors.position[:, 0] = 1, (0.5, 0.0)
    distractors.size[:, 0] = (0.05, 0.1)
    distractors.place(look, transforms, np.arange(2))
    small, large = (drawn(renderer, look, transforms).segmentation == NAMES.index("distractor0.box")).sum(
        (1, 2, 3)
    )
    assert 2.8 < large / small < 5.5


def test_wrong_calls_are_refused_before_a_pixel_changes(renderer):
    look, transforms = varied(2)
    with pytest.raises(ValueError, match="must be uint8"):
        renderer.draw(Frame(transforms, look, np.arange(2), (0, 1)), blank(2, 1))
    transforms[1, 3, 0, 0] = np.nan
    images = blank(2)
    with pytest.raises(ValueError, match="not finite"):
        renderer.draw(Frame(transforms, look, np.arange(2), (0,)), images)
    assert not images.rgb.any()
    with pytest.raises(ValueError, match="Did you mean `front`"):
        TinyRenderer(SCENE, SIZE, ("fornt",))
    with pytest.raises(ValueError, match="8 to 2048"):
        TinyRenderer(SCENE, 4, ("front",))


def test_quaternions_turn_like_their_matrices():
    turns = random_turns(np.random.default_rng(3), 200)
    turns = np.concatenate(
        (turns, [np.diag(d) for d in ((1, -1, -1), (-1, 1, -1), (-1, -1, 1), (1, 1, 1.0))])
    )
    x, y, z, w = quaternions(turns).T
    back = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    assert np.abs(back.transpose(2, 0, 1) - turns).max() < 1e-9
