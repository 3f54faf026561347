"""kill -9 of an RLlib run: what is left on disk is a moment of it, and a later process goes on from just there."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_cluster import PATHS, child_of
from test_distributed_rl import REACH, SHAPE, TINY, weights_of_runners
from test_distributed_rl import _a_short_look_around as _a_short_look_around

from agents.distributed_rl import Training, total
from agents.rl_ledger import Ledger
from agents.rl_memory import pack, pack_adam, recall
from agents.rl_settings import RLSettings
from agents.rl_watch import Curve

SETTINGS = RLSettings.of(
    "rllib_ppo",
    **{**TINY, "steps": 10**6, "evaluate_every": 1, "evaluate_episodes": 20, "learning_rate": 1e-5, "log_std": -3.0},
    demonstrations=24, clone_steps=300,
)  # fmt: skip
BATCH = SETTINGS.fragment * SETTINGS.worlds
KILLED_RUN = """
import sys
from pathlib import Path
from agents import rl_start
from agents.distributed_rl import learn
from test_rl_killed import REACH, SETTINGS, SHAPE
rl_start.LOOKS, rl_start.EXPLORERS = 16, 2
start = rl_start.clone_first(REACH, SHAPE, SETTINGS, Path(sys.argv[1]) / "clone", None)
learn(REACH, SHAPE, SETTINGS, Path(sys.argv[1]), workers=1, start=start)
"""


def killed(folder: Path, victim: str) -> None:
    """Let a run learn until it has measured itself three times, then kill its learner or its Ray's head."""
    words = [sys.executable, "-c", KILLED_RUN, str(folder)]
    process = subprocess.Popen(words, env=PATHS, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    limit = time.time() + 240
    while len(kept(folder)) < 3 and time.time() < limit and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid if victim == "learner" else child_of(process.pid, victim), signal.SIGKILL)
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:  # it may wait for its head for ever
        process.kill()
        process.wait()


def kept(folder: Path) -> list[dict]:
    """Give the measurements that are safe on disk, without touching what a run is at."""
    try:
        return json.loads((folder / "memory" / "memory.json").read_text())["curve"]["points"]
    except FileNotFoundError:  # there is none yet, or it is just being replaced
        return []


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["learner", "gcs_server"])
def test_kill_9_goes_on_where_the_curve_was_and_counts_nothing_twice(tmp_path, ray_cluster, victim):
    killed(tmp_path, victim)
    memory = recall(tmp_path / "memory")
    steps, before = memory.about["env_steps"], memory.about["curve"]["points"]
    assert steps == before[-1]["env_steps"] and len(before) == memory.about["iterations"] >= 3
    training = Training(REACH, SHAPE, SETTINGS, tmp_path, 1, None, Curve(REACH, SETTINGS))
    try:
        found = {**pack("module", training.module), **pack_adam("adam", training.optimizer)}
        assert found.keys() == memory.tensors.keys()
        assert all(torch.equal(value, memory.tensors[name]) for name, value in found.items())
        assert weights_of_runners(training) == pytest.approx([total(training.policy.state_dict())])
        assert training.curve.measure(training.policy) == before[-1]["success"] >= 0.5  # it began with a clone
        training.settings = replace(SETTINGS, steps=steps + 2 * BATCH)
        training.run()
        after = training.curve.points
        assert after[: len(before)] == before
        taken = np.diff([point["env_steps"] for point in after[len(before) - 1 :]])
        assert all((taken >= BATCH) & (taken < 1.5 * BATCH))  # RLlib may cut a fragment a step late
        assert min(point["success"] for point in after[len(before) :]) >= before[-1]["success"] - 0.15
        assert recall(tmp_path / "memory").about["incarnations"] == {"1": 2}  # so its episodes are new ones
    finally:
        training.close()
        training.curve.close()


def test_samples_that_were_simulated_but_never_arrived_are_counted_as_dropped():
    ledger = Ledger()
    ledger.simulated(1, 0, 64), ledger.simulated(1, 1, 40)  # the first life of the runner was lost with 24 steps on it
    training = Training.__new__(Training)
    group = SimpleNamespace(num_healthy_remote_workers=lambda: 1)
    training.algorithm = SimpleNamespace(env_runner_group=group)
    training.steps, training._before = 1080, 1000
    assert training._figures({}, ledger.told())["dropped"] == 24.0
    training.steps = 1200  # reports may lag behind what arrived
    assert training._figures({}, ledger.told())["dropped"] == 0.0
