"""Run one job: a batch of worlds stepped in lockstep until its last episode has ended.

    episodes = run_job(spec.build(8), 8, job, policy=onnx_bytes)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from agents.acting import Actor
from agents.behaviour import Driver
from agents.columns import Columns
from agents.dataset import Episodes
from agents.jobs import Job
from agents.teachers import COLUMN, Panel, Teacher
from agents.words import INSTRUCTION, text_bytes
from envs.record import EXPERT, Built, Record
from randomizers.errors import unknown

RECORDED = ("proprioception", "goal", "state")
MAPS = {"mask": "mask", "affordance": "affordance", "again": "again.images"}
"""What `envs.extras` tells of images, and the columns where it is kept."""
MORE = ("instruction", "depth", *MAPS)
"""What a job may record beside the usual columns: the instruction's letters, depth [m] at every fourth pixel, MAPS."""
DEPTH_STRIDE = 4
MOST_STEPS = 10_000  # a task without a horizon would hang a collector


class BatchOfWorlds(Protocol):
    """What a collector needs of `envs.worlds.Worlds`."""

    success: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    reward: np.ndarray
    diverged: np.ndarray
    draws: Sequence[Any]

    def begin(self, rows: np.ndarray, seed: int, episodes: np.ndarray, strength: Any, pin: Any) -> None: ...
    def observe(self, active: np.ndarray | None = None) -> dict: ...
    def step(self, actions: np.ndarray, active: np.ndarray | None = None) -> None: ...
    def expert_actions(self) -> np.ndarray: ...
    def auxiliary(self) -> np.ndarray: ...


@runtime_checkable
class Recording(Protocol):
    """Worlds that can keep what happens in them; see `envs.record`."""

    spec: Any
    tape: Any

    def record(self) -> None: ...


@dataclass
class Trace:
    """What happened to every row of a batch.

    Attributes:
        length: (rows,) steps.
        reward: (rows,) summed.
        success: (rows,) bool.
        fault: Why an episode was given up, or "".
        kept: What was seen and labelled at each step.
    """

    length: np.ndarray
    reward: np.ndarray
    success: np.ndarray
    fault: list[str]
    kept: Columns

    @classmethod
    def empty(cls, rows: int) -> "Trace":
        """Start with nothing."""
        return cls(np.zeros(rows, int), np.zeros(rows), np.zeros(rows, bool), [""] * rows, Columns(rows))


def run_job(
    worlds: BatchOfWorlds, rows: int, job: Job, policy: bytes | None, teachers: Sequence[Teacher] = ()
) -> Episodes:
    """Run one job in a batch of worlds.

    Args:
        worlds: A batch of `rows` worlds; whatever ran in it before does not matter.
        rows: Its size. A smaller job leaves the last rows idle, so the policy always sees a full batch.
        job: What to run.
        policy: ONNX bytes of the student.
        teachers: Who labels; none leaves it to the scripted expert.
    """
    count = len(job.episodes)
    if count > rows:
        raise ValueError(f"Job {job.index} has {count} episodes, but a batch has {rows} worlds")
    # Idle rows repeat the last episode: they are begun, never stepped.
    numbers = np.array([*job.episodes, *[job.episodes[-1]] * (rows - count)])
    if isinstance(worlds, Recording):
        worlds.record()
    worlds.begin(np.arange(rows), job.seed, numbers, job.strength, job.pin)
    actor = None
    if policy is not None and job.behaviour.driver == "student":
        actor = Actor(policy, rows, job.behaviour.execute, job.behaviour.execution)
        actor.begin(job.seed, numbers)
    driver = Driver(job.behaviour, job.seed, numbers, actor)
    draws = [worlds.draws[row].to_dict() for row in range(count)]
    panel = Panel(teachers, [worlds.draws[row] for row in range(rows)]) if teachers else None
    trace = drive(worlds, driver, np.arange(rows) < count, job, panel)
    kept = told(worlds, job)
    if panel is not None:
        kept = [about | {"teacher": name} for about, name in zip(kept, panel.names)]
    return package(job, trace, draws, kept)


def told(worlds: BatchOfWorlds, job: Job) -> list[dict]:
    """Give what is kept of each episode so that it can be rebuilt; nothing of worlds that keep no records."""
    if not isinstance(worlds, Recording) or worlds.spec is None:
        return [{} for _ in job.episodes]
    kept: Any = worlds
    driver = EXPERT if job.behaviour.driver == "expert" and not job.behaviour.noise else ""
    about = Built.of(kept.spec)
    return [{"record": Record.of(kept, row, driver, about).beside()} for row in range(len(job.episodes))]


def drive(
    worlds: BatchOfWorlds, driver: Driver, active: np.ndarray, job: Job, panel: Panel | None = None
) -> Trace:
    """Step until every row has ended; a row whose numbers blow up is given up alone."""
    trace = Trace.empty(len(active))
    spoken = INSTRUCTION in (*job.more, *driver.reads, *(panel.reads if panel else ()))
    for step in range(MOST_STEPS):
        seen_now = worlds.observe(active)
        observation = instructed(worlds, seen_now) if spoken else seen_now
        labels = worlds.expert_actions()
        extra: dict[str, np.ndarray] = {}
        if panel is not None:
            labels, extra[COLUMN] = panel.label(observation, labels)
        active = give_up(trace, active, ~worlds.diverged, "the simulation blew up")
        active = give_up(trace, active, finite_rows(observation, labels), "the simulation is not finite")
        actions = np.array(driver.act(observation, labels, step))
        active = give_up(trace, active, np.isfinite(actions).all(1), "the policy's action is not finite")
        if not active.any():
            return trace
        actions[~active] = 0.0
        trace.kept.add(seen(worlds, observation, {"label": labels, "action": actions, **extra}, job))
        worlds.step(actions, active)
        trace.length += active
        trace.reward += np.where(active, worlds.reward, 0.0)
        trace.success |= active & worlds.success
        active = active & (worlds.diverged | ~(worlds.terminated | worlds.truncated))
    raise RuntimeError(f"Job {job.index} was not over after {MOST_STEPS} steps: the task has no horizon")


def instructed(worlds: BatchOfWorlds, observation: Mapping) -> Mapping:
    """Add the instructions of worlds that give some."""
    instructions = getattr(worlds, "instructions", None)
    return observation if instructions is None else {**observation, INSTRUCTION: np.asarray(instructions)}


def finite_rows(observation: Mapping, labels: np.ndarray) -> np.ndarray:
    """Tell which rows hold finite numbers only, (rows,) bool."""
    numbers = np.concatenate([labels, *(observation[name] for name in RECORDED)], axis=1)
    return np.isfinite(numbers).all(1)


def give_up(trace: Trace, active: np.ndarray, sound: np.ndarray, why: str) -> np.ndarray:
    """End active rows that are not sound and note why; the others go on."""
    if sound.all():
        return active
    for row in np.flatnonzero(active & ~sound):
        trace.fault[row] = f"{why} at step {trace.length[row]}"
    return active & sound


def seen(
    worlds: BatchOfWorlds, observation: Mapping, said: Mapping[str, np.ndarray], job: Job
) -> dict[str, np.ndarray]:
    """Keep what this job asked for of one step: what was seen, and what was `said`, labels and actions."""
    images = observation.get("images", {})
    kept = {f"images.{name}": values for name, values in images.items()} if job.record or job.strips else {}
    if job.record:
        kept |= {name: observation[name] for name in RECORDED} | {"auxiliary": worlds.auxiliary()} | dict(said)
        for what in job.more:
            kept |= extra_columns(observation, what)
    return kept


def extra_columns(observation: Mapping, what: str) -> dict[str, np.ndarray]:
    """Give the columns of one name of `MORE`.

    Raises:
        ValueError: The name is unknown, or these worlds have nothing of the kind.
    """
    if what == "instruction" and INSTRUCTION in observation:
        return {INSTRUCTION: text_bytes(observation[INSTRUCTION])}
    if what == "depth" and "depth" in observation:
        near = {name: metres[:, ::DEPTH_STRIDE, ::DEPTH_STRIDE] for name, metres in observation["depth"].items()}
        return {f"depth.{name}": np.asarray(metres, np.float16) for name, metres in near.items()}
    if what in MAPS and what in observation:
        return {f"{MAPS[what]}.{name}": values for name, values in observation[what].items()}
    if what not in MORE:
        raise ValueError(unknown("column to record", what, MORE))
    raise ValueError(f"a job is to record `{what}`, which these worlds do not give")


def package(job: Job, trace: Trace, draws: Sequence[dict], kept: Sequence[dict]) -> Episodes:
    """Put the rows of a trace one after the other; episodes with a fault leave a record but no frames."""
    frames = [0 if trace.fault[row] or not job.record else int(n) for row, n in enumerate(trace.length)]
    records = tuple(
        {
            "seed": job.seed,
            "episode": episode,
            "success": bool(trace.success[row]) and not trace.fault[row],
            "length": int(trace.length[row]),
            "reward": 0.0 if trace.fault[row] else float(trace.reward[row]),
            "fault": trace.fault[row],
            "frames": frames[row],
            "randomization": draws[row],
            **kept[row],
        }
        for row, episode in enumerate(job.episodes)
    )
    columns = {name: trace.kept.joined(name, frames) for name in (trace.kept.arrays if any(frames) else ())}
    return Episodes(job.index, records, columns, strips_of(job, trace))


def strips_of(job: Job, trace: Trace) -> dict[int, np.ndarray]:
    """Cut the first camera's images of the episodes that are to be shown."""
    cameras = [name for name in trace.kept.arrays if name.startswith("images.")]
    if not cameras:
        return {}
    shown = [(row, episode) for row, episode in enumerate(job.episodes) if episode in job.strips]
    return {
        episode: trace.kept.arrays[cameras[0]][row, : trace.length[row]].copy()
        for row, episode in shown
        if trace.length[row]
    }
