"""Laws of a batch of worlds: episodes are addressed, rows are alone, nothing leaks. No physics needed."""

import numpy as np
import pytest
from fake_worlds import CAMERAS, EVERYTHING, FakeRenderer, FakeTask, busy, episode, fake_worlds, flat

from envs.rendering.scene import BASICS
from randomizers import Depth, Lamps, Latency, Lens, Mass, Randomization, Uniform
from randomizers.default import SIGHT


def test_the_same_episode_gives_the_same_bytes_in_any_row_of_any_batch():
    alone = episode(fake_worlds(1, EVERYTHING, CAMERAS), 0)
    assert episode(busy(4), 3) == alone
    assert episode(busy(4), 1, others=False) == alone


def test_an_episode_is_the_same_after_five_others():
    worlds = fake_worlds(1, EVERYTHING, CAMERAS)
    first = episode(worlds, 0)
    for number in range(5):
        assert episode(worlds, 0, number=20 + number) != first
    assert episode(worlds, 0) == first


def test_worlds_begun_together_equal_worlds_begun_one_by_one():
    together, apart = (fake_worlds(3, EVERYTHING, CAMERAS) for _ in range(2))
    together.begin(np.arange(3), [4, 4, 9], [0, 1, 0])
    for row, address in ((2, (9, 0)), (0, (4, 0)), (1, (4, 1))):
        apart.begin([row], *address)
    for one, other in zip(flat(together.observe()), flat(apart.observe())):
        assert np.array_equal(one, other)


def test_another_seed_episode_split_or_strength_is_another_episode():
    seen = {
        episode(fake_worlds(1, EVERYTHING, CAMERAS), 0),
        episode(fake_worlds(1, EVERYTHING, CAMERAS), 0, seed=4),
        episode(fake_worlds(1, EVERYTHING, CAMERAS), 0, number=6),
        episode(fake_worlds(1, EVERYTHING, CAMERAS, split="heldout"), 0),
        episode(fake_worlds(1, EVERYTHING, CAMERAS), 0, strength=0.5),
        episode(fake_worlds(1, EVERYTHING, CAMERAS), 0, pin={"mass.cube": 1.0}),
    }
    assert len(seen) == 6


def test_worlds_that_are_not_active_are_neither_stepped_nor_drawn():
    worlds = busy(3)
    steps, renderer = [engine.steps for engine in worlds.engines], worlds.renderer
    before = worlds.observe()
    renderer.drawn.clear()
    actions = np.array([[0.1] * 4, [np.nan] * 4, [0.1] * 4])
    worlds.step(actions, np.array([True, False, True]))
    after = worlds.observe(np.array([False, False, True]))
    assert [engine.steps for engine in worlds.engines] == [steps[0] + 1, steps[1], steps[2] + 1]
    assert renderer.drawn == [[2]] and not after["images"]["front"][:2].any()
    assert np.array_equal(before["privileged"][1], after["privileged"][1])
    assert worlds.reward[1] == 0.0 and worlds.elapsed.tolist() == [4, 3, 4]


def test_observations_are_fresh_arrays():
    worlds = busy(2)
    first = worlds.observe()
    kept = [array.copy() for array in flat(first)]
    worlds.step(worlds.expert_actions())
    worlds.observe()
    assert all(np.array_equal(old, now) for old, now in zip(kept, flat(first)))


def test_latency_reaches_the_engine_through_its_knob():
    worlds = fake_worlds(1, Randomization((Latency(action=Uniform(0.125, 0.125), images=Uniform(0.0, 0.0)),)))
    worlds.begin([0], 0, 0)
    for _ in range(4):
        worlds.step(np.ones((1, 4)))
    engine = worlds.engines[0]
    home = engine.commands[0][0]
    assert [switch for *_, switch in engine.commands] == pytest.approx([0.5] * 4)
    assert [np.array_equal(after, home) for _, after, _ in engine.commands] == [True, True, False, False]


def test_success_must_hold_for_four_steps():
    task = FakeTask()
    worlds = fake_worlds(1, task=task)
    worlds.begin([0], 0, 0)
    worlds.engines[0].cube[0] += 0.02
    ended = []
    for _ in range(6):
        worlds.step(worlds.expert_actions())
        ended.append((bool(worlds.success[0]), bool(worlds.terminated[0])))
    assert ended == [(False, False)] * 3 + [(True, True)] * 3


def test_success_of_the_last_episode_does_not_count():
    worlds = fake_worlds(1)
    for _ in range(2):
        worlds.begin([0], 0, 0)
        worlds.engines[0].cube[0] += 0.02
        for _ in range(3):
            worlds.step(worlds.expert_actions())
        assert not worlds.success[0]


def test_the_horizon_cuts_an_episode():
    worlds = fake_worlds(1)
    worlds.begin([0], 0, 0)
    for _ in range(FakeTask.horizon):
        assert not worlds.truncated[0]
        worlds.step(worlds.expert_actions())
    assert worlds.truncated[0] and not worlds.terminated[0] and not worlds.success[0]


def test_a_world_that_blows_up_ends_alone_and_stays_finite():
    worlds, calm = busy(3), busy(3)
    for batch in (worlds, calm):
        batch.begin([1], 3, 5)
    worlds.engines[1].explodes_at = 2
    for _ in range(5):
        for batch in (worlds, calm):
            batch.step(batch.expert_actions())
    assert worlds.diverged.tolist() == [False, True, False] and worlds.terminated.tolist() == [
        False,
        True,
        False,
    ]
    assert not worlds.success.any() and worlds.engines[1].steps == 2
    observation = worlds.observe()
    for one, other in zip(flat(observation), flat(calm.observe())):
        assert np.isfinite(one).all() and np.array_equal(one[[0, 2]], other[[0, 2]])
    worlds.engines[1].explodes_at = -1
    assert episode(worlds, 1) == episode(fake_worlds(1, EVERYTHING, CAMERAS), 0)


def test_a_world_that_cannot_begin_is_over_at_once_and_shows_nothing_of_the_last():
    seen = []
    for batch in (busy(1), fake_worlds(1, EVERYTHING, CAMERAS)):
        batch.engines[0].explodes_at = 0
        batch.begin([0], 3, 5)
        assert batch.diverged[0] and batch.terminated[0] and not batch.success[0]
        batch.step(batch.expert_actions())
        seen.append(list(flat(batch.observe())))
    assert all(np.array_equal(one, other) and np.isfinite(one).all() for one, other in zip(*seen))


def test_a_huge_number_is_a_divergence_too():
    worlds = busy(2)
    worlds.engines[0].cube[1] = 1e30
    worlds.step(worlds.expert_actions())
    assert worlds.diverged.tolist() == [True, False]


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (lambda w: w.begin([0], -1, 0), "seed -1"),
        (lambda w: w.begin([0], 2**63, 0), "seed"),
        (lambda w: w.begin([0], 0, 1.5), "episode 1.5"),
        (lambda w: w.begin([0], 0, 0, pin={"mass.cub": 1.0}), "mass.cube"),
        (lambda w: w.begin([0], 0, 0, strength={"Mas": 1.0}), "Mass"),
        (lambda w: w.step(np.full((2, 4), np.nan)), "not finite"),
        (lambda w: w.step(np.zeros((1, 4))), "shape"),
        (lambda w: w.step(np.zeros((2, 4)), np.ones(2)), "bool"),
        (lambda w: fake_worlds(2).step(np.zeros((2, 4))), "begin"),
        (lambda w: fake_worlds(1, cameras=("frnt",)), "front"),
        (lambda w: fake_worlds(1, split="hold-out"), "heldout"),
        (lambda w: fake_worlds(1, strength=-1.0), "strength"),
        (lambda w: fake_worlds(1, Randomization((Mass("cub"),))), "cube"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(mistake, told):
    worlds = busy(2)
    before = worlds.observe()
    with pytest.raises(ValueError, match=told):
        mistake(worlds)
    assert all(np.array_equal(old, now) for old, now in zip(flat(before), flat(worlds.observe())))


def test_closing_twice_is_allowed():
    worlds = busy(1)
    engine = worlds.engines[0]
    worlds.close()
    worlds.close()
    assert engine.closed and worlds.renderer.closed


def test_varying_what_the_renderer_does_not_draw_is_refused_where_images_are_observed():
    plain = FakeRenderer()
    plain.draws = BASICS
    settings = {"cameras": CAMERAS, "renderer": plain}
    lamps = "fake does not draw `lamp.colour` .Lamps., `lamp.cone_deg`"
    for randomizer, told in ((Lamps(), lamps), (Depth(), "depth=True")):
        with pytest.raises(ValueError, match=told):
            fake_worlds(1, Randomization((randomizer,)), **settings)
        fake_worlds(1, Randomization((randomizer,)))
    fake_worlds(1, Randomization((Lens(),)), **settings)
    fake_worlds(1, Randomization((Lamps(),)), CAMERAS)


def test_strength_zero_of_everything_gives_the_images_of_no_randomization():
    still, plain = fake_worlds(2, SIGHT, CAMERAS, strength=0.0), fake_worlds(2, None, CAMERAS)
    for worlds in (still, plain):
        worlds.begin(np.arange(2), 3, [5, 6])
        worlds.step(worlds.expert_actions())
    for camera in CAMERAS:
        assert np.array_equal(*(worlds.observe()["images"][camera] for worlds in (still, plain)))
