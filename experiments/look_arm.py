"""The part of `look` that looks at an arm: a table of checks and a sheet of pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.run import Run
from experiments.schema import Config

if TYPE_CHECKING:
    from envs.arms.inspection import Check
    from envs.arms.profile import ArmProfile

SIDE_PX = 220
COLUMNS = 6
LINE_PX = 20


def check(config: Config) -> None:
    """Refuse a profile that cannot work, with one error that names the cure."""
    from envs.arms.profile import load
    from envs.rendering.assets import arm_scene
    from envs.tasks.base import get

    profile = load(config.arm)
    arm_scene(profile, get("reach"))
    for found in checks_of(profile):
        if found.status == "broken":
            raise ValueError(f"arm `{profile.name}`: {found.name}: {found.found}")


def main(run: Run, config: Config) -> dict[str, Any]:
    """Print the table, draw the sheet."""
    from envs.arms.profile import load

    profile = load(config.arm)
    checks = checks_of(profile)
    table = "\n".join(str(found) for found in checks)
    (run.folder / "arm.txt").write_text(table + "\n")
    print(table)
    picture = draw(run, profile, checks)
    return {
        "arm": {
            "name": profile.name,
            "joints": list(profile.joint_names),
            "home": list(profile.home),
            "mount": list(profile.mount.xyz),
            "control_rate_hz": profile.control_rate_hz,
            "image": str(picture),
            "checks": [{"name": found.name, "status": found.status, "found": found.found} for found in checks],
            "odd": [found.name for found in checks if found.status != "ok"],
        }
    }


def checks_of(profile: "ArmProfile") -> list["Check"]:
    """Give all checks, those that need a simulator last."""
    from envs.arms.inspection import inspect

    return [*inspect(profile), self_collision(profile)]


def self_collision(profile: "ArmProfile") -> "Check":
    """Say whether the arm touches itself at home, and where it would not."""
    from envs.arms.inspection import BROKEN, OK, Check
    from envs.bullet.selftouch import touching

    if not profile.urdf:
        return Check("self-collision", OK, "not checked: the profile names no `urdf`")
    found = touching(profile, np.array(profile.home))
    if not found:
        return Check("self-collision", OK, "none at home (hulls of the URDF's collision shapes)")
    told = ", ".join(f"`{a}` and `{b}` by {1000 * depth:.0f} mm" for a, b, depth in found)
    return Check("self-collision", BROKEN, f"at home these links overlap: {told}. {other_home(profile)}")


def other_home(profile: "ArmProfile") -> str:
    """Suggest a home that does not touch itself, in the middle of the workspace."""
    from envs.arms import reach
    from envs.bullet.selftouch import touching

    box = profile.workspace
    middle = 0.5 * (np.array(box.low) + np.array(box.high))
    for start in reach.starts(profile)[1:]:
        joints, error = reach.solve(profile, middle, start)
        if error < reach.CLOSE and not touching(profile, joints):
            return f"Take another home, such as `home: {np.round(joints, 4).tolist()}`."
    return "Take another home, with the elbow further from the base."


def draw(run: Run, profile: "ArmProfile", checks: list["Check"]) -> Path:
    """Draw the sheet."""
    import cv2

    from envs.portrait import portraits
    from envs.rendering.overlay import tile
    from experiments.look import head, write

    tiles = []
    total = 6 + 2 * len(profile.joints)
    for name, image in portraits(profile, SIDE_PX):
        shown = np.ascontiguousarray(image)
        cv2.putText(shown, name, (6, LINE_PX - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (20, 20, 20), 1, cv2.LINE_AA)
        tiles.append(shown)
        run.progress("draw the arm", len(tiles), total)
    sheet = tile(tiles, COLUMNS)
    words = [f"{profile.name}: {len(profile.joints)} joints"]
    words += [f"{found.name}: {found.status}, {found.found}"[:150] for found in checks]
    return write(run.folder / "arm.png", np.vstack([head(words, None, sheet.shape[1]), sheet]))
