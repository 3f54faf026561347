"""How a run of reinforcement learning goes: success of the policy without its noise, now and then.

curve = Curve(spec, settings, progress, log)
stop = curve.at(steps, policy, successes, figures)
curve.points               # [{"env_steps": ..., "seconds": ..., "success": ...}, ...]
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from agents.behaviour import Behaviour
from agents.clone import Log, Progress
from agents.jobs import plan
from agents.onnx_export import to_onnx
from agents.policy import Policy
from agents.rl_settings import RLSettings
from agents.rollout import SerialPool
from envs.spec import WorldsSpec

MEASURED = 2**40  # first seed of the episodes a policy is measured in; training begins at 0


class Curve:
    """Measures, logs, and says when to stop.

    Args:
        spec: Worlds that are learnt in.
        settings: How often to measure, and when the task counts as solved.
        progress: Called with ("learn", steps done, steps).
        log: Called with the control step and figures.
    """

    def __init__(
        self, spec: WorldsSpec, settings: RLSettings, progress: Progress | None = None, log: Log | None = None
    ):
        self.spec, self.settings, self.progress, self.log = spec, settings, progress, log
        self.points: list[dict[str, float]] = []
        self._before, self._since = 0.0, time.monotonic()
        self._pool: SerialPool | None = None

    @property
    def seconds(self) -> float:
        """Seconds of collecting and learning, measurements left out [s]."""
        return self._before + time.monotonic() - self._since

    @property
    def solved(self) -> bool:
        """The last measurement reached what was asked."""
        return bool(self.points) and self.points[-1]["success"] >= self.settings.solved

    def at(self, steps: int, policy: Policy, successes: Sequence[Any], figures: Mapping[str, float]) -> bool:
        """Note where the run stands; tell whether it is done.

        Args:
            steps: Control steps so far.
            policy: As it is now.
            successes: Of the last episodes, with noise.
            figures: Of the learner.
        """
        if self.progress:
            self.progress("learn", min(steps, self.settings.steps), self.settings.steps)
        last = self.points[-1]["env_steps"] if self.points else -self.settings.evaluate_every
        due = steps - last >= self.settings.evaluate_every or steps >= self.settings.steps
        if steps == last or not due:
            return self.solved
        spent = self.seconds
        self.points.append({"env_steps": steps, "seconds": round(spent, 2), "success": self.measure(policy)})
        self._before, self._since = spent, time.monotonic()
        noisy = {"success_with_noise": sum(map(float, successes)) / len(successes)} if len(successes) else {}
        if self.log:
            self.log(steps, {"success": self.points[-1]["success"], "seconds": spent, **noisy, **figures})
        return self.solved

    def measure(self, policy: Policy) -> float:
        """Give the success of the policy without noise, in the same episodes every time."""
        count, rows = self.settings.evaluate_episodes, self.settings.worlds
        if self._pool is None:
            self._pool = SerialPool(self.spec, rows)
        jobs = plan(MEASURED + self.settings.seed, count, rows, Behaviour("student"))
        training, results = policy.training, []
        for episodes in self._pool.run(jobs, to_onnx(policy)):
            results += [bool(record["success"]) for record in episodes.records]
        policy.train(training)
        return sum(results) / len(results)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for `restore`."""
        return {"points": self.points, "seconds": self.seconds}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from what `to_dict` gave."""
        self.points, self._before, self._since = list(data["points"]), data["seconds"], time.monotonic()

    def close(self) -> None:
        """Give back the worlds."""
        if self._pool is not None:
            self._pool.close()
