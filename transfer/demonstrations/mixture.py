"""Minibatches of demonstrations and of simulation side by side, and how much each counts.

    mixture = Mixture(policy, frames_of(demonstrations), dataset, FinetuneSettings(share=0.5))
    mixture.losses(policy, step=0)["loss"]      # share * demonstrations + (1 - share) * simulation
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from agents.batches import Minibatches
from agents.clone import FitSettings, action_loss, columns_for, losses
from agents.dataset import Dataset, Frames
from agents.policy import Policy
from agents.words import INSTRUCTION, text_bytes
from transfer.demonstrations.episode import ACTION_SCALE, Demonstration


@dataclass(frozen=True)
class FinetuneSettings:
    """How to fine-tune.

    Attributes:
        steps: Optimization steps.
        batch: Frames per step, demonstrations and simulation together.
        share: Of the demonstrations in the loss and in the batch, in (0, 1]; 1 rehearses nothing.
        learning_rate: Peak of Adam's; falls as a cosine.
        encoder_rate: Share of the rate that the encoders learn with; 0 freezes them.
        held_out: Share of the demonstrations that only validate; at least one does.
        validate_every: Steps from one validation to the next.
        shift_px: Images are shifted by up to this many pixels each way.
        colour: Channels are scaled by a random factor of up to 1 +- this.
        seed: Of minibatches, augmentation and of what is held out.
        threads: Of torch.
    """

    steps: int = 400
    batch: int = 128
    share: float = 0.5
    learning_rate: float = 3e-4
    encoder_rate: float = 1.0
    held_out: float = 0.2
    validate_every: int = 25
    shift_px: int = 0
    colour: float = 0.1
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise ValueError(f"share is the demonstrations' part of the loss, in (0, 1], not {self.share}.")
        if not 0.0 < self.held_out < 1.0:
            raise ValueError(f"held_out is a share in (0, 1), not {self.held_out}.")
        if self.validate_every < 1 or self.batch < 2:
            raise ValueError(f"validate_every {self.validate_every} and batch {self.batch} are too small.")
        self.fit(self.batch)  # its own checks

    def fit(self, batch: int) -> FitSettings:
        """Give the settings of `agents.clone` for a part of the batch."""
        return FitSettings(
            steps=self.steps,
            batch=batch,
            learning_rate=self.learning_rate,
            encoder_rate=self.encoder_rate,
            shift_px=self.shift_px,
            colour=self.colour,
            seed=self.seed,
            threads=self.threads,
        )

    @property
    def real_batch(self) -> int:
        """Frames of demonstrations per step."""
        return max(1, round(self.share * self.batch))

    @property
    def simulated_batch(self) -> int:
        """Frames of simulation per step."""
        return self.batch - self.real_batch if self.share < 1.0 else 0


def frames_of(demonstrations: Sequence[Demonstration], instructed: bool = False) -> Frames:
    """Lay demonstrations out as cloning reads them; labels are unit actions, what was done in words the instruction."""
    columns = {
        "proprioception": [demo.proprioception for demo in demonstrations],
        "goal": [demo.goal for demo in demonstrations],
        "label": [np.clip(demo.actions / np.array(ACTION_SCALE), -1, 1) for demo in demonstrations],
    }
    joined = {name: np.concatenate(values).astype(np.float32) for name, values in columns.items()}
    for camera in demonstrations[0].images:
        joined[f"images.{camera}"] = np.concatenate([demo.images[camera] for demo in demonstrations])
    lengths = np.array([len(demo) for demo in demonstrations])
    if instructed:
        joined[INSTRUCTION] = text_bytes([demo.task for demo in demonstrations]).repeat(lengths, axis=0)
    return Frames(joined, np.repeat(np.cumsum(lengths), lengths))


class Mixture:
    """Minibatches of demonstrations and of simulation, side by side.

    Args:
        policy: Whose inputs count.
        real: Frames of demonstrations.
        simulated: What is rehearsed.
        settings: Shares and sizes.
    """

    def __init__(
        self,
        policy: Policy,
        real: Frames,
        simulated: Dataset | Frames | None,
        settings: FinetuneSettings,
    ):
        self.settings = settings
        self.real = Minibatches(real, policy, settings.fit(settings.real_batch))
        self.simulated: Minibatches | None = None
        if settings.simulated_batch and simulated is not None:
            frames = simulated if isinstance(simulated, Frames) else simulated.load(columns_for(policy))
            apart = replace(settings.fit(settings.simulated_batch), seed=settings.seed + 1)
            self.simulated = Minibatches(frames, policy, apart)

    def losses(self, policy: Policy, step: int) -> dict[str, Tensor]:
        """Give the terms of a step: "real", "simulated" and their weighted sum "loss"."""
        terms = {"real": action_loss(policy, self.real[step])}
        terms["loss"] = terms["real"]
        if self.simulated is not None:
            rehearsed = losses(policy, self.simulated[step], self.simulated.settings)
            share = self.settings.share
            terms["simulated"] = rehearsed["action"]
            terms["loss"] = share * terms["real"] + (1.0 - share) * rehearsed["loss"]
        return terms
