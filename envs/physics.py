"""How exactly PyBullet simulates: presets, each the cheapest that measured as good as `reference` for its task.

    physics_of("reference", GRASP)                        # a preset by name, for a task that grasps
    physics_of({"iterations": 50}, GRASP)                 # the task's own preset with one field changed

`experiments bench worlds bench.quality=true` measures what the settings cost and how well they hold a grasp. One
rate for all presets but the exact one, so that the latency of actions has the same resolution (1/120 s) everywhere.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from envs.engine import Physics
from randomizers.errors import unknown

REACH = Physics(rate_hz=120, iterations=5, fingers=False)
PUSH = Physics(rate_hz=120, iterations=10, fingers=False)
GRASP = Physics(rate_hz=120, iterations=30, fingers=True)
REFERENCE = Physics(rate_hz=240, iterations=50, fingers=True, residual=1e-7)
PRESETS = {"reach": REACH, "push": PUSH, "grasp": GRASP, "reference": REFERENCE}
SETTINGS = tuple(field.name for field in fields(Physics))
"""What may be set."""
Written = str | Mapping[str, Any] | None


def physics_of(written: Written, own: Physics) -> Physics:
    """Read what a person may write for physics.

    Args:
        written: Name of a preset, or some of SETTINGS; None leaves everything to the task.
        own: The task's preset; of a named one, fingers stay as they are here.

    Raises:
        ValueError: A name is unknown, or a number impossible.
    """
    if written is None:
        return own
    if isinstance(written, str):
        if written not in PRESETS:
            raise ValueError(unknown("physics preset", written, PRESETS))
        return replace(PRESETS[written], fingers=own.fingers)
    for name in written:
        if name not in SETTINGS:
            raise ValueError(unknown("physics setting", str(name), SETTINGS))
    return checked(replace(own, **{str(name): value for name, value in written.items()}))


def checked(physics: Physics) -> Physics:
    """Refuse settings that cannot be simulated."""
    for field, low, high in (("rate_hz", 20, 2000), ("iterations", 1, 1000)):
        value = getattr(physics, field)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"physics.{field} is {value!r}; it must be a whole number in [{low}, {high}].")
    if not isinstance(physics.fingers, bool):
        raise ValueError(f"physics.fingers is {physics.fingers!r}; it must be true or false.")
    residual = physics.residual
    if isinstance(residual, bool) or not isinstance(residual, int | float) or not 0.0 <= residual <= 0.1:
        raise ValueError(f"physics.residual is {residual!r}; it must be a number in [0, 0.1], 1e-3 is usual.")
    return physics


def described(physics: Physics) -> dict[str, Any]:
    """Give plain data for reports."""
    return {field.name: getattr(physics, field.name) for field in fields(Physics)}


def substeps(physics_hz: float, control_hz: float) -> int:
    """Give the physics steps of one control period.

    Raises:
        ValueError: They are no whole number.
    """
    count = round(physics_hz / control_hz)
    if count < 1 or abs(count * control_hz - physics_hz) > 1e-9:
        raise ValueError(f"physics rate {physics_hz} Hz must be a whole multiple of the control rate {control_hz} Hz.")
    return count
