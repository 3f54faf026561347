"""DAgger: the student drives, the expert says what it would have done, all of it is learnt (arXiv 1011.0686).

    settings = DaggerSettings(episodes=(128, 64, 64), steps=(2000, 1000, 3000))
    outcome = dagger(spec, PolicySpec(observes="images", cameras=("front",)), settings, Path("runs/push"))

Round 0 is driven by the disturbed expert, every later one by the student of the round before. Whatever is
done is on disk at once: a run that is killed at any moment goes on where it was and ends with the same
dataset and the same weights as one that was never interrupted.

    FOLDER/dagger.json  dataset/  round-0/{checkpoint/, policy.onnx, round.json}  round-1/ ...
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from agents import checkpoint
from agents.behaviour import Behaviour
from agents.chunks import Execution
from agents.clone import FitSettings, Log, Progress, fit
from agents.dataset import Dataset, Episodes
from agents.extras import recorded
from agents.jobs import Job, plan
from agents.onnx_export import to_onnx
from agents.policy import Policy, PolicySpec
from agents.pretrained import adopt, described
from agents.rollout import Pool, open_pool
from agents.storage import canonical, differences, read_json, write_bytes, write_json
from agents.teachers import Teacher, doubts
from agents.words import INSTRUCTION

MODEL, ROUND, ABOUT = "policy.onnx", "round.json", "dagger.json"


@dataclass(frozen=True)
class DaggerSettings:
    """How much of what, round by round.

    Attributes:
        episodes: Episodes collected in each round.
        steps: Optimization steps after each round.
        worlds: Episodes of a job, stepped in one batch.
        noise: Of the expert's actions in round 0, in unit actions.
        student_noise: Of the student's in later rounds.
        expert_share: Share of segments the expert drives (DAgger's beta): a number for round 1, which halves with
            every round, or one for each round after 0.
        seed: Of episodes, weights and minibatches.
        execution: How the student carries its chunks out.
        fit: How to train; its steps and seed are given by this class.
    """

    episodes: tuple[int, ...] = (128, 64, 64)
    steps: tuple[int, ...] = (2000, 1000, 3000)
    worlds: int = 8
    noise: float = 0.4
    student_noise: float = 0.1
    expert_share: float | tuple[float, ...] = 0.3
    seed: int = 0
    fit: FitSettings = field(default_factory=FitSettings)
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self) -> None:
        if not self.episodes or len(self.episodes) != len(self.steps):
            raise ValueError(f"episodes and steps need a number per round, not {self.episodes}, {self.steps}")
        for name in ("episodes", "steps"):
            if min(getattr(self, name)) < 1:
                raise ValueError(f"{name} must be at least 1 in every round, not {getattr(self, name)}")
        if self.worlds < 1:
            raise ValueError(f"worlds must be at least 1, not {self.worlds}")
        if isinstance(self.expert_share, tuple) and len(self.expert_share) != self.rounds - 1:
            given = f"{len(self.expert_share)} numbers for {self.rounds - 1} rounds after 0"
            raise ValueError(f"expert_share needs a number for each round the student drives, not {given}")
        for number in range(max(2, self.rounds) if isinstance(self.expert_share, float | int) else self.rounds):
            self.behaviour(number)  # its own checks

    @property
    def rounds(self) -> int:
        """Number of rounds, the expert's included."""
        return len(self.episodes)

    def behaviour(self, number: int) -> Behaviour:
        """Say who drives in a round."""
        if number == 0:
            return Behaviour("expert", noise=self.noise)
        given = self.expert_share
        share = given[number - 1] if isinstance(given, tuple) else given * 0.5 ** (number - 1)
        return Behaviour("student", expert_share=share, noise=self.student_noise, execution=self.execution)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data; the usual execution is left out, as former runs have it, which may be resumed."""
        made = asdict(self)
        return {name: value for name, value in made.items() if name != "execution" or self.execution != Execution()}

    def jobs(self, number: int) -> list[Job]:
        """List the jobs of a round; episodes and indices go on from the round before."""
        before = self.episodes[:number]
        return plan(
            self.seed,
            self.episodes[number],
            self.worlds,
            self.behaviour(number),
            record=True,
            first_episode=sum(before),
            first_index=sum(-(-count // self.worlds) for count in before),
        )

    def fit_of(self, number: int) -> FitSettings:
        """Give a round's training settings."""
        return replace(self.fit, steps=self.steps[number], seed=self.seed * 1000 + number)


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind.

    Attributes:
        checkpoint: Folder of the last round's policy.
        model: Its ONNX bytes, actions in [-1, 1].
        dataset: Everything that was collected.
        history: Per round: episodes, successes, frames, seconds of collecting and fitting, losses.
    """

    checkpoint: Path
    model: bytes
    dataset: Dataset
    history: list[dict]


def dagger(
    spec: Any,
    policy: PolicySpec,
    settings: DaggerSettings,
    folder: Path,
    *,
    workers: int | None = None,
    backend: str = "ray",
    address: str | None = None,
    pool: Pool | None = None,
    teachers: Sequence[Teacher] = (),
    watch: Callable[[Episodes], None] | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Outcome:
    """Collect and train round by round; call it again with the same arguments to go on after a kill.

    Args:
        spec: Worlds to learn in, with `build(num)` and `to_dict()`.
        policy: What to train; sizes of inputs are taken from the data.
        settings: How much.
        folder: Where everything is kept.
        workers: Ray actors; None takes every CPU.
        backend: "ray" or "serial".
        address: Of a Ray cluster, or None for this machine.
        pool: Workers to use instead of starting some; they need the same teachers.
        teachers: Who labels; none leaves it to the scripted expert.
        watch: Called with whatever a job brings home, once it is on disk.
        progress: Called with ("collect round 1", done, total) and ("fit round 1", done, total).
        log: Called with the optimization step over all rounds and the loss terms.
    """
    folder = Path(folder)
    worlds = spec.to_dict()
    about = {"dagger": settings.to_dict(), "policy": policy.to_dict()}
    if teachers:
        about["teachers"] = {str(order): each.to_dict() for order, each in enumerate(teachers)}
    refuse_other_settings(folder, about)
    dataset = Dataset.create(folder / "dataset", worlds)
    with ExitStack() as stack:

        def workforce() -> Pool:
            nonlocal pool
            if pool is None:
                pool = open_pool(
                    spec, settings.worlds, workers=workers, backend=backend, address=address, teachers=teachers
                )
                stack.enter_context(closing(pool))
            return pool

        for number in range(settings.rounds):
            place = folder / f"round-{number}"
            if (place / MODEL).is_file():
                continue
            more = recorded(policy)
            collecting = collect_round(dataset, settings, number, folder, workforce, progress, watch, more)
            started = time.monotonic()
            trained = fit(
                starting_policy(folder, number, policy, dataset, settings),
                dataset,
                settings.fit_of(number),
                place / "checkpoint",
                record={"worlds": worlds, "dagger": settings.to_dict(), "round": number},
                progress=renamed(progress, f"fit round {number}"),
                log=shifted(log, sum(settings.steps[:number])),
            )
            took = {"collect_s": collecting, "fit_s": time.monotonic() - started}
            told = round_summary(dataset, settings, number) | took
            if teachers:
                told |= doubts(dataset.read(job.index) for job in settings.jobs(number))
            write_json(place / ROUND, told)
            write_bytes(place / MODEL, to_onnx(trained))  # last: it marks the round as done
    last = folder / f"round-{settings.rounds - 1}"
    history = [read_json(folder / f"round-{n}" / ROUND, "training run") for n in range(settings.rounds)]
    return Outcome(last / "checkpoint", (last / MODEL).read_bytes(), dataset, history)


def refuse_other_settings(folder: Path, here: Mapping) -> None:
    """Note what this run is; stop if the folder holds a run of other settings."""
    path = folder / ABOUT
    if not path.exists():
        write_json(path, here)
        return
    there = read_json(path, "training run")
    parts = ("dagger", "policy", "teachers")
    plain = {name: json.loads(canonical(here.get(name, {}))) for name in parts}
    wrong = [line for name in parts for line in differences(there.get(name, {}), plain[name])]
    if wrong:
        raise ValueError(f"{folder} holds a run with other settings: {'; '.join(wrong)}. Use a new folder.")


def collect_round(
    dataset: Dataset,
    settings: DaggerSettings,
    number: int,
    folder: Path,
    workforce: Callable[[], Pool],
    progress: Progress | None,
    watch: Callable[[Episodes], None] | None = None,
    more: tuple[str, ...] = (),
) -> float:
    """Run the jobs of a round that are not in the dataset yet; give the seconds it took [s]."""
    started, jobs = time.monotonic(), [replace(job, more=more) for job in settings.jobs(number)]
    missing = [job for job in jobs if not dataset.has(job.index)]
    if not missing:
        return 0.0
    model = (folder / f"round-{number - 1}" / MODEL).read_bytes() if number else None
    done = len(jobs) - len(missing)
    for episodes in workforce().run(missing, model):
        dataset.add(episodes)
        done += 1
        if watch:
            watch(episodes)
        if progress:
            progress(f"collect round {number}", done, len(jobs))
    return time.monotonic() - started


def starting_policy(
    folder: Path, number: int, spec: PolicySpec, dataset: Dataset, settings: DaggerSettings
) -> Policy:
    """Give the policy a round starts from: a new one, or the round before's."""
    if number:
        return checkpoint.load(folder / f"round-{number - 1}" / "checkpoint").policy
    return fresh_policy(spec, dataset, settings.seed)


def fresh_policy(spec: PolicySpec, dataset: Dataset, seed: int) -> Policy:
    """Build a policy whose sizes and scales fit a dataset; its first weights depend on the seed alone."""
    images = [name for name in spec.inputs if name.startswith("images.")]
    names = [name for name in spec.inputs if name not in (*images, INSTRUCTION)]
    if images and spec.auxiliary:
        names.append("auxiliary")
    shapes = dataset.shapes()
    sizes: dict[str, Any] = {name: shapes[name][0] for name in names}
    side = shapes[images[0]][0] if images else spec.image_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        policy = Policy(described(replace(spec, **sizes, image_size=side, action_size=shapes["label"][0])))
    adopt(policy)
    policy.fit_normalizers(dataset.load(names).columns)
    return policy


def round_summary(dataset: Dataset, settings: DaggerSettings, number: int) -> dict:
    """Count what a round collected."""
    shards = [dataset.shards[f"{job.index:06d}"] for job in settings.jobs(number)]
    counts = {name: sum(shard[name] for shard in shards) for name in ("episodes", "successes", "frames")}
    return {"round": number, **counts, "faults": [fault for shard in shards for fault in shard["faults"]]}


def renamed(progress: Progress | None, stage: str) -> Progress | None:
    """Report progress under another name."""
    if progress is None:
        return None
    return lambda _, done, total: progress(stage, done, total)


def shifted(log: Log | None, steps: int) -> Log | None:
    """Count logged steps from the first round on."""
    if log is None:
        return None
    return lambda step, terms: log(steps + step, terms)
