"""Laws of reinforcement learning on one machine: it resumes where it was, repeats, and leaves a policy like any."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_worlds import FakeTask, fake_worlds

from agents import checkpoint, rl_start
from agents.acting import open_session
from agents.local_rl import learn
from agents.onnx_export import to_onnx
from agents.policy import PolicySpec
from agents.replay import GoalRule
from agents.rl_memory import recall
from agents.rl_settings import LOCAL, RLSettings
from envs.spec import WorldsSpec
from envs.tasks.base import DONE, PROGRESS_PER_M
from randomizers import Friction

REACH = WorldsSpec("reach", randomization=Friction())
SHAPE = PolicySpec(observes="state", cameras=(), state=1, auxiliary=0, chunk=1, hidden=16)
TINY = {
    "worlds": 2, "hidden": 16, "fragment": 32, "batch": 16, "epochs": 1, "steps": 256, "evaluate_every": 10**9,
    "evaluate_episodes": 2, "demonstrations": 2, "clone_steps": 5, "updates": 0.1, "buffer": 1000, "checkpoint_s": 0.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _a_short_look_around(monkeypatch):
    monkeypatch.setattr(rl_start, "LOOKS", 16)
    monkeypatch.setattr(rl_start, "EXPLORERS", 2)


def tiny(method="ppo", **changes):
    return RLSettings.of(method, **{**TINY, **changes})


@pytest.mark.parametrize("method", LOCAL)
def test_every_method_leaves_a_checkpoint_that_exports(method, tmp_path):
    told = []
    outcome = learn(REACH, SHAPE, tiny(method), tmp_path, log=lambda step, figures: told.append((step, figures)))
    loaded = checkpoint.load(outcome.checkpoint)
    assert outcome.env_steps == loaded.step == 256 and loaded.record["rl"]["method"] == method
    assert [point["env_steps"] for point in outcome.curve] == [0, 256] == [step for step, _ in told]
    session = open_session(outcome.model)
    assert {each.name for each in session.get_inputs()} == {"proprioception", "goal", "state"}  # nothing privileged
    assert {path.name for path in (tmp_path / "memory").iterdir()} == {"tensors.safetensors", "memory.json"}


def test_the_same_seed_is_the_same_run_and_another_is_another(tmp_path):
    runs = [learn(REACH, SHAPE, tiny(seed=seed), tmp_path / name) for name, seed in (("a", 3), ("b", 3), ("c", 4))]
    assert runs[0].model == runs[1].model != runs[2].model


def test_a_run_that_goes_on_begins_with_what_it_had(tmp_path):
    """Episodes go on where they were, steps are not counted twice, and no weight jumps."""
    for method in ("ppo", "her"):
        folder, seen = tmp_path / method, []

        def stop(step, total):
            if step >= 128:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            learn(REACH, SHAPE, tiny(method), folder, progress=lambda _, done, total: stop(done, total))  # noqa: B023
        before = recall(folder / "memory")
        learn(REACH, SHAPE, tiny(method, steps=256), folder, progress=lambda _, done, total: seen.append(done))  # noqa: B023
        after = recall(folder / "memory")
        assert seen[0] == before.about["env_steps"] < 256 == after.about["env_steps"]
        assert min(after.about["next_episodes"]) >= max(before.about["next_episodes"])
        if method == "her":
            rows = len(before.tensors["replay/actions"])
            assert torch.equal(after.tensors["replay/actions"][:rows], before.tensors["replay/actions"])


def test_a_learner_that_is_killed_goes_on(tmp_path):
    code = (
        "import sys; sys.path[:0] = ['tests', '.']\nfrom pathlib import Path\nfrom test_local_rl import *\n"
        f"learn(REACH, SHAPE, tiny(steps=40_000), Path({str(tmp_path / 'run')!r}))"
    )
    about = tmp_path / "run" / "memory" / "memory.json"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1])
    while not about.is_file() and child.poll() is None:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    kept = recall(tmp_path / "run" / "memory").about["env_steps"]
    seen = []

    def stop(_, done, total):
        seen.append(done)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(REACH, SHAPE, tiny(steps=40_000), tmp_path / "run", progress=stop)
    assert seen == [kept, kept + 64, kept + 128]


def test_a_memory_that_was_cut_off_or_belongs_to_another_run_is_refused(tmp_path):
    learn(REACH, SHAPE, tiny(), tmp_path)
    with pytest.raises(ValueError, match="gamma"):
        learn(REACH, SHAPE, tiny(gamma=0.9), tmp_path)
    data = (tmp_path / "memory" / "tensors.safetensors").read_bytes()
    (tmp_path / "memory" / "tensors.safetensors").write_bytes(data[:-4])
    with pytest.raises(ValueError, match="truncated or was changed"):
        learn(REACH, SHAPE, tiny(), tmp_path)


def test_settings_that_cannot_be_are_refused_by_name():
    for given, words in (({"gamma": 1.0}, "gamma"), ({"batch": 10**6}, "fragment"), ({"worlds": 0}, "worlds")):
        with pytest.raises(ValueError, match=words):
            tiny(**given)
    with pytest.raises(ValueError, match="Did you mean `clone_ppo`"):
        RLSettings.of("cloneppo")
    with pytest.raises(ValueError, match="Did you mean `steps`"):
        RLSettings.of("ppo", step=3)


def test_progress_pays_for_the_way_made_and_for_finishing_alone():
    worlds = fake_worlds(3, reward="progress")
    worlds.begin(np.arange(3), 0, np.arange(3))
    first, total = worlds.task.potential(worlds.state), np.zeros(3)
    while not (worlds.terminated | worlds.truncated).all():
        worlds.step(worlds.expert_actions(), ~(worlds.terminated | worlds.truncated))
        total += worlds.reward
    way = worlds.task.potential(worlds.state) - first
    assert total == pytest.approx(PROGRESS_PER_M * way + DONE * worlds.success)
    assert FakeTask.horizon > 0


def test_a_goal_put_in_afterwards_gives_the_features_it_would_have_had():
    spec = WorldsSpec("push", randomization=Friction())
    rule, worlds = GoalRule.of(spec), spec.build(2)
    worlds.begin(np.arange(2), 0, np.arange(2))
    seen, by = worlds.observe(), np.array([[0.1, -0.2, 0.0], [0.0, 0.05, 0.01]], np.float32)
    worlds.state.goal += by
    worlds.senses.measured.goal[:] = worlds.state.goal
    moved, real = rule.moved(seen, by), worlds.observe()
    worlds.close()
    for name in ("goal", "state", "privileged"):
        assert moved[name] == pytest.approx(real[name], abs=1e-6)
    with pytest.raises(ValueError, match="lift asks for more. Use method=sac"):
        GoalRule.of(WorldsSpec("lift"))


def test_the_policy_of_a_checkpoint_is_the_one_that_was_measured(tmp_path):
    outcome = learn(REACH, SHAPE, tiny(), tmp_path)
    loaded = checkpoint.load(outcome.checkpoint).policy
    assert to_onnx(loaded) == outcome.model
    assert json.loads((tmp_path / "rl.json").read_text())["worlds"]["reward"] == "progress"
