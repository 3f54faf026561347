"""Prepare meshes and compile everything once, so that nothing later has to wait for it.

    python -m envs.warm

`make setup` ends with this. Without it the first command of a fresh machine does the same, half a minute long.
"""

import time

import numpy as np

from envs.spec import WorldsSpec
from randomizers import DEFAULT, Encoder


def warm() -> float:
    """Draw one randomized world and move it a step; give the seconds it took."""
    began = time.monotonic()
    worlds = WorldsSpec("push", randomization=DEFAULT | Encoder(), images=("front",), image_size=64).build(1)
    worlds.begin(np.arange(1), seed=0, episodes=np.arange(1))
    worlds.step(worlds.expert_actions())
    worlds.observe()
    worlds.close()
    return time.monotonic() - began


if __name__ == "__main__":
    print(f"compiled: {warm():.0f} s")
