"""Keys of a configuration that say what learns, and how: network, cloning, reinforcement learning."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Head:
    """How features become actions; see `agents.spec.HeadSpec`."""

    kind: str = "smooth_l1"
    components: int = 5
    steps: int = 10
    bins: int = 256
    width: int = 128


@dataclass
class Encoder:
    """How images become features; see `agents.spec.EncoderSpec`. `weights` is a local folder; nothing is downloaded."""

    kind: str = "keypoints"
    widths: list[int] = field(default_factory=lambda: [32, 64, 128])
    blocks: int = 1
    width: int = 96
    attention_heads: int = 4
    patch: int = 8
    summary: int = 32
    size: int = 0
    tune: bool = False
    weights: str = ""
    licence: str = ""


@dataclass
class Language:
    """How an instruction reaches the policy; see `agents.spec.LanguageSpec`. An empty `fusion` reads none."""

    fusion: str = ""
    tower: str = "words"
    width: int = 32
    buckets: int = 2048
    weights: str = ""
    licence: str = ""


@dataclass
class Network:
    """Shape of the policy; see `agents.policy.PolicySpec`."""

    observes: str = "images"
    chunk: int = 4
    channels: list[int] = field(default_factory=lambda: [16, 32, 32])
    keypoints: int = 32
    hidden: int = 256
    layers: int = 2
    stop_gradient: bool = False
    head: Head = field(default_factory=Head)
    encoder: Encoder = field(default_factory=Encoder)
    language: Language = field(default_factory=Language)
    history: int = 0
    recurrent: int = 0
    sequence: int = 16


@dataclass
class Losses:
    """Weights of losses beside those on actions and positions; see `agents.extras`."""

    invariance: float = 0.0
    dynamics: float = 0.0
    grounding: float = 0.0
    depth: float = 0.0
    affordance: float = 0.0


@dataclass
class Train:
    """Rounds of DAgger: one number of episodes and of optimization steps each; see `agents.dagger`.

    `redraw_sight` says when looks, lights and cameras are drawn anew while training: a policy without memory
    learns more from frames that all differ ("step") than from episodes that do ("episode"). `expert_share` is a number,
    which halves with every round, or one for each round after the first. `teachers` label instead of the scripted
    expert: each is {policy: RUN or "expert", where: {AXIS: [low, high]}}, ends in unit coordinates as in a pin; the
    first whose part holds an episode's draw labels it.
    """

    episodes: list[int] = field(default_factory=lambda: [128, 64, 64])
    steps: list[int] = field(default_factory=lambda: [2000, 1000, 3000])
    noise: float = 0.4
    student_noise: float = 0.1
    expert_share: Any = 0.3
    teachers: list[Any] = field(default_factory=list)
    batch: int = 256
    learning_rate: float = 1e-3
    auxiliary_weight: float = 0.5
    shift_px: int = 0
    colour: float = 0.0
    threads: int = 2
    validate_episodes: int = 40
    redraw_sight: str = "step"
    losses: Losses = field(default_factory=Losses)


@dataclass
class Rl:
    """Reinforcement learning; null takes the method's own number, see `agents.rl_settings.RLSettings`.

    `observes` is "state" or "images"; `validate_episodes` count the success of the result, nominal and held out.
    """

    observes: str = "state"
    steps: int | None = None
    worlds: int | None = None
    hidden: int | None = None
    layers: int | None = None
    gamma: float | None = None
    learning_rate: float | None = None
    batch: int | None = None
    fragment: int | None = None
    epochs: int | None = None
    log_std: float | None = None
    target_kl: float | None = None
    warm_up: int | None = None
    updates: float | None = None
    buffer: int | None = None
    demonstrations: int | None = None
    noise: float | None = None
    clone_steps: int | None = None
    evaluate_every: int | None = None
    evaluate_episodes: int | None = None
    solved: float | None = None
    threads: int | None = None
    checkpoint_s: float | None = None
    validate_episodes: int = 200
