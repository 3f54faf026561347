"""Who labels: the scripted expert, policies, or several of them, each for its part of the randomization.

    heavy = Teacher("heavy", model=onnx_bytes, where={"mass.cube": (0.5, 1.0)})
    pool = open_pool(spec, 8, teachers=(heavy,))       # light cubes are left to the scripted expert

Teachers may see what the student does not, such as "privileged". Where they disagree about one observation, a student
that cannot tell which of them is right can only learn the mean (arXiv 2412.09149); how far is recorded frame by frame.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.acting import Actor
from agents.dataset import Episodes
from randomizers.errors import unknown

COLUMN = "disagreement"


@dataclass(frozen=True)
class Teacher:
    """One who labels.

    Attributes:
        name: For records and reports.
        model: ONNX bytes of a policy, actions in [-1, 1]; None is the scripted expert.
        where: (low, high) in [0, 1] by axis: the part of the axes' ranges it is responsible for, in the draw's unit
            coordinates as in a pin; empty for all of it.
    """

    name: str = "expert"
    model: bytes | None = None
    where: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for axis, ends in self.where.items():
            if len(ends) != 2 or not 0.0 <= ends[0] < ends[1] <= 1.0:
                raise ValueError(f"teacher `{self.name}`: `{axis}` is {list(ends)}; give [low, high] within [0, 1]")

    def covers(self, unit: Mapping[str, Any]) -> bool:
        """Tell whether a draw lies in its part; all components of an axis must."""
        for axis, (low, high) in self.where.items():
            if axis not in unit:
                raise ValueError(unknown(f"axis of teacher `{self.name}`", axis, list(unit)))
            place = np.asarray(unit[axis])
            if not ((low <= place) & (place <= high)).all():
                return False
        return True

    def to_dict(self) -> dict[str, Any]:
        """Give plain data that tells this teacher from others."""
        told = "" if self.model is None else hashlib.sha256(self.model).hexdigest()
        return {"name": self.name, "model": told, "where": {axis: list(ends) for axis, ends in self.where.items()}}


class Panel:
    """Teachers at work in one batch: every row has the first whose part holds its draw, else the scripted expert.

    Args:
        teachers: In order.
        draws: What was drawn, by row.
    """

    def __init__(self, teachers: Sequence[Teacher], draws: Sequence[Any]):
        last = () if any(not each.where for each in teachers) else (Teacher(),)
        self.teachers = (*teachers, *last)
        units = [getattr(draw, "unit", {}) for draw in draws]
        self.chosen = np.array([[each.covers(unit) for each in self.teachers].index(True) for unit in units])
        self.actors = [each.model and Actor(each.model, len(units)) for each in self.teachers]

    @property
    def names(self) -> list[str]:
        """Name the teacher of every row."""
        return [self.teachers[index].name for index in self.chosen]

    @property
    def reads(self) -> tuple[str, ...]:
        """Name what the policies among them observe."""
        return tuple(name for actor in self.actors if actor for name in actor.inputs)

    def label(self, observation: Mapping, expert: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ask all teachers.

        Args:
            observation: Of all rows.
            expert: (rows, action_size), what the scripted expert would do.

        Returns:
            Labels (rows, action_size), and how far the other teachers' actions are from them, (rows,): a root mean
            square over teachers and components.
        """
        said = np.stack([self._said(actor, observation, expert) for actor in self.actors])  # (teachers, rows, A)
        labels = said[self.chosen, np.arange(len(self.chosen))]
        squares = np.square(said - labels).mean(2).sum(0) / max(1, len(said) - 1)  # of a row's own teacher: 0
        return labels, np.sqrt(squares)

    @staticmethod
    def _said(actor: Any, observation: Mapping, expert: np.ndarray) -> np.ndarray:
        """Ask one teacher, (rows, action_size)."""
        return np.asarray(expert) if actor is None else np.clip(actor.act(observation), -1.0, 1.0)


def disagreement(values: np.ndarray, places: Sequence[tuple[int, int]], most: int = 5) -> dict[str, Any]:
    """Sum up where teachers disagreed: what the student cannot know.

    Args:
        values: (frames,) in unit actions.
        places: (episode, step) of each frame.
        most: How many of the worst frames are named, each from another episode.
    """
    worst: dict[int, dict] = {}
    for frame in np.argsort(-values):
        episode, step = places[frame]
        worst.setdefault(episode, {"episode": episode, "step": step, "value": float(values[frame])})
        if len(worst) == most:
            break
    return {
        "mean": float(values.mean()),
        "p95": float(np.quantile(values, 0.95)),
        "above_0.1": float((values > 0.1).mean()),
        "most": list(worst.values()),
    }


def doubts(results: Iterable[Episodes]) -> dict[str, Any]:
    """Sum up where the teachers of some jobs disagreed, and how many episodes each taught."""
    values, places, taught = [], [], Counter[str]()
    for episodes in results:
        values.append(episodes.columns.get(COLUMN, np.zeros(0)))
        places += [(record["episode"], step) for record in episodes.records for step in range(record["frames"])]
        taught.update(record["teacher"] for record in episodes.records)
    whole = np.concatenate(values)
    return {"taught": dict(taught), COLUMN: disagreement(whole, places) if len(whole) else {}}
