"""From a HeadSpec to its module."""

from typing import Any

from torch import nn

from agents.heads.denoise import Diffusion, Flow
from agents.heads.direct import Direct
from agents.heads.mixture import Mixture
from agents.heads.tokens import Bins, Cosines, Tokens
from agents.parts import DIRECT, HeadSpec


def build(spec: HeadSpec, inputs: int, chunk: int, action_size: int, hidden: int, layers: int) -> nn.Module:
    """Build a head, which is a `Head` and a module.

    Args:
        spec: Which.
        inputs: Features.
        chunk: Actions.
        action_size: Numbers of an action.
        hidden: Width of fully connected layers.
        layers: Their number.
    """
    sizes = {"inputs": inputs, "chunk": chunk, "action_size": action_size, "hidden": hidden, "layers": layers}
    if spec.kind in DIRECT:
        return Direct(spec.kind, **sizes)
    if spec.kind == "mixture":
        return Mixture(spec.components, **sizes)
    if spec.noisy:
        kind: Any = Diffusion if spec.kind == "diffusion" else Flow
        return kind(spec.steps, **sizes)
    code = (Bins if spec.kind == "bins" else Cosines)(spec.bins, chunk, action_size)
    return Tokens(code, chunk * action_size, spec.width, inputs, hidden, layers)
