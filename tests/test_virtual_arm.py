"""Laws of the arm that lives in another process, and of the messages in between."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from touch_arm import Played, bundle, touching_worlds

from agents.onnx_export import to_onnx
from agents.policy import Policy, PolicySpec
from envs.reality import RealitySpec
from transfer.bundle.export import contract_of, export_policy
from transfer.deploy import wire
from transfer.deploy.arms.virtual import VirtualArm
from transfer.deploy.loop import drive
from transfer.deploy.virtual_server import serve
from transfer.evaluate import evaluate

ROOT = Path(__file__).parents[1]


def test_messages_arrive_as_they_were_sent():
    here, there = socket.socketpair()
    arrays = {"joints": np.arange(7.0), "image": np.arange(12, dtype=np.uint8).reshape(2, 2, 3)}
    wire.send(here, {"do": "x", "value": 0.1}, arrays)
    header, back = wire.receive(there)
    assert header == {"do": "x", "value": 0.1}
    assert all(np.array_equal(back[name], arrays[name]) and back[name].dtype == arrays[name].dtype for name in arrays)


def framed(header, rest=b""):
    return len(header).to_bytes(4, "big") + header + rest


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xff\xff\xff", "no message"),
        (framed(b"[]"), "no message"),
        (framed(b"abc"), "no message"),
        (framed(b'{"arrays": [["a", "object", [1]]]}', b"12345678"), "not part of this protocol"),
        (framed(b'{"arrays": [["a", "uint8", [-1]]]}'), "not part of this protocol"),
        (framed(b'{"arrays": [["a", "uint8", [99999999]]]}'), "beyond"),
        (b"\x00", "closed"),
    ],
)
def test_what_is_no_message_ends_the_connection(data, why):
    here, there = socket.socketpair()
    there.settimeout(5.0)
    here.sendall(data)
    here.close()
    with pytest.raises(ConnectionError, match=why):
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


def test_an_episode_that_is_over_takes_no_more_commands():
    arm = Played()
    trial = drive(bundle(), arm, 0, [0]).trials[0]
    assert trial.success and "stop" not in arm.calls
    with pytest.raises(ValueError, match="call begin"):
        arm.command(np.zeros(7), 0.0)


@pytest.fixture
def program(tmp_path):
    """A server in a process of its own whose twin is the obedient arm."""
    script = tmp_path / "server.py"
    script.write_text(
        f"import socket, sys\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
        "from touch_arm import touching_worlds\nfrom transfer.deploy.virtual_server import serve\n"
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


@pytest.fixture(scope="module")
def novice():
    """An untrained vision policy."""
    torch.manual_seed(0)
    return Policy(PolicySpec(image_size=32, channels=(8, 8), keypoints=8, hidden=32, chunk=2)).eval()


@pytest.mark.slow
def test_a_bundle_drives_the_real_twin_as_the_policy_does_without_torch_ray_or_pybullet(novice, tmp_path):
    export_policy(novice, tmp_path / "bundle", contract_of(novice, "panda", "reach"), train={})
    code = (
        "import json, sys\nfrom transfer.deploy.runtime import run\n"
        f"done = run({str(tmp_path / 'bundle')!r}, card='medium', episodes=3, seed=5, workers=2, strips=1)\n"
        "print(json.dumps(done.to_dict() | {'strips': [list(s.shape) for s in done.strips.values()]}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["forbidden"] == [] and told["stopped"] == [] and told["parity"] <= 1e-5
    assert told["rate"]["n"] == 3 and told["latency"]["policy_ms"]["p50"] > 0
    spec = RealitySpec("reach", card="medium", images=("front",), image_size=32)
    there = evaluate(spec, to_onnx(novice), episodes=3, seed=5, worlds=3, backend="serial")
    assert [trial["success"] for trial in told["trials"]] == there.success.tolist()
    assert [trial["length"] for trial in told["trials"]] == [record["length"] for record in there.records]
    assert told["strips"] == [[there.records[0]["length"], 32, 32, 3]]


@pytest.mark.slow
def test_a_card_that_does_not_exist_is_one_clear_error():
    with pytest.raises(ValueError, match="Did you mean"):
        VirtualArm({"task": "push", "card": "mediun", "images": ["front"], "image_size": 32})
