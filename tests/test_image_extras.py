"""Masks, places to act on and second looks: what simulation tells of images beside their pixels, disturbing nothing."""

from dataclasses import replace

import numpy as np
import pytest

from agents.batches import Minibatches
from agents.behaviour import Behaviour
from agents.clone import FitSettings, columns_for, descend, losses, optimizer_for
from agents.dagger import fresh_policy
from agents.dataset import Dataset
from agents.extras import recorded
from agents.jobs import plan
from agents.parts import ExtrasSpec
from agents.policy import PolicySpec
from agents.rollout import collect
from envs.extras import STRIDE
from envs.rendering.overlay import project
from envs.spec import WorldsSpec
from experiments.config import load
from experiments.train import training_spec
from randomizers import DEFAULT, Latency, Noise, Uniform
from randomizers.default import SIGHT

SIDE = 64
ALL = ("mask", "affordance", "again")
SEES = {"images": ("front", "side"), "image_size": SIDE}
VISION = PolicySpec(image_size=32, channels=(4, 8), keypoints=4, hidden=32, chunk=2)


def seen(task="push", steps=6, worlds=3, episodes=None, **given):
    """What worlds tell after a few steps of the expert, and the worlds."""
    batch = WorldsSpec(task, **{**SEES, **given}).build(worlds)
    batch.begin(np.arange(worlds), seed=5, episodes=np.arange(worlds) if episodes is None else episodes)
    looks = [batch.observe()]
    for _ in range(steps):
        batch.step(batch.expert_actions())
        looks.append(batch.observe())
    return looks, batch


def test_images_and_draws_are_the_same_bit_for_bit_whatever_else_is_told():
    plain, before = seen(randomization=DEFAULT)
    told, after = seen(randomization=DEFAULT, extras=ALL)
    for one, other in zip(plain, told):
        assert set(other) - set(one) == set(ALL)
        for camera in SEES["images"]:
            assert np.array_equal(one["images"][camera], other["images"][camera])
        assert np.array_equal(one["privileged"], other["privileged"])
    assert [draw.to_dict() for draw in before.draws] == [draw.to_dict() for draw in after.draws]


def test_what_is_told_of_an_episode_does_not_depend_on_its_batch():
    together, _ = seen(randomization=DEFAULT, extras=ALL)
    alone, _ = seen(randomization=DEFAULT, extras=ALL, worlds=1, episodes=np.array([2]))
    for one, other in zip(together, alone):
        assert all(np.array_equal(one[name]["side"][2], other[name]["side"][0]) for name in ALL)


@pytest.mark.parametrize("task", ["push", "sort", "drawer"])
def test_a_mask_is_where_the_object_to_be_moved_is(task):
    (*_, last), worlds = seen(task, extras=ALL)
    state = worlds.state
    for row in range(3):
        shown = last["mask"]["front"][row]
        assert shown.shape == (SIDE // STRIDE,) * 2 and shown.dtype == np.uint8 and set(np.unique(shown)) == {0, 1}
        place = state.object_poses[row, int(state.target[row]), :3]
        if task == "drawer":
            continue  # its middle is inside its housing
        spot, _ = project(place, worlds.sight.appearance, row, 0, SIDE)
        down, across = np.nonzero(shown)
        found = STRIDE * np.array([across.mean() + 0.5, down.mean() + 0.5])
        assert np.abs(found - spot).max() < 4.0


@pytest.mark.parametrize("task", ["push", "lift", "drawer", "insert", "reach"])
def test_an_affordance_peaks_at_the_pixel_where_the_hand_acts(task):
    (*_, last), worlds = seen(task, extras=("affordance",))
    for row in range(3):
        heat = last["affordance"]["front"][row].astype(float)
        spot, _ = project(worlds.task.contact(worlds.state)[row], worlds.sight.appearance, row, 0, SIDE)
        down, across = np.unravel_index(heat.argmax(), heat.shape)
        assert np.abs(STRIDE * (np.array([across, down]) + 0.5) - spot).max() <= 0.5 * STRIDE + 1.0
        assert 0.7 < heat.max() <= 1.0 and heat.min() == pytest.approx(0.0, abs=1e-3)


def test_a_push_is_at_the_side_that_looks_away_from_the_goal():
    _, worlds = seen(steps=0)
    state, spot = worlds.state, worlds.task.contact(worlds.state)
    away, way = spot - state.object_poses[:, 0, :3], state.goal - state.object_poses[:, 0, :3]
    assert np.linalg.norm(away, axis=1) == pytest.approx(0.025)
    assert ((away * way).sum(1) < -0.024 * np.linalg.norm(way, axis=1)).all()


def test_a_place_moves_with_its_object_where_images_are_late():
    latency = Latency(action=Uniform(0.0, 0.0), images=Uniform(0.1, 0.1), joints=Uniform(0.0, 0.0))
    late = {"randomization": latency, "extras": ("mask", "affordance"), "steps": 24, "images": ("front",)}
    told, worlds = seen(**late)
    prompt, _ = seen(**late | {"randomization": None})
    assert np.array_equal(told[-1]["mask"]["front"], prompt[-3]["mask"]["front"])  # 0.1 s are two steps
    shown, then, now = (each["affordance"]["front"].astype(float) for each in (told[-1], prompt[-3], prompt[-1]))
    assert np.abs(shown - then).max() < 0.1 < np.abs(now - then).max()


def test_a_second_look_differs_in_all_but_the_state():
    (first, *_), _ = seen(randomization=SIGHT, extras=("again",))
    one, other = (first[name]["front"].astype(float) for name in ("images", "again"))
    assert np.abs(one - other).mean() > 15.0
    (still, *_), _ = seen(extras=("again",))
    assert np.array_equal(still["images"]["front"], still["again"]["front"])


def test_noise_of_a_second_look_is_its_own():
    """Else the noise would tell which two pictures belong together."""
    (first, *_), _ = seen(randomization=Noise(by=Uniform(0.1, 0.1)), extras=("again",))
    (plain, *_), _ = seen()
    errors = [first[name]["front"].astype(float) - plain["images"]["front"] for name in ("images", "again")]
    assert abs(np.corrcoef(errors[0].ravel(), errors[1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"extras": ("masc",)}, "Did you mean `mask`"),
        ({"extras": ("mask",), "images": ()}, "name cameras"),
        ({"task": "reach", "extras": ("mask",)}, "`reach` has none"),
    ],
)
def test_what_cannot_be_told_is_refused(given, text):
    with pytest.raises(ValueError, match=text):
        WorldsSpec(**{"task": "push", **SEES, **given})


def test_specs_without_extras_are_written_as_they_ever_were():
    assert "extras" not in WorldsSpec("push", **SEES).to_dict()
    told = WorldsSpec("push", **SEES, extras=ALL)
    assert WorldsSpec.from_dict(told.to_dict()) == told


@pytest.fixture(scope="module")
def recorded_pushes(tmp_path_factory):
    """A few pushes with every column there is."""
    spec = WorldsSpec("push", randomization=DEFAULT, images=("front",), image_size=32, depth=True, extras=ALL)
    dataset = Dataset.create(tmp_path_factory.mktemp("pushes") / "dataset", spec.to_dict())
    everything = replace(VISION, extras=ExtrasSpec(0.1, 0.1, 0.1, 0.1, 0.1))
    jobs = [replace(job, more=recorded(everything)) for job in plan(0, 4, 4, Behaviour("expert"), record=True)]
    for episodes in collect(spec, jobs, backend="serial"):
        dataset.add(episodes)
    return dataset


@pytest.mark.parametrize("name", ["invariance", "dynamics", "grounding", "depth", "affordance"])
def test_every_loss_falls_on_what_collectors_record(name, recorded_pushes):
    spec = replace(VISION, extras=ExtrasSpec(**{name: 1.0}))
    policy, settings = fresh_policy(spec, recorded_pushes, 0), FitSettings(40, batch=32, learning_rate=3e-3, threads=1)
    batch = Minibatches(recorded_pushes.load(columns_for(policy)), policy, settings)[0]
    optimizer, first = optimizer_for(policy, settings), losses(policy, batch, settings)[name].item()
    for step in range(40):
        descend(policy, optimizer, batch, settings, step)
    assert losses(policy, batch, settings)[name].item() < 0.85 * first


def test_the_command_line_asks_worlds_for_what_its_losses_learn_from():
    asked = [f"train.losses.{name}=0.1" for name in ("grounding", "affordance", "invariance", "depth")]
    spec = training_spec(load(None, asked))
    assert spec.depth and set(spec.extras) == set(ALL) and training_spec(load(None, [])).extras == ()
    with pytest.raises(ValueError, match="shifts images, but not"):
        training_spec(load(None, [*asked, "train.shift_px=2"]))
    with pytest.raises(ValueError, match="nothing that is seen"):
        training_spec(load(None, [*asked, "preset=dynamics"]))

