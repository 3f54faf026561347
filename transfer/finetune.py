"""Fine-tune a policy on a handful of demonstrations while it rehearses simulation.

    tuned = finetune(policy, demonstrations, dataset, FinetuneSettings())
    tuned.policy, tuned.step, tuned.curve

The loss is share * demonstrations + (1 - share) * simulation, by weight whatever their sizes. Scales of
inputs stay those of simulation: ten demonstrations say little about spread. Whole demonstrations are held
out, and the step that predicts their actions best is kept; step 0, the policy as it came, is a candidate too.
"""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from agents.clone import (
    CORNER,
    LARGEST_GRADIENT,
    FitSettings,
    Minibatches,
    columns_for,
    losses,
    optimizer_for,
)
from agents.dataset import Dataset, Frames
from agents.policy import Policy, tensors
from transfer.demonstrations.episode import ACTION_SCALE, Demonstration

Progress = Callable[[str, int, int], None]  # stage, done, total
PIECE = 256
"""Frames validated at once."""


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
    shift_px: int = 2
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


@dataclass(frozen=True)
class FineTuned:
    """What came out.

    Attributes:
        policy: The candidate.
        step: Where it validated best; 0 is the policy as it came.
        curve: Per validation: step, "real" and "simulated" training loss, "validation" loss.
        held_out: Indices of the demonstrations that only validated.
        seconds: It took.
        settings: How.
    """

    policy: Policy
    step: int
    curve: tuple[dict, ...]
    held_out: tuple[int, ...]
    seconds: float
    settings: FinetuneSettings

    def to_dict(self) -> dict:
        """Give plain data for result.json."""
        return {
            "step": self.step,
            "curve": list(self.curve),
            "held_out": list(self.held_out),
            "seconds": self.seconds,
            "settings": asdict(self.settings),
        }


def finetune(
    policy: Policy,
    demonstrations: Sequence[Demonstration],
    simulated: Dataset | Frames | None,
    settings: FinetuneSettings,
    *,
    progress: Progress | None = None,
) -> FineTuned:
    """Fine-tune a copy of a policy.

    Args:
        policy: Is not changed.
        demonstrations: At least two: one validates.
        simulated: What the policy was trained on, for rehearsal; None only with share=1.
        settings: How.
        progress: Called with ("finetune", step, steps).
    """
    if policy.spec.observes != "images":
        raise ValueError("Demonstrations hold images, no ground truth: only a vision policy can be tuned.")
    if simulated is None and settings.share < 1.0:
        raise ValueError(f"share={settings.share} rehearses simulation, but no simulated data were given.")
    held = held_out(len(demonstrations), settings)
    training = [demo for i, demo in enumerate(demonstrations) if i not in held]
    mixture = Mixture(policy, frames_of(training), simulated, settings)
    validation = frames_of([demonstrations[i] for i in held])
    began, threads = time.perf_counter(), torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        best, step, curve = _train(copy.deepcopy(policy), mixture, validation, settings, progress)
    finally:
        torch.set_num_threads(threads)
    return FineTuned(best, step, tuple(curve), held, time.perf_counter() - began, settings)


def held_out(count: int, settings: FinetuneSettings) -> tuple[int, ...]:
    """Choose the demonstrations that only validate."""
    if count < 2:
        raise ValueError(f"At least 2 demonstrations are needed, as one validates; there are {count}.")
    few = min(count - 1, max(1, round(settings.held_out * count)))
    order = np.random.default_rng([settings.seed, count]).permutation(count)
    return tuple(sorted(int(i) for i in order[:few]))


def frames_of(demonstrations: Sequence[Demonstration]) -> Frames:
    """Lay demonstrations out as cloning reads them; labels are unit actions."""
    columns = {
        "proprioception": [demo.proprioception for demo in demonstrations],
        "goal": [demo.goal for demo in demonstrations],
        "label": [np.clip(demo.actions / np.array(ACTION_SCALE), -1, 1) for demo in demonstrations],
    }
    joined = {name: np.concatenate(values).astype(np.float32) for name, values in columns.items()}
    for camera in demonstrations[0].images:
        joined[f"images.{camera}"] = np.concatenate([demo.images[camera] for demo in demonstrations])
    lengths = np.array([len(demo) for demo in demonstrations])
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


def action_loss(policy: Policy, batch: Mapping[str, Tensor]) -> Tensor:
    """Give the loss on actions alone: nobody knows where the objects of a demonstration were."""
    actions, _ = policy(batch)
    error = smooth_l1_loss(actions, batch["labels"], reduction="none", beta=CORNER).mean(2)
    return (error * batch["weights"]).sum() / batch["weights"].sum()


def validate(policy: Policy, frames: Frames) -> float:
    """Give the mean absolute error of the next action over all frames, in unit actions."""
    policy.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(frames), PIECE):
            piece = {name: values[start : start + PIECE] for name, values in frames.columns.items()}
            actions, _ = policy(tensors(piece, policy.spec.inputs))
            total += float(np.abs(actions[:, 0].numpy() - piece["label"]).mean(1).sum())
    policy.train()
    return total / len(frames)


def _train(
    policy: Policy,
    mixture: Mixture,
    validation: Frames,
    settings: FinetuneSettings,
    progress: Progress | None,
) -> tuple[Policy, int, list[dict]]:
    """Descend, validate now and then, and give the best policy, its step and the curve."""
    fit = settings.fit(settings.batch)
    optimizer = optimizer_for(policy, fit)
    curve = [{"step": 0, "validation": validate(policy, validation)}]
    best, best_step, lowest = copy.deepcopy(policy), 0, curve[0]["validation"]
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = fit.rate(step) * group["factor"]
        terms = mixture.losses(policy, step)
        optimizer.zero_grad(set_to_none=True)
        terms["loss"].backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        done = step + 1
        if done % settings.validate_every == 0 or done == settings.steps:
            error = validate(policy, validation)
            curve.append({"step": done, "validation": error} | {k: float(v.item()) for k, v in terms.items()})
            if error < lowest:
                best, best_step, lowest = copy.deepcopy(policy), done, error
            if progress:
                progress("finetune", done, settings.steps)
    return best.eval(), best_step, curve
