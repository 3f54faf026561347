"""Minibatches by address: whatever is random in one depends on (seed, step) alone.

    batches = Minibatches(frames, policy, FitSettings(batch=256))
    batches[7]["labels"]          # (256, chunk, action_size), the same whenever step 7 is asked for
"""

from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from agents.dataset import Frames
from agents.language import tokenizer_for
from agents.policy import Policy
from agents.words import INSTRUCTION, tokens_of

if TYPE_CHECKING:
    from agents.clone import FitSettings


class Batches(Protocol):
    """Minibatches by step: of a dataset, or of a mixture of them."""

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        """Give inputs, "labels" (batch, chunk, action), "weights" (batch, chunk) and targets."""
        ...


class Minibatches:
    """Frames in memory, cut into addressed minibatches.

    A policy with a memory is given windows of `spec.sequence` steps, one after the other; what lies behind an
    episode's end has no weight.

    Args:
        frames: With the columns of `agents.clone.columns_for`.
        policy: Whose inputs and chunk length count.
        settings: Batch size, augmentation and seed.
    """

    def __init__(self, frames: Frames, policy: Policy, settings: "FitSettings"):
        if not len(frames):
            raise ValueError("There is nothing to learn from: the dataset holds no frames")
        self.frames, self.spec, self.settings = frames, policy.spec, settings
        self.columns = dict(frames.columns)
        if INSTRUCTION in self.spec.inputs:
            self.columns[INSTRUCTION] = tokens_of(self.columns[INSTRUCTION], tokenizer_for(self.spec.language))
        self.targets = {"auxiliary"} | {name for extra in policy.extras.values() for name in extra.targets}
        last = np.unique(frames.ends)
        self.starts = np.array([0, *last[:-1]])[np.searchsorted(last, frames.ends)]  # (frames,) first of the episode

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        """Draw the minibatch of a step: inputs, "labels", "weights" and targets."""
        rng = np.random.default_rng([self.settings.seed, step])
        rows, inside = self._rows(rng)
        made: dict[str, np.ndarray] = {}
        for name in self.spec.inputs:
            made |= self._seen(name, rows, rng)
        later = rows[:, None] + np.arange(self.spec.chunk)  # (batch, chunk)
        last = self.frames.ends[rows][:, None] - 1
        made["labels"] = self.columns["label"][np.minimum(later, last)]
        weights = np.full(self.spec.chunk, self.settings.later_weight, np.float32)
        weights[0] = 1.0
        made["weights"] = np.where((later <= last) & inside[:, None], weights / weights.sum(), np.float32(0.0))
        made |= {name: self.columns[name][rows] for name in sorted(self.targets & set(self.columns))}
        if self.spec.extras.dynamics:
            made |= self._following(rows)
        if self.spec.head.noisy:
            made["noise"] = rng.standard_normal(made["labels"].shape, np.float32)
            made["time"] = rng.random(len(rows), np.float32)
        return {name: torch.from_numpy(values) for name, values in made.items()}

    def _rows(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Choose frames, and tell which of them count, (batch,) each."""
        if not self.spec.recurrent:
            rows = rng.integers(0, len(self.frames), self.settings.batch)
            return rows, np.ones(len(rows), bool)
        first = rng.integers(0, len(self.frames), max(1, self.settings.batch // self.spec.sequence))
        rows = first[:, None] + np.arange(self.spec.sequence)  # (windows, sequence)
        last = self.frames.ends[first][:, None] - 1
        return np.minimum(rows, last).reshape(-1), (rows <= last).reshape(-1)

    def _seen(self, name: str, rows: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Give an input and, where the policy sees it too, its past; newest first, the first frame repeated."""
        past = f"past.{name}"
        if past not in self.spec.past:
            values = self.columns[name][rows]
            return {name: self._augment(values, rng) if name.startswith("images.") else values}
        steps = np.maximum(rows[:, None] - np.arange(self.spec.history + 1), self.starts[rows][:, None])
        values = self.columns[name][steps]  # (batch, 1 + history, ...)
        if name.startswith("images."):
            values = self._augment(values, rng)
        return {name: values[:, 0].copy(), past: values[:, 1:].copy()}

    def _following(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Give the inputs of the step after, and whether there is one."""
        after = np.minimum(rows + 1, self.frames.ends[rows] - 1)
        names = [name for name in self.spec.inputs if name != INSTRUCTION]
        seen = {f"next.{name}": self.columns[name][after] for name in names}
        return seen | {"goes_on": (after > rows).astype(np.float32)}

    def _augment(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Shift and tint images (batch, ..., height, width, 3), those of a row alike; edges are repeated."""
        count, (height, width) = len(images), images.shape[-3:-1]
        shape = images.shape
        images = images.reshape(count, -1, height, width, 3)
        if self.settings.shift_px:
            down, right = rng.integers(-self.settings.shift_px, self.settings.shift_px + 1, (2, count, 1))
            rows = np.clip(np.arange(height) + down, 0, height - 1)[:, None, :, None]
            columns = np.clip(np.arange(width) + right, 0, width - 1)[:, None, None, :]
            frames = np.arange(images.shape[1])[None, :, None, None]
            images = images[np.arange(count)[:, None, None, None], frames, rows, columns]
        if self.settings.colour:
            factors = rng.uniform(-self.settings.colour, self.settings.colour, (count, 1, 1, 3)) + 1.0
            images = np.clip(images * factors[:, None].astype(np.float32), 0.0, 255.0).astype(np.uint8)
        return images.reshape(shape)
