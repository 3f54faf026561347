"""What a person watches while collectors work: samples/s, success, entropy of the randomization, contact sheets.

    watch = Watch(run)
    dagger(..., watch=watch, progress=watch.progress)
"""

import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.run import Run

if TYPE_CHECKING:
    from agents.dataset import Episodes

RECENT = 200
"""Episodes over which success is told."""
BINS = 10
"""Of an axis's range; its entropy is counted over them."""
FEWEST = 30
"""Draws before entropy is told: fewer cannot fill the bins."""
STRIPS, SHOWN = 6, 8
"""Episodes on a contact sheet, and frames of each."""


class Entropy:
    """Counts where draws fell: 0 nats is evenly over all declared ranges, -ln(10) = -2.3 all worlds alike.

    The mean over axes and their components, estimated with Miller and Madow's correction for few draws. What a strength
    below 1 leaves of a range is counted, so adaptive randomization shows as a line that rises towards 0.
    """

    def __init__(self) -> None:
        self.counts: dict[str, np.ndarray] = {}  # (components, BINS) by axis
        self.draws = 0

    def add(self, randomization: Mapping[str, Any]) -> None:
        """Count one episode's draw, as its record keeps it."""
        self.draws += bool(randomization.get("unit"))
        for axis, place in randomization.get("unit", {}).items():
            unit = np.atleast_1d(np.asarray(place, float)).ravel()
            down, up = level(randomization["strength"], axis)
            pulled = 0.5 + (unit - 0.5) * np.where(unit < 0.5, down, up)
            bins = np.clip((pulled * BINS).astype(int), 0, BINS - 1)
            counts = self.counts.setdefault(axis, np.zeros((len(unit), BINS)))
            counts[np.arange(len(unit)), bins] += 1

    @property
    def value(self) -> float | None:
        """Give it [nats per axis], or None before enough draws and where nothing varies."""
        if self.draws < FEWEST:
            return None
        counts = np.concatenate(list(self.counts.values()))
        total = counts.sum(1, keepdims=True)
        share = counts / total
        found = -(share * np.log(np.maximum(share, 1e-12))).sum(1)
        found += ((counts > 0).sum(1) - 1) / (2.0 * total[:, 0])
        return float(np.minimum(found - np.log(BINS), 0.0).mean())


def level(strength: Any, axis: str) -> tuple[float, float]:
    """Look up the strength towards an axis's low and high end; one that is not named stays at 1."""
    if not isinstance(strength, Mapping):
        return float(strength), float(strength)
    found = strength.get(axis, strength.get(axis.split(".")[0], strength.get("*", 1.0)))
    down, up = np.broadcast_to(found, 2)
    return float(down), float(up)


class Watch:
    """Counts what collectors bring home.

    Args:
        run: Where lines, figures and sheets go.
    """

    def __init__(self, run: Run):
        self.run, self.samples, self.round = run, 0, 0
        self.success: deque[bool] = deque(maxlen=RECENT)
        self.entropy, self.strips = Entropy(), list[np.ndarray]()
        self._since: tuple[float, int] | None = None  # of this round's first result

    def __call__(self, episodes: "Episodes") -> None:
        """Take what a job brought home."""
        for record in episodes.records:
            self.samples += record["length"]
            self.success.append(bool(record["success"]))
            self.entropy.add(record["randomization"])
        if self._since is None:
            self._since = (time.monotonic(), self.samples)
        if len(self.strips) < STRIPS and (strip := first_strip(episodes)) is not None:
            self.strips.append(strip)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Say how far a stage is; beside collecting stands what is being collected."""
        collecting = stage.startswith("collect")
        self.run.progress(stage, done, total, self.line() if collecting else "")
        if collecting and done == total:
            self.finish_round()

    def figures(self) -> dict[str, float]:
        """Give samples/s of this round, recent success and entropy, as far as they are known."""
        began, first = self._since or (time.monotonic(), self.samples)
        passed = time.monotonic() - began
        found = {"samples_per_s": (self.samples - first) / passed} if self.samples > first and passed > 0.0 else {}
        if self.success:
            found["success"] = sum(self.success) / len(self.success)
        entropy = self.entropy.value
        return found if entropy is None else found | {"entropy": entropy}

    def line(self) -> str:
        """Put the figures into words."""
        figures = self.figures()
        forms = {"samples_per_s": "{:.0f} samples/s", "success": "success {:.0%}", "entropy": "entropy {:+.2f}"}
        return ", ".join(form.format(figures[name]) for name, form in forms.items() if name in figures)

    def finish_round(self) -> None:
        """Write the round's figures and its contact sheet to TensorBoard."""
        self.run.log(self.samples, self.figures(), "collect")
        if self.strips:
            self.run.picture(self.round, "collect/episodes", np.concatenate(self.strips))
        self.round, self.strips, self._since = self.round + 1, [], None
        self.entropy = Entropy()


def first_strip(episodes: "Episodes") -> np.ndarray | None:
    """Lay evenly spaced frames of a job's first episode in a row, (height, SHOWN * width, 3) uint8."""
    camera = next((name for name in episodes.columns if name.startswith("images.")), None)
    count = episodes.records[0]["frames"] if episodes.records else 0
    if camera is None or not count:
        return None
    chosen = np.linspace(0, count - 1, SHOWN).round().astype(int)
    return np.concatenate(list(episodes.columns[camera][chosen]), axis=1)
