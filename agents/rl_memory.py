"""What a run of reinforcement learning is, on disk: safetensors and JSON instead of SB3's zip of pickles.

    keep(folder, Memory(tensors, about)); memory = recall(folder)

One folder, swapped in whole: `tensors.safetensors` holds networks, optimizers, replay; `memory.json` counters and
the hash of the former.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as pack_tensors
from torch import Tensor, nn

from agents.checkpoint import verified
from agents.storage import read_json, recover_folder, replace_folder, write_bytes, write_json

TENSORS, ABOUT = "tensors.safetensors", "memory.json"
KIND = "sim2arm reinforcement learning"
REPLAY = ("actions", "rewards", "dones", "timeouts", "ep_start", "ep_length")


@dataclass(frozen=True)
class Memory:
    """Tensors by name, and plain facts."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]


def keep(folder: Path, memory: Memory) -> None:
    """Write it in one piece, in place of a former one."""
    data = pack_tensors({name: values.detach().contiguous().clone() for name, values in memory.tensors.items()})
    about = {"kind": KIND, **memory.about, "sha256": hashlib.sha256(data).hexdigest()}

    def fill(fresh: Path) -> None:
        write_bytes(fresh / TENSORS, data)
        write_json(fresh / ABOUT, about)

    replace_folder(folder, fill)


def recall(folder: Path) -> Memory | None:
    """Read what `keep` wrote; None where nothing was.

    Raises:
        ValueError: It is cut off, changed, or of another kind.
    """
    recover_folder(folder)
    if not (folder / ABOUT).is_file():
        return None
    about = read_json(folder / ABOUT, "run")
    if about.get("kind") != KIND:
        raise ValueError(f"{folder} holds no run of reinforcement learning: its kind is {about.get('kind')!r}")
    return Memory(verified(folder / TENSORS, about["sha256"]), about)


def pack(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """Name a module's numbers."""
    return {f"{prefix}/{name}": values for name, values in module.state_dict().items()}


def unpack(prefix: str, module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give a module its numbers back."""
    own = {name.removeprefix(f"{prefix}/"): v for name, v in tensors.items() if name.startswith(f"{prefix}/")}
    module.load_state_dict(own)


def pack_adam(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Name what Adam remembers, by the order of its parameters."""
    return {f"{prefix}/{at}/{moment}": v for at, moment, v in _moments(optimizer)}


def unpack_adam(prefix: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give Adam back what it remembered."""
    for at, parameter in enumerate(_parameters(optimizer)):
        found = {
            name.rsplit("/", 1)[1]: values.clone()
            for name, values in tensors.items()
            if name.startswith(f"{prefix}/{at}/")
        }
        if found:
            optimizer.state[parameter] = found


def _moments(optimizer: torch.optim.Optimizer) -> Iterator[tuple[int, str, Tensor]]:
    for at, parameter in enumerate(_parameters(optimizer)):
        for moment, values in optimizer.state.get(parameter, {}).items():
            yield at, moment, torch.as_tensor(values)


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def pack_replay(buffer: Any) -> dict[str, Tensor]:
    """Name the filled part of a replay buffer; what belongs to episodes that have not ended comes along."""
    rows = slice(0, buffer.buffer_size if buffer.full else buffer.pos)
    found = {name: getattr(buffer, name)[rows] for name in REPLAY if hasattr(buffer, name)}
    for what in ("observations", "next_observations"):
        found |= {f"{what}/{name}": values[rows] for name, values in getattr(buffer, what).items()}
    found["place"] = np.array([buffer.pos, int(buffer.full)])
    return {f"replay/{name}": torch.from_numpy(np.ascontiguousarray(values)) for name, values in found.items()}


def unpack_replay(buffer: Any, tensors: Mapping[str, Tensor]) -> None:
    """Fill a buffer of the same size; the episodes that were under way end where they were cut."""
    for name in REPLAY:
        if hasattr(buffer, name):
            _fill(getattr(buffer, name), tensors[f"replay/{name}"])
    for what in ("observations", "next_observations"):
        for name, values in getattr(buffer, what).items():
            _fill(values, tensors[f"replay/{what}/{name}"])
    buffer.pos, full = (int(number) for number in tensors["replay/place"])
    buffer.full = bool(full)
    last = (buffer.pos - 1) % buffer.buffer_size
    open_ended = buffer.dones[last] == 0
    buffer.dones[last][open_ended] = 1.0
    buffer.timeouts[last][open_ended] = 1.0
    if hasattr(buffer, "ep_start"):
        for world in np.flatnonzero(open_ended):
            buffer._current_ep_start[world] = buffer.ep_start[last, world]
            buffer._compute_episode_length(int(world))
        buffer._current_ep_start[:] = buffer.pos


def _fill(array: np.ndarray, values: Tensor) -> None:
    array[: len(values)] = values.numpy()
