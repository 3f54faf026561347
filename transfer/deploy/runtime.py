"""Drive an arm with a bundle: look, decide, guard, command, at the rate of the contract.

    run = run("runs/7/bundle", card="medium", episodes=100, seed=0)
    run.rate, run.latency, run.forbidden          # the last one is empty on a robot's computer

Numpy and onnxruntime decide; `envs.arms` turns decisions into joint targets. Nothing here needs torch, ray or
a simulator, and `run.forbidden` proves it of the running process.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from randomizers.errors import unknown
from transfer.bundle.bundle import Bundle
from transfer.bundle.contract import Contract
from transfer.deploy.arms.base import Description
from transfer.deploy.arms.virtual import VirtualArm
from transfer.deploy.loop import Log, Trial, drive
from transfer.statistics import Rate, rate_of

FORBIDDEN = ("torch", "ray", "pybullet")
ARMS = ("virtual",)
Progress = Callable[[str, int, int], None]  # stage, done, total


@dataclass(frozen=True)
class Run:
    """What a deployment brings home.

    Attributes:
        trials: In the order of their episodes.
        latency: Milliseconds: "policy_ms" and "tick_ms" with p50 and p99; "late_ticks" when it kept pace.
        forbidden: Modules of `FORBIDDEN` that this process has loaded.
        arm: What the arm said of itself.
        parity: Largest difference of the golden actions on this machine, in unit actions.
        strips: Images of the first camera (frames, height, width, 3) uint8, by episode.
    """

    trials: tuple[Trial, ...]
    latency: dict
    forbidden: tuple[str, ...]
    arm: Description
    parity: float
    strips: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def success(self) -> np.ndarray:
        """(episodes,) bool."""
        return np.array([trial.success for trial in self.trials])

    @property
    def rate(self) -> Rate:
        """Success rate with its Wilson interval."""
        return rate_of(self.success)

    @property
    def stopped(self) -> tuple[str, ...]:
        """Why the guard stopped, if it did."""
        return tuple(trial.stopped for trial in self.trials if trial.stopped)

    def to_dict(self) -> dict:
        """Give plain data for result.json."""
        return {
            "rate": self.rate.to_dict(),
            "trials": [asdict(trial) for trial in self.trials],
            "latency": self.latency,
            "forbidden": list(self.forbidden),
            "arm": asdict(self.arm),
            "parity": self.parity,
            "stopped": list(self.stopped),
        }


def run(
    bundle: Path | str | Bundle,
    *,
    arm: str = "virtual",
    card: str = "medium",
    lab: int = 0,
    split: str = "train",
    episodes: int = 100,
    seed: int = 0,
    first_episode: int = 0,
    pace: bool = False,
    instruction: str | None = None,
    workers: int = 1,
    strips: int = 0,
    progress: Progress | None = None,
) -> Run:
    """Verify a bundle and drive an arm with it.

    Args:
        bundle: Folder, or what `Bundle.load` gave.
        arm: Only "virtual", the reality twin in a process of its own.
        card: Reality card of the twin: its name, or the path of a YAML file.
        lab: Which hidden instance of the card.
        split: Whose layouts, "train" or "heldout".
        episodes: How many.
        seed: Of the episodes; the same address gives the same episode as in `transfer.evaluate`.
        first_episode: Number of the first one.
        pace: Keep the control rate in real time; otherwise as fast as the twin goes.
        instruction: Said in every episode to a policy that reads one; None leaves it to the arm.
        workers: Twins that are driven side by side.
        strips: Keep the images of this many first episodes.
        progress: Called with ("deploy", done, total).

    Raises:
        FileNotFoundError, ValueError: The bundle is broken, or not for this arm. Nothing has moved then.
    """
    if arm not in ARMS:
        raise ValueError(unknown("arm", arm, ARMS))
    loaded = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    parity = loaded.replay()
    spec = twin_spec(loaded.contract, card) | {"lab": lab, "split": split}
    numbers = list(range(first_episode, first_episode + episodes))
    shares = [numbers[i :: max(1, workers)] for i in range(min(max(1, workers), episodes))]
    done: list[int] = []

    def count(episode: int) -> None:
        done.append(episode)
        if progress:
            progress("deploy", len(done), episodes)

    def work(share: Sequence[int]) -> Log:
        with VirtualArm(spec) as twin:
            shown = [episode for episode in share if episode < first_episode + strips]
            return drive(
                loaded, twin, seed, share, pace=pace, instruction=instruction, shown=shown, on_trial=count
            )

    with ThreadPoolExecutor(len(shares)) as pool:
        logs = list(pool.map(work, shares))
    return joined(logs, parity)


def twin_spec(contract: Contract, card: str) -> dict:
    """Give the fields of the twin that shows what the bundle looks at."""
    sizes = {camera.height for camera in contract.cameras} | {camera.width for camera in contract.cameras}
    if len(sizes) != 1:
        raise ValueError(f"The virtual arm draws square images of one size; the bundle wants {sorted(sizes)} px.")
    cameras = [camera.name for camera in contract.cameras]
    return {"task": contract.task, "card": str(card), "images": cameras, "image_size": sizes.pop()}


def joined(logs: Sequence[Log], parity: float) -> Run:
    """Put the loops' notes together."""
    trials = sorted((trial for log in logs for trial in log.trials), key=lambda trial: trial.episode)
    latency: dict = {"late_ticks": sum(log.late for log in logs)}
    for name in ("policy_ms", "tick_ms"):
        values = [value for log in logs for value in getattr(log, name)] or [0.0]
        p50, p99 = np.percentile(values, (50, 99))
        latency[name] = {"p50": float(p50), "p99": float(p99)}
    strips = {episode: np.stack(images) for log in logs for episode, images in log.strips.items() if images}
    return Run(tuple(trials), latency, loaded_of(FORBIDDEN), logs[0].arm, parity, strips)


def loaded_of(names: Sequence[str]) -> tuple[str, ...]:
    """Tell which of some packages this process has loaded."""
    return tuple(name for name in names if name in sys.modules)
