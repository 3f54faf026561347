"""What a policy is made of, as plain data: enough to build it again from its weights.

    PolicySpec(observes="images", cameras=("front",), head=HeadSpec("flow"), history=1)

Everything that is at its default here builds the policy that the first checkpoints hold.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from agents.parts import EncoderSpec, ExtrasSpec, HeadSpec, LanguageSpec
from randomizers.errors import unknown

__all__ = ["EncoderSpec", "ExtrasSpec", "HeadSpec", "LanguageSpec", "PolicySpec"]

OBSERVES = ("state", "images")


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
        channels: Widths of the keypoint encoder's convolutions but the last.
        keypoints: Maps of the encoder's last convolution.
        hidden: Width of the fully connected layers.
        layers: Number of hidden layers of the action head.
        stop_gradient: The action loss does not reach the encoder through the predicted positions.
        head: How features become actions.
        encoder: How images become features.
        language: How an instruction is read.
        history: Observations before the present one that are seen too.
        recurrent: Numbers of a memory carried from step to step; 0 has none.
        sequence: Steps of the windows that a memory is trained on.
        extras: Weights of losses beside those on actions and positions.
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
    head: HeadSpec = field(default_factory=HeadSpec)
    encoder: EncoderSpec = field(default_factory=EncoderSpec)
    language: LanguageSpec = field(default_factory=LanguageSpec)
    history: int = 0
    recurrent: int = 0
    sequence: int = 16
    extras: ExtrasSpec = field(default_factory=ExtrasSpec)

    def __post_init__(self) -> None:
        if self.observes not in OBSERVES:
            raise ValueError(unknown("policy observation", self.observes, OBSERVES))
        if self.observes == "images" and not self.cameras:
            raise ValueError('A policy that observes "images" needs at least one camera in `cameras`')
        if self.observes == "state" and (self.cameras or not self.state):
            raise ValueError('A policy that observes "state" needs `state` > 0 and no cameras')
        if self.hand + 3 > self.proprioception:
            raise ValueError(f"hand={self.hand} leaves no x, y, z in proprioception={self.proprioception}")
        for name in ("chunk", "action_size", "hidden", "layers", "goal", "sequence"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("history", "recurrent"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)}")
        self._check_parts()

    def _check_parts(self) -> None:
        """Refuse combinations that cannot work."""
        if self.observes == "state" and self.encoder != EncoderSpec():
            raise ValueError(
                f"network.encoder={self.encoder.kind} reads images, but network.observes=state sees none; "
                "leave network.encoder out, or set network.observes=images"
            )
        blind = [name for name in self.extras.on if name != "dynamics"]
        if self.observes == "state" and blind:
            raise ValueError(f"the losses {blind} are about images, but network.observes=state sees none")
        if self.recurrent and self.history:
            raise ValueError(
                f"network.recurrent={self.recurrent} and network.history={self.history}: a memory holds the past "
                "already; set one of them to 0"
            )

    @property
    def seen(self) -> tuple[str, ...]:
        """Names of what the arm's world shows: the state, or images."""
        return ("state",) if self.observes == "state" else tuple(f"images.{name}" for name in self.cameras)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the observed tensors that the policy reads: columns of a dataset."""
        told = ("instruction",) if self.language.fusion else ()
        return ("proprioception", "goal", *self.seen, *told)

    @property
    def past(self) -> tuple[str, ...]:
        """Names of what is seen again from earlier steps."""
        return tuple(f"past.{name}" for name in ("proprioception", *self.seen)) if self.history else ()

    @property
    def model_inputs(self) -> tuple[str, ...]:
        """Names of the exported model's inputs, in order: what is observed, then what the actor keeps itself."""
        memory = ("memory",) if self.recurrent else ()
        noise = ("noise",) if self.head.noisy else ()
        return (*self.inputs, *self.past, *memory, *noise)

    def to_dict(self) -> dict:
        """Give plain data for JSON; what came later is left out while it is at its default."""
        made = {name: _plain(value) for name, value in asdict(self).items()}
        usual = PolicySpec()
        same = [name for name in LATER if getattr(self, name) == getattr(usual, name)]
        return {name: value for name, value in made.items() if name not in same}

    @classmethod
    def from_dict(cls, data: Mapping) -> "PolicySpec":
        """Read what `to_dict` wrote; an unknown key is an error."""
        return _read(cls, data, "policy")


LATER = ("head", "encoder", "language", "history", "recurrent", "sequence", "extras")
"""Fields that the first checkpoints do not have."""
PARTS = {"head": HeadSpec, "encoder": EncoderSpec, "language": LanguageSpec, "extras": ExtrasSpec}


def _plain(value: Any) -> Any:
    """Turn tuples into lists, at any depth."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _read(kind: Any, data: Mapping, where: str) -> Any:
    """Build a spec from plain data."""
    known = [entry.name for entry in fields(kind)]
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise ValueError(unknown(f"{where} field", name, known))
        if name in PARTS and not is_dataclass(value):
            value = _read(PARTS[name], value, name)
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
