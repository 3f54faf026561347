"""Laws of the command line: what is printed, what is left behind, exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import check_neighbours
from experiments.__main__ import VERBS, main
from experiments.run import Run, read_result

ROOT = Path(__file__).parents[1]
TINY = [
    "network.observes=state", "train.episodes=[6,3]", "train.steps=[20,20]", "train.validate_episodes=0",
    "collect.backend=serial", "collect.worlds=3", "train.threads=1",
]  # fmt: skip


def command(*arguments: object) -> list[str]:
    """The command line of a verb in a process of its own."""
    return [sys.executable, "-m", "experiments", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess:
    """Run a verb to its end."""
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    folder = tmp_path_factory.mktemp("cli") / "whole"
    return folder, run("train", "push.yaml", *TINY, f"run={folder}", "--json")


def test_help_names_every_verb(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(verb in told for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_shows_a_full_example(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert f"python -m experiments {verb}" in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    code = "import sys; from experiments.__main__ import main; main(['train', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "ray", "pybullet", "mujoco"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trian"], "Did you mean `train`"),
        (["train", "psh.yaml"], "Did you mean `push.yaml`"),
        (["train", "push.yaml", "--jsn"], "unknown option"),
        (["train", "push"], "cannot place `push`"),
        (["train", "push.yaml", "task=pusj"], "Did you mean `push`"),
        (["train", "push.yaml", "randomize.Mass.by=Uniform(-1, 2)"], "mass.cube"),
        (["train", "push.yaml", "randomize.Mass.by=nominal * LogUniform(0, 2)"], "low > 0"),
        (["train", "push.yaml", "randomize.Mas.by=Uniform(1, 2)"], "Did you mean `Mass`"),
        (["train", "push.yaml", "train.steps=[10]"], "number per round"),
        (["evaluate", "push.yaml", "cards=mediun"], "Did you mean `medium`"),
        (["finetune", "push.yaml"], "which policy"),
        (["finetune", "push.yaml", "finetune.select_episodes=0"], "at least 1 to choose"),
        (["export", "nowhere"], "nowhere"),
        (["deploy", "nowhere", "arm=virtual"], "no bundle at nowhere"),
        (["pipeline", "push.yaml", "network.observes=state"], "cannot see the state"),
    ],
)
def test_a_users_mistake_exits_with_2_and_one_message_and_leaves_nothing(arguments, says, capsys, tmp_path):
    folder = tmp_path / "run"
    assert main([*arguments, f"run={folder}"]) == 2
    told = capsys.readouterr().err
    assert says in told and "Traceback" not in told
    assert not folder.exists()


def test_our_failure_exits_with_1_and_a_traceback(capsys, monkeypatch):
    def broken(request):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("experiments.__main__.execute", broken)
    assert main(["train"]) == 1
    assert "ZeroDivisionError: ours" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_prints_its_folder_first_the_next_command_last_and_its_result_on_request(trained):
    folder, done = trained
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "build time" not in line]
    assert lines[0] == str(folder)
    assert lines[-2].startswith("next: python -m experiments")
    assert json.loads(lines[-1]) == read_result(folder)
    assert (folder / "config.yaml").is_file() and (folder / "log.jsonl").is_file()
    assert list((folder / "events").iterdir())


@pytest.mark.slow
def test_a_run_records_versions_seed_and_dataset(trained):
    result = read_result(trained[0])
    assert {"torch", "pybullet", "python", "argv"} <= set(result["versions"])
    assert result["seed"] == 0 and len(result["dataset"]["hash"]) == 64


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_with_the_same_dataset_and_weights(trained, tmp_path):
    folder = tmp_path / "broken"
    process = subprocess.Popen(
        command("train", "push.yaml", *TINY, f"run={folder}"), cwd=ROOT, stdout=subprocess.DEVNULL
    )
    limit = time.time() + 120
    while not list(folder.glob("training/dataset/*.npz")) and time.time() < limit and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "result.json").exists()
    done = run("train", f"resume={folder}")
    assert done.returncode == 0, done.stderr
    whole, resumed = read_result(trained[0]), read_result(folder)
    assert resumed["dataset"]["hash"] == whole["dataset"]["hash"]
    weights = [Path(result["checkpoint"], "weights.safetensors").read_bytes() for result in (whole, resumed)]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_a_trained_run_is_a_policy_and_a_truncated_checkpoint_is_refused(trained, tmp_path, capsys):
    evaluation = tmp_path / "evaluation"
    done = run("evaluate", trained[0], "episodes=2", f"run={evaluation}")
    assert done.returncode == 0, done.stderr
    assert set(read_result(evaluation)["success"]) == {"sim_nominal", "sim_heldout", "reality"}
    weights = Path(read_result(trained[0])["checkpoint"], "weights.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    try:
        assert main(["export", str(trained[0]), f"run={tmp_path / 'x'}"]) == 2
    finally:
        weights.write_bytes(whole)
    assert "weights.safetensors" in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_a_state_policy_cannot_be_exported(trained, tmp_path, capsys):
    assert main(["export", str(trained[0]), f"run={tmp_path / 'x'}"]) == 2
    assert "ground truth that no arm can measure" in capsys.readouterr().err


def test_a_folder_that_holds_something_is_not_written_to(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("precious")
    assert main(["look", "push.yaml", f"run={tmp_path}"]) == 2
    assert "not empty" in capsys.readouterr().err and [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_resuming_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(["train", f"resume={tmp_path / 'nothing'}"]) == 2
    assert "no run there" in capsys.readouterr().err


def test_a_foreign_neighbour_is_named(tmp_path):
    with pytest.raises(ImportError, match="`randomizers` is"):
        check_neighbours(tmp_path)


def test_a_failed_run_that_made_nothing_leaves_no_folder(tmp_path):
    from experiments.schema import Config

    folder = tmp_path / "run"
    with pytest.raises(ValueError), Run.open("look", Config(), folder):
        raise ValueError("too late")
    assert not folder.exists()
