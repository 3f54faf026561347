"""Grasps: how many scripted ones hold what, how far things creep in the hand, and what exactness costs.

An episode is a lift over friction 0.3 to 1.2 and 0.02 to 0.5 kg, all else nominal, and a second of holding still.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.bench_steps import timed

if TYPE_CHECKING:
    from envs.worlds import Worlds

FRICTION, MASS_KG = (0.3, 1.2), (0.02, 0.5)
TASK = "lift"
LIFTING, HOLDING = 70, 20
"""Control steps until the object is up, and in which it is held [1/20 s]."""
UP_M = 0.10
"""A grasp holds when the object is still so far above where it lay."""
BATCH = 50
QUALITY = ((60, 20), (120, 10), (120, 20), (120, 30), (160, 20), (240, 15), (240, 50))
"""Rates [Hz] and iterations of the quality table."""


def measure(episodes: int, physics: Any = None) -> dict[str, Any]:
    """Lift and hold in some episodes.

    Returns:
        `held` and its interval `low`, `high`, `n`, `drift_mm` and `drift_p95_mm` (way of the object in the hand
        during the second of holding), `turn_deg` (likewise).
    """
    from transfer.statistics import wilson

    held, drift, turn = lifted(episodes, physics)
    rate = wilson(int(held.sum()), len(held))
    kept = drift[held] if held.any() else np.full(1, np.nan)
    return {
        "held": float(held.mean()),
        "low": rate.low,
        "high": rate.high,
        "n": len(held),
        "drift_mm": float(1e3 * np.median(kept)),
        "drift_p95_mm": float(1e3 * np.quantile(kept, 0.95)),
        "turn_deg": float(np.rad2deg(np.median(turn[held]))) if held.any() else float("nan"),
    }


def quality(episodes: int, repeats: int) -> list[dict[str, Any]]:
    """Measure grasps and costs of several rates and iterations: what a setting buys."""
    from envs.spec import WorldsSpec

    rows = []
    for rate, iterations in QUALITY:
        physics = {"rate_hz": rate, "iterations": iterations}
        worlds = WorldsSpec(TASK, physics=physics).build(8)
        cost = timed(worlds, repeats)["step_us"]
        worlds.close()
        rows.append({**physics, **measure(episodes, physics), "step_us": cost})
    return rows


def lifted(episodes: int, physics: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give for every episode (episodes,): whether it held, the way in the hand [m], the turn in the hand [rad]."""
    from envs.spec import WorldsSpec
    from randomizers import Friction, LogUniform, Mass, Uniform

    varied = Friction("cube", Uniform(*FRICTION)) | Mass("cube", LogUniform(*MASS_KG))
    worlds = WorldsSpec(TASK, randomization=varied, physics=physics).build(min(BATCH, episodes))
    found = [batch(worlds, first, min(worlds.num, episodes - first)) for first in range(0, episodes, worlds.num)]
    worlds.close()
    held, drift, turn = (np.concatenate(each) for each in zip(*found))
    return held, drift, turn


def batch(worlds: "Worlds", first: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run some episodes at once."""
    rows, active = np.arange(count), np.arange(worlds.num) < count
    worlds.begin(rows, 0, first + rows)
    start = worlds.state.object_poses[rows, 0, 2].copy()
    for _ in range(LIFTING):
        worlds.step(worlds.expert_actions(), active)
    before = in_hand(worlds, rows)
    for _ in range(HOLDING):
        worlds.step(worlds.expert_actions(), active)
    after, height = in_hand(worlds, rows), worlds.state.object_poses[rows, 0, 2]
    held = (height > start + UP_M) & ~worlds.diverged[rows]
    cosine = np.clip(np.abs((before[:, 3:] * after[:, 3:]).sum(axis=1)), 0.0, 1.0)
    return held, np.linalg.norm(after[:, :3] - before[:, :3], axis=1), 2.0 * np.arccos(cosine)


def in_hand(worlds: "Worlds", rows: np.ndarray) -> np.ndarray:
    """Give the object's place relative to the tool point [m] and its turn, (rows, 7); the hand never turns."""
    pose = worlds.state.object_poses[rows, 0].copy()
    pose[:, :3] -= worlds.state.hand_position[rows]
    return pose
