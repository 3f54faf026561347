"""Which OpenGL the twin's renderer can have on this machine, found without risking this process.

    kind = available()        # "egl", "osmesa" or "none"
    context = context(64)     # an off-screen context of that kind

A broken driver can abort a process, so each kind is tried in a child first. The answer is kept in the
environment variable SIM2ARM_GL, which workers inherit; set it yourself to skip the trial.
"""

import os
import subprocess
import sys
from typing import Any

from randomizers.errors import unknown

KINDS = ("egl", "osmesa")
NONE = "none"
VARIABLE = "SIM2ARM_GL"
TRIAL_LIMIT_S = 60.0
TRIAL = """
import numpy as np, mujoco
context = mujoco.GLContext(32, 32)
context.make_current()
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><light/><geom size='1'/></worldbody></mujoco>")
mjr = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, mjr)
pixels = np.zeros((32, 32, 3), np.uint8)
mujoco.mjr_readPixels(pixels, None, mujoco.MjrRect(0, 0, 32, 32), mjr)
print("drawn")
"""


def available() -> str:
    """Name the first kind of OpenGL that draws here: "egl", "osmesa", or "none"."""
    answer = os.environ.get(VARIABLE)
    if answer is None:
        answer = next((kind for kind in KINDS if _draws(kind)), NONE)
        os.environ[VARIABLE] = answer
    if answer not in (*KINDS, NONE):
        raise ValueError(
            f"{VARIABLE} in the environment: {unknown('kind of OpenGL', answer, (*KINDS, NONE))}"
        )
    return answer


def prepare() -> str:
    """Set MUJOCO_GL for the kind that works; has to run before the first import of mujoco in a process."""
    kind = available()
    os.environ["MUJOCO_GL"] = "disable" if kind == NONE else kind
    if kind != NONE:
        os.environ["PYOPENGL_PLATFORM"] = kind
    return kind


def context(size: int) -> Any:
    """Make an off-screen OpenGL context; `make_current()` and `free()` belong to it.

    Raises:
        RuntimeError: This machine has none; `available()` would have said so.
    """
    kind = prepare()
    if kind == "egl":
        from mujoco.egl import GLContext
    elif kind == "osmesa":
        from mujoco.osmesa import GLContext
    else:
        raise RuntimeError(f"no OpenGL to draw with ({VARIABLE}={kind}); use TinyRenderer instead")
    return GLContext(size, size)


def _draws(kind: str) -> bool:
    """Draw one image in a child process."""
    environment = os.environ | {"MUJOCO_GL": kind, "PYOPENGL_PLATFORM": kind}
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRIAL],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TRIAL_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "drawn" in done.stdout
