"""Fine-tune a policy on a handful of demonstrations while it rehearses simulation.

    tuned = finetune(policy, demonstrations, dataset, FinetuneSettings())
    tuned.policy, tuned.step, tuned.curve

The loss is share * demonstrations + (1 - share) * simulation, by weight whatever their sizes. Scales of
inputs stay those of simulation: ten demonstrations say little about spread. Whole demonstrations are held
out, and a step that predicts their actions well is kept; step 0, the policy as it came, is a candidate too.
"""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from agents.clone import LARGEST_GRADIENT, optimizer_for
from agents.dataset import Dataset, Frames
from agents.language import tokenizer_for
from agents.policy import Policy, tensors
from agents.words import INSTRUCTION, tokens_of
from transfer.demonstrations.episode import Demonstration
from transfer.demonstrations.mixture import FinetuneSettings, Mixture, frames_of

__all__ = ["FineTuned", "FinetuneSettings", "finetune"]

Progress = Callable[[str, int, int], None]  # stage, done, total
PIECE = 256
"""Frames validated at once."""


@dataclass(frozen=True)
class FineTuned:
    """What came out.

    Attributes:
        policy: The candidate.
        step: That of the candidate; 0 is the policy as it came.
        curve: Per validation: step, "real" and "simulated" training loss, and the mean absolute error on held-out
            demonstrations, "validation" [unit actions], with its "standard_error".
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
    told = bool(policy.spec.language.fusion)
    mixture = Mixture(policy, frames_of(training, told), simulated, settings)
    validation = frames_of([demonstrations[i] for i in held], told)
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


def validate(policy: Policy, frames: Frames) -> np.ndarray:
    """Give the absolute error of the next action, (frames,) in unit actions."""
    policy.eval()
    errors, columns = [], dict(frames.columns)
    if INSTRUCTION in policy.spec.inputs:
        columns[INSTRUCTION] = tokens_of(columns[INSTRUCTION], tokenizer_for(policy.spec.language))
    with torch.no_grad():
        for start in range(0, len(frames), PIECE):
            piece = {name: values[start : start + PIECE] for name, values in columns.items()}
            actions, _ = policy(tensors(piece, policy.spec.inputs))
            errors.append(np.abs(actions[:, 0].numpy() - piece["label"]).mean(1))
    policy.train()
    return np.concatenate(errors)


def _train(
    policy: Policy,
    mixture: Mixture,
    validation: Frames,
    settings: FinetuneSettings,
    progress: Progress | None,
) -> tuple[Policy, int, list[dict]]:
    """Descend, validate now and then, and give the chosen policy, its step and the curve."""
    fit = settings.fit(settings.batch)
    optimizer = optimizer_for(policy, fit)
    curve = [{"step": 0, **error_of(policy, validation)}]
    kept = [copy.deepcopy(policy.state_dict())]
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
            losses_now = {name: float(term.item()) for name, term in terms.items()}
            curve.append({"step": done, **error_of(policy, validation), **losses_now})
            kept.append(copy.deepcopy(policy.state_dict()))
            if progress:
                progress("finetune", done, settings.steps)
    chosen = choose(curve)
    policy.load_state_dict(kept[chosen])
    return policy.eval(), int(curve[chosen]["step"]), curve


def error_of(policy: Policy, frames: Frames) -> dict[str, float]:
    """Give the mean error on held-out demonstrations and its standard error."""
    errors = validate(policy, frames)
    return {"validation": float(errors.mean()), "standard_error": float(errors.std() / np.sqrt(len(errors)))}


def choose(curve: Sequence[Mapping[str, float]]) -> int:
    """Give the index of the latest entry within one standard error of the best.

    Prediction error on a few demonstrations is a blunt judge: among steps it cannot tell apart, the later one has
    learnt more of reality (one-standard-error rule; transfer-and-formats.md, section 3.5). Entry 0 is chosen if
    nothing is better.
    """
    best = min(curve, key=lambda entry: entry["validation"])
    if best is curve[0]:
        return 0
    most = min(best["validation"] + best["standard_error"], curve[0]["validation"])
    return max(i for i, entry in enumerate(curve) if i and entry["validation"] <= most)
