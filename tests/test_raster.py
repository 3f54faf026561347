"""The compiled rasterizer draws what TinyRenderer and MuJoCo draw, in any batch, with the same bytes each time."""

import threading

import numpy as np
import pytest
from raster_frames import CUBE, NAMES, SCENE, TABLE, blank, drawn, light, same, transforms, varied

from envs.rendering.appearance import looking_at, nominal_appearance
from envs.rendering.raster import RasterRenderer
from envs.rendering.scene import CameraSpec, Frame, Images
from envs.rendering.stage import SIZE_STEP
from envs.rendering.tiny import TinyRenderer
from envs.twin import gl

SIZE = 64


@pytest.fixture(scope="module")
def renderer():
    return RasterRenderer(SCENE, SIZE, ("front", "side"))


@pytest.fixture(scope="module")
def tiny():
    made = TinyRenderer(SCENE, SIZE, ("front", "side"))
    yield made
    made.close()


def scattered(worlds, reach, seed=3):
    """Nominal looks from random places all around the arm, at distances `reach` [m]."""
    rng, look = np.random.default_rng(seed), nominal_appearance(SCENE, worlds)
    for world in range(worlds):
        for camera in range(2):
            angle, away = rng.uniform(-np.pi, np.pi), rng.uniform(*reach)
            target = np.array((0.35, 0.0, 0.2)) + rng.uniform(-0.2, 0.2, 3)
            place = target + (away * np.cos(angle), away * np.sin(angle), rng.uniform(0.05, 1.0))
            spec = CameraSpec(tuple(place), tuple(target), 50.0)
            look.camera_position[world, camera] = place
            look.world_from_camera[world, camera] = looking_at(spec)
            look.fov_deg[world, camera] = rng.uniform(35.0, 70.0)
    return look


@pytest.mark.parametrize("reach", [(0.5, 1.8), (0.05, 0.5)], ids=["around", "amid the arm"])
def test_parts_and_depth_are_those_of_tinyrenderer(renderer, tiny, reach):
    look, poses = scattered(10, reach), transforms(10, 7)
    ours, theirs = (drawn(each, look, poses, SIZE, cameras=(0, 1)) for each in (renderer, tiny))
    agree = ours.segmentation == theirs.segmentation
    assert agree.mean(axis=(2, 3)).min() >= 0.999
    shown = agree & (ours.segmentation >= 0)
    error = np.abs(ours.depth / theirs.depth - 1.0)[shown]
    assert np.median(error) <= 1e-5 and np.quantile(error, 0.99) <= 1e-4
    assert (ours.depth[ours.segmentation < 0] == theirs.depth[theirs.segmentation < 0].max()).all()


def test_scaled_parts_are_those_of_tinyrenderer(renderer, tiny):
    look, poses = nominal_appearance(SCENE, 1), transforms(1)
    for index, shape in enumerate(("box", "ball", "cylinder")):
        part = NAMES.index(f"distractor{index}.{shape}")
        look.visible[0, part] = True
        # TinyRenderer knows sizes in these steps only.
        poses[0, part] = np.column_stack((SIZE_STEP**-32 * np.eye(3), (0.3 + 0.15 * index, -0.15, 0.1)))
    ours, theirs = (drawn(each, look, poses, SIZE, cameras=(0, 1)) for each in (renderer, tiny))
    assert len(np.unique(ours.segmentation)) >= 7
    assert (ours.segmentation == theirs.segmentation).mean() >= 0.999


def test_the_key_light_alone_looks_as_in_tinyrenderer(renderer, tiny):
    look, poses = nominal_appearance(SCENE, 4), transforms(4, 2)
    look.lamps.shadow[:] = 0.0
    light(look, 0, "directional", colour=(1.1, 0.9, 0.7), intensity=0.9)
    ours, theirs = (drawn(each, look, poses, SIZE, cameras=(0, 1)) for each in (renderer, tiny))
    shown = ours.segmentation >= 0
    error = np.abs(ours.rgb.astype(int) - theirs.rgb)[shown]
    assert np.quantile(error, 0.98) <= 3 and error.mean() < 1.5


@pytest.mark.skipif(gl.available() == gl.NONE, reason="neither EGL nor OSMesa works here")
def test_depth_is_that_of_mujoco(renderer):
    from envs.twin.renderer import MujocoRenderer

    look, poses = nominal_appearance(SCENE, 4), transforms(4, 5)
    ours, theirs = drawn(renderer, look, poses, SIZE, cameras=(0, 1)), blank(4, 2, SIZE)
    mujoco = MujocoRenderer(SCENE, SIZE, samples=0)  # Multisampling blends its depth at outlines.
    mujoco.draw(Frame(poses, look, np.arange(4), (0, 1)), theirs)
    mujoco.close()
    shown = (ours.segmentation >= 0) & (theirs.segmentation >= 0)
    assert (np.abs(ours.depth / theirs.depth - 1.0)[shown] <= 0.01).mean() >= 0.999
    assert (ours.segmentation == theirs.segmentation).mean() >= 0.999


def test_depth_is_metres_along_the_optical_axis(renderer):
    look, poses = nominal_appearance(SCENE, 1), transforms(1)
    images = drawn(renderer, look, poses, SIZE)
    columns, lines = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    focal = 0.5 * SIZE / np.tan(np.radians(look.fov_deg[0, 0]) / 2)
    rays = np.stack(((columns - SIZE / 2) / focal, (lines - SIZE / 2) / focal, np.ones((SIZE, SIZE))), -1)
    down = rays @ look.world_from_camera[0, 0].T.astype(float)
    expected = look.camera_position[0, 0, 2] / -down[..., 2]
    # The front side of the table hangs below its top; leave its pixels out.
    top = (images.segmentation[0, 0] == TABLE) & (lines < 0.8 * SIZE)
    assert top.sum() > 500
    assert np.abs(images.depth[0, 0][top] / expected[top] - 1.0).max() < 1e-5


def test_the_second_draw_equals_the_first(renderer):
    look, poses = varied(3)
    assert same(drawn(renderer, look, poses, SIZE), drawn(renderer, look, poses, SIZE))


@pytest.mark.parametrize("samples", [1, 4])
def test_a_world_looks_the_same_alone_first_last_or_in_a_fresh_renderer(samples):
    look, poses = varied(5)
    one, other = (RasterRenderer(SCENE, SIZE, ("front", "side"), samples=samples) for _ in range(2))
    together = drawn(one, look, poses, SIZE, cameras=(0, 1))
    for rows in ([2], [4, 0, 1], [3, 2]):
        assert same(drawn(other, look, poses, SIZE, rows, (0, 1)), together, rows)
    swapped = drawn(other, look, poses, SIZE, cameras=(1, 0))
    assert np.array_equal(swapped.rgb[:, ::-1], together.rgb)


def test_two_renderers_in_two_threads_draw_what_one_draws(renderer):
    look, poses = varied(16)
    expected = drawn(renderer, look, poses, SIZE)
    renderers, results = [RasterRenderer(SCENE, SIZE, ("front",)) for _ in range(2)], {}
    threads = [
        threading.Thread(target=lambda i=i: results.__setitem__(i, drawn(renderers[i], look, poses, SIZE)))
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(results[i], expected) for i in range(2))


def test_worlds_that_are_not_asked_for_keep_their_old_pixels(renderer):
    look, poses = varied(3)
    images = blank(3, 1, SIZE)
    images.rgb[:] = 7
    renderer.draw(Frame(poses, look, np.array([1]), (0,)), images)
    assert (images.rgb[[0, 2]] == 7).all() and (images.rgb[1] != 7).any()
    assert not images.depth[[0, 2]].any()


def test_images_that_are_views_of_larger_arrays_are_filled_too(renderer):
    look, poses = varied(3)
    expected = drawn(renderer, look, poses, SIZE)
    large = np.full((3, 1, SIZE, SIZE + 5, 3), 7, np.uint8)
    renderer.draw(Frame(poses, look, np.array([2, 0]), (0,)), Images(large[:, :, :, :SIZE]))
    assert np.array_equal(large[[0, 2], :, :, :SIZE], expected.rgb[[0, 2]])
    assert (large[1] == 7).all() and (large[..., SIZE:, :] == 7).all()


def test_colours_do_not_depend_on_what_else_is_asked_for(renderer):
    look, poses = varied(2)
    images = Images(blank(2, 1, SIZE).rgb)
    renderer.draw(Frame(poses, look, np.arange(2), (0,)), images)
    assert np.array_equal(images.rgb, drawn(renderer, look, poses, SIZE).rgb)


def test_smooth_outlines_leave_depth_and_parts_alone_and_mix_colours_at_edges(renderer):
    look, poses = nominal_appearance(SCENE, 2), transforms(2)
    smooth = RasterRenderer(SCENE, SIZE, ("front", "side"), samples=4)
    hard, soft = (drawn(each, look, poses, SIZE, cameras=(0, 1)) for each in (renderer, smooth))
    assert np.array_equal(hard.segmentation, soft.segmentation) and np.array_equal(hard.depth, soft.depth)
    changed = (np.abs(hard.rgb.astype(int) - soft.rgb) > 3).any(axis=-1)
    assert 0.003 < changed.mean() < 0.1


def test_a_part_that_is_hidden_is_not_drawn_and_throws_no_shadow(renderer):
    look, poses = nominal_appearance(SCENE, 2), np.repeat(transforms(1), 2, axis=0)
    look.visible[:, CUBE] = False
    poses[1, CUBE, :, 3] = (0.5, 0.0, 0.3)
    images = drawn(renderer, look, poses, SIZE)
    assert CUBE not in images.segmentation
    assert np.array_equal(images.rgb[0], images.rgb[1])


def test_wrong_calls_are_refused_before_a_pixel_changes(renderer):
    look, poses = varied(2)
    images = blank(2, 1, SIZE)
    for broken, message in ((np.nan, "not finite"), (np.inf, "not finite"), (1e6, "beyond 10000 m")):
        wrong = poses.copy()
        wrong[1, 3, 0, 0] = broken
        with pytest.raises(ValueError, match=message):
            renderer.draw(Frame(wrong, look, np.arange(2), (0,)), images)
    for frame, message in (
        (Frame(poses, look, np.arange(2), (0, 1)), "must be uint8"),
        (Frame(poses, look, np.array([2]), (0,)), "worlds 0 to 1"),
        (Frame(poses, look, np.array([-1]), (0,)), "worlds 0 to 1"),
        (Frame(poses, look, np.arange(2), (5,)), "cameras 0 to 1"),
        (Frame(poses[:, 1:], look, np.arange(2), (0,)), "parts"),
        (Frame(poses, nominal_appearance(SCENE, 1), np.arange(2), (0,)), "this scene and batch need"),
    ):
        with pytest.raises(ValueError, match=message):
            renderer.draw(frame, images)
    crowded, _ = varied(2)
    crowded.lamps.kind = np.ones((2, 9), np.int8)
    with pytest.raises(ValueError, match="lamps.kind"):
        renderer.draw(Frame(poses, crowded, np.arange(2), (0,)), images)
    assert not images.rgb.any()
    with pytest.raises(ValueError, match="Did you mean `front`"):
        RasterRenderer(SCENE, SIZE, ("fornt",))
    with pytest.raises(ValueError, match="8 to 2048"):
        RasterRenderer(SCENE, 4, ("front",))
    with pytest.raises(ValueError, match="samples is 2"):
        RasterRenderer(SCENE, SIZE, ("front",), samples=2)


@pytest.mark.parametrize("field", ["ambient", "fov_deg", "colour", "camera_position", "background_colour"])
def test_a_look_that_is_not_a_number_is_refused(renderer, field):
    look, poses = varied(2)
    getattr(look, field)[1] = np.nan
    with pytest.raises(ValueError, match="not finite|fov_deg"):
        drawn(renderer, look, poses, SIZE)
