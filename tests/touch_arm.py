"""Stand-ins for tests of deployment: a task, an engine that obeys at once, an arm with faults on demand."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from envs.arms import kinematics
from envs.arms.controller import Controller
from envs.arms.profile import load
from envs.rendering.assets import CAMERAS, arm_scene
from envs.rendering.scene import EVERYTHING
from envs.tasks.base import Layout
from envs.worlds import Worlds
from transfer.bundle.bundle import Bundle
from transfer.bundle.contract import Contract
from transfer.deploy.arms.base import Description, Reading, Verdict
from transfer.deploy.virtual_server import Server

PANDA = load("panda")
SCALE = np.array([0.03, 0.03, 0.03, 0.04])
SIZE = 16


class Touch:
    """A task for tests: bring the tool point to a goal."""

    name, objects, horizon, opening, radius = "touch", (), 40, 0.02, 0.01
    physics = SimpleNamespace(fingers=True)

    def layout(self, seed, episodes, split="train"):
        luck = np.stack([np.random.default_rng([seed, int(episode)]).uniform(-1, 1, 3) for episode in episodes])
        return Layout(np.zeros((len(episodes), 0, 7)), np.array([0.5, 0.0, 0.2]) + luck * (0.12, 0.2, 0.1))

    def success(self, state):
        return np.linalg.norm(state.hand_position - state.goal, axis=1) < self.radius

    def reward(self, state):
        return -np.linalg.norm(state.hand_position - state.goal, axis=1)

    def features(self, state):
        return (state.goal - state.hand_position).astype(np.float32)

    def expert(self, state):
        return np.zeros((len(state.goal), 4))

    def auxiliary(self, state):
        return state.goal.astype(np.float32)


class Obedient:
    """An engine whose joints are where they are asked to be."""

    name, control_period_s = "obedient", 0.05
    knobs: dict = {}

    def __init__(self, scene):
        self.scene = scene

    def reset(self, command, object_poses):
        self.now = command

    def advance(self, before, after, switch):
        self.now = after if switch < 1.0 else before

    def measure(self, state, row):
        state.joint_positions[row], state.gripper_opening[row] = self.now.joints, self.now.opening
        state.hand_position[row] = kinematics.tool_pose(PANDA.chain, self.now.joints)[0]

    def transforms(self, out, known=None):
        out[:] = np.eye(4)[:3]

    def close(self):
        pass


class Grey:
    name = "grey"
    draws = EVERYTHING

    def draw(self, frame, images):
        images.rgb[:] = 128

    def close(self):
        pass


class Told(Touch):
    """The same, for those who are told so."""

    sentences: ClassVar = {"imperative": ("Touch the high point.", "Touch the low point.")}

    def instruction(self, target, luck, poses, objects):
        return self.sentences["imperative"][int(luck < 0.5)]


def touching_worlds(num, task=Touch):
    """Build worlds of the tasks above, without any simulator."""
    scene = arm_scene(PANDA, task())
    controller = Controller(PANDA, num, opening=Touch.opening, grips=True)
    engines = [Obedient(scene) for _ in range(num)]
    return Worlds(task(), engines, controller=controller, renderer=Grey(), cameras=("front",), image_size=SIZE)


def contract(**changes):
    described = Contract.of(PANDA, Touch(), {"front": CAMERAS["front"]}, image_size=SIZE, chunk=1)
    return dataclasses.replace(described, **changes)


def towards_goal(scale=None, poison=0.0, chunk=1):
    """An exported policy that heads straight for the goal; `poison` is added to every action."""
    factor = np.full(4, 1.0) if scale is None else np.asarray(scale)
    constants = {
        "starts": np.array([8], np.int64),
        "ends": np.array([11], np.int64),
        "axis": np.array([1], np.int64),
        "gain": np.full(1, 1 / (0.03 * chunk), np.float32),
        "low": np.float32(-1.0),
        "high": np.float32(1.0),
        "pads": np.array([0, 0, 0, 1], np.int64),
        "factor": factor.astype(np.float32),
        "poison": np.float32(poison),
    }
    nodes = [
        helper.make_node("Slice", ["proprioception", "starts", "ends", "axis"], ["hand"]),
        helper.make_node("Sub", ["goal", "hand"], ["way"]),
        helper.make_node("Mul", ["way", "gain"], ["wish"]),
        helper.make_node("Clip", ["wish", "low", "high"], ["moves"]),
        helper.make_node("Pad", ["moves", "pads"], ["unit"]),
        helper.make_node("Mul", ["unit", "factor"], ["physical"]),
        helper.make_node("Add", ["physical", "poison"], ["sum"]),
        helper.make_node("Unsqueeze", ["sum", "axis"], ["single"]),
        helper.make_node("Concat", ["single"] * chunk, ["actions"], axis=1),
    ]
    number, pixel = TensorProto.FLOAT, TensorProto.UINT8
    inputs = [
        ("proprioception", number, [14]),
        ("goal", number, [3]),
        ("images.front", pixel, [SIZE, SIZE, 3]),
    ]
    graph = helper.make_graph(
        nodes,
        "towards_goal",
        [helper.make_tensor_value_info(name, kind, ["batch", *shape]) for name, kind, shape in inputs],
        [helper.make_tensor_value_info("actions", number, ["batch", chunk, 4])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def bundle(policy=None, **changes):
    return Bundle(Path("nowhere"), policy or towards_goal(SCALE), contract(**changes), {}, {})


class Played:
    """An arm in this process: the server without its socket, and faults on demand."""

    def __init__(self, task=Touch, **faults):
        self.server, self.faults, self.calls = Server(lambda spec: touching_worlds(1, task)), faults, []
        said, _ = self.server.answer({"do": "open", "spec": {}}, {})
        cameras = {name: tuple(size) for name, size in said["cameras"].items()}
        self.wanted = ""
        self.description = Description("panda", tuple(said["joints"]), said["control_rate_hz"], cameras, "test")
        self.description = dataclasses.replace(self.description, speaks=said["speaks"])

    def begin(self, seed, episode):
        said, arrays = self.server.answer({"do": "begin", "seed": seed, "episode": episode}, {})
        self.wanted = said["instruction"]
        return arrays["goal"]

    def observe(self):
        said, arrays = self.server.answer({"do": "observe"}, {})
        reading = Reading(said["stamp_s"], arrays["joints"], said["opening"], {"front": arrays["images.front"]})
        if reading.stamp_s >= 0.2:
            if "raises" in self.faults:
                raise self.faults["raises"]
            return dataclasses.replace(reading, **self.faults)
        return reading

    def command(self, joints, opening):
        self.calls.append("command")
        said, _ = self.server.answer({"do": "command", "opening": opening}, {"joints": joints})
        return Verdict(said["done"], said["success"])

    def stop(self):
        self.calls.append("stop")
        self.server.answer({"do": "stop"}, {})

    def close(self):
        pass
