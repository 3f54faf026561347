"""Luck of a batch of worlds: what was drawn for each, when it is drawn again, and writing it to the knobs.

    chance = Chance(domain, knobs, period_s=0.05)
    chance.begin(rows, seeds, episodes, strength=1.0, pin=None)
    chance.advance(rows)                  # once per control step: "step" and `Every` axes
    chance.draws[3].values["mass.cube"]   # as world 3 is now

All draws are addressed, so a world's luck does not depend on its row, its neighbours or what ran before:

    "startup"     (seed, episode 0, tick 0): the same in all episodes of a seed, on any worker
    "episode"     (seed, episode, tick 0)
    "step"        (seed, episode, tick t) before the t-th control step; tick 0 at the reset
    Every(a, b)   (seed, episode, tick 0), and tick t whenever its time has passed before the t-th step
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from randomizers import Domain, Draws, Every
from randomizers.strength import Pin, Strength
from randomizers.when import When
from randomizers.world import Knob


@dataclass(frozen=True)
class Part:
    """The axes of one moment.

    Attributes:
        domain: What is drawn then.
        columns: Where its numbers stand in the vector of the whole domain.
    """

    domain: Domain
    columns: np.ndarray

    @classmethod
    def of(cls, whole: Domain, when: When) -> "Part":
        """Cut out what is drawn at one moment."""
        part, names = whole.at(when), whole.names()
        return cls(part, np.array([names.index(name) for name in part.names()], int))


@dataclass(frozen=True)
class Timer:
    """When the axes of one `Every` are due.

    Attributes:
        every: The interval.
        part: Its axes.
        due: (worlds,) time of the next draw since the reset [s].
    """

    every: Every
    part: Part
    due: np.ndarray


class Chance:
    """Draws of all worlds of a batch.

    Args:
        domain: What varies, bound to one of the worlds; they all have the same nominal values.
        knobs: Of each world.
        period_s: Control period [s].

    Attributes:
        draws: The present draw of each world.
        seeds, episodes, ticks: (worlds,) their addresses; a tick is a control step.
        vectors: (worlds, domain.vector_size) float32, the same laid out by `Domain.vector`.
    """

    def __init__(self, domain: Domain, knobs: Sequence[Mapping[str, Knob]], period_s: float):
        worlds = len(knobs)
        self._domain, self._knobs, self._period_s = domain, knobs, period_s
        self.draws = [domain.draw(0, 0, strength=0.0)] * worlds
        self.vectors = np.zeros((worlds, domain.vector_size), np.float32)
        self.seeds, self.episodes = np.zeros(worlds, np.uint64), np.zeros(worlds, int)
        self.ticks = np.zeros(worlds, int)
        self._terms: list[tuple[Strength, Pin | None]] = [(0.0, None)] * worlds
        moments = domain.moments
        self._startup = Part.of(domain, "startup") if "startup" in moments else None
        self._step = Part.of(domain, "step") if "step" in moments else None
        self._timers = [
            Timer(when, Part.of(domain, when), np.zeros(worlds))
            for when in moments
            if isinstance(when, Every)
        ]

    def begin(
        self, rows: np.ndarray, seeds: np.ndarray, episodes: np.ndarray, strength: Strength, pin: Pin | None
    ) -> None:
        """Draw whole episodes and write every knob of their worlds; what has no axis gets its nominal value.

        Raises:
            ValueError: An address, strength or pin is impossible; nothing was changed then.
        """
        drawn = self._domain.draw_many(seeds, episodes, 0, strength=strength, pin=pin)
        if self._startup:
            fixed = self._startup.domain.draw_many(
                seeds, np.zeros_like(episodes), 0, strength=strength, pin=pin
            )
            drawn = replace(drawn, unit=drawn.unit | fixed.unit, values=drawn.values | fixed.values)
        self.seeds[rows], self.episodes[rows], self.ticks[rows] = seeds, episodes, 0
        self.vectors[rows] = self._domain.vector(drawn)
        for timer in self._timers:
            timer.due[rows] = timer.every.wait(seeds, episodes, 0)
        for i, row in enumerate(rows):
            self._terms[row], self.draws[row] = (strength, pin), drawn[i]
            values = self.draws[row].values
            for name, knob in self._knobs[row].items():
                knob.write(values.get(name, knob.nominal))

    def advance(self, rows: np.ndarray) -> np.ndarray:
        """Let a control step begin: draw again what is due and give the rows where that happened."""
        self.ticks[rows] += 1
        changed = np.zeros(len(self.draws), bool)
        if self._step and rows.size:
            self._redraw(self._step, rows)
            changed[rows] = True
        for timer in self._timers:
            late = rows[self.ticks[rows] * self._period_s >= timer.due[rows]]
            if late.size:
                self._redraw(timer.part, late)
                self._wind(timer, late)
                changed[late] = True
        return np.flatnonzero(changed)

    def _wind(self, timer: Timer, rows: np.ndarray) -> None:
        """Set the timer anew; one that is shorter than a control step rings at every step."""
        wait = timer.every.wait(self.seeds[rows], self.episodes[rows], self.ticks[rows])
        timer.due[rows] = np.maximum(timer.due[rows] + wait, self.ticks[rows] * self._period_s)

    def _redraw(self, part: Part, rows: np.ndarray) -> None:
        """Draw some axes at the present ticks, put them into the rows' draws and write them."""
        drawn = self._draw(part.domain, rows)
        self.vectors[np.ix_(rows, part.columns)] = part.domain.vector(drawn)
        for i, row in enumerate(rows):
            new = drawn[i]
            self.draws[row] = self.draws[row] | new
            for name, value in new.values.items():
                self._knobs[row][name].write(value)

    def _draw(self, domain: Domain, rows: np.ndarray) -> Draws:
        terms = [self._terms[row] for row in rows]
        strength: Any = [strength for strength, _ in terms]
        pin: Any = [pin or {} for _, pin in terms]
        if all(term is terms[0] for term in terms):
            strength, pin = strength[0], pin[0]
        seeds, episodes, ticks = (address[rows] for address in (self.seeds, self.episodes, self.ticks))
        return domain.draw_many(seeds, episodes, ticks, strength=strength, pin=pin)
