"""Light, shadow and texture of the rasterizer behave as their names say, on a floor seen from above."""

import numpy as np
import pytest
from raster_frames import drawn, light

from envs.rendering.appearance import nominal_appearance
from envs.rendering.meshes import ball, box, rectangle
from envs.rendering.raster import RasterRenderer
from envs.rendering.scene import LIGHTS, PATTERNS, CameraSpec, Part, Scene, Surface
from envs.rendering.stage import DIFFUSE
from envs.rendering.textures import SIZE as TEXELS
from envs.rendering.textures import TextureBank

SIZE = 64
FLOOR, THING = 0, 1
ABOVE = CameraSpec((0.0, -0.001, 2.0), (0.0, 0.0, 0.0), 53.13)
"""Sees 2 m of the floor from straight above; x to the right, y upwards."""
AMBIENT = 0.1


def scene(thing=None):
    """A white floor "floor", 2 m wide, u and v from 0 to 1 along x and y, and a thing."""
    floor = rectangle(2, 1.0, (1.0, 1.0, 0.0), (0.0, 0.0, 0.0), tile=2.0)
    parts = (Part("floor", floor, "floor"), Part("thing", thing or box((0.1, 0.1, 0.1)), "thing"))
    white = Surface((1.0, 1.0, 1.0))
    return Scene(parts, {"floor": white, "thing": white}, {"above": ABOVE})


def world(made, place=None, worlds=1):
    """Its look with all lights off, and transforms with the thing at a place, or hidden."""
    look = nominal_appearance(made, worlds)
    look.lamps.kind[:] = 0
    look.ambient[:] = AMBIENT
    poses = np.zeros((worlds, 2, 3, 4), np.float32)
    poses[..., :3] = np.eye(3)
    look.visible[:, THING] = place is not None
    poses[:, THING, :, 3] = (0.0, 0.0, 0.0) if place is None else place
    return look, poses


def brightness(look, poses, made, **options):
    """Light on the floor (worlds, SIZE, SIZE): 1 shows the surface's own colour; nan where the thing is."""
    renderer = RasterRenderer(made, SIZE, ("above",), **options)
    images = drawn(renderer, look, poses, SIZE)
    seen = images.rgb[:, 0].mean(axis=-1) / 255.0
    return np.where(images.segmentation[:, 0] == FLOOR, seen, np.nan)


def places():
    """Where on the floor each pixel lies: x and y (SIZE, SIZE) [m]."""
    step = (np.arange(SIZE) + 0.5) * 2.0 / SIZE - 1.0
    return np.broadcast_to(step, (SIZE, SIZE)), np.broadcast_to(-step[:, None], (SIZE, SIZE))


def lit_by(kind, thing=None, place=None, texels=256, **values):
    """Brightness under one light, and under the same light with its full shadow."""
    made = scene(thing)
    look, poses = world(made, place, worlds=2)
    light(look, 1, kind, **{"intensity": 1.0, **values})
    look.lamps.shadow[:, 1] = (0.0, 1.0)
    return brightness(look, poses, made, shadow_size=texels)


def test_without_lamps_only_ambient_light_is_left():
    made = scene()
    assert np.nanmax(np.abs(brightness(*world(made), made) - AMBIENT)) < 0.003


def test_a_directional_light_adds_diffuse_times_the_cosine():
    plain, _ = lit_by("directional", direction=(0.6, 0.0, 0.8), intensity=0.9)
    assert np.nanmax(np.abs(plain - (AMBIENT + 0.9 * DIFFUSE * 0.8))) < 0.004


def test_lights_add_up():
    made = scene()
    look, poses = world(made)
    for index in range(LIGHTS):
        light(look, index, "directional", direction=(0.0, 0.0, 1.0), intensity=0.3, shadow=0.0)
    assert np.nanmean(brightness(look, poses, made)) == pytest.approx(AMBIENT + 4 * 0.3 * DIFFUSE, abs=0.003)


def test_a_point_light_falls_off_with_the_square_of_distance_and_the_cosine():
    for height in (0.5, 1.0):
        plain, _ = lit_by("point", position=(0.2, -0.3, height), intensity=0.3)
        x, y = places()
        square = (x - 0.2) ** 2 + (y + 0.3) ** 2 + height**2
        expected = AMBIENT + 0.3 * DIFFUSE * height / square**1.5
        assert np.nanmax(np.abs(plain - np.minimum(expected, 1.0))) < 0.006


def test_a_spot_lights_its_cone_and_nothing_else():
    plain, _ = lit_by("spot", position=(0.1, 0.2, 1.0), direction=(0.0, 0.0, 1.0), cone_deg=20.0)
    x, y = places()
    away = np.hypot(x - 0.1, y - 0.2)
    rim = np.tan(np.radians(20.0))
    assert np.nanmax(np.abs(plain[away > rim + 0.03] - AMBIENT)) < 0.003
    assert (plain[away < 0.6 * rim] > AMBIENT + 0.4).all()


@pytest.mark.parametrize("kelvin", [2500.0, 6500.0, 12000.0])
def test_temperature_tints(kelvin):
    made = scene()
    look, poses = world(made)
    light(look, 1, "directional", direction=(0.0, 0.0, 1.0), temperature_k=kelvin, intensity=0.6, shadow=0.0)
    red, _, blue = drawn(RasterRenderer(made, SIZE, ("above",)), look, poses, SIZE).rgb[0, 0, 5, 5].astype(int)
    assert np.sign(red - blue) == np.sign(6500.0 - kelvin)


LAMPS = {
    "directional": {"direction": (0.6, 0.2, 0.77)},
    "point": {"position": (0.75, 0.25, 1.2)},
    "spot": {"position": (0.75, 0.25, 1.2), "direction": (0.6, 0.2, 0.9), "cone_deg": 60.0},
}


@pytest.mark.parametrize("kind", LAMPS)
def test_a_shadow_is_dark_and_lies_where_the_lamp_throws_it(kind):
    place = np.array((0.05, -0.1, 0.3))
    plain, shaded = lit_by(kind, ball(0.12), place, **LAMPS[kind])
    lost = plain - shaded
    assert np.nanmin(lost) > -0.003 and np.nanmin(shaded[lost > 0.1]) == pytest.approx(AMBIENT, abs=0.004)
    if kind == "directional":
        towards = np.array(LAMPS[kind]["direction"])
    else:
        towards = np.array(LAMPS[kind]["position"]) - place
    expected = place - place[2] / towards[2] * towards
    x, y = places()
    dark = np.nan_to_num(lost) > 0.5 * np.nanmax(lost)
    # The ball hides a little of its own shadow.
    assert abs(x[dark].mean() - expected[0]) < 0.06 and abs(y[dark].mean() - expected[1]) < 0.06
    assert 0.03 < dark.sum() * (2.0 / SIZE) ** 2 < 0.12


@pytest.mark.parametrize("kind", LAMPS)
def test_half_a_shadow_takes_half_the_light(kind):
    made = scene(ball(0.12))
    look, poses = world(made, (0.05, -0.1, 0.3), worlds=3)
    light(look, 1, kind, **LAMPS[kind])
    look.lamps.shadow[:, 1] = (0.0, 0.5, 1.0)
    plain, half, full = brightness(look, poses, made)
    assert np.nanmax(np.abs(half - 0.5 * (plain + full))) < 0.005


def test_the_edge_of_a_shadow_is_soft():
    plain, shaded = lit_by("directional", box((0.2, 0.2, 0.02)), (0.3, 0.0, 0.5), 16, direction=(0.5, 0.0, 1.0))
    share = (plain - shaded) / np.nanmax(plain - shaded)
    between = (share > 0.1) & (share < 0.9)
    assert between.sum() > 10


@pytest.mark.parametrize("kind", ["point", "spot"])
def test_a_caster_that_reaches_around_the_lamp_still_throws_its_shadow(kind):
    values = {"position": (0.0, 0.1, 0.6), "direction": (0.0, 0.0, 1.0), "cone_deg": 60.0, "intensity": 0.4}
    if kind == "point":
        values = {name: values[name] for name in ("position", "intensity")}
    plain, shaded = lit_by(kind, box((0.9, 0.03, 0.03)), (0.0, -0.15, 0.6), **values)
    assert np.nanmax(plain - shaded) < 0.004  # Beside the lamp, at its height: the shadow passes over the floor.
    plain, shaded = lit_by(kind, box((0.9, 0.03, 0.03)), (0.0, 0.0, 0.3), **values)
    _, y = places()
    dark = np.nan_to_num(plain - shaded) > 0.05
    assert dark.sum() > 60 and -0.2 < y[dark].mean() < -0.04


def test_lit_bodies_do_not_shade_themselves():
    made = scene(ball(0.3))
    look, poses = world(made, (0.0, 0.0, 0.5), worlds=2)
    light(look, 1, "directional", direction=(0.3, 0.2, 0.9))
    look.lamps.shadow[:, 1] = (0.0, 1.0)
    images = drawn(RasterRenderer(made, SIZE, ("above",)), look, poses, SIZE)
    thing = images.segmentation[0, 0] == THING
    lost = images.rgb[0, 0].astype(int) - images.rgb[1, 0]
    assert thing.sum() > 300 and (lost[thing].max(axis=-1) > 12).mean() < 0.02


def test_a_polished_surface_shows_a_highlight_where_the_mirror_would():
    made = scene()
    look, poses = world(made, worlds=3)
    light(look, 1, "point", position=(0.6, 0.0, 2.0), intensity=1.0, shadow=0.0)
    look.specular[:] = np.array((0.0, 0.4, 0.4))[:, None]
    look.shininess[:] = np.array((1.0, 50.0, 400.0))[:, None]
    dull, broad, narrow = brightness(look, poses, made)
    x, y = places()
    for polished in (broad - dull, narrow - dull):
        row, column = np.unravel_index(np.nanargmax(polished), polished.shape)
        assert abs(x[row, column] - 0.3) < 0.05 and abs(y[row, column]) < 0.05
    assert (narrow - dull > 0.02).sum() < 0.5 * (broad - dull > 0.02).sum()


def corner_bank():
    """One picture whose quarters are black but for the lower left, where u and v are small."""
    picture = np.zeros((1, TEXELS, TEXELS, 3), np.uint8)
    picture[0, TEXELS // 2 :, : TEXELS // 2] = 255
    count = np.ones(len(PATTERNS), int)
    return TextureBank("seen", picture, np.zeros(len(PATTERNS), int), count)


def textured(scale=1.0, turn=0.0):
    """The floor under even light, showing `corner_bank`."""
    made = scene()
    look, poses = world(made)
    look.ambient[:], look.texture_scale[:], look.texture_turn[:] = 1.0, scale, turn
    return brightness(look, poses, made, textures=corner_bank())[0]


def test_textures_stand_upright_repeat_by_their_scale_and_turn_by_their_angle():
    upright = textured()
    assert upright[SIZE * 3 // 4, SIZE // 4] == 1.0 and upright[: SIZE // 2 - 2].max() < 0.02
    twice = textured(scale=2.0)
    assert np.abs(twice[:, : SIZE // 2] - twice[:, SIZE // 2 :]).mean() < 0.02
    assert np.abs(twice[: SIZE // 2] - twice[SIZE // 2 :]).mean() < 0.02
    assert np.abs(textured(turn=np.pi / 2) - np.rot90(upright, -1)).mean() < 0.03
    assert np.abs(textured(turn=2 * np.pi) - upright).mean() < 0.01


def test_far_textures_are_averaged_not_picked():
    assert np.abs(textured(scale=64.0) - 0.25).max() < 0.1


def test_the_background_fades_from_top_to_bottom_or_shows_a_picture():
    made = scene()
    look, poses = world(made)
    look.visible[:] = False
    look.background_colour[:] = [[0.2, 0.4, 0.8], [0.8, 0.4, 0.2]]
    renderer = RasterRenderer(made, SIZE, ("above",), corner_bank())
    image = drawn(renderer, look, poses, SIZE).rgb[0, 0]
    assert np.abs(image[0, 0] - (51, 102, 204)).max() <= 2 and np.abs(image[-1, 0] - (204, 102, 51)).max() <= 2
    look.background[:] = 1
    image = drawn(renderer, look, poses, SIZE).rgb[0, 0]
    assert image[SIZE - 8, 8].min() == 255 and image[8, 8].max() == 0
