"""Statistics of a LeRobot dataset's columns: exact quantiles of all frames, never averages of episodes'.

    total = Summary()
    total.add(columns)              # episode after episode
    total.stats()                   # {"action": {"min": [...], "q99": [...], ...}, ...}

Images are summarised in [0, 1] per channel from a histogram of their 256 levels, which is exact and adds up.
"""

from collections.abc import Mapping

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
LEVELS = 256


class Summary:
    """Collects columns and gives their statistics."""

    def __init__(self) -> None:
        self._rows: dict[str, list[np.ndarray]] = {}
        self._histograms: dict[str, np.ndarray] = {}
        self._frames: dict[str, int] = {}

    def add(self, columns: Mapping[str, np.ndarray]) -> None:
        """Count one episode's columns: vectors (frames, size), scalars (frames,), images uint8."""
        for name, values in columns.items():
            self._frames[name] = self._frames.get(name, 0) + len(values)
            if values.ndim == 4:
                self._histograms[name] = self._histograms.get(name, 0) + histogram(values)
            else:
                self._rows.setdefault(name, []).append(values.reshape(len(values), -1))

    def stats(self) -> dict[str, dict[str, list]]:
        """Give plain lists: (size,) for vectors, (3, 1, 1) for images, `count` (1,) in frames."""
        found = {name: _of_rows(np.concatenate(rows)) for name, rows in self._rows.items()}
        found |= {name: _of_levels(counts) for name, counts in self._histograms.items()}
        return {name: stats | {"count": [self._frames[name]]} for name, stats in found.items()}


def histogram(images: np.ndarray) -> np.ndarray:
    """Count the levels of each channel, (channels, 256)."""
    flat = images.reshape(-1, images.shape[-1])
    return np.stack([np.bincount(channel, minlength=LEVELS) for channel in flat.T])


def _of_rows(rows: np.ndarray) -> dict[str, list]:
    exact = rows.astype(np.float64)
    stats = {"min": exact.min(0), "max": exact.max(0), "mean": exact.mean(0), "std": exact.std(0)}
    stats |= {name: np.quantile(exact, q, axis=0) for name, q in QUANTILES.items()}
    return {name: values.tolist() for name, values in stats.items()}


def _of_levels(counts: np.ndarray) -> dict[str, list]:
    levels, total = np.arange(LEVELS) / (LEVELS - 1), counts.sum(1)
    mean = counts @ levels / total
    below = np.cumsum(counts, axis=1)
    stats = {
        "min": levels[(counts > 0).argmax(1)],
        "max": levels[LEVELS - 1 - (counts[:, ::-1] > 0).argmax(1)],
        "mean": mean,
        "std": np.sqrt(np.maximum(counts @ levels**2 / total - mean**2, 0.0)),
    }
    stats |= {name: levels[(below >= q * total[:, None]).argmax(1)] for name, q in QUANTILES.items()}
    return {name: values.reshape(-1, 1, 1).tolist() for name, values in stats.items()}
