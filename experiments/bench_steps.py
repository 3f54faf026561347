"""Control steps per second: ours, their own physics floor, and panda-gym's, in one process.

Everyone gets random actions at 20 Hz in episodes of 50 steps, resets included, one core, CPU time, the fastest of some
episodes. `ratio` compares the recommended preset, `same_fidelity_ratio` the rate and iterations of panda-gym (500 Hz
and 50, no early stop; fingers move where the task grasps); the two must never be mixed in one claim.
"""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from envs.worlds import Worlds

RIVALS = {"reach": "PandaReach-v3", "push": "PandaPush-v3", "lift": "PandaPickAndPlace-v3"}
"""What panda-gym has of our tasks."""
STEPS = 50
CONTROL_HZ = 20
PANDA_GYM_HZ, PANDA_GYM_ITERATIONS = 500, 50
"""Rate of panda-gym's physics, and Bullet's own number of iterations, which it leaves alone."""
FIX = "install it for this benchmark: .venv/bin/pip install -c constraints.txt panda-gym"


def measure(task: str, worlds: int, repeats: int, rival: bool = True) -> dict[str, Any]:
    """Time one task.

    Args:
        task: Its name.
        worlds: Stepped as one batch.
        repeats: Episodes of which the fastest counts.
        rival: Compare with panda-gym, where it has such a task.

    Returns:
        `steps_per_s`, `step_us`, `floor_us`, `floor_ratio` (a step over its bare physics), `reset_ms`, `preset`; where
        panda-gym has such a task, `panda_gym_steps_per_s`, `ratio`, and the same at equal fidelity.
    """
    from envs.physics import described
    from envs.tasks.base import get

    found: dict[str, Any] = own(task, worlds, repeats, None) | {"preset": described(get(task).physics)}
    if not rival or task not in RIVALS:
        return found
    exact = {"rate_hz": PANDA_GYM_HZ, "iterations": PANDA_GYM_ITERATIONS, "residual": 1e-7}
    equal = own(task, worlds, max(2, repeats // 3), exact)
    theirs = panda_gym(task, max(2, repeats // 3))
    return found | {
        "panda_gym_steps_per_s": theirs,
        "ratio": found["steps_per_s"] / theirs,
        "same_fidelity_steps_per_s": equal["steps_per_s"],
        "same_fidelity_ratio": equal["steps_per_s"] / theirs,
        "same_fidelity_floor_ratio": equal["floor_ratio"],
    }


def own(task: str, worlds: int, repeats: int, physics: dict[str, Any] | None) -> dict[str, float]:
    """Time our worlds with some physics."""
    from envs.spec import WorldsSpec

    batch = WorldsSpec(task, physics=physics).build(worlds)
    try:
        return timed(batch, repeats)
    finally:
        batch.close()


def timed(worlds: "Worlds", repeats: int) -> dict[str, float]:
    """Time steps, resets and bare physics of a batch, fastest of some episodes."""
    from envs.bullet.meter import metered

    rng, rows = np.random.default_rng(0), np.arange(worlds.num)
    actions = rng.uniform(-1.0, 1.0, (STEPS, worlds.num, worlds.actuation.controller.size))
    steps, resets, floors = [], [], []
    episode(worlds, rows, actions, 0)
    for number in range(repeats):
        reset, step = episode(worlds, rows, actions, number)
        steps.append(step)
        resets.append(reset)
        with metered() as meter:
            episode(worlds, rows, actions, number)
        floors.append(meter() / (STEPS * worlds.num))
    step, floor, reset = min(steps), min(floors), min(resets)
    return {
        "steps_per_s": 1.0 / (step + reset / STEPS),
        "step_us": 1e6 * step,
        "floor_us": 1e6 * floor,
        "floor_ratio": step / floor,
        "reset_ms": 1e3 * reset,
    }


def episode(worlds: "Worlds", rows: np.ndarray, actions: np.ndarray, number: int) -> tuple[float, float]:
    """Run one episode in every world; give the time of a reset and of a step of one world [s]."""
    began = time.thread_time()
    worlds.begin(rows, 0, rows + number * worlds.num)
    begun = time.thread_time()
    for action in actions:
        worlds.step(action)
    ended = time.thread_time()
    return (begun - began) / worlds.num, (ended - begun) / (len(actions) * worlds.num)


def check_panda_gym() -> None:
    """Refuse to begin without what is compared with.

    Raises:
        FileNotFoundError: panda-gym is not installed.
    """
    from importlib.util import find_spec

    if find_spec("panda_gym") is None:
        raise FileNotFoundError(f"panda-gym is missing; {FIX}, or leave it out: bench.panda_gym=false")


def panda_gym(task: str, repeats: int) -> float:
    """Give panda-gym's control steps per second at our control rate."""
    import gymnasium
    import panda_gym  # noqa: F401  registers its environments

    env = gymnasium.make(RIVALS[task])
    simulation = env.unwrapped.sim  # type: ignore[attr-defined]
    simulation.n_substeps = PANDA_GYM_HZ // CONTROL_HZ
    rng, spent = np.random.default_rng(0), []
    size = env.action_space.shape or (0,)
    for _ in range(repeats):
        actions = rng.uniform(-1.0, 1.0, (STEPS, *size)).astype(np.float32)
        began = time.thread_time()
        env.reset(seed=0)
        for action in actions:
            env.step(action)
        spent.append(time.thread_time() - began)
    env.close()
    return STEPS / min(spent)
