"""What the stages of a pipeline are asked to do; the stages themselves have their own tests."""

from types import SimpleNamespace

import pytest

from experiments import finetune, pipeline
from experiments.config import find, load


def test_the_baseline_learns_without_randomization_and_with_its_own_lengths():
    config = load(find("push.yaml"), ["baseline.episodes=[8,4]", "baseline.steps=[20,10]", "train.batch=32"])
    bare = pipeline.unrandomized(config)
    assert bare.strength == 0.0 and (bare.train.episodes, bare.train.steps) == ([8, 4], [20, 10])
    assert bare.train.batch == 32 and bare.randomize == config.randomize


def test_a_baseline_that_names_no_lengths_learns_as_long_as_the_policy():
    config = load(find("push.yaml"), ["train.episodes=[9]", "train.steps=[30]"])
    assert pipeline.unrandomized(config).train == config.train


def test_a_baseline_with_impossible_lengths_is_refused_before_anything_runs():
    config = load(find("push.yaml"), ["baseline.episodes=[8,4]", "baseline.steps=[20]"])
    with pytest.raises(ValueError, match="a number per round"):
        pipeline.check(config)


def test_the_episodes_that_choose_a_policy_are_not_those_that_are_reported(monkeypatch):
    asked = {}

    def measure(run, config, name, spec, model):
        asked[name] = (config.seed, config.episodes)
        return SimpleNamespace(rate=0.5)

    monkeypatch.setattr(finetune, "measure", measure)
    config = load(find("push.yaml"), ["seed=3", "episodes=40", "finetune.select_episodes=25"])
    finetune.compare(SimpleNamespace(), config, "after", b"model")
    chosen = 3 + finetune.SELECTION_SEED
    assert asked == {
        "select_reality_after": (chosen, 25),
        "select_sim_after": (chosen, 25),
        "reality_after": (3, 40),
    }
