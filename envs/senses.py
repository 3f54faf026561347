"""What the sensors of all worlds say, beside the cameras: joints, gripper, objects.

    senses = Senses(truth.state, worlds=8, period_s=0.05)
    senses.begin(rows)
    senses.record(rows)                  # once per control step, after the engines were measured
    senses.measured.joint_positions      # (worlds, joints) [rad], as an encoder reports them
"""

from collections.abc import Mapping

import numpy as np

from envs.columns import Column
from envs.engine import State


class Senses:
    """Sensors of all worlds of a batch.

    Args:
        state: Ground truth, written elsewhere.
        worlds: Number of rows.
        period_s: Control period [s].

    Attributes:
        measured: What the sensors say; equal to the truth where nothing disturbs them.
    """

    def __init__(self, state: State, worlds: int, period_s: float):
        self.measured = state

    @property
    def columns(self) -> Mapping[str, Column]:
        """Name everything that disturbs the sensors."""
        return {}

    def begin(self, rows: np.ndarray) -> None:
        """Forget the past of some worlds and sense their present."""

    def record(self, rows: np.ndarray) -> None:
        """Sense once more in some worlds."""
