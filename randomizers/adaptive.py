"""Automatic domain randomization: widen a range where the policy copes.

    ranges = AutoRange.start(domain)
    pin = ranges.probe(rng)                                   # one axis at one of its present ends
    draw = domain.draw(seed, episode, strength=ranges.strength, pin=pin)
    ranges = ranges.record(pin, success=True)

The state is two strengths for each axis, one towards each end of its range. A probe episode pins
one axis to one of its present ends; enough successes there widen that end, too many failures
narrow it (OpenAI, "Solving Rubik's Cube with a Robot Hand", arXiv 1910.07113, section 5).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from randomizers.errors import unknown


@dataclass(frozen=True)
class AutoRange:
    """How far each range reaches; pass `strength` to `Domain.draw`.

    Attributes:
        strength: (towards low, towards high) in [0, limit], by axis.
        tries: Outcomes at (axis, end) since its last verdict, oldest first; 1 is success.
        step: Change of strength after one verdict.
        window: Probe episodes per verdict.
        narrow_below: Success rate at or below which an end moves towards nominal.
        widen_above: Success rate at or above which it moves away.
        limit: Largest strength; above 1 ranges may outgrow what was declared.
    """

    strength: Mapping[str, tuple[float, float]]
    tries: Mapping[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    step: float = 0.05
    window: int = 20
    narrow_below: float = 0.4
    widen_above: float = 0.8
    limit: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.narrow_below < self.widen_above <= 1.0:
            bounds = f"narrow_below={self.narrow_below}, widen_above={self.widen_above}"
            raise ValueError(f"AutoRange needs 0 <= narrow_below < widen_above <= 1, not {bounds}")
        if self.step <= 0.0 or self.window < 1 or self.limit <= 0.0:
            settings = f"step={self.step}, window={self.window}, limit={self.limit}"
            raise ValueError(f"AutoRange needs step > 0, window >= 1 and limit > 0, not {settings}")

    @classmethod
    def start(cls, axes: Iterable[str], **settings: Any) -> "AutoRange":
        """Start with every range closed on its nominal value; `axes` is a Domain or names."""
        return cls(dict.fromkeys(axes, (0.0, 0.0)), **settings)

    def probe(self, rng: "np.random.Generator") -> dict[str, float]:
        """Choose one axis and one end of its range to test; pass it as `pin`."""
        if not self.strength:
            raise ValueError("nothing varies, so there is nothing to probe; start from a Domain with axes")
        return {str(rng.choice(sorted(self.strength))): float(rng.integers(2))}

    def record(self, pin: Mapping[str, float], success: bool) -> "AutoRange":
        """Return the state after one probe episode."""
        name, end = self._probed(pin)
        outcomes = (*self.tries.get((name, end), ()), int(success))
        if len(outcomes) < self.window:
            return replace(self, tries={**self.tries, (name, end): outcomes})
        rate = sum(outcomes) / len(outcomes)
        change = self.step * ((rate >= self.widen_above) - (rate <= self.narrow_below))
        ends = list(self.strength[name])
        ends[end] = float(np.clip(ends[end] + change, 0.0, self.limit))
        return replace(
            self,
            strength={**self.strength, name: (ends[0], ends[1])},
            tries={**self.tries, (name, end): ()},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, to be kept in a checkpoint."""
        settings = ("step", "window", "narrow_below", "widen_above", "limit")
        return {
            "strength": {name: list(ends) for name, ends in self.strength.items()},
            "tries": [[name, end, list(outcomes)] for (name, end), outcomes in self.tries.items()],
            **{name: getattr(self, name) for name in settings},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "AutoRange":
        """Read what `to_dict` wrote."""
        strength = {name: (low, high) for name, (low, high) in data["strength"].items()}
        tries = {(name, end): tuple(outcomes) for name, end, outcomes in data["tries"]}
        return cls(**{**data, "strength": strength, "tries": tries})

    def _probed(self, pin: Mapping[str, float]) -> tuple[str, int]:
        """The axis and the end that a probe pinned."""
        if len(pin) != 1:
            raise ValueError(f"a probe pins one axis, not {len(pin)}: {dict(pin)}")
        ((name, place),) = pin.items()
        if name not in self.strength:
            raise ValueError(unknown("axis of this AutoRange", name, self.strength))
        if place not in (0.0, 1.0):
            raise ValueError(f"a probe pins `{name}` to an end, 0 or 1, not {place}")
        return name, int(place)
