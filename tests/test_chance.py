"""Laws of luck: what is drawn when, at which strength, and that it reaches the knobs. No physics needed."""

import tracemalloc

import numpy as np
import pytest
from fake_worlds import CAMERAS, EVERYTHING, busy, episode, fake_worlds


def test_strength_zero_is_the_nominal_world_bit_for_bit():
    still = episode(fake_worlds(1, EVERYTHING), 0, strength=0.0, steps=0)
    assert still == episode(fake_worlds(1), 0, steps=0)
    worlds = busy(1)
    worlds.begin([0], 0, 0, strength=0.0)
    for name, knob in worlds.knobs[0].items():
        same = np.array_equal if isinstance(knob.nominal, str) else np.allclose
        assert same(knob.read(), knob.nominal), name


def test_every_knob_is_written_at_every_beginning():
    worlds = busy(2)
    knobs = worlds.knobs[0]
    knobs["latency.action"].write(0.2)
    knobs["texture.table.colour"].write(np.ones(3))
    knobs["camera.side.position"].write(np.zeros(3))  # no axis varies it
    worlds.begin([0], 3, 5)
    fresh = fake_worlds(1, EVERYTHING, CAMERAS)
    fresh.begin([0], 3, 5)
    for name, knob in fresh.knobs[0].items():
        assert np.array_equal(knob.read(), knobs[name].read()), name


def test_strength_and_pins_hold_for_their_episode_alone():
    worlds = fake_worlds(2, EVERYTHING, strength=0.0)
    worlds.begin(np.arange(2), 0, 0, strength={"*": 0.0, "Mass": 1.0}, pin={"mass.cube": 1.0})
    assert worlds.draws[0].values["mass.cube"] == pytest.approx(0.2)
    worlds.begin([1], 0, 0)
    assert [draw.values["mass.cube"] for draw in worlds.draws] == pytest.approx([0.2, 0.1])


def test_strength_and_pins_also_hold_for_redraws_within_their_episode():
    worlds = fake_worlds(3, EVERYTHING)
    worlds.begin([0], 0, 0, strength=0.0)
    worlds.begin([1], 0, 0, pin={"exposure.front": 1.0})
    worlds.begin([2], 0, 0)
    for _ in range(3):
        worlds.step(worlds.expert_actions())
    exposures = [draw.values["exposure.front"] for draw in worlds.draws]
    assert exposures[0] == 1.0 and exposures[1] == pytest.approx(1.4) and exposures[2] not in (1.0, 1.4)


def test_held_out_worlds_share_no_draw_and_no_layout_with_training():
    train, heldout = fake_worlds(1, EVERYTHING), fake_worlds(1, EVERYTHING, split="heldout")
    for worlds in (train, heldout):
        worlds.begin([0], 3, 5)
    assert train.draws[0].values["mass.cube"] != heldout.draws[0].values["mass.cube"]
    assert not np.allclose(train.state.goal, heldout.state.goal)
    assert train.seeds[0] == heldout.seeds[0] == 3


def test_an_axis_is_drawn_when_it_says():
    worlds = fake_worlds(1, EVERYTHING)
    names = ("camera.side.fov_deg", "mass.cube", "light.ambient", "exposure.front")

    def watch(number):
        worlds.begin([0], 3, number)
        seen = [[worlds.draws[0].values[name] for name in names]]
        for _ in range(20):
            worlds.step(worlds.expert_actions())
            seen.append([worlds.draws[0].values[name] for name in names])
        return list(zip(*seen))

    first, second = watch(0), watch(1)
    changes = [len(set(values)) for values in first]
    assert changes[:2] == [1, 1] and changes[3] == 21
    assert 5 <= changes[2] - 1 <= 10  # one second at 0.1 to 0.2 s
    assert first[0] == second[0]  # startup
    assert first[1][0] != second[1][0]


def test_a_redraw_reaches_knobs_vector_and_record_alike():
    worlds = fake_worlds(2, EVERYTHING, CAMERAS)
    worlds.begin(np.arange(2), 3, [0, 1])
    for _ in range(6):
        worlds.step(worlds.expert_actions())
    draw, knobs = worlds.draws[1], worlds.knobs[1]
    assert knobs["light.ambient"].read() == pytest.approx(draw.values["light.ambient"])
    assert np.array_equal(worlds.observe()["privileged"][1, 3:], worlds.randomization.vector(draw))
    assert worlds.redrawn.tolist() == [0, 1]


def test_redraws_hold_on_to_nothing():
    worlds, rows = busy(4), np.arange(4)
    luck, sizes = worlds._chance, []
    tracemalloc.start()
    for redraw in range(401):
        luck.advance(rows)
        assert luck.draws[0].tick == luck.clock.ticks[0]
        if redraw % 200 == 0:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[2] - sizes[1] < 10_000


def test_a_record_is_a_copy_that_later_draws_leave_alone():
    worlds = busy(2)
    record = worlds.draws[0]
    before = repr(record.to_dict())
    worlds.step(worlds.expert_actions())
    worlds.begin([0], 0, 7)
    assert repr(record.to_dict()) == before and worlds.draws[0] is worlds.draws[0]
    assert not record.values["texture.table.colour"].flags.writeable


def test_values_by_axis_are_those_of_the_records():
    worlds = busy(3)
    for name, values in worlds.values.items():
        for row, draw in enumerate(worlds.draws):
            assert np.array_equal(values[row], draw.values[name]), name
