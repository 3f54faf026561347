"""Write a policy as ONNX bytes that act the same without torch.

    model = to_onnx(policy)                       # actions in [-1, 1]
    model = to_onnx(policy, scale=(0.03,) * 3 + (0.04,))   # physical units per control step

Inputs are `policy.spec.model_inputs`, output is "actions" (batch, chunk, action_size), and "next_memory" of a
policy that has one; any batch size.
"""

import copy
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from agents.acting import NEXT_MEMORY, NOISE, PAST, TOKENIZER
from agents.language import tokenizer_for
from agents.policy import Policy, PolicySpec
from agents.words import INSTRUCTION

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

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        actions, _, memory = self.policy.step(dict(zip(self.policy.spec.model_inputs, inputs)))
        return actions * self.scale if memory is None else (actions * self.scale, memory)


def example(spec: PolicySpec, batch: int, seed: int = 0) -> dict[str, Tensor]:
    """Make plausible inputs of the right names, shapes and types."""
    rng = torch.Generator().manual_seed(seed)
    made = {}
    for name in spec.model_inputs:
        shape = (batch, *shape_of(spec, name))
        if ".images." in f".{name}":
            made[name] = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
        elif name == INSTRUCTION:
            words = [f"put the {('red', 'green', 'blue')[(seed + row) % 3]} cube away" for row in range(batch)]
            made[name] = torch.from_numpy(tokenizer_for(spec.language).encode(words))
        elif name == NOISE:
            made[name] = torch.randn(shape, generator=rng)
        else:
            made[name] = torch.rand(shape, generator=rng) * 2 - 1
    return made


def shape_of(spec: PolicySpec, name: str) -> tuple[int, ...]:
    """Give the shape of one row of an input of the model."""
    if name.startswith(PAST):
        return (spec.history, *shape_of(spec, name.removeprefix(PAST)))
    if name.startswith("images."):
        return (spec.image_size, spec.image_size, 3)
    if name == NOISE:
        return (spec.chunk, spec.action_size)
    return (getattr(spec, {"memory": "recurrent", INSTRUCTION: "chunk"}.get(name, name)),)


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
        warnings.filterwarnings("ignore", message="Converting a tensor to a Python")  # an image's size is constant
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
    names, inputs = policy.spec.model_inputs, tuple(example(policy.spec, batch=2).values())
    outputs = ["actions", *([NEXT_MEMORY] if policy.spec.recurrent else [])]
    buffer: Any = io.BytesIO()  # the exporter takes a file object; its hints know paths only
    with quiet_exporter(), torch.no_grad():
        torch.onnx.export(
            module,
            inputs,
            buffer,
            input_names=list(names),
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in (*names, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    if not policy.spec.language.fusion:
        return buffer.getvalue()
    return with_metadata(buffer.getvalue(), {TOKENIZER: tokenizer_for(policy.spec.language).to_json()})


def with_metadata(model: bytes, entries: Mapping[str, str]) -> bytes:
    """Write text into the model file itself, beside what is there, so that a lone file says what it is."""
    graph = onnx.load_from_string(model)
    known = {entry.key: entry.value for entry in graph.metadata_props}
    onnx.helper.set_model_props(graph, known | dict(entries))
    return graph.SerializeToString()
