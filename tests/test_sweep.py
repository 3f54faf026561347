"""Laws of a sweep: paired episodes, cells that are kept, lost workers that cost only time. Worlds are toys."""

import json
from dataclasses import replace

import pytest
from toy_worlds import ToySpec

from experiments import sweep
from experiments.run import Run
from experiments.schema import Collect, Config, Sweep
from experiments.sweep import Cell, check, finished, main, outcomes, plan, run_cell, summary, trained_policy

SERIAL = Collect(backend="serial", worlds=4)


def toy(strength=0.0, seed=0, worlds=None, **changes):
    """Make a cell of toy worlds."""
    cell = Cell(strength, seed, False, "expert", worlds or ToySpec(images=()), 6, 4)  # type: ignore[arg-type]
    return replace(cell, **changes)


def config_of(folder, **changes):
    return Config(task="reach", episodes=6, collect=SERIAL, run=str(folder), **changes)


@pytest.fixture
def toys(monkeypatch):
    """Let every plan be of toys; gives the names of the cells that were run."""
    ran = []

    def run(cell):
        ran.append(cell.name)
        return run_cell(cell)

    monkeypatch.setattr(
        sweep, "plan", lambda config: [toy(s, i, episodes=config.episodes) for s in (0.0, 0.5) for i in (0, 1)]
    )
    monkeypatch.setattr(sweep, "run_cell", run)
    return ran


def test_every_strength_meets_the_same_episodes():
    cells = plan(Config(sweep=Sweep(strengths=[0.0, 0.5, 2.0], seeds=[3, 4])))
    assert [cell.name for cell in cells] == ["0-3", "0-4", "0.5-3", "0.5-4", "2-3", "2-4"]
    assert len({cell.worlds.but(strength=0.0).to_dict().__repr__() for cell in cells}) == 1
    assert [cell.worlds.strength for cell in cells] == [0.0, 0.0, 0.5, 0.5, 2.0, 2.0]
    assert {cell.worlds.split for cell in cells} == {"heldout"} and cells[0].worlds.images == ()


def test_policies_of_all_training_strengths_are_measured_in_the_same_worlds():
    cells = plan(Config(sweep=Sweep(strengths=[0.0, 1.0], seeds=[0], train=True)))
    assert {cell.worlds.strength for cell in cells} == {1.0} and [cell.strength for cell in cells] == [0.0, 1.0]


def test_a_sweep_writes_cells_a_plot_and_a_result(toys, tmp_path):
    config = config_of(tmp_path / "run")
    result, following = main(Run.open("sweep", config), config)
    assert sorted(path.stem for path in (tmp_path / "run" / "cells").iterdir()) == ["0-0", "0-1", "0.5-0", "0.5-1"]
    assert (tmp_path / "run" / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert result["by_strength"]["0.5"]["n"] == 12 and result["paired"]["0.5"]["difference"] == 0.0
    assert json.loads(json.dumps(result))["cells"][0]["seed"] == 0 and following.startswith("python -m experiments")


def test_a_resumed_sweep_runs_only_what_is_missing(toys, tmp_path):
    config = config_of(tmp_path / "run")
    first, _ = main(Run.open("sweep", config), config)
    (tmp_path / "run" / "cells" / "0.5-0.json").unlink()
    toys.clear()
    again, _ = main(Run("sweep", tmp_path / "run", config, resumed=True), config)
    assert toys == ["0.5-0"] and again["by_strength"] == first["by_strength"]


def test_a_kill_leaves_the_finished_cells(toys, tmp_path, monkeypatch):
    def dies(cell):
        if cell.strength:
            raise KeyboardInterrupt
        return run_cell(cell)

    monkeypatch.setattr(sweep, "run_cell", dies)
    config = config_of(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        main(Run.open("sweep", config), config)
    assert sorted(path.name for path in (tmp_path / "run" / "cells").iterdir()) == ["0-0.json", "0-1.json"]


def test_cells_of_other_settings_are_not_taken_for_these(toys, tmp_path):
    config = config_of(tmp_path / "run")
    main(Run.open("sweep", config), config)
    assert finished(tmp_path / "run", toy(episodes=6)) is not None
    for other in (toy(episodes=5), toy(policy=b"another"), toy(worlds=ToySpec(images=("front",)))):
        with pytest.raises(ValueError, match="other settings"):
            finished(tmp_path / "run", other)


def test_ray_and_serial_bring_the_same_outcomes(ray_cluster):
    cells = [toy(seed=seed) for seed in (0, 1)]
    both = [dict(outcomes(cells, Config(collect=Collect(backend=name)))) for name in ("ray", "serial")]
    assert [both[0][cell]["success"] for cell in cells] == [both[1][cell]["success"] for cell in cells]


def test_a_cell_whose_worker_dies_is_run_again(ray_cluster, tmp_path):
    deadly = toy(worlds=ToySpec(images=(), kills=2, flag=str(tmp_path / "killed")))
    ((_, outcome),) = outcomes([deadly], Config(collect=Collect(backend="ray")))
    assert (tmp_path / "killed").exists() and outcome["n"] == 6 and outcome["rate"] == 1.0


def test_every_strength_is_compared_with_the_lowest():
    cells = [
        {"strength": s, "seed": i, "success": [True] * good + [False] * (10 - good), "asked": "x"}
        for s, good in ((1.0, 4), (0.25, 9))
        for i in (0, 1)
    ]
    told = summary(cells, Config())
    assert told["reference"] == 0.25 and list(told["by_strength"]) == ["0.25", "1"]
    assert told["paired"]["1"]["difference"] == pytest.approx(-0.5) and told["by_strength"]["1"]["n"] == 20


@pytest.mark.slow
def test_a_cell_trains_its_own_policy_at_its_strength(monkeypatch):
    monkeypatch.setattr(sweep, "EPISODES", (4, 2))
    monkeypatch.setattr(sweep, "STEPS", (20, 10))
    config = Config(task="reach", episodes=4, collect=SERIAL, sweep=Sweep(strengths=[0.5], seeds=[1], train=True))
    (cell,) = plan(config)
    first, spent = trained_policy(cell)
    assert trained_policy(cell)[0] == first and set(spent) == {"collect_s", "fit_s"}
    assert trained_policy(replace(cell, strength=0.0))[0] != first


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sweep": Sweep(strengths=[])}, "at least one"),
        ({"sweep": Sweep(strengths=[1.0, 1.0])}, "none twice"),
        ({"sweep": Sweep(seeds=[-1])}, "seeds"),
        ({"sweep": Sweep(strengths=[-1.0])}, "strength"),
        ({"episodes": 0}, "episodes"),
        ({"collect": Collect(backend="rai")}, "ray or serial"),
        ({"policy": "runs/x", "sweep": Sweep(train=True)}, "leave policy"),
        ({"policy": "runs/nowhere"}, "runs/nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_show_before_anything_is_run(changes, told):
    with pytest.raises((ValueError, FileNotFoundError), match=told):
        check(Config(task="reach", **changes))
