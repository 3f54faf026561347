"""Learn one batch by heart, and compare torch with onnxruntime: what every part of a policy must do."""

import numpy as np
import torch

from agents.acting import open_session
from agents.clone import FitSettings, descend, optimizer_for
from agents.onnx_export import example, to_onnx
from agents.policy import Policy

FEW = 8  # rows of the batch
FIT = FitSettings(steps=500, batch=FEW, learning_rate=3e-3, threads=1, final_rate=0.1)


def policy_of(spec, seed=0):
    torch.manual_seed(seed)
    return Policy(spec)


def onnx_error(policy, rows=5):
    """Give the largest difference of any output between torch and onnxruntime."""
    inputs = example(policy.spec, rows, seed=3)
    with torch.no_grad():
        actions, _, memory = policy.eval().step(inputs)
    ours = [actions.numpy(), *([] if memory is None else [memory.numpy()])]
    theirs = open_session(to_onnx(policy)).run(None, {name: value.numpy() for name, value in inputs.items()})
    assert len(ours) == len(theirs) and np.abs(theirs[0]).max() <= 1.0
    return max(np.abs(a - b).max() for a, b in zip(ours, theirs))


def batch_of(spec, rows=FEW, seed=0):
    """One minibatch: inputs, labels of two ways of acting, luck."""
    rng = torch.Generator().manual_seed(seed)
    made = example(spec, rows, seed)
    made["labels"] = torch.rand((rows, spec.chunk, spec.action_size), generator=rng) * 1.6 - 0.8
    made["auxiliary"] = torch.rand((rows, max(spec.auxiliary, 1)), generator=rng)
    made["weights"] = torch.full((rows, spec.chunk), 1.0 / spec.chunk)
    return made


def with_luck(batch, spec, step):
    rng = torch.Generator().manual_seed(step)
    luck = {"noise": torch.randn(batch["labels"].shape, generator=rng), "time": torch.rand(FEW, generator=rng)}
    return batch | luck if spec.head.noisy else batch


def error_after(policy, batch, settings=FIT):
    """Learn one batch by heart and give the largest mean error of its rows."""
    optimizer = optimizer_for(policy, settings)
    policy.train()
    for step in range(settings.steps):
        descend(policy, optimizer, with_luck(batch, policy.spec, step), settings, step)
    policy.eval()
    with torch.no_grad():
        return (policy(batch)[0] - batch["labels"]).abs().mean().item()
