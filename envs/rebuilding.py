"""An episode lived again from its record, and compared step by step.

    rebuilt = rebuild(Record.from_json(text))   # in fresh worlds
    rebuilt.match, rebuilt.difference           # True, ""
    rebuilt.difference                          # "step 12: objects" where something differs
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from envs.record import Record
from envs.tape import QUANTITIES

if TYPE_CHECKING:
    from envs.worlds import Worlds


@dataclass(frozen=True)
class Rebuilt:
    """An episode that was rebuilt.

    Attributes:
        record: Its own record.
        match: It is the same, bit for bit.
        difference: What differs first, and where; "" where nothing does.
        versions: Which versions differ.
    """

    record: Record
    match: bool
    difference: str
    versions: tuple[str, ...]


def rebuild(record: Record, worlds: "Worlds | None" = None, watch: Callable[["Worlds"], None] | None = None) -> Rebuilt:
    """Live an episode again and compare.

    Args:
        record: The episode.
        worlds: From `record.build()`, where they are at hand; fresh ones otherwise, closed afterwards.
        watch: Called with the worlds at the start and after every step; row 0 is the episode.
    """
    mine = worlds or record.build()
    try:
        _live(record, mine, watch)
        again = Record.of(mine, 0, record.actions if isinstance(record.actions, str) else "")
    finally:
        if worlds is None:
            mine.close()
    difference = _difference(record, again)
    here, there = again.versions, record.versions
    other = [f"{name}: {there.get(name)} then, {now} now" for name, now in here.items() if there.get(name) != now]
    return Rebuilt(again, not difference, difference, tuple(other))


def _live(record: Record, worlds: "Worlds", watch: Callable[["Worlds"], None] | None) -> None:
    """Begin the episode in row 0 and carry it through; look where somebody looked."""
    active, seen = np.arange(worlds.num) == 0, record.words[:, QUANTITIES.index("images")] != 0
    given = record.given()
    worlds.begin([0], record.seed, record.episode, record.strength, record.pin)
    for step in range(record.length + 1):
        if seen[step]:
            worlds.observe(active)
        if watch is not None:
            watch(worlds)
        if step < record.length:
            actions = worlds.expert_actions() if given is None else np.repeat(given[step : step + 1], worlds.num, 0)
            worlds.step(actions, active)


def _difference(then: Record, now: Record) -> str:
    """Say what differs first between two records of one episode."""
    for axis in sorted({*then.draw, *now.draw}):
        if then.draw.get(axis) != now.draw.get(axis):
            return f"the draw: `{axis}` was {then.draw.get(axis)}, is {now.draw.get(axis)}"
    if then.length != now.length:
        return f"length: {then.length} steps then, {now.length} now"
    differs = then.words != now.words
    if differs.any():
        step = int(differs.any(axis=1).argmax())
        return f"step {step}: {', '.join(np.array(QUANTITIES)[differs[step]])}"
    if (then.trajectory, then.images) != (now.trajectory, now.images):
        return "the hashes alone: was the record edited?"
    return ""


def rebuild_all(records: Sequence[Record], workers: int = 1) -> list[str]:
    """Rebuild many episodes, each in fresh worlds, and say what differs in each; "" where nothing does.

    Args:
        records: The episodes.
        workers: Processes that share the work; 1 is this one.
    """
    if workers == 1:
        return [rebuild(record).difference for record in records]
    texts = [record.to_json() for record in records]
    with get_context("spawn").Pool(workers) as pool:
        return pool.map(_differs, texts, chunksize=4)


def _differs(text: str) -> str:
    return rebuild(Record.from_json(text)).difference
