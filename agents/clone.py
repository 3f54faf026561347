"""Behaviour cloning: make a policy do what the expert would have done on the recorded paths.

    fit(policy, dataset, FitSettings(steps=3000), folder / "checkpoint")

Every step's minibatch is addressed by (seed, step), so a run that was killed goes on from its last checkpoint
to the same weights, bit for bit, on the same machine with the same number of threads.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from agents import checkpoint
from agents.batches import Batches, Minibatches
from agents.dataset import Dataset
from agents.heads import Luck
from agents.heads.direct import CORNER
from agents.policy import Policy
from agents.storage import differences

Log = Callable[[int, Mapping[str, float]], None]
Progress = Callable[[str, int, int], None]  # stage, done, total

WARM_UP = 0.03  # of the steps, while Adam's averages settle
LARGEST_GRADIENT = 1.0  # norm; a rare frame must not undo the others
LOG_EVERY = 50  # steps


@dataclass(frozen=True)
class FitSettings:
    """How to train.

    Attributes:
        steps: Optimization steps.
        batch: Frames per step.
        learning_rate: Peak of Adam's; falls as a cosine to `final_rate` of it.
        final_rate: Share of the peak at the end.
        encoder_rate: Share of the rate that the encoders learn with; 0 freezes them.
        auxiliary_weight: Of the loss on predicted positions.
        later_weight: Of the actions after the first in a chunk, relative to the first.
        shift_px: Images are shifted by up to this many pixels each way.
        colour: Channels are scaled by a random factor of up to 1 +- this.
        seed: Of minibatches and augmentation.
        threads: Of torch. Part of the result: another number rounds differently.
        checkpoint_s: A checkpoint at least every so many seconds.
    """

    steps: int = 3000
    batch: int = 256
    learning_rate: float = 1e-3
    final_rate: float = 0.02
    encoder_rate: float = 1.0
    auxiliary_weight: float = 0.5
    later_weight: float = 0.2
    shift_px: int = 0
    colour: float = 0.0
    seed: int = 0
    threads: int = 2
    checkpoint_s: float = 20.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.learning_rate <= 0.0 or not 0.0 <= self.final_rate <= 1.0:
            given = f"{self.learning_rate} and {self.final_rate}"
            raise ValueError(f"learning_rate must be > 0 and final_rate in [0, 1], not {given}")
        for name in ("encoder_rate", "auxiliary_weight", "later_weight", "shift_px", "colour"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)}")

    def rate(self, step: int) -> float:
        """Give the learning rate of a step: linear warm-up, then a cosine."""
        warm = max(1, round(WARM_UP * self.steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        along = (step - warm) / max(1, self.steps - warm)
        low = self.final_rate
        return self.learning_rate * (low + (1.0 - low) * 0.5 * (1.0 + np.cos(np.pi * along)))


def columns_for(policy: Policy) -> tuple[str, ...]:
    """Name the columns that training this policy reads."""
    targets = [name for extra in policy.extras.values() for name in extra.targets]
    return (*policy.spec.inputs, "label", *(("auxiliary",) if policy.predicts else ()), *targets)


def losses(policy: Policy, batch: Mapping[str, Tensor], settings: FitSettings) -> dict[str, Tensor]:
    """Give the terms of the loss: "action", "auxiliary" (in normalised units), the spec's extras, their sum "loss"."""
    percept = policy.perceive(batch)
    terms = {"action": head_loss(policy, percept.features, batch)}
    terms["loss"] = terms["action"]
    if percept.auxiliary is not None:
        scale = policy.auxiliary
        terms["auxiliary"] = smooth_l1_loss(scale(percept.auxiliary), scale(batch["auxiliary"]), beta=CORNER)
        terms["loss"] = terms["loss"] + settings.auxiliary_weight * terms["auxiliary"]
    for name, extra in policy.extras.items():
        terms[name] = extra(policy, percept, batch)
        terms["loss"] = terms["loss"] + getattr(policy.spec.extras, name) * terms[name]
    return terms


def action_loss(policy: Policy, batch: Mapping[str, Tensor]) -> Tensor:
    """Give the loss on actions alone, where nothing else is known of what is seen."""
    return head_loss(policy, policy.perceive(batch).features, batch)


def head_loss(policy: Policy, features: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Give the head's loss for features of a minibatch."""
    luck = Luck(batch["noise"], batch["time"]) if policy.spec.head.noisy else None
    return policy.head.loss(policy.unroll(features), batch["labels"], batch["weights"], luck)


def fit(
    policy: Policy,
    dataset: Dataset,
    settings: FitSettings,
    folder: Path,
    *,
    record: Mapping | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Policy:
    """Train, going on from `folder` if a run was cut short there.

    Args:
        policy: Where to start from; trained in place unless a checkpoint is resumed.
        dataset: What to learn from.
        settings: How.
        folder: Checkpoint folder, written as training goes and at the end.
        record: Notes for the checkpoint, such as the worlds' spec.
        progress: Called with ("fit", step, steps).
        log: Called now and then with the step and the loss terms.

    Returns:
        The trained policy.
    """
    notes = {**(record or {}), "fit": asdict(settings), "dataset": dataset.hash()}
    start, memory = 0, {}
    if checkpoint.exists(folder):
        former = checkpoint.load(folder)
        refuse_other_run(folder, former.record, notes)
        policy, start, memory = former.policy, former.step, former.optimizer
    if start < settings.steps:
        batches = Minibatches(dataset.load(columns_for(policy)), policy, settings)

        def keep(step: int, optimizer: torch.optim.Adam) -> None:
            checkpoint.save(folder, policy, step=step, record=notes, optimizer=optimizer)

        train(policy, batches, settings, start=start, memory=memory, keep=keep, progress=progress, log=log)
    return policy.eval()


def refuse_other_run(folder: Path, there: Mapping, here: Mapping) -> None:
    """Stop rather than go on from a checkpoint of other settings or other data."""
    names = ("fit", "dataset")
    wrong = differences({n: there.get(n) for n in names}, {n: here[n] for n in names})
    if wrong:
        raise ValueError(f"{folder} holds another training run: {'; '.join(wrong)}. Use a new folder.")


def train(
    policy: Policy,
    batches: Batches,
    settings: FitSettings,
    *,
    start: int = 0,
    memory: Mapping[str, Tensor] | None = None,
    keep: Callable[[int, torch.optim.Adam], None] | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> None:
    """Run the optimizer from step `start` to the end; changes the policy in place.

    Args:
        policy: What is trained.
        batches: Gives the minibatch of any step.
        settings: How.
        start: Steps done before.
        memory: Adam's memory of those steps.
        keep: Called with step and optimizer every `checkpoint_s` seconds and at the end.
        progress: Called with ("fit", step, steps).
        log: Called now and then with the step and the loss terms.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        optimizer = optimizer_for(policy, settings)
        checkpoint.restore_moments(policy, optimizer, memory or {})
        policy.train()
        kept_at = time.monotonic()
        for step in range(start, settings.steps):
            terms = descend(policy, optimizer, batches[step], settings, step)
            done = step + 1
            if log and (done % LOG_EVERY == 0 or done == settings.steps):
                log(done, {name: term.item() for name, term in terms.items()})
            if progress and (done % LOG_EVERY == 0 or done == settings.steps):
                progress("fit", done, settings.steps)
            if keep and (done == settings.steps or time.monotonic() - kept_at > settings.checkpoint_s):
                keep(done, optimizer)
                kept_at = time.monotonic()
    finally:
        torch.set_num_threads(threads)


def optimizer_for(policy: Policy, settings: FitSettings) -> torch.optim.Adam:
    """Build Adam with the encoders in a group of their own, which may learn more slowly."""
    encoders = list(policy.encoders.parameters())
    seeing = {id(parameter) for parameter in encoders}
    others = [parameter for parameter in policy.parameters() if id(parameter) not in seeing]
    others, encoders = ([p for p in group if p.requires_grad] for group in (others, encoders))
    groups = [{"params": others, "factor": 1.0}, {"params": encoders, "factor": settings.encoder_rate}]
    return torch.optim.Adam([group for group in groups if group["params"]], lr=settings.learning_rate)


def descend(
    policy: Policy,
    optimizer: torch.optim.Adam,
    batch: Mapping[str, Tensor],
    settings: FitSettings,
    step: int,
) -> dict[str, Tensor]:
    """Take one step and give the loss terms."""
    for group in optimizer.param_groups:
        group["lr"] = settings.rate(step) * group["factor"]
    terms = losses(policy, batch, settings)
    optimizer.zero_grad(set_to_none=True)
    terms["loss"].backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), LARGEST_GRADIENT)
    optimizer.step()
    return terms
