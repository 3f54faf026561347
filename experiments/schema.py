"""Every key of a configuration with its default; a YAML file and `key=value` may change any of them."""

from dataclasses import dataclass, field
from typing import Any

from experiments.schema_learning import Network, Rl, Train
from randomizers import DEFAULT


@dataclass
class Images:
    """What a policy looks through: names of cameras, side of the square images [px], and what draws them in simulation.

    `renderer` is "raster", our own, or "tiny", PyBullet's, which cannot draw all that the default randomization varies.
    """

    cameras: list[str] = field(default_factory=lambda: ["front"])
    size: int = 64
    renderer: str = "raster"


@dataclass
class Collect:
    """Who runs episodes. `workers` null takes every CPU, of a cluster also those that join later; `address` is what
    `cluster` was called before.
    """

    backend: str = "ray"
    workers: int | None = None
    worlds: int = 8
    address: str | None = None


@dataclass
class Demonstrations:
    """Recorded by the scripted expert in the reality twin, or read from `path` (a LeRobot v3 dataset)."""

    count: int = 10
    seed: int = 1000
    noise: float = 0.0
    path: str | None = None


@dataclass
class Finetune:
    """See `transfer.finetune.FinetuneSettings`.

    Before and after are compared on `select_episodes` episodes of their own; `tolerance` is the simulated success
    that may be lost.
    """

    steps: int = 400
    batch: int = 128
    share: float = 0.5
    learning_rate: float = 3e-4
    encoder_rate: float = 1.0
    held_out: float = 0.2
    shift_px: int = 0
    colour: float = 0.1
    tolerance: float = 0.05
    select_episodes: int = 100


@dataclass
class Baseline:
    """The policy without randomization that a pipeline reports beside its own; null takes the numbers of `train`."""

    episodes: list[int] | None = None
    steps: list[int] | None = None


@dataclass
class Sweep:
    """Every strength with every seed is one cell; `train` trains a state policy in each."""

    strengths: list[float] = field(default_factory=lambda: [0.0, 0.5, 1.0, 1.5])
    seeds: list[int] = field(default_factory=lambda: [0, 1])
    train: bool = False


@dataclass
class Execution:
    """How a policy's chunks of actions are carried out, by collectors, in every evaluation and on the arm.

    `mode` is "receding" (look again after `execute` actions), "ensemble" (average what all plans say of now; weights
    fall by `decay`) or "asynchronous" (the old plan goes on for `delay` steps); see `agents.chunks`. Bundles carry it.
    """

    mode: str = "receding"
    execute: int = 1
    delay: int = 0
    decay: float = 0.01


@dataclass
class Deploy:
    """Which arm a bundle drives; `pace` keeps the control rate in real time.

    `instruction` is what a policy that reads one is told in every episode; null leaves it to the arm, of which only the
    virtual one says what it wants.
    """

    arm: str = "virtual"
    pace: bool = False
    workers: int = 2
    instruction: str | None = None


@dataclass
class Bench:
    """What `bench` measures: `render`, `worlds`, `tasks`, `records`, `train`, `scale`, or the experiment `localiser`.

    Attributes:
        what: One of them.
        sizes: Sides of the images [px].
        worlds: Worlds drawn in one call.
        repeats: How often each speed is measured; the fastest counts.
        views: Random views of three arms on which renderers are compared.
        cold: Also compile from nothing, in two processes at once; takes a minute.
        images: Drawn to train the localiser.
        plain_images: Drawn to train the one without randomization, which learns faster.
        passes: How often an image is learnt from, about.
        tests: Images of each set it is tested on.
        tasks: Whose worlds are timed; empty for all.
        panda_gym: Compare their speed with panda-gym's.
        grasps: Scripted grasps; 0 leaves them out.
        quality: Repeat them with other rates and iterations.
        many: State-only worlds that are built at once; 0 leaves it out. `bench scale` steps them, and a quarter with
            images.
        solve: `bench train` trains a state policy for each task with settings as they ship: "shipped", or "none".
        methods: How it trains them: dagger, or methods of reinforcement learning (see `method`).
        resets: Resets with everything on over which memory is watched; 0 leaves it out.
        records: Episodes that are rebuilt from their records.
    """

    what: str = "render"
    sizes: list[int] = field(default_factory=lambda: [64, 84, 128])
    worlds: int = 16
    repeats: int = 40
    views: int = 200
    cold: bool = True
    images: int = 250_000
    plain_images: int = 100_000
    passes: int = 2
    tests: int = 1000
    tasks: list[str] = field(default_factory=list)
    panda_gym: bool = True
    grasps: int = 400
    quality: bool = False
    many: int = 512
    resets: int = 100_000
    solve: str = "shipped"
    methods: list[str] = field(default_factory=lambda: ["dagger"])
    records: int = 1000


@dataclass
class Config:
    """Everything a verb may read.

    Attributes:
        task: What is to be done.
        arm: By which arm: a shipped name (panda, xarm6, iiwa), or the path of a profile's YAML file.
        actions: What actions mean: ee_delta, ee_absolute, joint_delta or joint_position.
        seed: Of draws, layouts and weights.
        method: Of `train`: dagger; on this machine ppo, clone_ppo, sac, her, rlpd; on Ray rllib_ppo, rllib_appo.
        strength: Of the randomization: 0 is nominal, 1 the declared ranges.
        preset: A randomization to begin with: default, basic (any renderer), dynamics, full, none.
        randomize: What varies, in the randomizers' notation.
        cluster: Where collectors run: local, auto (a Ray cluster this machine is in) or host:port of its head.
        cards: Reality card: a shipped name (mild, medium, harsh) or the path of a YAML file.
        episodes: Episodes of every evaluation.
        policy: Run or checkpoint folder to go on from.
        bundle: Exported bundle.
        source: Run that a report is made of.
        run: Folder of this run; null makes one under runs/.
        resume: Run to go on with.
        worlds: Worlds on a contact sheet.
        record: Record of an episode that `look` rebuilds: a file, or FILE#EPISODE of a file with one a line.
        physics: Preset or settings of the simulation; null leaves them to the task. See `envs.physics`.
        inspect: The arm is checked and drawn too; `look arm=...` sets it.
        audit: `look` proves that every axis acts: true for those of `randomize`, "all" for every randomizer there is.
    """

    task: str = "push"
    arm: str = "panda"
    actions: str = "ee_delta"
    seed: int = 0
    method: str = "dagger"
    strength: float = 1.0
    preset: str | None = None
    randomize: dict[str, Any] = field(default_factory=DEFAULT.to_dict)
    images: Images = field(default_factory=Images)
    collect: Collect = field(default_factory=Collect)
    network: Network = field(default_factory=Network)
    execution: Execution = field(default_factory=Execution)
    train: Train = field(default_factory=Train)
    rl: Rl = field(default_factory=Rl)
    demonstrations: Demonstrations = field(default_factory=Demonstrations)
    finetune: Finetune = field(default_factory=Finetune)
    baseline: Baseline = field(default_factory=Baseline)
    sweep: Sweep = field(default_factory=Sweep)
    deploy: Deploy = field(default_factory=Deploy)
    bench: Bench = field(default_factory=Bench)
    cluster: str = "local"
    cards: str = "medium"
    episodes: int = 100
    policy: str | None = None
    bundle: str | None = None
    source: str | None = None
    run: str | None = None
    resume: str | None = None
    worlds: int = 64
    record: str | None = None
    physics: Any = None
    inspect: bool = False
    audit: Any = False
