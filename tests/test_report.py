"""Laws of the HTML page: it holds what the run found, leaves out what it did not do, and loads nothing."""

import json
import re

import numpy as np
import pytest

from experiments.report import check, main, write_report
from experiments.run import Run
from experiments.schema import Config
from experiments.story import Story, curves_of, endings_of, strip_label
from transfer.statistics import paired, wilson

AXIS = {
    "name": "mass.cube",
    "expression": "nominal * LogUniform(0.5, 2.0)",
    "nominal": 0.12,
    "unit": "kg",
    "when": "episode",
}
HISTORY = [
    {"round": i, "episodes": 64, "successes": 60, "frames": 2000, "collect_s": 9.0, "fit_s": 30.0} for i in (0, 1)
]
SUCCESS = {
    "sim_nominal": 97,
    "sim_heldout": 88,
    "reality_zero_shot": 58,
    "reality_finetuned": 81,
    "reality_without_randomization": 6,
    "deployed": 80,
}


def rate(successes):
    return wilson(successes, 100).to_dict()


def finish(folder, result, verb, lines=()):
    """Make a run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    versions = {"python": "3.11", "torch": "2.13", "argv": f"{verb} push.yaml"}
    whole = {"verb": verb, "task": "push", "seed": 0, "seconds": 66.0, "versions": versions, **result}
    (folder / "result.json").write_text(json.dumps(whole))
    (folder / "config.yaml").write_text("task: push\nrandomize: {Mass: <by & by>}\n")
    if lines:
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def film(folder, *names):
    """Write film strips of noise."""
    import cv2

    (folder / "strips").mkdir()
    rng = np.random.default_rng(0)
    for name in names:
        cv2.imwrite(str(folder / "strips" / f"{name}.png"), rng.integers(0, 255, (64, 640, 3)).astype(np.uint8))


def sheet(folder):
    """Make the folder of a look."""
    import cv2

    finish(folder, {"axes": [AXIS], "worlds": 64, "strength": 1.0, "card": "medium"}, "look")
    for name in ("look", "look-heldout", "look-reality"):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((100, 100, 3), 90, np.uint8))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """Make a finished pipeline's folder, as the verbs leave it."""
    folder = tmp_path_factory.mktemp("pipeline") / "run"
    losses = [
        {"time": 1.0, "step": s, "loss": 50 / s, "action": 30 / s, "auxiliary": 20 / s} for s in range(50, 900, 50)
    ]
    sheet(folder / "look")
    for name in ("train", "baseline"):
        finish(folder / name, {"history": HISTORY}, "train", [*losses, {"error": "a note"}])
    better = paired(np.arange(100) < 58, np.arange(100) < 81).to_dict()
    selection = {"kept": "candidate", "reason": "it is better in reality", "reality": better, "simulation": better}
    measured = {"episodes": [{"seed": 0, "episode": 0, "success": True, "length": 41}]}
    finish(
        folder / "finetune",
        {
            "selection": selection,
            "demonstrations": {"episodes": [0, 1, 2]},
            "renderer": "mujoco-osmesa",
            "details": {"before": {"reality": measured}},
        },
        "finetune",
        [{"step": s, "validation": 1 / (s + 9)} for s in (0, 50, 100)],
    )
    film(folder / "finetune", "reality_before-0", "reality_before-1", "reality_before-2", "reality_after-0")
    result = {
        "success": {name: rate(n) for name, n in SUCCESS.items()},
        "without_randomization": {"sim_nominal": rate(99), "sim_heldout": rate(12)},
        "card": "medium",
        "minutes": {"total": 14.0, "collect": 3.0},
    }
    return finish(folder, result, "pipeline")


@pytest.fixture(scope="module")
def html(pipeline, tmp_path_factory):
    """Write its page."""
    return write_report(pipeline, tmp_path_factory.mktemp("page") / "report.html").read_text()


def test_the_page_loads_nothing(html):
    assert "http" not in html and "<script" not in html and "@import" not in html and "url(" not in html
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)', html))


def test_a_pipeline_is_told_in_full(html):
    for title in (
        "How often it succeeds",
        "Was fine-tuning kept?",
        "What varied",
        "How it learnt",
        "What it looks like",
    ):
        assert f"<h2>{title}</h2>" in html
    for fact in (
        "MuJoCo twin",
        "card medium",
        "but for 3 demonstrations",
        "mujoco-osmesa",
        "81 %",
        "6 of 100",
        "mass.cube",
        "it is better in reality",
    ):
        assert fact in html
    assert "python -m experiments pipeline push.yaml" in html and "torch 2.13" in html


def test_every_rate_comes_with_its_interval_and_its_episodes(html):
    for successes in SUCCESS.values():
        ends = wilson(successes, 100)
        assert f"{100 * ends.low:.0f} to {100 * ends.high:.0f} %" in html and f"{successes} of 100" in html


def test_the_same_run_makes_the_same_page(pipeline, html, tmp_path):
    assert write_report(pipeline, tmp_path / "report.html").read_text() == html
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_what_was_not_done_is_left_out(tmp_path):
    html = write_report(
        finish(tmp_path / "a", {"success": {"reality": rate(70)}, "card": "harsh"}, "evaluate")
    ).read_text()
    assert "How often it succeeds" in html and "card harsh" in html
    for title in ("Was fine-tuning kept?", "What varied", "How it learnt", "What it looks like", "What it took"):
        assert title not in html


def test_simulation_alone_claims_no_reality(tmp_path):
    run = finish(tmp_path / "a", {"success": {"sim_heldout": rate(70)}, "history": HISTORY}, "train")
    html = write_report(run).read_text()
    assert "MuJoCo" not in html and "train: rounds" in html


def test_an_empty_run_still_makes_a_page(tmp_path):
    html = write_report(finish(tmp_path / "a", {}, "export")).read_text()
    assert "<h2>How to do it again</h2>" in html and html.count("<h2>") == 1


def test_a_sweep_is_told_against_its_reference(tmp_path):
    result = {
        "varied": "strength of the worlds",
        "policy": "expert",
        "by_strength": {"0": rate(90), "1": rate(60)},
        "reference": 0.0,
        "paired": {"1": paired(np.arange(100) < 90, np.arange(100) < 60).to_dict()},
        "cells": [{"strength": s, "seed": 0, "rate": r} for s, r in ((0.0, 0.9), (1.0, 0.6))],
    }
    html = write_report(finish(tmp_path / "a", result, "sweep")).read_text()
    assert "Success against strength" in html and "-30 (" in html


def test_text_of_the_user_cannot_break_the_page(html):
    assert "&lt;by &amp; by&gt;" in html and "<by" not in html


def test_few_strips_of_each_condition_are_shown_with_their_endings(html):
    assert html.count('alt="reality_before-') == 2 and html.count('alt="reality_after-') == 1
    assert "Episode 0: success, 41 steps" in html and "Reality, before fine-tuning" in html


def test_conditions_of_trials_and_unknown_ones_have_names():
    trials = {"trials": [{"episode": 3, "success": False, "length": 7}]}
    assert endings_of(trials) == {("deployed", "3"): ": failure, 7 steps"}
    assert strip_label("sim_nominal") == "Simulation, nominal worlds" and strip_label("my_lab") == "my lab"


def test_curves_skip_lines_without_steps(tmp_path):
    (tmp_path / "log.jsonl").write_text(
        '{"step": 1, "loss": 0.5}\n{"fault": "x"}\n{"step": 2, "loss": 0.25, "rate": 9}\n'
    )
    assert curves_of(tmp_path / "log.jsonl") == {"loss": ([1, 2], [0.5, 0.25])}
    assert curves_of(tmp_path / "none") == {}


def test_rates_come_in_the_order_of_the_page(pipeline):
    names = list(Story.of(pipeline).rates)
    assert names[:3] == ["sim_nominal", "sim_heldout", "reality_zero_shot"] and "without" in names[-1]


def test_the_verb_writes_into_its_own_run(pipeline, tmp_path):
    config = Config(source=str(pipeline), run=str(tmp_path / "mine"))
    result, following = main(Run.open("report", config), config)
    assert result["report"] == str(tmp_path / "mine" / "report.html") and "python -m experiments" in following
    assert not (pipeline / "report.html").exists()


def test_no_source_and_unfinished_runs_are_the_users_mistakes(tmp_path):
    with pytest.raises(ValueError, match="report RUN"):
        check(Config())
    with pytest.raises(FileNotFoundError, match="did not finish"):
        check(Config(source=str(tmp_path)))
