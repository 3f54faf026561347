"""Every head on a real task: reach, seen as numbers; every encoder on its pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_pretrained import save

from agents.acting import Actor
from agents.batches import Minibatches
from agents.behaviour import Behaviour
from agents.chunks import Execution
from agents.clone import FitSettings, columns_for, descend, fit, optimizer_for
from agents.dagger import fresh_policy
from agents.dataset import Dataset
from agents.onnx_export import to_onnx
from agents.parts import HEADS, PRETRAINED, SCRATCH, EncoderSpec, ExtrasSpec, HeadSpec
from agents.pretrained import described
from agents.rollout import SerialPool, gather, plan
from agents.spec import PolicySpec
from envs.spec import WorldsSpec

REACH = WorldsSpec("reach")
STATE = PolicySpec(observes="state", cameras=(), state=1, auxiliary=0, hidden=64, chunk=2)
VISION = PolicySpec(image_size=32, channels=(8, 8), keypoints=8, hidden=32)
FIT = FitSettings(steps=160, batch=32, learning_rate=3e-3, threads=1)
SEEN = WorldsSpec("reach", images=("front",), image_size=32, depth=True)


@pytest.fixture(scope="module")
def pool():
    made = SerialPool(REACH, 8)
    yield made
    made.close()


@pytest.fixture(scope="module")
def demonstrations(pool, tmp_path_factory):
    made = Dataset.create(tmp_path_factory.mktemp("reach"), {})
    gather(pool.run(plan(0, 24, 8, Behaviour("expert", noise=0.3), record=True), None), made.add)
    return made


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    made, seeing = Dataset.create(tmp_path_factory.mktemp("seen"), {}), SerialPool(SEEN, 4)
    jobs = [replace(job, more=("depth",)) for job in plan(0, 4, 4, Behaviour("expert", noise=0.3), record=True)]
    gather(seeing.run(jobs, None), made.add)
    seeing.close()
    return made


def rate(pool, model, **behaviour):
    results = gather(pool.run(plan(9, 8, 8, Behaviour("student", **behaviour)), model), None)
    return np.mean([record["success"] for result in results for record in result.records])


@pytest.mark.parametrize("kind", HEADS)
def test_every_head_learns_to_reach(kind, pool, demonstrations, tmp_path):
    spec = replace(STATE, head=HeadSpec(kind, bins=32, width=48, steps=5))
    policy = fit(fresh_policy(spec, demonstrations, 0), demonstrations, FIT, tmp_path / "c")
    assert rate(pool, to_onnx(policy)) >= 0.6


@pytest.mark.parametrize("more", [{"history": 2}, {"recurrent": 16, "sequence": 8}], ids=str)
def test_policies_with_a_past_learn_to_reach(more, pool, demonstrations, tmp_path):
    policy = fit(fresh_policy(replace(STATE, **more), demonstrations, 0), demonstrations, FIT, tmp_path / "c")
    assert rate(pool, to_onnx(policy)) >= 0.6


def test_a_flow_reaches_however_its_chunks_are_carried_out(pool, demonstrations, tmp_path):
    spec = replace(STATE, head=HeadSpec("flow", steps=4), chunk=4)
    settings = replace(FIT, steps=250, later_weight=1.0)
    model = to_onnx(fit(fresh_policy(spec, demonstrations, 0), demonstrations, settings, tmp_path / "c"))
    for execution in (Execution(execute=2), Execution("ensemble"), Execution("asynchronous", 2, delay=1)):
        assert rate(pool, model, execution=execution) >= 0.6


def improves(spec, dataset, steps=24):
    """Tell the share of the loss on actions that is left after some steps on a real task's pictures."""
    settings = replace(FIT, steps=steps, batch=16, learning_rate=3e-3)
    policy = fresh_policy(spec, dataset, 0)
    batches = Minibatches(dataset.load(columns_for(policy)), policy, settings)
    optimizer = optimizer_for(policy, settings)
    heard = [descend(policy, optimizer, batches[step], settings, step)["loss"].item() for step in range(steps)]
    return np.mean(heard[-3:]) / np.mean(heard[:3]), policy


@pytest.mark.parametrize("kind", SCRATCH)
def test_every_encoder_learns_from_pictures_of_reach(kind, pictures):
    chosen = EncoderSpec(kind, widths=(8, 16), width=16, attention_heads=2)
    left, policy = improves(replace(VISION, encoder=chosen), pictures)
    assert left < 0.95
    columns = pictures.load(policy.spec.inputs).columns
    seen = {name: columns[name][:3] for name in ("proprioception", "goal")}
    actions = Actor(to_onnx(policy), 3).predict(seen | {"images": {"front": columns["images.front"][:3]}})
    ours = policy.eval()({name: torch.from_numpy(values[:3]) for name, values in columns.items()})[0]
    assert np.abs(actions - ours.detach().numpy()).max() <= 1e-5


@pytest.mark.parametrize("kind", PRETRAINED)
def test_every_pretrained_encoder_learns_from_pictures_of_reach(kind, pictures, tmp_path):
    save(kind, tmp_path / kind)
    chosen = EncoderSpec(kind, weights=str(tmp_path / kind), size=32)
    assert improves(described(replace(VISION, encoder=chosen)), pictures)[0] < 0.95


def test_depth_and_dynamics_are_learnt_beside_the_actions(pictures):
    spec = replace(VISION, extras=ExtrasSpec(depth=0.2, dynamics=0.2))
    assert pictures.shapes()["depth.front"] == (8, 8)
    assert improves(spec, pictures)[0] < 0.95
