"""An arm that is the reality twin in a process of its own, so that this one needs no simulator.

    arm = VirtualArm({"task": "push", "card": "medium", "images": ["front"], "image_size": 64})
    goal = arm.begin(seed=0, episode=3)
    reading = arm.observe()
    verdict = arm.command(joints, opening)

The twin runs in simulated time: one command is one control period, however long it took to compute.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from transfer.deploy import wire
from transfer.deploy.arms.base import Description, Reading, Verdict

ROOT = Path(__file__).parents[3]
SERVER = (sys.executable, "-m", "transfer.deploy.virtual_server")
OPEN_S = 600.0
"""Longest wait for the twin to be built; the first time it prepares its meshes [s]."""


class VirtualArm:
    """Starts the twin's server and talks to it.

    Args:
        spec: Fields of `envs.reality.RealitySpec` as plain data.
        timeout_s: Longest wait for an answer [s].
        command: Program to start; it gets the number of its socket as last argument.

    Attributes:
        description: What the twin says of itself.
        wanted: What a person would say to have the present episode done.

    Raises:
        ValueError: The twin refuses the spec.
    """

    def __init__(self, spec: Mapping, *, timeout_s: float = 60.0, command: tuple[str, ...] = SERVER):
        self.wanted = ""
        self._socket, theirs = socket.socketpair()
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        try:
            self._socket.settimeout(OPEN_S)
            said, _ = self._ask({"do": "open", "spec": dict(spec)})
            self._socket.settimeout(timeout_s)
        except BaseException:
            self.close()
            raise
        self.description = Description(
            arm=said["arm"],
            joints=tuple(said["joints"]),
            control_rate_hz=said["control_rate_hz"],
            cameras={name: (size[0], size[1]) for name, size in said["cameras"].items()},
            level=said["level"],
            notes=said["notes"],
            speaks=said["speaks"],
        )

    def begin(self, seed: int, episode: int) -> np.ndarray:
        """Begin an episode; (3,) its goal in the base frame [m]."""
        said, arrays = self._ask({"do": "begin", "seed": int(seed), "episode": int(episode)})
        self.wanted = said["instruction"]
        return arrays["goal"]

    def observe(self) -> Reading:
        """Measure joints and opening, and take a picture with every camera."""
        said, arrays = self._ask({"do": "observe"})
        joints = arrays.pop("joints")
        images = {name.removeprefix("images."): pixels for name, pixels in arrays.items()}
        return Reading(said["stamp_s"], joints, said["opening"], images)

    def command(self, joints: np.ndarray, opening: float) -> Verdict:
        """Ask for joint positions [rad] and an opening [m], and let one control period pass."""
        said, _ = self._ask({"do": "command", "opening": float(opening)}, {"joints": np.asarray(joints, float)})
        return Verdict(said["done"], said["success"])

    def stop(self) -> None:
        """Hold still until the next episode."""
        self._ask({"do": "stop"})

    def close(self) -> None:
        """End the server; it leaves by itself when the connection closes."""
        self._socket.close()
        try:
            self._process.wait(timeout=10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "VirtualArm":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, header: Mapping, arrays: Mapping[str, np.ndarray] | None = None
    ) -> tuple[dict, dict[str, np.ndarray]]:
        """Send a request and wait for its answer."""
        wire.send(self._socket, header, arrays)
        said, data = wire.receive(self._socket)
        if "error" in said:
            raise ValueError(said["error"])
        return said, data
