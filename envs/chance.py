"""Luck of a batch of worlds: what was drawn for each, when it is drawn again, and writing it where it belongs.

    chance = Chance(domain, knobs, columns, clock)
    chance.begin(rows, seeds, episodes, strength=1.0, pin=None)
    chance.advance(rows)                  # once per control step: "step" and `Every` axes
    chance.draws[3].values["mass.cube"]   # as world 3 is now
    chance.values["mass.cube"]            # (worlds,)

All draws are addressed, so a world's luck does not depend on its row, its neighbours or what ran before:

    "startup"     (seed, episode 0, tick 0): the same in all episodes of a seed, on any worker
    "episode"     (seed, episode, tick 0)
    "step"        (seed, episode, tick t) before the t-th control step; tick 0 at the reset
    Every(a, b)   (seed, episode, tick 0), and tick t whenever its time has passed before the t-th step
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from envs.address import another
from envs.clock import Clock
from envs.columns import Column, Rows, together
from envs.drawn import Drawn, Part, Timer
from randomizers import Domain, Draws, Every
from randomizers.strength import Pin, Strength
from randomizers.world import Knob, Value


class Chance:
    """Draws of all worlds of a batch.

    Args:
        domain: What varies, bound to one of the worlds; they all have the same nominal values.
        knobs: Of each world.
        columns: Those of the knobs that can be written for many worlds in one go.
        clock: Of the worlds; it is told here where their episodes are.

    Attributes:
        draws: The present draw of each world, put together when it is asked for.
        values: The present values (worlds, *shape) by axis; not to be written.
        clock: The same.
        terms: Strength and pin of each episode.
        vectors: (worlds, domain.vector_size) float32, the same laid out by `Domain.vector`.
    """

    def __init__(
        self,
        domain: Domain,
        knobs: Sequence[Mapping[str, Knob]],
        columns: Mapping[str, Column],
        clock: Clock,
    ):
        worlds = len(knobs)
        self._knobs, self._columns, self.clock = knobs, columns, clock
        self.vectors = np.zeros((worlds, domain.vector_size), np.float32)
        self.terms: list[tuple[Strength, Pin | None]] = [(0.0, None)] * worlds
        # What is drawn at resets comes first; it is there even if empty, for it checks strengths and pins.
        self._parts = [Part.of(domain, when, worlds) for when in dict.fromkeys(("episode", *domain.moments))]
        self._timers = [
            Timer(part.when, part, np.zeros(worlds)) for part in self._parts if isinstance(part.when, Every)
        ]
        self.draws = Drawn(self._parts, worlds)
        self.values = self.draws.values
        fixed = {name: knob.nominal for name, knob in knobs[0].items() if name not in domain.axes}
        self._still = [(columns[name].write, np.asarray(fixed[name])[None]) for name in fixed if name in columns]
        self._plain = {name: nominal for name, nominal in fixed.items() if name not in columns}
        self._bound: list[tuple[Any, list[tuple[Callable[[Value], None], Value]]]] = [(None, [])] * worlds

    def begin(
        self, rows: np.ndarray, seeds: np.ndarray, episodes: np.ndarray, strength: Strength, pin: Pin | None
    ) -> None:
        """Draw whole episodes and write every knob of their worlds; what has no axis gets its nominal value.

        Raises:
            ValueError: An address, strength or pin is impossible; nothing was changed then.
        """
        drawn = [
            part.domain.draw_many(
                seeds, np.zeros_like(episodes) if part.when == "startup" else episodes, 0, strength=strength, pin=pin
            )
            for part in self._parts
        ]
        self.clock.begin(rows, seeds, episodes)
        for timer in self._timers:
            timer.due[rows] = timer.every.wait(seeds, episodes, 0)
        terms = strength, pin
        for row in rows:
            self.terms[row] = terms
        where = together(rows)
        for write, nominal in self._still:
            write(where, nominal)
        for row in rows:
            for settle, value in self._fixed(row):
                settle(value)
        for part, each in zip(self._parts, drawn):
            self._settle(part, rows, each)
        self.draws.sign(rows, drawn[0])

    def advance(self, rows: np.ndarray) -> np.ndarray:
        """Let a control step begin: draw again what is due and give the rows where that happened."""
        clock = self.clock
        clock.ticks[rows] += 1
        changed = np.zeros(len(clock.ticks), bool)
        for part in self._parts:
            if part.when == "step" and rows.size:
                self._redraw(part, rows)
                changed[rows] = True
        for timer in self._timers:
            late = rows[clock.ticks[rows] * clock.period_s >= timer.due[rows]]
            if late.size:
                self._redraw(timer.part, late)
                self._wind(timer, late)
                changed[late] = True
        return np.flatnonzero(changed)

    @contextmanager
    def otherwise(self, domain: Domain, rows: np.ndarray) -> Iterator[None]:
        """Lend some worlds another draw of some axes, which is on no record; it is taken back at the end.

        Args:
            domain: Axes that are columns, cut out of what varies here.
            rows: The worlds.
        """
        if not rows.size:
            yield
            return
        where, drawn = together(rows), self._draw(domain, rows, again=True)
        for group, block in zip(drawn.groups, drawn.blocks):
            for place, axis in enumerate(group.axes):
                self._write(axis.name, rows, where, block[:, place])
        try:
            yield
        finally:
            for name in domain.axes:
                self._write(name, rows, where, self.values[name][where])

    def _wind(self, timer: Timer, rows: np.ndarray) -> None:
        """Set the timer anew; one that is shorter than a control step rings at every step."""
        clock = self.clock
        wait = timer.every.wait(clock.seeds[rows], clock.episodes[rows], clock.ticks[rows])
        timer.due[rows] = np.maximum(timer.due[rows] + wait, clock.ticks[rows] * clock.period_s)

    def _redraw(self, part: Part, rows: np.ndarray) -> None:
        """Draw some axes at the present ticks, record and write them."""
        drawn = self._draw(part.domain, rows)
        self._settle(part, rows, drawn)
        self.draws.sign(rows, drawn)

    def _settle(self, part: Part, rows: np.ndarray, drawn: Draws) -> None:
        """Record what was drawn and write it."""
        where = together(rows)
        self.vectors[np.ix_(rows, part.columns)] = part.domain.vector(drawn)
        part.keep(where, drawn)
        for group, block in zip(drawn.groups, drawn.blocks):
            for place, axis in enumerate(group.axes):
                self._write(axis.name, rows, where, block[:, place])

    def _fixed(self, row: int) -> list[tuple[Callable[[Value], None], Value]]:
        """Give what writes the nominal values of an engine; a new engine in this row has new knobs."""
        knobs = self._knobs[row]
        if self._bound[row][0] is not knobs:
            self._bound[row] = knobs, [(knobs[name].write, nominal) for name, nominal in self._plain.items()]
        return self._bound[row][1]

    def _write(self, name: str, rows: np.ndarray, where: Rows, values: np.ndarray) -> None:
        """Write a knob of some worlds: in one go where it is a column, else one by one."""
        column = self._columns.get(name)
        if column is not None:
            column.write(where, values)
            return
        for row, value in zip(rows, values):
            self._knobs[row][name].write(value if np.ndim(value) else value.item())

    def _draw(self, domain: Domain, rows: np.ndarray, again: bool = False) -> Draws:
        terms = [self.terms[row] for row in rows]
        strength: Any = [strength for strength, _ in terms]
        pin: Any = [pin or {} for _, pin in terms]
        if all(term is terms[0] for term in terms):
            strength, pin = strength[0], pin[0]
        clock = self.clock
        seeds, episodes, ticks = (address[rows] for address in (clock.seeds, clock.episodes, clock.ticks))
        seeds = another(seeds) if again else seeds
        return domain.draw_many(seeds, episodes, ticks, strength=strength, pin=pin)
