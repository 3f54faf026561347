"""Laws of reinforcement learning on RLlib: nothing is lost in silence, and a run that goes on begins where it was."""

import os
import signal

import numpy as np
import pytest
import torch
from fake_worlds import fake_worlds

from agents import distributed_rl, rl_start
from agents.acting import open_session
from agents.distributed_rl import Training, learn, total
from agents.onnx_export import example
from agents.policy import PolicySpec
from agents.rl_ledger import Accounted, Ledger, seed_of
from agents.rl_settings import RLSettings
from agents.rl_watch import Curve
from agents.rllib_module import AsymmetricModule
from envs.spec import WorldsSpec
from envs.vector import VectorWorlds
from envs.views import FlatVector
from randomizers import Friction

REACH = WorldsSpec("reach", randomization=Friction(), reward="progress")
SHAPE = PolicySpec(observes="state", cameras=(), state=1, auxiliary=0, chunk=1, hidden=16)
TINY = {
    "worlds": 2, "hidden": 16, "fragment": 16, "batch": 32, "epochs": 1, "steps": 64, "evaluate_every": 10**9,
    "evaluate_episodes": 2, "checkpoint_s": 0.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _a_short_look_around(monkeypatch):
    monkeypatch.setattr(rl_start, "LOOKS", 16)
    monkeypatch.setattr(rl_start, "EXPLORERS", 2)


def opened(folder, method="rllib_ppo", **changes):
    settings = RLSettings.of(method, **{**TINY, **changes})
    return Training(REACH, SHAPE, settings, folder, 1, None, Curve(REACH, settings))


def weights_of_runners(training):
    group = training.algorithm.env_runner_group
    return group.foreach_env_runner(lambda r: total(r.module.driver.policy.state_dict()), local_env_runner=False)


def test_no_two_runners_and_no_two_lives_share_a_seed():
    seeds = {seed_of(run, number, life) for run in (0, 1) for number in range(20) for life in range(20)}
    assert len(seeds) == 800 and seed_of(3, 1, 0) == seed_of(3, 1, 0)


def test_a_runner_translates_its_seed_and_repeats_with_it():
    def first(seed):
        env = Accounted(FlatVector(VectorWorlds(fake_worlds(2)), "goal"), 7, None)
        return env.reset(seed=seed)

    (one, info), (again, _), (other, _) = first(8), first(8), first(9)
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert info["address"]["seed"].tolist() == [seed_of(7, 1, 0)] * 2


def test_the_ledger_counts_lives_steps_and_faults():
    ledger = Ledger({1: 2})
    assert [ledger.begin(1), ledger.begin(2), ledger.begin(1)] == [2, 0, 3]
    ledger.simulated(1, 2, 100), ledger.simulated(1, 3, 40), ledger.simulated(1, 3, 60)
    ledger.failed(2, 0, "Traceback: the table fell over")
    told = ledger.told()
    assert told["steps"] == 160 and told["incarnations"] == {1: 4, 2: 1} and "runner 2" in told["faults"][0]


def test_the_module_of_a_runner_sees_images_and_has_no_critic():
    spec = PolicySpec(cameras=("front",), image_size=16, auxiliary=0, chunk=1, hidden=16, channels=(4, 4), keypoints=4)
    made = {}
    for inference_only in (True, False):
        made[inference_only] = AsymmetricModule(
            observation_space=None,
            action_space=None,
            inference_only=inference_only,
            model_config={"policy": spec.to_dict(), "log_std": -1.0, "privileged": 5, "hidden": 16, "layers": 1},
        )
    seen = {name.replace("images.", "images_"): values for name, values in example(spec, 3).items()}
    batch = {"obs": {**seen, "privileged": torch.zeros(3, 5)}}
    assert made[True]._forward(batch)["action_dist_inputs"].shape == (3, 8)
    assert made[False].compute_values(batch).shape == (3,) and not hasattr(made[True], "critic")


def test_ppo_learns_goes_on_and_survives_a_runner(tmp_path, ray_cluster):
    """One run: a checkpoint that acts without the critic, a killed runner, and a later process."""
    outcome = learn(REACH, SHAPE, RLSettings.of("rllib_ppo", **TINY), tmp_path / "whole", workers=1)
    assert {each.name for each in open_session(outcome.model).get_inputs()} == {"proprioception", "goal", "state"}
    before = opened(tmp_path / "whole", steps=10**6)  # as after a kill of the learner: only the memory is left
    assert before.steps == outcome.env_steps >= 64 and before.memory.about["incarnations"] == {"1": 1}
    prefix = "module/driver.policy."
    kept = {name: v for name, v in before.memory.tensors.items() if name.startswith(prefix)}
    own = total(before.policy.state_dict())
    assert weights_of_runners(before) == pytest.approx([own])
    assert own == pytest.approx(total(kept), rel=1e-6)
    before.settings = RLSettings.of("rllib_ppo", **{**TINY, "steps": before.steps + 32})
    before.run()
    assert before.steps >= before.settings.steps
    group = before.algorithm.env_runner_group
    os.kill(group.foreach_env_runner(lambda _: os.getpid(), local_env_runner=False)[0], signal.SIGKILL)
    before.settings = RLSettings.of("rllib_ppo", **{**TINY, "steps": before.steps + 64})
    before.run()
    about = distributed_rl.recall(tmp_path / "whole" / "memory").about
    assert about["env_steps"] >= before.settings.steps and about["incarnations"] == {"1": 3}
    before.close()


class Broken(Accounted):
    """Worlds that fall over at the third step."""

    def step(self, actions):
        with self._watched():
            self._steps += 1
            if self._steps == 3:
                raise ArithmeticError("the table fell over")
        return self.env.step(actions)


def broken(context):
    made = distributed_rl.accounted(context)
    made.__class__ = Broken
    return made


def test_a_failed_world_is_reported_with_its_own_traceback(tmp_path, ray_cluster, monkeypatch):
    monkeypatch.setattr(distributed_rl, "accounted", broken)
    training = opened(tmp_path)
    with pytest.raises(RuntimeError, match=r"runner 1, incarnation 0:(.|\n)*ArithmeticError: the table fell over"):
        training.run()
    training.close()


@pytest.mark.slow
def test_appo_learns(tmp_path, ray_cluster):
    outcome = learn(REACH, SHAPE, RLSettings.of("rllib_appo", **TINY), tmp_path, workers=1)
    assert outcome.env_steps >= 64 and outcome.checkpoint.is_dir()
