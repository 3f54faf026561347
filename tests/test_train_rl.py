"""`train method=...`: the verb learns, goes on, and refuses what cannot work."""

import json

import pytest

from agents import rl_start
from experiments.__main__ import main
from experiments.run import read_result

SMALL = [
    "rl.worlds=2", "rl.hidden=16", "rl.fragment=32", "rl.batch=16", "rl.epochs=1", "rl.steps=128",
    "rl.evaluate_episodes=2", "rl.validate_episodes=2", "collect.backend=serial", "collect.worlds=2",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _a_short_look_around(monkeypatch):
    monkeypatch.setattr(rl_start, "LOOKS", 16)
    monkeypatch.setattr(rl_start, "EXPLORERS", 2)


def test_ppo_learns_goes_on_is_measured_and_evaluated(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "reach.yaml", "method=ppo", f"run={run}", *SMALL]) == 0
    result = read_result(run)
    assert result["env_steps"] == 128 and result["minutes"]["total"] > 0.0
    assert {name: rate["n"] for name, rate in result["success"].items()} == {"sim_nominal": 2, "sim_heldout": 2}
    assert [point["env_steps"] for point in result["curve"]] == [0, 128]
    steps = [json.loads(line).get("step") for line in (run / "log.jsonl").read_text().splitlines()]
    assert 128 in steps and any((run / "events").iterdir())
    assert main(["train", f"resume={run}"]) == 0 and read_result(run)["env_steps"] == 128  # nothing is left to do
    assert main(["evaluate", str(run), "episodes=2", f"run={tmp_path / 'judged'}"]) == 0
    assert main(["export", str(run), f"run={tmp_path / 'bundle'}"]) == 2  # an arm cannot measure the state
    assert "train a vision policy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["method=pop"], "Did you mean `ppo`"),
        (["method=sac", "rl.observes=images"], "rl.observes=state"),
        (["method=ppo", "collect.address=auto"], "take method=rllib_ppo"),
        (["method=ppo", "rl.gamma=1.5"], "rl.gamma must lie"),
        (["method=ppo", "rl.step=5"], "Did you mean `rl.steps`"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(given, words, tmp_path, capsys):
    assert main(["train", "reach.yaml", f"run={tmp_path / 'run'}", *given]) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "run").exists()
