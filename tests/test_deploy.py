"""Laws of the closed loop on the robot's computer. The twin is played by an arm that obeys at once."""

import dataclasses
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from agents.behaviour import Behaviour
from agents.lockstep import run_job
from agents.rollout import Job
from envs.arms import kinematics
from envs.arms.controller import Controller
from envs.arms.profile import load
from envs.rendering.assets import CAMERAS, panda_scene
from envs.tasks.base import Layout
from envs.worlds import Worlds
from transfer.bundle.bundle import Bundle
from transfer.bundle.contract import Contract
from transfer.deploy import wire
from transfer.deploy.arms.base import Description, Reading, Verdict
from transfer.deploy.arms.virtual import VirtualArm
from transfer.deploy.guard import Guard, Stop, agree
from transfer.deploy.loop import Loop, drive
from transfer.deploy.virtual_server import Server, serve

ROOT = Path(__file__).parents[1]
PANDA = load("panda")
SCALE = np.array([0.03, 0.03, 0.03, 0.04])
SIZE = 8


class Touch:
    """A task for tests: bring the tool point to a goal."""

    name, objects, horizon, opening, radius = "touch", (), 40, 0.02, 0.01
    physics = SimpleNamespace(fingers=True)

    def layout(self, seed, episodes, split="train"):
        luck = np.stack(
            [np.random.default_rng([seed, int(episode)]).uniform(-1, 1, 3) for episode in episodes]
        )
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

    control_period_s = 0.05
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

    def transforms(self, out):
        out[:] = np.eye(4)[:3]

    def close(self):
        pass


class Grey:
    name = "grey"

    def draw(self, frame, images):
        images.rgb[:] = 128

    def close(self):
        pass


def touching_worlds(num):
    """Build worlds of the task above, without any simulator."""
    scene = panda_scene(PANDA, Touch())
    controller = Controller(PANDA, num, opening=Touch.opening, grips=True)
    engines = [Obedient(scene) for _ in range(num)]
    return Worlds(
        Touch(), engines, controller=controller, renderer=Grey(), cameras=("front",), image_size=SIZE
    )


def contract(**changes):
    described = Contract.of(PANDA, Touch(), {"front": CAMERAS["front"]}, image_size=SIZE, chunk=1)
    return dataclasses.replace(described, **changes)


def towards_goal(scale=None, poison=0.0):
    """An exported policy that heads straight for the goal; `poison` is added to every action."""
    factor = np.full(4, 1.0) if scale is None else np.asarray(scale)
    constants = {
        "starts": np.array([8], np.int64),
        "ends": np.array([11], np.int64),
        "axis": np.array([1], np.int64),
        "gain": np.full(1, 1 / 0.03, np.float32),
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
        helper.make_node("Unsqueeze", ["sum", "axis"], ["actions"]),
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
        [helper.make_tensor_value_info("actions", number, ["batch", 1, 4])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def bundle(policy=None, **changes):
    return Bundle(Path("nowhere"), policy or towards_goal(SCALE), contract(**changes), {}, {})


class Played:
    """An arm in this process: the server without its socket, and faults on demand."""

    def __init__(self, **faults):
        self.server, self.faults, self.calls = Server(lambda spec: touching_worlds(1)), faults, []
        said, _ = self.server.answer({"do": "open", "spec": {}}, {})
        cameras = {name: tuple(size) for name, size in said["cameras"].items()}
        self.description = Description(
            "panda", tuple(said["joints"]), said["control_rate_hz"], cameras, "test"
        )

    def begin(self, seed, episode):
        return self.server.answer({"do": "begin", "seed": seed, "episode": episode}, {})[1]["goal"]

    def observe(self):
        said, arrays = self.server.answer({"do": "observe"}, {})
        reading = Reading(
            said["stamp_s"], arrays["joints"], said["opening"], {"front": arrays["images.front"]}
        )
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


def test_a_deployed_episode_is_the_evaluated_one():
    job = Job(0, seed=3, episodes=tuple(range(8)), behaviour=Behaviour("student"))
    evaluated = run_job(touching_worlds(8), 8, job, towards_goal()).records
    trials = drive(bundle(), Played(), 3, range(8)).trials
    assert [trial.success for trial in trials] == [record["success"] for record in evaluated]
    assert [trial.length for trial in trials] == [record["length"] for record in evaluated]
    assert sum(trial.success for trial in trials) == 8


def test_the_loop_sees_what_the_worlds_see():
    arm, worlds, rng = Played(), touching_worlds(1), np.random.default_rng(0)
    loop, goal = Loop(bundle(), arm, pace=False), arm.begin(0, 5)
    worlds.begin([0], 0, [5])
    for _ in range(6):
        reading = arm.observe()
        mine, theirs = loop.observation(reading, reading.joints, goal), worlds.observe()
        for name in ("proprioception", "goal"):
            assert np.abs(mine[name] - theirs[name]).max() < 1e-6
        assert np.array_equal(mine["images"]["front"], theirs["images"]["front"])
        action = rng.uniform(-1, 1, (1, 4))
        commands = loop.controller.act(action)
        arm.command(commands.joints[0], commands.opening[0])
        worlds.step(action)


def test_signs_and_offsets_of_joints_are_undone_on_the_way_in_and_out():
    class Mirrored(Played):
        def observe(self):
            reading = super().observe()
            return dataclasses.replace(reading, joints=0.25 - reading.joints)

        def command(self, joints, opening):
            return super().command(0.25 - joints, opening)

    turned = tuple(dataclasses.replace(joint, sign=-1.0, offset=0.25) for joint in contract().joints)
    straight = drive(bundle(), Played(), 0, range(4)).trials
    assert drive(bundle(joints=turned), Mirrored(), 0, range(4)).trials == straight


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"joints": np.full(7, np.nan)}, "not finite"),
        ({"joints": np.zeros(6)}, "6 joints instead of 7"),
        ({"opening": np.inf}, "not finite"),
        ({"stamp_s": 0.15}, "stale"),
        ({"stamp_s": 9.0}, "stale"),
        ({"images": {}}, "frame of camera `front` is missing"),
        ({"images": {"front": np.zeros((4, 4, 3), np.uint8)}}, r"uint8 \(4, 4, 3\)"),
        ({"images": {"front": np.zeros((SIZE, SIZE, 3), np.float32)}}, "float32"),
        ({"raises": TimeoutError("the arm is silent")}, "silent"),
        ({"raises": ConnectionError("cable out")}, "cable out"),
    ],
)
def test_a_bad_reading_stops_and_holds_the_arm(faults, why):
    arm = Played(**faults)
    trials = drive(bundle(), arm, 0, range(3)).trials
    assert len(trials) == 1 and not trials[0].success and trials[0].length == 4
    assert arm.calls == ["command"] * 4 + ["stop"]
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(trials[0].stopped)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_an_action_that_is_not_finite_never_reaches_the_arm(poison):
    arm = Played()
    trial = drive(bundle(towards_goal(SCALE, poison)), arm, 0, range(3)).trials[0]
    assert arm.calls == ["stop"] and "not finite" in trial.stopped and trial.length == 0


def test_an_action_beyond_the_contract_is_clipped():
    guard = Guard(contract())
    assert guard.action(np.array([9.0, -9.0, 0.01, 0.0])).tolist() == [0.03, -0.03, 0.01, 0.0]
    with pytest.raises(Stop, match="shape"):
        guard.action(np.zeros(3))


def test_an_arm_that_is_not_at_home_is_not_driven():
    class Astray(Played):
        def observe(self):
            reading = super().observe()
            return dataclasses.replace(reading, joints=reading.joints + 0.2)

    arm = Astray()
    trial = drive(bundle(), arm, 0, range(2)).trials[0]
    assert "bring the arm home" in trial.stopped and arm.calls == ["stop"]


def test_an_arm_without_a_judge_is_held_at_the_horizon():
    class Silent(Played):
        def command(self, joints, opening):
            super().command(joints, opening)
            return Verdict()

    arm = Silent()
    trial = drive(bundle(horizon=5), arm, 0, range(1)).trials[0]
    assert trial.length == 5 and not trial.success and arm.calls == ["command"] * 5 + ["stop"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arm": "ur5"}, "this is `ur5`"),
        ({"joints": PANDA.joint_names[:6]}, "drives 7 joints, but this arm has 6"),
        ({"joints": PANDA.joint_names[::-1]}, "Joint 0 of the bundle is `panda_joint1`"),
        ({"control_rate_hz": 10.0}, "expects 10.0"),
        ({"cameras": {}}, "looks through camera `front`"),
        ({"cameras": {"front": (64, 64)}}, r"images of \(64, 64\) px"),
    ],
)
def test_another_arm_is_refused_before_it_moves(changes, message):
    arm = Played()
    arm.description = dataclasses.replace(arm.description, **changes)
    with pytest.raises(ValueError, match=message):
        drive(bundle(), arm, 0, range(1))
    assert arm.calls == []


def test_the_description_of_the_right_arm_is_accepted():
    agree(contract(), Played().description)


def test_the_rate_is_kept_in_real_time_when_asked():
    class Quick(Played):
        def __init__(self):
            super().__init__()
            self.description = dataclasses.replace(self.description, control_rate_hz=100.0)

        def observe(self):
            reading = super().observe()
            return dataclasses.replace(reading, stamp_s=reading.stamp_s / 5)

    began = time.perf_counter()
    log = drive(bundle(control_rate_hz=100.0, horizon=4), Quick(), 0, range(1), pace=True)
    assert log.trials[0].length == 4 and not log.trials[0].stopped
    assert time.perf_counter() - began >= 0.03


def test_messages_arrive_as_they_were_sent():
    here, there = socket.socketpair()
    arrays = {"joints": np.arange(7.0), "image": np.arange(12, dtype=np.uint8).reshape(2, 2, 3)}
    wire.send(here, {"do": "x", "value": 0.1}, arrays)
    header, back = wire.receive(there)
    assert header == {"do": "x", "value": 0.1}
    assert all(
        np.array_equal(back[name], arrays[name]) and back[name].dtype == arrays[name].dtype for name in arrays
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x03abc",
        b'\x00\x00\x00\x21{"arrays": [["a", "object", [1]]]}',
        b'\x00\x00\x00\x28{"arrays": [["a", "uint8", [99999999]]]} ',
        b"\x00",
    ],
)
def test_what_is_no_message_ends_the_connection(data):
    here, there = socket.socketpair()
    there.settimeout(5.0)
    here.sendall(data)
    here.close()
    with pytest.raises(ConnectionError):
        wire.receive(there)


def test_a_server_reports_mistakes_and_goes_on():
    here, there = socket.socketpair()
    thread = threading.Thread(target=serve, args=(there, lambda spec: touching_worlds(1)))
    thread.start()
    with here:
        for request, message in [
            ({"do": "dance"}, "cannot do 'dance'"),
            ({"do": "begin", "seed": 0, "episode": 0}, "send open first"),
            ({"do": "open", "spec": {}}, ""),
            ({"do": "begin", "seed": -1, "episode": 0}, "seed"),
        ]:
            wire.send(here, request)
            assert message in wire.receive(here)[0].get("error", "")
        for joints, message in [
            (np.zeros(7), "call begin"),
            (np.zeros(3), "shape"),
            (np.full(7, np.nan), "finite"),
        ]:
            wire.send(here, {"do": "command", "opening": 0.0}, {"joints": joints})
            assert message in wire.receive(here)[0]["error"]
            wire.send(here, {"do": "begin", "seed": 0, "episode": 0})
            assert "error" not in wire.receive(here)[0]
    thread.join(timeout=5.0)
    assert not thread.is_alive()


@pytest.fixture
def program(tmp_path):
    """A server in a process of its own whose twin is the obedient arm."""
    script = tmp_path / "server.py"
    script.write_text(
        f"import socket, sys\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
        "from test_deploy import touching_worlds\nfrom transfer.deploy.virtual_server import serve\n"
        "serve(socket.socket(fileno=int(sys.argv[1])), lambda spec: touching_worlds(1))\n"
    )
    return (sys.executable, str(script))


def test_an_arm_in_another_process_is_driven_like_one_in_this(program):
    with VirtualArm({}, command=program) as arm:
        there = drive(bundle(), arm, 0, range(4), shown=(1,))
    here = drive(bundle(), Played(), 0, range(4))
    assert there.trials == here.trials
    assert len(there.strips[1]) == there.trials[1].length


def test_a_server_that_dies_stops_the_loop_and_leaves_no_process(program):
    arm = VirtualArm({}, command=program)
    arm._process.kill()
    arm._process.wait()
    trial = drive(bundle(), arm, 0, range(2)).trials[0]
    assert "closed the connection" in trial.stopped or "Broken pipe" in trial.stopped
    arm.close()


def test_a_server_leaves_when_its_client_is_gone(program):
    arm = VirtualArm({}, command=program)
    process = arm._process
    arm._socket.close()
    assert process.wait(timeout=10.0) == 0


def test_the_runtime_loads_neither_torch_nor_ray_nor_a_simulator():
    code = "import sys, transfer.deploy.runtime\nprint(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {
        "torch",
        "ray",
        "pybullet",
        "mujoco",
        "gymnasium",
        "onnx",
        "pyarrow",
    }
