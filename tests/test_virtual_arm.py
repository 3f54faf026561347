"""Laws of the arm that lives in another process, and of the messages in between."""

import socket
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from touch_arm import Played, bundle, touching_worlds

from transfer.deploy import wire
from transfer.deploy.arms.virtual import VirtualArm
from transfer.deploy.loop import drive
from transfer.deploy.virtual_server import serve

ROOT = Path(__file__).parents[1]


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
