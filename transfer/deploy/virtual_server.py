"""The process behind `VirtualArm`: owns the reality twin, obeys joint commands, judges the episodes.

    python -m transfer.deploy.virtual_server 5        # number of the inherited socket

It is one world of `envs.worlds.Worlds` whose controller is replaced by a relay: latency, sensors and success
are those of the evaluation, while the joints come over the wire, as a real arm's would.
"""

import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from envs.arms import kinematics
from envs.arms.controller import ACTION_SIZE, Commands, Controller
from envs.worlds import Worlds
from transfer.deploy import wire

LEVEL = "simulated: MuJoCo twin in its own process, reached over a socket"
IDLE = np.zeros((1, ACTION_SIZE))
Answer = tuple[dict, dict[str, np.ndarray]]
Build = Callable[[Mapping], Worlds]


class Relay(Controller):
    """Stands in the controller's place and passes on joint commands instead of actions.

    Args:
        controller: What it replaces; still knows the pose at the start of an episode.
    """

    def __init__(self, controller: Controller):
        self._inner = controller
        self.profile, self.targets = controller.profile, controller.targets
        self._asked = controller.commands()

    def reset(self, rows: np.ndarray) -> None:
        """Ask for the pose at the start."""
        self._inner.reset(rows)
        self._asked = self._inner.commands()

    def ask(self, joints: np.ndarray, opening: float) -> None:
        """Ask for joint positions (joints,) [rad] and an opening [m] from now on."""
        self._asked = Commands(np.array(joints, float)[None], np.array([opening], float))
        self.targets[0] = kinematics.tool_pose(self.profile.chain, self._asked.joints[0])[0]

    def commands(self) -> Commands:
        """Give what is asked for now."""
        return Commands(self._asked.joints.copy(), self._asked.opening.copy())

    def checked(self, actions: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Pass; actions are not looked at."""
        return np.zeros((len(rows), self._inner.size))

    def move(self, rows: np.ndarray, moves: np.ndarray) -> Commands:
        """Give what is asked for."""
        return self.commands()


class Server:
    """Answers requests; see `VirtualArm` for what they are.

    Args:
        build: Makes one world from the fields of a RealitySpec.
    """

    def __init__(self, build: Build):
        self._build = build
        self._worlds: Worlds | None = None
        self._relay: Relay | None = None
        self._moving = False

    def answer(self, header: Mapping, arrays: Mapping[str, np.ndarray]) -> Answer:
        """Carry out one request.

        Raises:
            ValueError: It cannot be carried out.
        """
        does: dict[str, Callable[[Mapping, Mapping], Answer]] = {
            "open": self._open,
            "begin": self._begin,
            "observe": self._observe,
            "command": self._command,
            "stop": self._stop,
        }
        wanted = header.get("do")
        if wanted not in does:
            raise ValueError(f"The virtual arm cannot do {wanted!r}; it can do {sorted(does)}.")
        return does[wanted](header, arrays)

    def close(self) -> None:
        """Give the twin back."""
        if self._worlds is not None:
            self._worlds.close()

    def _open(self, header: Mapping, arrays: Mapping) -> Answer:
        worlds = self._worlds = self._build(header["spec"])
        worlds.actuation.controller = self._relay = Relay(worlds.actuation.controller)
        profile, size = self._relay.profile, worlds.sight.image_size
        said = {
            "arm": profile.name,
            "joints": list(profile.joint_names),
            "control_rate_hz": profile.control_rate_hz,
            "cameras": {name: [size, size] for name in worlds.cameras},
            "level": LEVEL,
            "speaks": speaks(worlds),
            "notes": {"renderer": worlds.renderer.name if worlds.renderer else None, **header["spec"]},
        }
        return said, {}

    def _begin(self, header: Mapping, arrays: Mapping) -> Answer:
        worlds = self._world()
        worlds.begin([0], header["seed"], [header["episode"]])
        self._moving = True
        said = str(worlds.instructions[0]) if speaks(worlds) else ""
        return {"instruction": said}, {"goal": worlds.state.goal[0].copy()}

    def _observe(self, header: Mapping, arrays: Mapping) -> Answer:
        worlds = self._world()
        images = worlds.observe().get("images", {})
        seen = {f"images.{name}": pixels[0] for name, pixels in images.items()}
        stamp = float(worlds.elapsed[0] * worlds.control_period_s)
        opening = float(worlds.state.gripper_opening[0])
        return {"stamp_s": stamp, "opening": opening}, {
            "joints": worlds.state.joint_positions[0].copy(),
            **seen,
        }

    def _command(self, header: Mapping, arrays: Mapping[str, np.ndarray]) -> Answer:
        worlds, relay = self._world(), self._relay
        joints, opening = arrays["joints"], header["opening"]
        if relay is None or not self._moving:
            raise ValueError("The virtual arm was stopped or its episode is over; call begin first.")
        if joints.shape != (len(relay.profile.joints),):
            raise ValueError(f"The command has joints of shape {joints.shape}; needs {len(relay.profile.joints)}.")
        if not np.isfinite(joints).all() or not np.isfinite(opening):
            raise ValueError(f"The command is not finite: joints {joints}, opening {opening}.")
        relay.ask(joints, opening)
        worlds.step(IDLE)
        done = bool(worlds.terminated[0] | worlds.truncated[0])
        self._moving = not done
        return {"done": done, "success": bool(worlds.success[0])}, {}

    def _stop(self, header: Mapping, arrays: Mapping) -> Answer:
        self._moving = False
        return {}, {}

    def _world(self) -> Worlds:
        if self._worlds is None:
            raise ValueError("The virtual arm has no twin yet; send open first.")
        return self._worlds


def speaks(worlds: Worlds) -> bool:
    """Tell whether there are words for the task."""
    return bool(getattr(worlds.task, "sentences", None))


def serve(sock: socket.socket, build: Build) -> None:
    """Answer until the other end closes."""
    server = Server(build)
    try:
        while True:
            header, arrays = wire.receive(sock)
            try:
                said, data = server.answer(header, arrays)
            except (ValueError, TypeError, FileNotFoundError, KeyError) as error:
                said, data = {"error": str(error)}, {}
            wire.send(sock, said, data)
    except ConnectionError:
        return
    finally:
        server.close()


def reality(spec: Mapping[str, Any]) -> Worlds:
    """Build the twin."""
    from envs.reality import RealitySpec

    return RealitySpec(**spec).build(1)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        serve(inherited, reality)
