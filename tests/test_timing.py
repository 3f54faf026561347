"""Laws of latency: what arrives is what was asked for, that much later, and never out of order."""

import numpy as np
import pytest

from envs.arms.controller import Commands
from envs.clock import Clock
from envs.schedule import LONGEST_S, Schedule
from envs.timing import ActionDelay, ImageDelay

PERIOD = 0.05
ALL = np.arange(1)


def asked(step):
    """The command of a step: its number in every joint."""
    return Commands(np.full((1, 7), float(step)), np.full(1, float(step)))


def obeyed(latencies):
    """Run steps with a latency each; give (before, after, switch) of every period."""
    delay = ActionDelay(Clock.of(1, PERIOD), 7)
    delay.reset(ALL, asked(-1))
    periods = []
    for step, latency in enumerate(latencies):
        delay.schedule.settings[0, 0] = latency
        before, after, switch = delay.push(ALL, asked(step))
        periods.append((before.joints[0, 0], after.joints[0, 0], round(float(switch[0]), 9)))
    return periods


def test_without_latency_a_command_is_obeyed_at_once():
    assert [(after, switch) for _, after, switch in obeyed([0.0] * 4)] == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_less_than_a_period_switches_within_it():
    assert obeyed([0.02] * 3) == [(-1, 0, 0.4), (0, 1, 0.4), (1, 2, 0.4)]


def test_one_period_is_one_step_later():
    assert [(after, switch) for _, after, switch in obeyed([PERIOD] * 4)] == [(-1, 0), (0, 0), (1, 0), (2, 0)]


def test_two_and_a_half_periods_keep_two_commands_on_their_way():
    assert obeyed([0.125] * 5) == [(-1, -1, 0.5), (-1, -1, 0.5), (-1, 0, 0.5), (0, 1, 0.5), (1, 2, 0.5)]


def test_the_longest_latency_fits_the_queue():
    late = obeyed([LONGEST_S] * 30)
    assert [after for _, after, _ in late] == [max(step - 4, -1) for step in range(30)]


def test_a_growing_latency_never_brings_an_old_command_back():
    seen = [
        value for before, after, _ in obeyed([0.0, 0.0, 0.2, 0.2, 0.1, 0.2, 0.0]) for value in (before, after)
    ]
    assert seen == sorted(seen) and seen[-1] == 6


def test_a_reset_forgets_what_was_on_its_way():
    delay = ActionDelay(Clock.of(2, PERIOD), 7)
    both = np.arange(2)
    start = Commands(np.full((2, 7), -1.0), np.zeros(2))
    delay.reset(both, start)
    delay.schedule.settings[:, 0] = 0.1
    for step in range(3):
        delay.push(both, Commands(np.full((2, 7), float(step)), np.zeros(2)))
    delay.reset(np.array([0]), Commands(np.full((2, 7), -7.0), np.zeros(2)))
    _, after, _ = delay.push(both, Commands(np.full((2, 7), 3.0), np.zeros(2)))
    assert after.joints[:, 0].tolist() == [-7.0, 1.0]


@pytest.mark.parametrize(("latency", "late"), [(0.0, 0), (0.02, 0), (0.03, 1), (0.1, 2), (LONGEST_S, 4)])
def test_images_are_late_by_whole_steps(latency, late):
    clock = Clock.of(1, PERIOD)
    delay = ImageDelay(clock, 1)
    delay.reset(ALL)
    shown = []
    for step in range(20):
        delay.schedule.settings[0, 0] = latency
        delay.slot(0)[:] = step
        clock.ticks[:] = step
        delay.record(ALL)
        shown.append(int(delay.shown()[0, 0, 0, 0]))
    assert shown == [max(step - late, 0) for step in range(20)]


def test_images_never_run_backwards():
    clock = Clock.of(1, PERIOD)
    delay = ImageDelay(clock, 1)
    delay.reset(ALL)
    shown = []
    for step, latency in enumerate([0.0, 0.0, 0.2, 0.1, 0.1, 0.05, 0.2]):
        delay.schedule.settings[0, 0] = latency
        delay.slot(0)[:] = step
        clock.ticks[:] = step
        delay.record(ALL)
        shown.append(int(delay.shown()[0, 0, 0, 0]))
    assert shown == [0, 1, 1, 1, 2, 4, 4]


def test_a_latency_knob_reads_what_it_wrote():
    schedule = Schedule("action", Clock.of(3, PERIOD))
    knob = schedule.columns("latency")["latency.action"].knob(1)
    knob.write(0.07)
    assert knob.read() == 0.07 and schedule.settings[:, 0].tolist() == [0.0, 0.07, 0.0]
    assert knob.nominal == 0.0 and knob.limits == (0.0, LONGEST_S)
