"""What a randomizer may know of a world: named knobs, nothing else.

    world.knobs["mass.cube"].nominal          # 0.1
    world.knobs["mass.cube"].write(0.2)       # [kg]
    world.knobs["mass.cube"].read()           # 0.2, asked of the engine

A knob's name is `kind.target` or `kind.target.part`: `mass.cube`, `friction.table`,
`camera.front.fov_deg`, `latency.action`. The engine owns the meaning; randomizers own the ranges.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Value = float | np.ndarray | str


@dataclass(frozen=True)
class Knob:
    """One quantity of one world that can be set and read back.

    Attributes:
        nominal: Value in the unrandomized world: a number, an array or one of `options`.
        unit: SI unit shown in tables and logs; "1" where there is none.
        read: Ask the engine for the present value.
        write: Set the value; called with values inside `limits` only.
        limits: What is physically possible; draws are clipped to it.
        options: The allowed words, for a knob whose value is a word.
        share: How much of a range that is written for any target, such as "*", fits this one.
    """

    nominal: Value
    unit: str
    read: Callable[[], Value]
    write: Callable[[Value], None]
    limits: tuple[float, float] = (-np.inf, np.inf)
    options: tuple[str, ...] = ()
    share: float = 1.0


class World(Protocol):
    """Anything with knobs: a PyBullet world, the MuJoCo twin, or a dictionary of numbers in a test."""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """Every knob of this world by name."""
        ...
