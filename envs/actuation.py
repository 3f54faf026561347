"""From actions to what the servos of all worlds are asked for, and when.

An action passes an adversary, the controller, the gears and bearings of the joints, and latency.

    actuation = Actuation(controller, clock)
    before, after, switch = actuation.push(rows, actuation.checked(actions, rows), state)
    engine.advance(before[0], after[0], switch[0])
"""

from collections.abc import Mapping

import numpy as np

from envs.adversary import Adversary
from envs.arms.controller import Commands, Controller
from envs.clock import Clock
from envs.columns import Column
from envs.engine import State
from envs.timing import ActionDelay
from envs.transmission import Transmission


class Actuation:
    """Way of the actions of all worlds of a batch.

    Args:
        controller: Turns actions into commands; as many rows as worlds.
        clock: Of the worlds.

    Attributes:
        controller: The same.
    """

    def __init__(self, controller: Controller, clock: Clock):
        self.controller = controller
        joints, worlds = controller.profile.joint_names, len(clock.ticks)
        self._delay = ActionDelay(clock, len(joints))
        self._adversary, self._transmission = Adversary(len(joints), worlds), Transmission(joints, worlds)

    @property
    def columns(self) -> Mapping[str, Column]:
        """Name everything that changes what becomes of an action."""
        return {**self._delay.columns, **self._adversary.columns, **self._transmission.columns}

    @property
    def targets(self) -> np.ndarray:
        """The tool points asked for, (worlds, 3) [m]."""
        return self.controller.targets

    def begin(self, rows: np.ndarray) -> Commands:
        """Ask some worlds for home and opening at start; give the commands of all worlds."""
        self.controller.reset(rows)
        commands = self.controller.commands()
        self._transmission.begin(rows, commands.joints)
        self._delay.reset(rows, commands)
        return commands

    def checked(self, actions: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Give the actions (worlds, A) of some rows, (rows, A) in [-1, 1].

        Raises:
            ValueError: Wrong shape, or one of them is not finite.
        """
        return self.controller.checked(actions, rows)

    def push(self, rows: np.ndarray, actions: np.ndarray, state: State) -> tuple[Commands, Commands, np.ndarray]:
        """Take the actions (rows, A) of a control step in some rows, as `checked` gave them.

        Args:
            rows: (n,).
            actions: (n, A) in [-1, 1].
            state: Ground truth of all worlds before this step.

        Returns:
            Command obeyed at first and afterwards by each of the rows, and the fraction of the period in
            [0, 1) after which the second takes over, (rows,).
        """
        commands = self.controller.move(rows, self._adversary.disturb(rows, actions, state))
        self._transmission.bend(rows, commands.joints, state.joint_positions)
        return self._delay.push(rows, commands)
