"""Laws of `bench train`: keys that scripts read, costs that are compared with the same work."""

import pytest

from experiments import bench_paths, bench_scale, bench_train
from experiments.schema import Bench, Config
from experiments.watch import Entropy, level


def test_the_own_loop_is_compared_with_the_same_episodes():
    found = bench_paths.loop(2, 1)
    assert found["samples"] > 0 and found["cpu_s"] > 0.0
    assert found["asked_us"] > 0.0 and found["bare_us"] > 0.0


def test_costs_have_the_keys_that_scripts_read():
    each = {"samples": 1000, "cpu_s": 0.3, "wall_s": 0.5}
    found = bench_train.costs({"loop": each | {"bare_us": 250.0, "asked_us": 275.0}, "sb3": each})
    assert found["loop"] == pytest.approx(
        {"cpu_us_per_sample": 300.0, "samples_per_s": 2000.0, "overhead": 0.2, "over_asked": 1.0 / 11.0}
    )
    assert found["bare"]["overhead"] == found["asked"]["over_asked"] == 0.0
    solved = {"seconds": 9.0, "env_steps": 10, "rate": 1.0, "n": 4, "low": 0.5, "high": 1.0}
    told = bench_train.table(
        {"train": found, "processes": {"speedup_2": 1.9}, "solve": {"reach": {"dagger": solved}}}
    )
    assert all(word in told for word in ("sb3", "+20.0 %", "1.90 x", "n=4"))


def test_cpu_time_of_the_tree_counts_children():
    found: dict = {}
    with bench_paths.measured(found):
        bench_train.subprocess.run(["python3", "-c", "sum(range(10**7))"], check=True)
        sum(range(3 * 10**6))
    assert found["cpu_s"] > 0.0 and found["wall_s"] > 0.0


@pytest.mark.parametrize("wrong", [{"tasks": ["rech"]}, {"solve": "shiped"}, {"methods": ["dager"]}])
def test_a_mistake_is_told_before_anything_is_measured(wrong):
    with pytest.raises(ValueError, match="Did you mean"):
        bench_train.check(Config(bench=Bench(what="train", **wrong)))


def test_entropy_is_zero_for_even_draws_and_falls_with_strength():
    def entropy(strength):
        counted = Entropy()
        for place in range(200):
            counted.add({"unit": {"mass.cube": (place + 0.5) / 200}, "strength": strength})
        return counted.value

    assert entropy(1.0) == pytest.approx(0.0, abs=1e-9)
    assert entropy(0.0) == pytest.approx(-2.3, abs=0.01)
    assert entropy(0.0) < entropy({"mass": 0.5}) < entropy(1.0)


def test_few_draws_tell_nothing():
    counted = Entropy()
    counted.add({"unit": {"mass.cube": 0.5}, "strength": 1.0})
    assert counted.value is None


def test_a_strength_that_is_not_named_stays_at_one():
    assert level({"mass": (0.2, 0.7)}, "friction.cube") == (1.0, 1.0)
    assert level({"mass": (0.2, 0.7)}, "mass.cube") == (0.2, 0.7) and level(0.5, "x") == (0.5, 0.5)


def test_a_path_is_compared_with_the_bare_worlds_that_took_turns_with_it():
    own = {"samples": 1000, "cpu_s": 0.3, "wall_s": 0.5, "bare_us": 250.0, "asked_us": 275.0}
    found = bench_train.costs({"loop": own, "ray_1": own | {"bare_us": 300.0, "asked_us": 300.0}})
    assert found["ray_1"]["overhead"] == pytest.approx(0.0) and found["loop"]["overhead"] == pytest.approx(0.2)


@pytest.mark.slow
def test_scale_sends_eight_episodes_through_every_world_each_with_a_draw_of_its_own(ray_cluster):
    found = bench_scale.collect("state", 4, 2)
    assert found["worlds"] == 4 and found["episodes"] == found["draws"] == 32
    assert found["samples"] > 32 and found["driver_mb"] > 50.0 and found["workers_mb"] > 100.0
    assert "32" in bench_scale.table({"state": found})


def test_more_worlds_than_fit_are_refused_before_anything_is_built():
    with pytest.raises(ValueError, match="give at least 8 worlds"):
        bench_scale.check(Config(bench=Bench(what="scale", many=4)))
    with pytest.raises(ValueError, match="need about"):
        bench_scale.check(Config(bench=Bench(what="scale", many=100_000)))
