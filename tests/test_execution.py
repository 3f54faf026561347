"""What is evaluated is what drives the arm: plans, memories and words go through a bundle and act the same."""

import dataclasses
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from touch_arm import PANDA, SCALE, SIZE, Played, Told, Touch, bundle, contract, touching_worlds

from agents.acting import Actor
from agents.behaviour import Behaviour
from agents.chunks import Execution
from agents.dagger import DaggerSettings
from agents.jobs import Job
from agents.lockstep import run_job
from agents.onnx_export import to_onnx
from agents.policy import Policy
from agents.spec import LanguageSpec, PolicySpec
from envs.rendering.assets import CAMERAS
from envs.tasks.base import get
from experiments.config import load
from experiments.policies import execution_of
from experiments.train import settings_of
from transfer.bundle.bundle import Bundle
from transfer.bundle.contract import Contract
from transfer.bundle.export import contract_of, export_policy, instruction_of
from transfer.deploy.loop import Log, Loop, drive
from transfer.deploy.thinking import Thinker

ROOT = Path(__file__).parents[1]
PLAIN = PolicySpec(image_size=SIZE, channels=(4, 4), keypoints=4, hidden=16, chunk=4)
SPECS = {
    "plain": PLAIN,
    "history": replace(PLAIN, history=2),
    "memory": replace(PLAIN, recurrent=6, sequence=4),
    "film": replace(PLAIN, language=LanguageSpec("film", buckets=64)),
    "attention": replace(PLAIN, language=LanguageSpec("attention", buckets=64)),
}
EXECUTIONS = [
    Execution(),
    Execution(execute=3),
    Execution("ensemble", decay=0.3),
    Execution("asynchronous", 2, delay=1),
    Execution("asynchronous", 2, delay=2),
    Execution("asynchronous", 3),
]


def policy_of(spec):
    """A policy whose plans are large, and hang on its words and its past."""
    torch.manual_seed(0)
    policy = Policy(spec).eval()
    with torch.no_grad():
        for name, weights in policy.named_parameters():
            if name.startswith(("fusion", "act", "memory")):
                weights.add_(0.3 * torch.randn_like(weights))
    return policy


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give the policy of a name and its bundle, exported once."""
    known = {}

    def make(name):
        if name not in known:
            spec, policy = SPECS[name], policy_of(SPECS[name])
            told = instruction_of(spec.language, get("lift")) if spec.language.fusion else None
            there = Contract.of(
                PANDA, Touch(), {"front": CAMERAS["front"]}, image_size=SIZE, chunk=spec.chunk, instruction=told
            )
            place = tmp_path_factory.mktemp(name) / "bundle"
            known[name] = policy, to_onnx(policy), export_policy(policy, place, there, train={})
        return known[name]

    return make


def driven(there, task, episodes, instruction=None):
    """Actions of a bundle on an arm that obeys, in unit actions, by episode; and what it was told."""
    arm = Played(task)
    loop, found, said = Loop(there, arm, pace=False, instruction=instruction), [], []
    act = loop.actor.act

    def listen(observation):
        raw = act(observation)
        found[-1].append(raw[0] / SCALE)
        said.append(observation.get("instruction", [""])[0])
        return raw

    loop.actor.act = listen
    for episode in episodes:
        found.append([])
        trial = loop.trial(3, episode, Log(arm.description))
        assert not trial.stopped
    return [np.array(actions) for actions in found], said


@pytest.mark.parametrize("execution", EXECUTIONS, ids=lambda each: f"{each.mode}{each.execute}{each.delay}")
@pytest.mark.parametrize("name", SPECS)
def test_a_bundle_acts_as_the_policy_did_when_it_was_evaluated(name, execution, made):
    _, model, exported = made(name)
    task = Told if SPECS[name].language.fusion else Touch
    action = replace(exported.contract.action, **dataclasses.asdict(execution))
    there = replace(exported, contract=replace(exported.contract, action=action))
    job = Job(0, seed=3, episodes=(0, 1), behaviour=Behaviour("student", execution=execution), record=True)
    evaluated = run_job(touching_worlds(2, task), 2, job, model)
    deployed, _ = driven(there, task, range(2))
    assert [len(actions) for actions in deployed] == [record["length"] for record in evaluated.records]
    assert np.abs(np.concatenate(deployed) - evaluated.columns["action"]).max() <= 1e-5
    assert np.abs(evaluated.columns["action"]).max() > 0.05


def test_every_execution_drives_otherwise(made):
    """Mutation check: the test above would notice one that is not carried."""
    _, _, exported = made("plain")
    found = []
    for execution in EXECUTIONS:
        action = replace(exported.contract.action, **dataclasses.asdict(execution))
        there = replace(exported, contract=replace(exported.contract, action=action))
        found.append(driven(there, Touch, [0])[0][0][:20])
    assert all(np.abs(one - other).max() > 1e-4 for i, one in enumerate(found) for other in found[:i])


@pytest.mark.parametrize("execution", EXECUTIONS, ids=str)
def test_a_contract_carries_the_execution_through_json(execution):
    told = contract_of(policy_of(PLAIN), "panda", "push", execution)
    assert told.action.execution == execution
    assert Contract.from_dict(json.loads(json.dumps(told.to_dict()))) == told


def test_a_contract_of_the_usual_kind_is_what_former_runtimes_read():
    written = contract().to_dict()
    assert "instruction" not in written and set(written["action"]) == {
        "names", "unit", "scale", "reference", "frame", "chunk", "execute",
    }  # fmt: skip
    assert Contract.from_dict(written).action.execution == Execution()


def test_a_contract_with_an_impossible_execution_is_refused():
    written = contract().to_dict()
    with pytest.raises(ValueError, match="Did you mean `ensemble`"):
        Contract.from_dict(written | {"action": written["action"] | {"mode": "ensembel"}})


def test_the_command_line_chooses_how_collectors_carry_chunks_out():
    config = load(None, ["execution.mode=asynchronous", "execution.execute=2", "execution.delay=1"])
    settings, policy = settings_of(config)
    assert settings.execution == Execution("asynchronous", 2, 1) == execution_of(config, policy.chunk)
    assert settings.behaviour(1).execution == settings.execution
    assert "execution" in settings.to_dict() and "execution" not in DaggerSettings().to_dict()
    with pytest.raises(ValueError, match=r"execute must be in \[1, 4\]"):
        settings_of(load(None, ["execution.execute=5"]))


def test_the_arm_goes_on_while_the_policy_thinks(made):
    """The policy answers the second question only after the step that asked it is over."""
    _, _, exported = made("history")
    thinker, over = Thinker(exported.policy, Execution("asynchronous", 2, delay=2)), threading.Event()
    patient, run, asked = Actor(exported.policy, 1, execution=thinker.execution), thinker._run, []

    def slow(feed):
        asked.append(len(asked))
        assert asked[-1] != 1 or over.wait(10.0)
        return run(feed)

    thinker._run = slow
    rng = np.random.default_rng(0)
    for step in range(9):
        shown = {"images": {"front": rng.integers(0, 256, (1, SIZE, SIZE, 3), np.uint8)}}
        shown |= {"proprioception": rng.random((1, 14), np.float32), "goal": rng.random((1, 3), np.float32)}
        assert np.array_equal(thinker.act(shown), patient.act(shown))
        if step == 2:
            over.set()
    thinker.reset(), patient.reset()
    assert np.array_equal(thinker.act(shown), patient.act(shown))


def test_the_arm_s_words_reach_the_policy_and_change_what_it_does(made):
    _, _, exported = made("film")
    (first, second), said = driven(exported, Told, [0, 1])
    assert set(said) <= set(Told.sentences["imperative"])
    told, heard = driven(exported, Told, [0], instruction="Lift the large red cube")
    assert set(heard) == {"Lift the large red cube"} and np.abs(told[0][0] - first[0]).max() > 1e-4


def test_tokens_on_the_arm_are_those_of_training(made):
    policy, _, exported = made("attention")
    loop = Loop(exported, Played(Told), pace=False)
    texts = ["Touch the LOW point!", "touch, the low point"]
    from agents.language import tokenizer_for

    assert (loop.actor.tokenizer.encode(texts) == tokenizer_for(policy.spec.language).encode(texts)).all()


@pytest.mark.parametrize(
    ("name", "task", "given", "text"),
    [
        ("film", Touch, None, "this arm says none; give one, such as deploy.instruction='Lift the"),
        ("film", Told, "  !", "no word in it"),
        ("film", Told, "caf\u00e9", "ASCII"),
        ("plain", Told, "go", "reads no instruction"),
    ],
)
def test_what_cannot_be_told_is_refused_before_the_arm_moves(name, task, given, text, made):
    arm = Played(task)
    with pytest.raises(ValueError, match=text):
        drive(made(name)[2], arm, 3, range(1), instruction=given)
    assert arm.calls == []


def test_an_instructed_bundle_is_read_and_replayed_without_torch(made):
    folder = made("attention")[2].folder
    code = (
        "import sys; from transfer.bundle.bundle import Bundle\n"
        f"print(Bundle.load({str(folder)!r}).replay() <= 1e-5, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
    assert Bundle.load(folder).contract.instruction.examples[0] == "Lift the {thing}."


def test_a_bundle_without_words_needs_none():
    assert bundle().contract.instruction is None
    assert all(trial.success for trial in drive(bundle(), Played(), 3, range(2)).trials)
