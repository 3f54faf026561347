"""Losses beside those on actions and positions: switches that teach an encoder what simulation knows for nothing.

    PolicySpec(extras=ExtrasSpec(depth=0.1, dynamics=0.2))      # weights; `agents.clone.losses` adds them up

Each is a module with `targets`, the columns it reads beside the policy's inputs, and a loss over what the policy
perceived. Their layers travel in the checkpoint and stay out of the exported model.

    column                   what it is                                         read by
    action                   what was carried out; always there                 dynamics
    depth.CAMERA             metres at every fourth pixel                       depth
    mask.CAMERA              the object that is to be moved                     grounding
    affordance.CAMERA        where the hand is to act on it                     affordance
    again.images.CAMERA      the same moment under other looks                  invariance

Collectors write all but the first where `Job.more` names them (`recorded`) and the worlds tell them: depth by
`WorldsSpec(depth=True)`, the rest by `WorldsSpec(extras=...)`, see `envs.extras`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, interpolate, normalize, smooth_l1_loss

from agents.spec import PolicySpec

if TYPE_CHECKING:
    from agents.encoders import Encoder
    from agents.policy import Percept, Policy

TEMPERATURE = 0.1  # of InfoNCE (arXiv 2002.05709, section 5.1)
PROJECTED = 32  # numbers that views are compared by
COLUMNS = {"grounding": "mask", "invariance": "again.images"}
MORE = {"depth": "depth", "grounding": "mask", "affordance": "affordance", "invariance": "again"}
"""What jobs are to record for a loss, of `agents.lockstep.MORE`."""
LEAST_MASS = 1e-4  # of attention: bounds the loss where an object is not looked at at all


class Extra(nn.Module):
    """One more loss.

    Args:
        spec: Of the policy.
        features: Numbers that its head reads.
        eyes: Its encoders.
    """

    targets: tuple[str, ...] = ()

    def forward(self, policy: "Policy", percept: "Percept", batch: Mapping[str, Tensor]) -> Tensor:
        """Give the loss for what a policy perceived of a minibatch."""
        raise NotImplementedError


class Invariance(Extra):
    """InfoNCE between two pictures of one state: what differs between them is looks alone (arXiv 1807.03748)."""

    def __init__(self, spec: PolicySpec, features: int, eyes: Sequence["Encoder"]):
        super().__init__()
        self.cameras = spec.cameras
        self.targets = tuple(column_of("invariance", name) for name in spec.cameras)
        self.project = nn.Linear(sum(eye.size for eye in eyes), PROJECTED)

    def forward(self, policy: "Policy", percept: "Percept", batch: Mapping[str, Tensor]) -> Tensor:
        text = policy.reader(batch["instruction"]) if policy.reader is not None else None
        first = [eye.read(maps) for eye, maps in zip(policy.eyes, percept.seen)]
        second = [eye(batch[name], text) for eye, name in zip(policy.eyes, self.targets)]
        one, other = (normalize(self.project(torch.cat(views, dim=1)), dim=1) for views in (first, second))
        alike = one @ other.T / TEMPERATURE
        mine = torch.arange(len(alike))
        return 0.5 * (cross_entropy(alike, mine) + cross_entropy(alike.T, mine))


class Dynamics(Extra):
    """Features and action foretell the change of the features at the next step; the goal of it has no gradient."""

    targets = ("action",)

    def __init__(self, spec: PolicySpec, features: int, eyes: Sequence["Encoder"]):
        super().__init__()
        size = features - spec.recurrent
        self.change = nn.Sequential(
            nn.Linear(size + spec.action_size, spec.hidden), nn.ReLU(), nn.Linear(spec.hidden, size)
        )

    def forward(self, policy: "Policy", percept: "Percept", batch: Mapping[str, Tensor]) -> Tensor:
        coming = {name.removeprefix("next."): value for name, value in batch.items() if name.startswith("next.")}
        with torch.no_grad():
            after = policy.perceive({**batch, **coming}).features
        found = percept.features + self.change(torch.cat([percept.features, batch["action"]], dim=1))
        error = smooth_l1_loss(found, after, reduction="none").mean(1)
        return (error * batch["goes_on"]).sum() / batch["goes_on"].sum().clamp(min=1.0)


class Grounding(Extra):
    """The first keypoint of every camera looks at the object: minus the logarithm of its attention on the mask."""

    def __init__(self, spec: PolicySpec, features: int, eyes: Sequence["Encoder"]):
        super().__init__()
        self.targets = tuple(column_of("grounding", name) for name in spec.cameras)

    def forward(self, policy: "Policy", percept: "Percept", batch: Mapping[str, Tensor]) -> Tensor:
        terms = []
        for eye, maps, name in zip(policy.eyes, percept.seen, self.targets):
            attention = torch.softmax(eye.sharpness * eye.logits(maps)[:, 0].flatten(1), dim=1)
            mask = resized(batch[name].float(), eye.side).flatten(1)
            seen = (mask.sum(1) > 0).float()  # an object out of sight teaches nothing
            loss = -torch.log((attention * mask).sum(1) + LEAST_MASS)
            terms.append((loss * seen).sum() / seen.sum().clamp(min=1.0))
        return torch.stack(terms).mean()


class MapTarget(Extra):
    """Every cell of the maps tells a number of its place; what is not known there does not count.

    Args:
        name: "depth" [m], where 0 is unknown, or "affordance" in [0, 1], where what is below 0 is unknown.
        spec: Of the policy.
        eyes: Its encoders.
    """

    def __init__(self, name: str, spec: PolicySpec, eyes: Sequence["Encoder"]):
        super().__init__()
        self.depth = name == "depth"
        self.targets = tuple(column_of(name, camera) for camera in spec.cameras)
        self.read = nn.ModuleList(nn.Conv2d(eye.channels, 1, 1) for eye in eyes)

    def forward(self, policy: "Policy", percept: "Percept", batch: Mapping[str, Tensor]) -> Tensor:
        terms = []
        for eye, read, maps, name in zip(policy.eyes, self.read, percept.seen, self.targets):
            wanted, found = resized(batch[name].float(), eye.side), read(maps)[:, 0]
            known = (wanted > 0.0 if self.depth else wanted >= 0.0).float()
            loss: Any = smooth_l1_loss if self.depth else binary_cross_entropy_with_logits
            error = loss(found, wanted.clamp(min=0.0), reduction="none")
            terms.append((error * known).sum() / known.sum().clamp(min=1.0))
        return torch.stack(terms).mean()


def resized(images: Tensor, side: int) -> Tensor:
    """Take (batch, height, width) values at the cells of maps, (batch, side, side), without mixing any."""
    return interpolate(images[:, None], size=(side, side), mode="nearest-exact")[:, 0]


def build_extras(spec: PolicySpec, features: int, eyes: Sequence["Encoder"]) -> nn.ModuleDict:
    """Build the losses that a spec switches on."""
    kinds: dict[str, Any] = {"invariance": Invariance, "dynamics": Dynamics, "grounding": Grounding}
    return nn.ModuleDict(
        {
            name: kinds[name](spec, features, eyes) if name in kinds else MapTarget(name, spec, eyes)
            for name in spec.extras.on
        }
    )


def column_of(name: str, camera: str) -> str:
    """Name the column that a loss learns from."""
    return f"{COLUMNS.get(name, name)}.{camera}"


def recorded(spec: PolicySpec) -> tuple[str, ...]:
    """Name what a job has to record beside the usual columns for a policy to learn from it; see `agents.lockstep`."""
    told = ("instruction",) if spec.language.fusion else ()
    return (*told, *(MORE[name] for name in MORE if name in spec.extras.on))
