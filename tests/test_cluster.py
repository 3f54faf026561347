"""Clusters: machines come and go, the data stay the same; what cannot work is refused with the way out."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from test_dagger import assert_same, run

from agents import cluster
from agents.capacity import Capacity, refuse
from agents.cluster import join, refuse_unreachable

ROOT = Path(__file__).parents[1]
PATHS = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def seen():
    """What happened in a cluster that lost a machine and won a larger one."""
    words = [sys.executable, str(ROOT / "tests" / "cluster_run.py")]
    done = subprocess.run(words, env=PATHS, capture_output=True, text=True, timeout=200, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith('{"began"')]
    assert told, done.stderr[-2000:]
    return json.loads(told[0])


@pytest.mark.slow
def test_a_cluster_gets_the_code_without_installation(seen):
    assert all("working_dir_files" in worker["code"] for worker in seen["began"])


@pytest.mark.slow
def test_collectors_spread_over_the_machines(seen):
    assert len({worker["node"] for worker in seen["began"]}) == 2


@pytest.mark.slow
def test_a_machine_that_vanishes_costs_nothing_but_time(seen):
    assert seen["lost"] >= 1 and seen["same"]
    assert sorted(seen["indices"]) == list(range(30)), "lost or counted twice"


@pytest.mark.slow
def test_the_pool_follows_the_cluster_and_can_be_resized(seen):
    assert seen["sizes"][0] == 2 and seen["sizes"][-1] >= 3
    assert seen["shrunk"] == 1


HEADLESS = """
import sys
from pathlib import Path
from test_dagger import POLICY, SETTINGS, dagger
from toy_worlds import ToySpec
dagger(ToySpec(slow_s=0.4), POLICY, SETTINGS, Path(sys.argv[1]), workers=1)
"""


@pytest.mark.slow
def test_kill_9_of_rays_head_loses_and_repeats_nothing(tmp_path):
    folder = tmp_path / "run"
    hasty = {**PATHS, "RAY_gcs_rpc_server_reconnect_timeout_s": "1"}
    process = subprocess.Popen([sys.executable, "-c", HEADLESS, str(folder)], env=hasty, stderr=subprocess.DEVNULL)
    limit = time.time() + 100
    while not list(folder.glob("dataset/*.npz")) and time.time() < limit and process.poll() is None:
        time.sleep(0.05)
    os.kill(child_of(process.pid, "gcs_server"), signal.SIGKILL)
    try:
        assert process.wait(8) != 0
    except subprocess.TimeoutExpired:  # it may hang without its head; the data must not care
        process.kill()
        process.wait()
    assert not (folder / "round-2" / "policy.onnx").exists()
    assert_same(run(folder), run(tmp_path / "unbroken"))


def child_of(parent: int, name: str) -> int:
    """Find a child process by its name."""
    words = subprocess.run(["pgrep", "-P", str(parent), name], capture_output=True, text=True, check=True)
    return int(words.stdout.split()[0])


@pytest.mark.parametrize("address", ["here", "host:", ":1", "host:ray", "http://head:8265", "host:99999"])
def test_what_is_no_address_is_told_so(address):
    with pytest.raises(ValueError, match="is no address; give local, auto"):
        refuse_unreachable(address)


@pytest.mark.parametrize("address", ["http://head:8265", "127.0.0.1:1"])
def test_auto_means_the_address_in_the_environment_and_says_so(monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ValueError, match=rf"cluster=auto \(RAY_ADDRESS={address}\)"):
        refuse_unreachable("auto")


def test_local_is_this_machine_whatever_the_environment_says(monkeypatch, capsys):
    started = {}
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.5:6379")
    monkeypatch.setenv("PYTHONPATH", "")  # it is set for the workers
    monkeypatch.setattr(cluster.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(cluster.ray, "init", lambda **given: started.update(given))
    cluster.start_ray(1)
    assert started["address"] == "local" and started["num_cpus"] == 1
    assert "RAY_ADDRESS=10.0.0.5:6379 is set, but cluster=local" in capsys.readouterr().err


def test_an_address_where_nobody_listens_is_told_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(ValueError, match=f"cannot reach cluster=127.0.0.1:{port}.*ray start --head --port={port}"):
        join(f"127.0.0.1:{port}")


def test_more_workers_than_cores_are_refused():
    with pytest.raises(ValueError, match=r"workers=8, but this machine has 2 cores.*collect.workers=2.*cluster="):
        refuse(Capacity(2, 1e6), 8, 8, images=False)


def test_too_little_memory_is_refused_with_what_would_fit():
    with pytest.raises(ValueError, match=r"collect.worlds=512 need about 28.7 GB.*Use collect.worlds=97 or fewer"):
        refuse(Capacity(2, 7120.0), 2, 512, images=False)
    refuse(Capacity(2, 7120.0), 2, 97, images=False)


def test_one_batch_in_this_process_needs_no_core_of_its_own():
    refuse(Capacity(1, 4000.0), 8, 8, images=True, ray=False)


@pytest.mark.parametrize("name", ["cluster-aws.yaml", "cluster-local.yaml"])
def test_rays_launcher_takes_our_clusters(name):
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = prepare_config(yaml.safe_load((ROOT / "docker" / name).read_text()))
    validate_config(config)
    assert config["head_node_type"] in config["available_node_types"]


def test_a_submitted_job_leaves_behind_what_a_joined_cluster_does():
    from agents.cluster import IGNORED

    sent = yaml.safe_load((ROOT / "docker" / "runtime_env.yaml").read_text())
    assert sent["excludes"] == list(IGNORED)


def test_an_unreachable_cluster_stops_a_run_before_it_writes(tmp_path, capsys):
    from experiments.__main__ import main

    assert main(["train", "state.yaml", "cluster=127.0.0.1:1", f"run={tmp_path / 'run'}"]) == 2
    assert "cannot reach cluster=127.0.0.1:1" in capsys.readouterr().err and not (tmp_path / "run").exists()
