"""A random network that disturbs actions: what the worlds do to a policy in ways that nobody thought of.

    adversary = Adversary(joints=7, worlds=8)
    adversary.columns["adversary.amplitude"].write(rows, np.full(8, 0.1))
    adversary.columns["adversary.network"].write(rows, luck)          # which network, in [0, 1]
    actions = adversary.disturb(rows, actions, state)

After OpenAI, "Solving Rubik's Cube with a Robot Hand" (arXiv 1910.07113, section 5.3) and DeXtreme: one hidden
layer with random weights, fixed for an episode, from the state to a push on the action. Its weights are drawn
from the number `network` alone, so an episode can be rebuilt from its draw.
"""

import numba
import numpy as np

from envs.columns import Column, number
from envs.engine import State
from randomizers.streams import uniforms

HIDDEN = 16
OUTPUTS = 16
"""Components of an action, at most."""
NEAR = 10.0
"""Units of the hidden layer per metre: the workspace is some decimetres wide."""


class Adversary:
    """One random network for each world of a batch.

    Args:
        joints: Joints of the arm.
        worlds: Number of rows.

    Attributes:
        columns: Everything that can be varied, by name.
    """

    def __init__(self, joints: int, worlds: int):
        self._inputs = 2 * joints + 6
        self._amplitude, self._network = np.zeros(worlds), np.zeros(worlds)
        self._known = np.full(worlds, np.nan)  # the network whose weights are in the rows below
        self._inner = np.zeros((worlds, HIDDEN, self._inputs + 1))
        self._outer = np.zeros((worlds, OUTPUTS, HIDDEN))
        self.columns: dict[str, Column] = {
            "adversary.amplitude": number(self._amplitude, 0.0, "1", (0.0, 1.0)),
            "adversary.network": number(self._network, 0.0, "1", (0.0, 1.0)),
        }

    def disturb(self, rows: np.ndarray, actions: np.ndarray, state: State) -> np.ndarray:
        """Give the actions (rows, A) in [-1, 1] as the worlds carry them out."""
        if not self._amplitude[rows].any():
            return actions
        stale = rows[(self._known[rows] != self._network[rows]) & (self._amplitude[rows] > 0.0)]
        if stale.size:
            self._weigh(stale)
        seen = np.zeros((len(rows), self._inputs + 1))
        joints = (self._inputs - 6) // 2
        hand = state.hand_position[rows]
        seen[:, :joints], seen[:, joints : 2 * joints] = state.joint_positions[rows], state.joint_velocities[rows]
        seen[:, -7:-4] = NEAR * (state.hand_target[rows] - hand)
        if state.object_poses.shape[1]:
            seen[:, -4:-1] = NEAR * (state.object_poses[rows, 0, :3] - hand)
        seen[:, -1] = 1.0
        return _disturb(rows, actions, seen, self._amplitude, self._inner, self._outer)

    def _weigh(self, rows: np.ndarray) -> None:
        """Draw the weights of some rows from the numbers of their networks, with variance 1 / inputs."""
        keys = (self._network[rows] * 2.0**53).astype(np.uint64)
        sizes = self._inner[0].size, self._outer[0].size
        luck = 2.0 * uniforms(keys, np.zeros(len(rows), int), 0, ("adversary.inner", "adversary.outer"), sizes) - 1.0
        inner, outer = luck[:, : sizes[0]], luck[:, sizes[0] :]
        self._inner[rows] = inner.reshape(-1, *self._inner.shape[1:]) * np.sqrt(3.0 / self._inputs)
        self._outer[rows] = outer.reshape(-1, *self._outer.shape[1:]) * np.sqrt(3.0 / HIDDEN)
        self._known[rows] = self._network[rows]


@numba.njit(cache=True)
def _disturb(rows, actions, seen, amplitude, inner, outer):
    """Run the networks; (rows, A) in [-1, 1]."""
    out, hidden = actions.copy(), np.empty(inner.shape[1])
    for i in range(len(rows)):
        row = rows[i]
        if amplitude[row] > 0.0:
            for h in range(inner.shape[1]):
                total = 0.0
                for k in range(seen.shape[1]):
                    total += inner[row, h, k] * seen[i, k]
                hidden[h] = np.tanh(total)
            for a in range(actions.shape[1]):
                total = 0.0
                for h in range(inner.shape[1]):
                    total += outer[row, a, h] * hidden[h]
                out[i, a] = min(max(actions[i, a] + amplitude[row] * np.tanh(total), -1.0), 1.0)
    return out
