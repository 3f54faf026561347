"""One policy module for cloning, fine-tuning and export: observation -> chunk of actions.

    spec = PolicySpec(observes="images", cameras=("front",), image_size=64)
    policy = Policy(spec)
    actions, auxiliary = policy({"images.front": bytes, "proprioception": p, "goal": g})

Everything the robot needs is inside: normalisation, the encoder, and the relative vectors (hand to object,
object to goal) that make cloning easy. A vision policy first says where the objects are (`auxiliary`,
supervised by the simulator), then acts on that and on its keypoints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.encoders import KeypointEncoder
from randomizers.errors import unknown

OBSERVES = ("state", "images")
NEAR_M = 0.03  # contact happens within half a cube: the finer scale (cloned push: 92 -> 98 %)
FAR_M = 0.2  # the size of the workspace: the coarser one
SMALLEST_STD = 0.01  # keeps a coordinate that never moved from exploding once it does


@dataclass(frozen=True)
class PolicySpec:
    """Everything needed to build a Policy again; plain data.

    Attributes:
        observes: "state" (the task's ground-truth features) or "images".
        cameras: Cameras it sees, in order; empty for a state policy.
        image_size: Side of the square images [px].
        proprioception: Numbers the arm reports of itself.
        hand: Where the hand's position (x, y, z) starts within them.
        goal: Numbers that say what is wanted.
        state: Ground-truth features; 0 for a vision policy.
        auxiliary: Numbers an encoder must predict; its leading triples are positions [m].
        action_size: Numbers per action, in [-1, 1].
        chunk: Actions predicted at once.
        channels: Widths of the encoder's convolutions but the last.
        keypoints: Maps of the encoder's last convolution.
        hidden: Width of the fully connected layers.
        layers: Number of hidden layers of the action head.
        stop_gradient: The action loss does not reach the encoder through the predicted positions.
    """

    observes: str = "images"
    cameras: tuple[str, ...] = ("front",)
    image_size: int = 64
    proprioception: int = 14
    hand: int = 8
    goal: int = 3
    state: int = 0
    auxiliary: int = 3
    action_size: int = 4
    chunk: int = 4
    channels: tuple[int, ...] = (16, 32, 32)
    keypoints: int = 32
    hidden: int = 256
    layers: int = 2
    stop_gradient: bool = False

    def __post_init__(self) -> None:
        if self.observes not in OBSERVES:
            raise ValueError(unknown("policy observation", self.observes, OBSERVES))
        if self.observes == "images" and not self.cameras:
            raise ValueError('A policy that observes "images" needs at least one camera in `cameras`')
        if self.observes == "state" and (self.cameras or not self.state):
            raise ValueError('A policy that observes "state" needs `state` > 0 and no cameras')
        if self.hand + 3 > self.proprioception:
            raise ValueError(f"hand={self.hand} leaves no x, y, z in proprioception={self.proprioception}")
        for name in ("chunk", "action_size", "hidden", "layers", "goal"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors that the policy reads, in the order of the exported model."""
        seen = ("state",) if self.observes == "state" else tuple(f"images.{name}" for name in self.cameras)
        return ("proprioception", "goal", *seen)

    def to_dict(self) -> dict:
        """Give plain data for JSON."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping) -> "PolicySpec":
        """Read what `to_dict` wrote; an unknown key is an error."""
        known = [field.name for field in fields(cls)]
        for name in data:
            if name not in known:
                raise ValueError(unknown("policy field", name, known))
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return cls(**values)


def hidden_layers(inputs: int, width: int, count: int) -> list[nn.Module]:
    """Stack `count` fully connected layers with ReLU."""
    sizes = [inputs, *[width] * count]
    return [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]


class Normalizer(nn.Module):
    """Centre and scale by the statistics of the first round's data; they travel with the weights.

    Args:
        size: Numbers in the vector.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))

    def fit(self, values: np.ndarray) -> None:
        """Take mean and standard deviation of (rows, size) values."""
        exact = values.astype(np.float64)
        self.mean.copy_(torch.from_numpy(exact.mean(0)))
        self.std.copy_(torch.from_numpy(np.maximum(exact.std(0), SMALLEST_STD)))

    def forward(self, values: Tensor) -> Tensor:
        return ((values - self.mean) / self.std).clamp(-5.0, 5.0)

    def inverse(self, values: Tensor) -> Tensor:
        """Undo the scaling."""
        return values * self.std + self.mean


class Policy(nn.Module):
    """Observation -> (chunk of actions in [-1, 1], predicted auxiliary or None)."""

    def __init__(self, spec: PolicySpec):
        super().__init__()
        self.spec = spec
        self.proprioception = Normalizer(spec.proprioception)
        self.goal = Normalizer(spec.goal)
        self.state = Normalizer(spec.state) if spec.observes == "state" else None
        sees = spec.observes == "images"
        self.encoders = nn.ModuleList(
            KeypointEncoder(spec.channels, spec.keypoints, spec.image_size) for _ in spec.cameras
        )
        seen = sum(encoder.size for encoder in self.encoders if isinstance(encoder, KeypointEncoder))
        self.predicts = sees and spec.auxiliary > 0
        self.positions = spec.auxiliary // 3 if self.predicts else 0
        if self.predicts:
            self.auxiliary = Normalizer(spec.auxiliary)
            self.locate = nn.Sequential(
                *hidden_layers(seen + spec.proprioception, spec.hidden // 2, 1),
                nn.Linear(spec.hidden // 2, spec.auxiliary),
            )
        inputs = spec.proprioception + spec.goal + (seen if sees else 2 * spec.state)
        inputs += spec.auxiliary * self.predicts + self._relatives_size()
        self.act = nn.Sequential(
            *hidden_layers(inputs, spec.hidden, spec.layers),
            nn.Linear(spec.hidden, spec.chunk * spec.action_size),
            nn.Tanh(),
        )

    def _relatives_size(self) -> int:
        pairs = 2 * self.positions + 1
        return 6 * pairs if self.spec.goal == 3 else 6 * self.positions

    def fit_normalizers(self, columns: Mapping[str, np.ndarray]) -> None:
        """Take the scales of inputs and auxiliary from data.

        Args:
            columns: (rows, size) arrays "proprioception", "goal" and, where used, "state" and "auxiliary".
        """
        self.proprioception.fit(columns["proprioception"])
        self.goal.fit(columns["goal"])
        if self.state is not None:
            self.state.fit(columns["state"])
        if self.predicts:
            self.auxiliary.fit(columns["auxiliary"])

    def forward(self, observation: Mapping[str, Tensor]) -> tuple[Tensor, Tensor | None]:
        """Act on a batch.

        Args:
            observation: Tensors named as in `spec.inputs`; images are (batch, height, width, 3) uint8.

        Returns:
            (batch, chunk, action_size) in [-1, 1], and (batch, auxiliary) in physical units or None.
        """
        body = self.proprioception(observation["proprioception"])
        inputs = [body, self.goal(observation["goal"])]
        auxiliary = None
        if self.state is not None:
            state = observation["state"]
            inputs += [self.state(state), torch.tanh(state / NEAR_M)]
        else:
            images = [observation[f"images.{name}"] for name in self.spec.cameras]
            keypoints = [encoder(batch) for encoder, batch in zip(self.encoders, images)]
            inputs += keypoints
            if self.predicts:
                scaled = self.locate(torch.cat([*keypoints, body], dim=1))
                auxiliary = self.auxiliary.inverse(scaled)
                inputs.append(scaled.detach() if self.spec.stop_gradient else scaled)
        inputs.append(self._relatives(observation, auxiliary))
        actions = self.act(torch.cat(inputs, dim=1))
        return actions.view(-1, self.spec.chunk, self.spec.action_size), auxiliary

    def _relatives(self, observation: Mapping[str, Tensor], auxiliary: Tensor | None) -> Tensor:
        """Give object - hand and goal - object of every predicted object, and goal - hand, at two scales."""
        hand = observation["proprioception"][:, self.spec.hand : self.spec.hand + 3]
        has_place = self.spec.goal == 3
        vectors = [observation["goal"] - hand] if has_place else []
        if auxiliary is not None:
            known = auxiliary.detach() if self.spec.stop_gradient else auxiliary
            for i in range(self.positions):
                place = known[:, 3 * i : 3 * i + 3]
                vectors += [place - hand] + ([observation["goal"] - place] if has_place else [])
        if not vectors:
            return hand[:, :0]
        relative = torch.cat(vectors, dim=1)
        return torch.cat([(relative / FAR_M).clamp(-5.0, 5.0), torch.tanh(relative / NEAR_M)], dim=1)


def parameters_of(policy: Policy) -> int:
    """Count the trainable numbers."""
    return sum(p.numel() for p in policy.parameters())


def tensors(columns: Mapping[str, np.ndarray], names: Sequence[str]) -> dict[str, Tensor]:
    """View the named arrays as tensors, without a copy."""
    return {name: torch.from_numpy(columns[name]) for name in names}
