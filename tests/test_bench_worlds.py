"""Laws of `bench worlds`: keys that scripts read, grasps that are really counted, mistakes that are told first."""

import numpy as np
import pytest

from envs.physics import GRASP, PRESETS, PUSH, physics_of, substeps
from envs.spec import WorldsSpec
from experiments import bench_costs, bench_grasp, bench_steps, bench_worlds
from experiments.schema import Bench, Config


def test_a_step_costs_more_than_its_bare_physics():
    found = bench_steps.measure("reach", 2, 2, rival=False)
    assert {"steps_per_s", "step_us", "floor_us", "floor_ratio", "reset_ms", "preset"} <= set(found)
    assert found["floor_ratio"] == pytest.approx(found["step_us"] / found["floor_us"]) and found["floor_us"] > 0.0
    assert found["steps_per_s"] < 1e6 / found["step_us"], "resets belong to it"


def test_grasps_hold_and_are_counted():
    found = bench_grasp.measure(6)
    assert found["n"] == 6 and found["held"] == 1.0 and found["low"] < 1.0
    assert 0.0 <= found["drift_mm"] < 1.0


def test_an_unconverged_solver_is_told_from_a_good_one():
    held, _, _ = bench_grasp.lifted(8, {"rate_hz": 20, "iterations": 1})
    assert held.mean() < 1.0


def test_randomization_costs_what_it_costs():
    found = bench_costs.randomizing(2, 1)
    assert found["axes"] > 150 and found["reset_ms"] > 0.0 and "Texture" in found["families"]


def test_other_processes_tell_what_they_hold():
    told = bench_costs.told("resident", 1)
    assert told["worlds"] == 1 and 30.0 < told["mb"] < 1000.0


def test_the_table_names_every_figure():
    speeds = {"steps_per_s": 1.0, "step_us": 1.0, "floor_us": 1.0, "floor_ratio": 1.0, "reset_ms": 1.0, "ratio": 7.7}
    result = {
        "worlds": {"reach": speeds},
        "randomizing": {"axes": 1, "step_overhead": 0.012, "reset_ms": 1.0, "plain_reset_ms": 1.0},
        "vision": {"steps_per_s": 1.0},
        "memory": {"mb_per_world": 28.0, "many": {"worlds": 512, "mb": 1.0}, "resets": {"n": 8, "growth": 0.0}},
        "processes": {"speedup_2": 1.9},
        "grasp": {"held": 1.0, "low": 0.9, "high": 1.0, "n": 3, "drift_mm": 0.1},
    }
    told = bench_worlds.table(result)
    assert all(word in told for word in ("reach", "7.7", "+1.2 %", "512 worlds", "1.90 x", "n=3"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"tasks": ["rech"]}, "reach"), ({"grasps": -1}, "grasps"), ({"many": -2}, "many")],
)
def test_a_mistake_is_told_before_anything_is_measured(changed, told):
    with pytest.raises(ValueError, match=told):
        bench_worlds.check(Config(bench=Bench(what="worlds", panda_gym=False, **changed)))


def test_physics_is_named_or_set():
    assert physics_of(None, PUSH) == PUSH
    assert physics_of("reference", PUSH).rate_hz == 240 and not physics_of("reference", PUSH).fingers
    assert physics_of({"iterations": 50}, GRASP).iterations == 50
    assert set(PRESETS) == {"reach", "push", "grasp", "reference"} and substeps(120, 20.0) == 6


@pytest.mark.parametrize(
    ("physics", "told"),
    [
        ("refrence", "reference"),
        ({"iteration": 5}, "iterations"),
        ({"rate_hz": 0}, "rate_hz"),
        ({"rate_hz": 110}, "whole multiple"),
        ({"iterations": 2.5}, "iterations"),
        ({"residual": -1.0}, "residual"),
        ({"fingers": 1}, "fingers"),
    ],
)
def test_impossible_physics_is_refused(physics, told):
    with pytest.raises(ValueError, match=told):
        WorldsSpec("push", physics=physics)


def test_other_physics_is_really_simulated():
    ends = []
    for physics in (None, "reference", {"iterations": 50}):
        worlds = WorldsSpec("push", physics=physics).build(1)
        worlds.begin([0], 0, [0])
        for _ in range(40):
            worlds.step(worlds.expert_actions())
        ends.append(worlds.state.object_poses[0, 0].copy())
        worlds.close()
    assert not np.array_equal(ends[0], ends[1]) and not np.array_equal(ends[0], ends[2])
