"""Every axis of sensing and timing acts where it should, and nowhere else; at strength 0 none does, bit for bit."""

import hashlib

import numpy as np
import pytest

from envs.spec import WorldsSpec
from randomizers import ControlRate, Dropout, Encoder, Jitter, Latency, Pose, Refresh

EVERYTHING = Encoder() | Pose() | Latency() | Jitter() | Dropout() | Refresh() | ControlRate()
SPEC = WorldsSpec("push", images=("front",), image_size=24)
STEPS = 60
ACTS_ON = {"action": "motion", "control": "motion", "images": "images", "pose": "told", "encoder": "told"}
TOLD = ("proprioception", "goal", "state")


@pytest.fixture(scope="module")
def worlds():
    made = SPEC.but(randomization=EVERYTHING).build(2)
    yield made
    made.close()


def lived(worlds, **terms):
    """Fingerprints of motion, images and what is told of an episode in row 1."""
    prints, luck = {what: hashlib.sha256() for what in ("motion", "images", "told")}, np.random.default_rng(3)
    worlds.begin([0, 1], 5, [8, 9], **terms)
    for _ in range(STEPS):
        seen = worlds.observe()
        for part in (worlds.state.joint_positions, worlds.state.object_poses):
            prints["motion"].update(part[1].tobytes())
        prints["images"].update(seen["images"]["front"][1].tobytes())
        for name in TOLD:
            prints["told"].update(seen[name][1].tobytes())
        worlds.step(luck.uniform(-1.0, 1.0, (2, 4)))
    return {what: digest.hexdigest() for what, digest in prints.items()}


@pytest.fixture(scope="module")
def plain():
    made = SPEC.build(2)
    yield lived(made)
    made.close()


def test_at_strength_0_nothing_differs_from_worlds_without_randomization(worlds, plain):
    lived(worlds)
    assert lived(worlds, strength=0.0) == plain


def acts_on(axis):
    """What an axis of this name is to change first."""
    kind, _, what = axis.partition(".")
    return "told" if what == "joints" or kind == "opening" else ACTS_ON.get(kind) or ACTS_ON[what]


def test_every_axis_acts_at_its_far_end_on_what_it_names_and_on_nothing_before_it(worlds, plain):
    """Motion changes images and readings too; images and readings change nothing else."""
    assert len(worlds.randomization) == 25
    for axis, about in worlds.randomization.axes.items():
        for end, value in zip((0.0, 1.0), about.span):
            found = lived(worlds, strength={"*": 0.0, axis: 1.0}, pin={axis: end})
            changed = {what for what in plain if found[what] != plain[what]}
            assert worlds.knobs[1][axis].read() == pytest.approx(value, abs=1e-12)
            if np.array_equal(value, about.nominal):
                assert not changed, axis
            else:
                wanted = acts_on(axis)
                assert wanted in changed and (wanted == "motion" or changed == {wanted}), (axis, changed)


def test_a_hundred_resets_later_an_episode_is_told_the_same(worlds):
    first = lived(worlds)
    for episode in range(100):
        worlds.begin([0, 1], 1, [episode, 100 + episode])
    assert lived(worlds) == first
