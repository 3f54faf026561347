"""Write a policy as ONNX bytes that act the same without torch.

    model = to_onnx(policy)                       # actions in [-1, 1]
    model = to_onnx(policy, scale=(0.03,) * 3 + (0.04,))   # physical units per control step

Inputs are `policy.spec.inputs`, output is "actions" (batch, chunk, action_size); any batch size.
"""

import copy
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from agents.policy import Policy, PolicySpec

OPSET = 17


class Exportable(nn.Module):
    """The policy with positional inputs and without its training-only output.

    Args:
        policy: What to export.
        scale: Physical size of a unit action, one number per action coordinate, or None for [-1, 1].
    """

    scale: Tensor

    def __init__(self, policy: Policy, scale: Sequence[float] | None):
        super().__init__()
        self.policy = policy
        size = policy.spec.action_size
        factors = [1.0] * size if scale is None else [float(value) for value in scale]
        if len(factors) != size:
            raise ValueError(f"scale has {len(factors)} numbers, but an action has {size}")
        self.register_buffer("scale", torch.tensor(factors))

    def forward(self, *inputs: Tensor) -> Tensor:
        actions, _ = self.policy(dict(zip(self.policy.spec.inputs, inputs)))
        return actions * self.scale


def example(spec: PolicySpec, batch: int, seed: int = 0) -> dict[str, Tensor]:
    """Make a plausible observation of the right names, shapes and types."""
    rng = torch.Generator().manual_seed(seed)
    made = {}
    for name in spec.inputs:
        if name.startswith("images."):
            shape = (batch, spec.image_size, spec.image_size, 3)
            made[name] = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
        else:
            made[name] = torch.rand((batch, getattr(spec, name)), generator=rng) * 2 - 1
    return made


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Silence the notice that the TorchScript exporter is no longer the default.

    It is preferred here: it needs no onnxscript and writes one small file with a dynamic batch.
    """
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="torch")
        warnings.filterwarnings("ignore", category=UserWarning, module="torch")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def to_onnx(policy: Policy, scale: Sequence[float] | None = None) -> bytes:
    """Export a policy.

    Args:
        policy: Is not changed.
        scale: Physical size of a unit action per coordinate; None keeps actions in [-1, 1].
    """
    module = Exportable(copy.deepcopy(policy).cpu(), scale).eval()
    names, inputs = policy.spec.inputs, tuple(example(policy.spec, batch=2).values())
    buffer: Any = io.BytesIO()  # the exporter takes a file object; its hints know paths only
    with quiet_exporter(), torch.no_grad():
        torch.onnx.export(
            module,
            inputs,
            buffer,
            input_names=list(names),
            output_names=["actions"],
            dynamic_axes={name: {0: "batch"} for name in (*names, "actions")},
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()
