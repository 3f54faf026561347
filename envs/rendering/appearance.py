"""How worlds look before anything is randomized, and the visual quantities that change it.

    look = nominal_appearance(scene, worlds=8)
    columns(look, scene)["light.ambient"].write(rows, values)    # many worlds at once
    knobs(look, 3, scene)["camera.front.fov_deg"].write(40.0)    # world 3

Everything is written from the value that is given, never from the present one, so the order does not matter.
"""

from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike

from envs.columns import Column, Limits, Place, Rows, beside, number, word
from envs.rendering.lamps import WHITE_K
from envs.rendering.scene import (
    BACKGROUNDS,
    LIGHT_KINDS,
    LIGHTS,
    PATTERNS,
    Appearance,
    CameraSpec,
    Lamps,
    Lenses,
    Scene,
)
from randomizers.world import Knob


@dataclass(frozen=True)
class Quantity:
    """One quantity of a look: value in the nominal world, unit and what is possible."""

    nominal: float | tuple[float, ...]
    unit: str
    limits: Limits


AMBIENT = 0.4
SHADOW = 0.3
"""A soft shadow: without one, a single image does not tell how high the hand is."""
VARIANT = 0.5
FRACTION: Limits = (0.0, 1.0)
SURFACE = {
    "variant": Quantity(VARIANT, "1", FRACTION),
    "scale": Quantity(1.0, "1", (0.05, 20.0)),
    "turn_deg": Quantity(0.0, "deg", (-360.0, 360.0)),
    "specular": Quantity(0.0, "1", FRACTION),
    "shininess": Quantity(20.0, "1", (1.0, 500.0)),
}
# Towards a lamp above the table, on the cameras' side, and three more around it that are off: choices.
DIRECTIONS = ((0.35, 0.45, 0.82), (-0.55, 0.50, 0.67), (0.45, -0.60, 0.66), (-0.40, -0.45, 0.80))
LAMP_TARGET_M, LAMP_DISTANCE_M = np.array((0.45, 0.0, 0.0)), 1.2
"""Where lamps that stand somewhere are put in the nominal world: this far from the middle of the workspace."""
LAMP = {
    "colour": Quantity((1.0, 1.0, 1.0), "1", (0.0, 2.0)),
    "intensity": Quantity(1.0, "1", (0.0, 10.0)),
    "temperature_k": Quantity(WHITE_K, "K", (1700.0, 20000.0)),
    "cone_deg": Quantity(35.0, "deg", (5.0, 80.0)),
    "shadow": Quantity(SHADOW, "1", FRACTION),
}
# What differs for a lamp beside the key light, once it is switched on: weak and without shadow.
ASIDE = {"intensity": 0.4, "shadow": 0.0}
# A pale grey: what the few pixels show that see no wall. A choice.
BACKGROUND = {"top": Quantity((0.8, 0.8, 0.8), "1", FRACTION), "bottom": Quantity((0.8, 0.8, 0.8), "1", FRACTION)}
LENS = {
    "distortion": Quantity((0.0, 0.0, 0.0), "1", (-0.5, 0.5)),
    "vignetting": Quantity(0.0, "1", FRACTION),
    "exposure": Quantity(1.0, "1", (0.05, 20.0)),
    "white_balance": Quantity((1.0, 1.0, 1.0), "1", (0.2, 5.0)),
    "gamma": Quantity(1.0, "1", (0.2, 5.0)),
    "shot_noise": Quantity(0.0, "1", (0.0, 0.5)),
    "noise": Quantity(0.0, "1", (0.0, 0.5)),
    "defocus_px": Quantity(0.0, "px", (0.0, 8.0)),
    "motion_px": Quantity((0.0, 0.0), "px", (-16.0, 16.0)),
    "rolling_px": Quantity(0.0, "px", (-16.0, 16.0)),
    "jpeg": Quantity(0.0, "1", FRACTION),
    "dead_pixels": Quantity(0.0, "1", (0.0, 0.1)),
    "depth_noise": Quantity(0.0, "1/m", (0.0, 0.5)),
    "depth_holes": Quantity(0.0, "1", FRACTION),
}
OWN_KNOBS = ("exposure", "noise")
"""Quantities of a lens whose knobs are named by themselves: `exposure.front`, not `lens.front.exposure`."""


def nominal_appearance(scene: Scene, worlds: int) -> Appearance:
    """Allocate the look of `worlds` worlds: the scene's own colours, one lamp, a perfect lens, no distractors."""
    surfaces, cameras = list(scene.surfaces.values()), list(scene.cameras.values())

    def full(place: tuple[int, ...], value: ArrayLike) -> np.ndarray:
        return np.full((worlds, *place, *np.shape(value)), value, np.float32)

    def surface(name: str) -> np.ndarray:
        return full((len(surfaces),), SURFACE[name].nominal)

    return Appearance(
        pattern=np.tile(np.array([PATTERNS.index(each.pattern) for each in surfaces], np.int8), (worlds, 1)),
        variant=surface("variant"),
        colour=full((), np.reshape([each.colour for each in surfaces], (-1, 3))),
        texture_scale=surface("scale"),
        texture_turn=surface("turn_deg"),
        specular=surface("specular"),
        shininess=surface("shininess"),
        visible=np.tile([not part.hidden for part in scene.parts], (worlds, 1)),
        lamps=_nominal_lamps(worlds),
        ambient=full((), AMBIENT),
        background=np.zeros(worlds, np.int8),
        background_variant=full((), VARIANT),
        background_colour=full((), [about.nominal for about in BACKGROUND.values()]),
        camera_position=full((), np.reshape([camera.position for camera in cameras], (-1, 3))),
        world_from_camera=full((), np.reshape([looking_at(camera) for camera in cameras], (-1, 3, 3))),
        fov_deg=full((), [camera.fov_deg for camera in cameras]),
        lenses=Lenses(**{name: full((len(cameras),), about.nominal) for name, about in LENS.items()}),
    )


def _nominal_lamps(worlds: int) -> Lamps:
    """Allocate the lamps: the key light shines, the others are off."""
    kind = np.full((worlds, LIGHTS), LIGHT_KINDS.index("off"), np.int8)
    kind[:, 0] = LIGHT_KINDS.index("directional")
    towards = unit(DIRECTIONS).astype(np.float32)
    arrays = {
        name: np.full((worlds, LIGHTS, *np.shape(about.nominal)), about.nominal, np.float32)
        for name, about in LAMP.items()
    }
    for name, nominal in ASIDE.items():
        arrays[name][:, 1:] = nominal
    return Lamps(
        kind=kind,
        direction=np.tile(towards, (worlds, 1, 1)),
        position=np.tile(np.float32(_nominal_places()), (worlds, 1, 1)),
        **arrays,
    )


def _nominal_places() -> np.ndarray:
    """Where lamps stand that are not infinitely far away, (LIGHTS, 3) [m]."""
    return LAMP_TARGET_M + LAMP_DISTANCE_M * unit(DIRECTIONS)


def looking_at(camera: CameraSpec) -> np.ndarray:
    """Turn a camera towards its target, upright: world_from_camera (3, 3), columns right, down, forward."""
    forward = unit(np.subtract(camera.target, camera.position))
    side = np.cross(forward, camera.up)
    if np.linalg.norm(side) < 1e-6:
        raise ValueError(f"camera at {camera.position} looks straight up or down; move its target a little aside.")
    right = unit(side)
    return np.stack((right, np.cross(forward, right), forward), axis=1)


def unit(vectors: np.ndarray | tuple) -> np.ndarray:
    """Scale vectors (..., 3) to length 1."""
    values = np.asarray(vectors, float)
    x, y, z = values[..., 0], values[..., 1], values[..., 2]
    length = np.sqrt(x * x + y * y + z * z)
    if not (length > 1e-9).all():
        raise ValueError(f"direction {values} has no length; give a vector that points somewhere.")
    return values / length[..., None]


def columns(look: Appearance, scene: Scene) -> dict[str, Column]:
    """Name every visual quantity: textures, lights, background, cameras and lenses."""
    return {**_surfaces(look, scene), **_lights(look), **_background(look), **_cameras(look, scene)}


def knobs(look: Appearance, row: int, scene: Scene) -> dict[str, Knob]:
    """Name every visual quantity of one world."""
    return {name: column.knob(row) for name, column in columns(look, scene).items()}


def _column(array: np.ndarray, about: Quantity, at: Place, factor: float = 1.0) -> Column:
    return number(array, about.nominal, about.unit, about.limits, at, factor)


def _surfaces(look: Appearance, scene: Scene) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for index, (name, surface) in enumerate(scene.surfaces.items()):
        at, here = (index,), f"texture.{name}"
        found |= {
            f"{here}.pattern": word(look.pattern, surface.pattern, PATTERNS, at),
            f"{here}.variant": _column(look.variant, SURFACE["variant"], at),
            f"{here}.colour": number(look.colour, surface.colour, "1", FRACTION, at),
            f"{here}.scale": _column(look.texture_scale, SURFACE["scale"], at),
            f"{here}.turn_deg": _column(look.texture_turn, SURFACE["turn_deg"], at, np.pi / 180.0),
            f"{here}.specular": _column(look.specular, SURFACE["specular"], at),
            f"{here}.shininess": _column(look.shininess, SURFACE["shininess"], at),
        }
    return found


def _lights(look: Appearance) -> dict[str, Column]:
    """The key light is `light`, the others `lamp.1` to `lamp.3`; these have a kind, a place and a cone as well."""
    found = {"light.ambient": number(look.ambient, AMBIENT, "1", FRACTION)}
    for index in range(LIGHTS):
        at, here = (index,), f"lamp.{index}" if index else "light"
        found[f"{here}.direction"] = _direction(look.lamps.direction, unit(DIRECTIONS[index]), at)
        for name, about in LAMP.items():
            if index or name != "cone_deg":
                known = replace(about, nominal=ASIDE.get(name, about.nominal)) if index else about
                found[f"{here}.{name}"] = _column(getattr(look.lamps, name), known, at)
        if index:
            place = _nominal_places()[index]
            found[f"{here}.kind"] = word(look.lamps.kind, "off", LIGHT_KINDS, at)
            found[f"{here}.position"] = number(look.lamps.position, place, "m", (-5.0, 5.0), at)
    return found


def _background(look: Appearance) -> dict[str, Column]:
    return {
        "background.kind": word(look.background, BACKGROUNDS[0], BACKGROUNDS),
        "background.variant": number(look.background_variant, VARIANT, "1", FRACTION),
        **{
            f"background.{end}": _column(look.background_colour, about, (place,))
            for place, (end, about) in enumerate(BACKGROUND.items())
        },
    }


def _cameras(look: Appearance, scene: Scene) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for index, (name, camera) in enumerate(scene.cameras.items()):
        at, here = (index,), f"camera.{name}"
        found |= {
            f"{here}.position": replace(
                number(look.camera_position, camera.position, "m", (-5.0, 5.0), at), share=camera.slack
            ),
            f"{here}.rotation_deg": _rotation(look.world_from_camera, looking_at(camera), at),
            f"{here}.fov_deg": number(look.fov_deg, camera.fov_deg, "deg", (5.0, 120.0), at),
        }
        for field in fields(Lenses):
            here = f"{field.name}.{name}" if field.name in OWN_KNOBS else f"lens.{name}.{field.name}"
            found[here] = _column(getattr(look.lenses, field.name), LENS[field.name], at)
    return found


def _direction(array: np.ndarray, nominal: np.ndarray, at: Place) -> Column:
    """Unit vectors; any length is accepted."""

    def write(rows: Rows, values: np.ndarray) -> None:
        array[beside(rows, at)] = unit(values)

    return Column(nominal, "1", lambda row: array[beside(row, at)].astype(float), write, (-1.0, 1.0))


def _rotation(array: np.ndarray, nominal: np.ndarray, at: Place) -> Column:
    """A camera's turn about its own axes: a rotation vector [deg], zero at the nominal pose."""

    def write(rows: Rows, values: np.ndarray) -> None:
        array[beside(rows, at)] = nominal @ rotations(np.radians(values))

    def read(row: int) -> np.ndarray:
        vector, _ = cv2.Rodrigues(nominal.T @ array[beside(row, at)].astype(float))
        return np.degrees(vector[:, 0])

    return Column(np.zeros(3), "deg", read, write, (-45.0, 45.0))


def rotations(vectors: np.ndarray) -> np.ndarray:
    """Turn rotation vectors (n, 3) [rad] into matrices (n, 3, 3) by Rodrigues' formula."""
    x, y, z = np.moveaxis(np.asarray(vectors, float), -1, 0)
    angle = np.sqrt(x * x + y * y + z * z)
    x, y, z = (part / np.maximum(angle, 1e-12) for part in (x, y, z))
    sin, cos, rest = np.sin(angle), np.cos(angle), 1.0 - np.cos(angle)
    rows = [
        [cos + rest * x * x, rest * x * y - sin * z, rest * x * z + sin * y],
        [rest * x * y + sin * z, cos + rest * y * y, rest * y * z - sin * x],
        [rest * x * z - sin * y, rest * y * z + sin * x, cos + rest * z * z],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
