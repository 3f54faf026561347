"""One policy module for cloning, fine-tuning and export: observation -> chunk of actions.

    spec = PolicySpec(observes="images", cameras=("front",), image_size=64)
    policy = Policy(spec)
    actions, auxiliary = policy({"images.front": bytes, "proprioception": p, "goal": g})

Everything the robot needs is inside: normalisation, the encoder, and the relative vectors (hand to object,
object to goal) that make cloning easy. A vision policy first says where the objects are (`auxiliary`,
supervised by the simulator), then acts on that and on its keypoints.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from agents.encoders import Encoder, build_encoder
from agents.extras import Extra, build_extras
from agents.heads import Head, build
from agents.heads.base import hidden_layers
from agents.language import build_fusion, build_reader
from agents.recurrence import Cell
from agents.spec import PolicySpec
from agents.text import Text

__all__ = ["Normalizer", "Policy", "PolicySpec", "Step", "parameters_of", "tensors"]

NEAR_M = 0.03  # contact happens within half a cube: the finer scale (cloned push: 92 -> 98 %)
FAR_M = 0.2  # the size of the workspace: the coarser one
SMALLEST_STD = 0.01  # keeps a coordinate that never moved from exploding once it does


class Percept(NamedTuple):
    """What a policy makes of an observation before it acts.

    Attributes:
        features: (batch, inputs).
        auxiliary: (batch, auxiliary) predicted, in physical units; None without.
        seen: Per camera (batch, channels, side, side), the encoder's maps.
    """

    features: Tensor
    auxiliary: Tensor | None
    seen: tuple[Tensor, ...]


class Step(NamedTuple):
    """What a policy gives for an observation.

    Attributes:
        actions: (batch, chunk, action_size) in [-1, 1].
        auxiliary: (batch, auxiliary) predicted, in physical units; None without.
        memory: (batch, recurrent) for the next step; None without.
    """

    actions: Tensor
    auxiliary: Tensor | None
    memory: Tensor | None


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
        self.encoders = nn.ModuleList(build_encoder(spec) for _ in spec.cameras)
        seen = sum(encoder.size for encoder in self.eyes)
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
        inputs += spec.history * (spec.proprioception + (seen if sees else spec.state))
        self.size = inputs + spec.recurrent
        # Keys of the first checkpoints: the head is called `act`.
        self.act = build(spec.head, self.size, spec.chunk, spec.action_size, spec.hidden, spec.layers)
        self.memory = Cell(inputs, spec.recurrent) if spec.recurrent else None
        self.reader = build_reader(spec.language)
        self.fusion = build_fusion(spec.language, inputs)
        self.extra_losses = build_extras(spec, self.size, self.eyes)

    @property
    def eyes(self) -> list[Encoder]:
        """The cameras' encoders, in order."""
        return [encoder for encoder in self.encoders if isinstance(encoder, Encoder)]

    @property
    def extras(self) -> dict[str, Extra]:
        """The losses that are switched on, by name."""
        return {name: extra for name, extra in self.extra_losses.items() if isinstance(extra, Extra)}

    @property
    def head(self) -> Head:
        """What turns features into actions."""
        return self.act  # type: ignore[return-value]  # nn.Module's __getattr__ hides the protocol

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
            observation: Tensors named as in `spec.inputs`; images are (batch, height, width, 3) uint8. The past, the
                memory and the noise may be left out: nothing has moved, nothing is remembered, there is none.

        Returns:
            (batch, chunk, action_size) in [-1, 1], and (batch, auxiliary) in physical units or None.
        """
        actions, auxiliary, _ = self.step(observation)
        return actions, auxiliary

    def step(self, observation: Mapping[str, Tensor]) -> Step:
        """Act on a batch and give the memory for the next step too; `observation` as in `forward`."""
        percept = self.perceive(observation)
        features, memory = self.remember(percept.features, observation.get("memory"))
        noise = observation.get("noise")
        if noise is None and self.spec.head.noisy:
            noise = features.new_zeros((features.shape[0], self.spec.chunk, self.spec.action_size))
        return Step(self.head.act(features, noise), percept.auxiliary, memory)

    def features(self, observation: Mapping[str, Tensor]) -> Tensor:
        """Give what the head reads, (batch, self.size): for critics, and for other heads."""
        return self.remember(self.perceive(observation).features, observation.get("memory"))[0]

    def remember(self, features: Tensor, memory: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Update the memory, and give it beside the features; without one, give these as they are."""
        if self.memory is None:
            return features, None
        before = features.new_zeros((features.shape[0], self.spec.recurrent)) if memory is None else memory
        after = self.memory(features, before)
        return torch.cat([features, after], dim=1), after

    def unroll(self, features: Tensor) -> Tensor:
        """Run the memory, empty at first, along windows of `spec.sequence` rows that lie one after the other."""
        if self.memory is None:
            return features
        windows = features.view(-1, self.spec.sequence, features.shape[1])
        return torch.cat([windows, self.memory.unroll(windows)], dim=2).flatten(0, 1)

    def perceive(self, observation: Mapping[str, Tensor]) -> Percept:
        """Normalise, see, locate and relate."""
        text = self.reader(observation["instruction"]) if self.reader is not None else None
        body = self.proprioception(observation["proprioception"])
        inputs = [body, self.goal(observation["goal"])]
        auxiliary, seen = None, tuple[Tensor, ...]()
        if self.state is not None:
            state = observation["state"]
            inputs += [self.state(state), torch.tanh(state / NEAR_M)]
        else:
            pictures = [observation[f"images.{name}"] for name in self.spec.cameras]
            seen = tuple(encoder.maps(images, text) for encoder, images in zip(self.eyes, pictures))
            keypoints = [encoder.read(maps) for encoder, maps in zip(self.eyes, seen)]
            inputs += keypoints
            if self.predicts:
                scaled = self.locate(torch.cat([*keypoints, body], dim=1))
                auxiliary = self.auxiliary.inverse(scaled)
                inputs.append(scaled.detach() if self.spec.stop_gradient else scaled)
        inputs += [self._relatives(observation, auxiliary), *self._past(observation, text)]
        features = torch.cat(inputs, dim=1)
        if self.fusion is not None:
            features = self.fusion(features[:, None], text)[:, 0]
        return Percept(features, auxiliary, seen)

    def _past(self, observation: Mapping[str, Tensor], text: Text | None) -> list[Tensor]:
        """Give what was seen and felt in earlier steps, (batch, history * size) each."""
        found = []
        for name in self.spec.past:
            present, count = observation[name.removeprefix("past.")], self.spec.history
            past = observation.get(name)
            if past is None:
                past = present[:, None].expand(-1, count, *present.shape[1:])
            flat = past.flatten(0, 1)
            if name == "past.proprioception":
                seen = self.proprioception(flat)
            elif self.state is not None:
                seen = self.state(flat)
            else:
                encoder = self.eyes[self.spec.cameras.index(name.removeprefix("past.images."))]
                seen = encoder(flat, text.repeated(count) if text is not None else None)
            found.append(seen.view(-1, count * seen.shape[1]))
        return found

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
