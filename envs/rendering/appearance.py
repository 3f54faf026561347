"""How worlds look before anything is randomized, and the visual knobs that change it.

    look = nominal_appearance(scene, worlds=8)
    visual = knobs(look, 3, scene)                   # the knobs of world 3
    visual["camera.front.fov_deg"].write(40.0)

Every knob writes its own numbers from the value it is given, never from the present one, so knobs commute.
"""

from collections.abc import Callable

import cv2
import numpy as np

from envs.rendering.scene import PATTERNS, Appearance, CameraSpec, Scene
from randomizers.world import Knob, Value

LIGHT_DIRECTION = (0.35, 0.45, 0.82)
"""Towards a lamp above the table, on the cameras' side; a choice."""
AMBIENT = 0.4
SHADOW = 0.3
"""A soft shadow: without one, a single image does not tell how high the hand is."""
VARIANT = 0.5
LIMITS = {
    "variant": (0.0, 1.0),
    "colour": (0.0, 1.0),
    "light": (0.0, 2.0),
    "fraction": (0.0, 1.0),
    "position": (-5.0, 5.0),
    "rotation_deg": (-45.0, 45.0),
    "fov_deg": (5.0, 120.0),
    "exposure": (0.05, 20.0),
    "noise": (0.0, 0.5),
}


def nominal_appearance(scene: Scene, worlds: int) -> Appearance:
    """Allocate the look of `worlds` worlds: the scene's own colours, one lamp, distractors hidden."""
    surfaces, cameras = list(scene.surfaces.values()), list(scene.cameras.values())
    look = Appearance(
        pattern=np.zeros((worlds, len(surfaces)), np.int8),
        variant=np.full((worlds, len(surfaces)), VARIANT, np.float32),
        colour=np.zeros((worlds, len(surfaces), 3), np.float32),
        visible=np.ones((worlds, len(scene.parts)), bool),
        light_direction=np.zeros((worlds, 1, 3), np.float32),
        light_colour=np.ones((worlds, 1, 3), np.float32),
        ambient=np.full(worlds, AMBIENT, np.float32),
        shadow=np.full(worlds, SHADOW, np.float32),
        camera_position=np.zeros((worlds, len(cameras), 3), np.float32),
        world_from_camera=np.zeros((worlds, len(cameras), 3, 3), np.float32),
        fov_deg=np.zeros((worlds, len(cameras)), np.float32),
        exposure=np.ones((worlds, len(cameras)), np.float32),
        noise=np.zeros((worlds, len(cameras)), np.float32),
    )
    look.pattern[:] = [PATTERNS.index(surface.pattern) for surface in surfaces]
    look.colour[:] = [surface.colour for surface in surfaces]
    look.visible[:] = [not part.name.startswith("distractor") for part in scene.parts]
    look.light_direction[:] = unit(LIGHT_DIRECTION)
    look.camera_position[:] = [camera.position for camera in cameras]
    look.world_from_camera[:] = [looking_at(camera) for camera in cameras]
    look.fov_deg[:] = [camera.fov_deg for camera in cameras]
    return look


def looking_at(camera: CameraSpec) -> np.ndarray:
    """Turn a camera towards its target, upright: world_from_camera (3, 3), columns right, down, forward."""
    forward = unit(np.subtract(camera.target, camera.position))
    side = np.cross(forward, (0.0, 0.0, 1.0))
    if np.linalg.norm(side) < 1e-6:
        raise ValueError(
            f"camera at {camera.position} looks straight up or down; move its target a little aside."
        )
    right = unit(side)
    return np.stack((right, np.cross(forward, right), forward), axis=1)


def unit(vector: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    """Scale a vector (3,) to length 1."""
    values = np.asarray(vector, float)
    length = np.linalg.norm(values)
    if not length > 1e-9:
        raise ValueError(f"direction {values} has no length; give a vector that points somewhere.")
    return values / length


def knobs(appearance: Appearance, row: int, scene: Scene) -> dict[str, Knob]:
    """Name every visual quantity of one world: textures, light, cameras, exposure and noise."""
    found: dict[str, Knob] = {}
    for index, (name, surface) in enumerate(scene.surfaces.items()):
        at = (row, index)
        found[f"texture.{name}.pattern"] = _word(appearance.pattern, at, surface.pattern)
        found[f"texture.{name}.variant"] = _number(appearance.variant, at, VARIANT, "1", "variant")
        found[f"texture.{name}.colour"] = _vector(appearance.colour, at, surface.colour, "1", "colour")
    found |= {
        "light.direction": _direction(appearance.light_direction, (row, 0)),
        "light.colour": _vector(appearance.light_colour, (row, 0), (1.0, 1.0, 1.0), "1", "light"),
        "light.ambient": _number(appearance.ambient, (row,), AMBIENT, "1", "fraction"),
        "light.shadow": _number(appearance.shadow, (row,), SHADOW, "1", "fraction"),
    }
    for index, (name, camera) in enumerate(scene.cameras.items()):
        at = (row, index)
        found |= {
            f"camera.{name}.position": _vector(
                appearance.camera_position, at, camera.position, "m", "position"
            ),
            f"camera.{name}.rotation_deg": _rotation(appearance.world_from_camera, at, looking_at(camera)),
            f"camera.{name}.fov_deg": _number(appearance.fov_deg, at, camera.fov_deg, "deg", "fov_deg"),
            f"exposure.{name}": _number(appearance.exposure, at, 1.0, "1", "exposure"),
            f"noise.{name}": _number(appearance.noise, at, 0.0, "1", "noise"),
        }
    return found


def _number(array: np.ndarray, at: tuple[int, ...], nominal: float, unit_name: str, limits: str) -> Knob:
    """A knob on one element."""
    return Knob(nominal, unit_name, lambda: float(array[at]), _store(array, at), LIMITS[limits])


def _vector(
    array: np.ndarray, at: tuple[int, ...], nominal: tuple[float, ...], unit_name: str, limits: str
) -> Knob:
    """A knob on one row of three."""
    return Knob(
        np.array(nominal), unit_name, lambda: array[at].astype(float), _store(array, at), LIMITS[limits]
    )


def _store(array: np.ndarray, at: tuple[int, ...]) -> Callable[[Value], None]:
    def write(value: Value) -> None:
        array[at] = value

    return write


def _word(array: np.ndarray, at: tuple[int, ...], nominal: str) -> Knob:
    """A knob on a pattern's index."""

    def write(value: Value) -> None:
        array[at] = PATTERNS.index(str(value))

    return Knob(nominal, "1", lambda: PATTERNS[array[at]], write, options=PATTERNS)


def _direction(array: np.ndarray, at: tuple[int, ...]) -> Knob:
    """A knob on a unit vector; any length is accepted."""

    def write(value: Value) -> None:
        array[at] = unit(np.asarray(value, float))

    return Knob(unit(LIGHT_DIRECTION), "1", lambda: array[at].astype(float), write, (-1.0, 1.0))


def _rotation(array: np.ndarray, at: tuple[int, ...], nominal: np.ndarray) -> Knob:
    """A knob on a camera's turn about its own axes: a rotation vector [deg], zero at the nominal pose."""

    def write(value: Value) -> None:
        turn, _ = cv2.Rodrigues(np.radians(np.asarray(value, float)))
        array[at] = nominal @ turn

    def read() -> np.ndarray:
        vector, _ = cv2.Rodrigues(nominal.T @ array[at].astype(float))
        return np.degrees(vector[:, 0])

    return Knob(np.zeros(3), "deg", read, write, LIMITS["rotation_deg"])
