"""A world made of plain numbers: every kind of knob that randomizers may meet, and no simulator."""

from typing import Any

import numpy as np

from randomizers import Knob

PATTERNS = ("flat", "checker", "stripes", "gradient", "noise", "wood", "brick", "marble", "speckle", "image")
LIGHT_KINDS = ("off", "directional", "point", "spot")
SHAPES = ("box", "ball", "cylinder")


class PlainWorld:
    """Knobs over a dictionary; `state` is what was last written, the nominal value at first."""

    def __init__(self) -> None:
        self.knobs: dict[str, Knob] = {}
        self.state: dict[str, Any] = {}
        for name, nominal, unit, limits, options in _everything():
            self.add(name, nominal, unit, limits, options)

    def add(self, name: str, nominal: Any, unit: str = "1", limits=(-np.inf, np.inf), options=()) -> None:
        """Give the world one more knob."""
        self.state[name] = nominal
        self.knobs[name] = Knob(
            nominal, unit, lambda: self.state[name], lambda value: self._write(name, value), limits, options
        )

    def _write(self, name: str, value: Any) -> None:
        knob = self.knobs[name]
        if knob.options:
            assert value in knob.options
        else:
            assert np.shape(value) == np.shape(knob.nominal)
            assert np.all(np.asarray(value) >= knob.limits[0]) and np.all(np.asarray(value) <= knob.limits[1])
        self.state[name] = value

    def bits(self) -> dict[str, bytes | str]:
        """The state bit for bit, for exact comparison."""
        return {
            name: value if isinstance(value, str) else np.asarray(value, float).tobytes()
            for name, value in self.state.items()
        }


def _everything() -> list[tuple[str, Any, str, tuple[float, float], tuple[str, ...]]]:
    """Name, nominal, unit, limits and options of every knob."""
    free, positive, fraction = (-np.inf, np.inf), (1e-4, 1e3), (0.0, 1.0)
    found: list[tuple] = []
    found += [(f"mass.{body}", mass, "kg", positive, ()) for body, mass in (("cube", 0.1), ("duck", 0.2))]
    found += [(f"friction.{body}", mu, "1", (0.0, 10.0), ()) for body, mu in (("cube", 1.0), ("duck", 0.5))]
    for joint in ("panda_joint1", "panda_joint2"):
        found.append((f"damping.{joint}", 0.1, "N m s/rad", (0.0, 10.0), ()))
        found.append((f"gain.{joint}", 25.0, "1/s", (1.0, 200.0), ()))
    found += _sensors()
    for surface in ("floor", "table", "cube", "distractor0"):
        here = f"texture.{surface}"
        found.append((f"{here}.pattern", "flat", "1", free, PATTERNS))
        found.append((f"{here}.variant", 0.5, "1", fraction, ()))
        found.append((f"{here}.colour", np.array([0.8, 0.2, 0.1]), "1", fraction, ()))
        found += [(f"{here}.scale", 1.0, "1", positive, ()), (f"{here}.turn_deg", 0.0, "deg", (-360.0, 360.0), ())]
        found += [(f"{here}.specular", 0.0, "1", fraction, ()), (f"{here}.shininess", 20.0, "1", (1.0, 500.0), ())]
    for lamp in ("light", "lamp.1"):
        found.append((f"{lamp}.direction", np.array([0.6, 0.0, 0.8]), "1", free, ()))
        found.append((f"{lamp}.colour", np.ones(3), "1", (0.0, 2.0), ()))
        found += [(f"{lamp}.intensity", 1.0, "1", (0.0, 10.0), ()), (f"{lamp}.shadow", 0.0, "1", fraction, ())]
        found.append((f"{lamp}.temperature_k", 6500.0, "K", (1700.0, 20000.0), ()))
    found.append(("light.ambient", 0.4, "1", fraction, ()))
    found.append(("lamp.1.kind", "off", "1", free, LIGHT_KINDS))
    found.append(("lamp.1.position", np.array([0.1, 0.4, 0.8]), "m", free, ()))
    found.append(("lamp.1.cone_deg", 35.0, "deg", (5.0, 80.0), ()))
    found.append(("background.kind", "gradient", "1", free, ("gradient", "image")))
    found.append(("background.variant", 0.5, "1", fraction, ()))
    found += [(f"background.{end}", np.full(3, 0.8), "1", fraction, ()) for end in ("top", "bottom")]
    for camera in ("wrist", "side"):
        found += _camera(camera)
    found.append(("table.size", 1.0, "1", (0.5, 3.0), ()))
    found.append(("table.position", np.zeros(2), "m", free, ()))
    found.append(("distractors.count", 0.0, "1", (0.0, 4.0), ()))
    found.append(("distractors.0.position", np.array([0.2, 0.3]), "m", free, ()))
    found.append(("distractors.0.size", 0.06, "m", (0.02, 0.15), ()))
    found.append(("distractors.0.shape", "box", "1", free, SHAPES))
    return found


def _sensors() -> list[tuple[str, Any, str, tuple[float, float], tuple[str, ...]]]:
    """The knobs of timing, encoders and trackers."""
    seconds, share, free = (0.0, 0.2), (0.0, 1.0), (-0.2, 0.2)
    found: list[tuple] = []
    for what in ("action", "images", "joints"):
        found += [(f"{kind}.{what}", 0.0, "s", seconds, ()) for kind in ("latency", "jitter")]
        found.append((f"dropout.{what}", 0.0, "1", share, ()))
    found += [(f"refresh.{what}", 0.0, "s", seconds, ()) for what in ("images", "joints")]
    found += [("control.period", 1.0, "1", (0.8, 1.25), ()), ("control.jitter", 0.0, "1", (0.0, 0.5), ())]
    found += [("encoder.bias", np.zeros(2), "rad", free, ()), ("encoder.noise", 0.0, "rad", seconds, ())]
    found += [("opening.bias", 0.0, "m", free, ()), ("opening.noise", 0.0, "m", seconds, ())]
    for body in ("cube", "duck"):
        found += [(f"pose.{body}.{kind}", 0.0, "s", seconds, ()) for kind in ("latency", "jitter", "refresh")]
        found += [(f"pose.{body}.dropout", 0.0, "1", share, ()), (f"pose.{body}.yaw_bias", 0.0, "rad", free, ())]
        found += [(f"pose.{body}.{kind}", 0.0, "1", seconds, ()) for kind in ("position_noise", "yaw_noise")]
        found.append((f"pose.{body}.position_bias", np.zeros(3), "m", free, ()))
    return found


def _camera(camera: str) -> list[tuple[str, Any, str, tuple[float, float], tuple[str, ...]]]:
    """The knobs of one camera, its lens and its sensor."""
    free, fraction, here = (-np.inf, np.inf), (0.0, 1.0), f"lens.{camera}"
    found: list[tuple] = []
    found.append((f"camera.{camera}.position", np.array([0.5, 0.0, 0.4]), "m", free, ()))
    found.append((f"camera.{camera}.rotation_deg", np.zeros(3), "deg", (-45.0, 45.0), ()))
    found.append((f"camera.{camera}.fov_deg", 60.0, "deg", (5.0, 150.0), ()))
    found.append((f"exposure.{camera}", 1.0, "1", (0.05, 20.0), ()))
    found.append((f"noise.{camera}", 0.0, "1", fraction, ()))
    found.append((f"{here}.distortion", np.zeros(3), "1", (-0.5, 0.5), ()))
    found += [(f"{here}.vignetting", 0.0, "1", fraction, ()), (f"{here}.gamma", 1.0, "1", (0.2, 5.0), ())]
    found.append((f"{here}.white_balance", np.ones(3), "1", (0.2, 5.0), ()))
    found += [(f"{here}.shot_noise", 0.0, "1", fraction, ()), (f"{here}.defocus_px", 0.0, "px", (0.0, 8.0), ())]
    found.append((f"{here}.motion_px", np.zeros(2), "px", (-16.0, 16.0), ()))
    found.append((f"{here}.rolling_px", 0.0, "px", (-16.0, 16.0), ()))
    found += [(f"{here}.{what}", 0.0, "1", fraction, ()) for what in ("jpeg", "dead_pixels", "depth_holes")]
    found.append((f"{here}.depth_noise", 0.0, "1/m", (0.0, 0.5), ()))
    return found
