"""`look TASK.yaml audit=true`: proof that every axis acts, on itself alone, and comes back; see `envs.audit`."""

from typing import TYPE_CHECKING, Any

from experiments.policies import sim_spec
from experiments.run import Run, write_json
from experiments.schema import Config
from randomizers import Randomization
from randomizers.errors import unknown

if TYPE_CHECKING:
    from envs.audit import Finding
    from envs.spec import WorldsSpec

EVERYTHING = "all"
CHOICES = ("false", "true", EVERYTHING)
SIDE_PX = 48
COLUMNS = ("axis", "status", "read", "moves", "shows", "says", "note")


def asked(config: Config) -> str:
    """Read `audit`: "" for no, "true" for what the configuration varies, "all" for every randomizer there is.

    Raises:
        ValueError: It is something else.
    """
    word = str(config.audit).lower()
    if word not in CHOICES:
        raise ValueError(unknown("audit", config.audit, CHOICES))
    return "" if word == "false" else word


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Examine every axis; print the table, keep it in the run's folder."""
    from envs.audit import audit, summary
    from envs.rendering.assets import CAMERAS

    whole = asked(config) == EVERYTHING
    standing = [name for name, camera in CAMERAS.items() if not camera.mount]
    cameras = tuple(dict.fromkeys([*standing, *config.images.cameras]))
    spec = sim_spec(config, images=cameras, image_size=SIDE_PX).but(strength=1.0, depth=whole)
    asked_for, refused = _whole(spec) if whole else (Randomization.from_dict(config.randomize), [])
    found = audit(
        lambda varied: spec.but(randomization=varied).build(2),
        asked_for,
        lambda done, total: run.progress("examine axes", done, total),
    )
    told = summary([*found, *refused])
    table = write(told["list"])
    (run.folder / "audit.txt").write_text(table + "\n")
    write_json(run.folder / "audit.json", told)
    print(table)
    counts = ", ".join(f"{told[key]} {key}" for key in told if key != "list")
    print(f"  {counts}", flush=True)
    return {"audit": told}, f"python -m experiments look {config.task}.yaml"


def _whole(spec: "WorldsSpec") -> "tuple[Randomization, list[Finding]]":
    """Give every randomizer that fits a task, and findings on what does not."""
    from envs.audit import supported
    from envs.capability import every

    bare = spec.but(randomization=None).build(1)
    try:
        return supported(every(), bare)
    finally:
        bare.close()


def status(result: dict[str, Any]) -> int:
    """Give the exit status: 1 where an axis that is bound does not act as it should."""
    told = result["audit"]
    return int(told["acting"] < told["axes"])


def write(listed: list[dict[str, Any]]) -> str:
    """Write findings as a table."""
    marks = ("read_back", "trajectory", "image", "observation")
    rows = [COLUMNS]
    for found in listed:
        more = f"also changes {', '.join(found['others'])}" if found["others"] else found["note"]
        ticks = ["yes" if found[mark] else "-" for mark in marks]
        rows.append((found["name"], found["status"], *ticks, more))
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
