"""What each engine can vary, and how: the source of docs/capabilities.md and of errors at binding.

    how("rolling_friction", "MuJoCo twin").how       # "unsupported"
    check(randomization, "PyBullet", knobs)          # raises, naming engine and reason
    python -m envs.capability                        # writes the table

runtime      the engine's own number, written at every reset or step
rebuild      the world, or part of it, is built anew
emulated     made of other numbers, forces or commands; the note says how far it goes
unsupported  binding a randomizer of it raises
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import randomizers
from randomizers import Randomization, Randomizer
from randomizers.errors import unknown
from randomizers.targets import fitting

BULLET, TWIN = "PyBullet", "MuJoCo twin"
ENGINES = (BULLET, TWIN)
WAYS = ("runtime", "rebuild", "emulated", "unsupported")
ABSENT = "nothing of that kind in this task"
NEEDS = {
    "centre": "only of loose objects",
    "clearance": "only of objects with a hole",
    "pads": "only where fingers move",
    "pose": "only of what the task's features tell",
    "shape": "only of objects that may have several",
    "size": "only of loose objects",
    "start": "only of objects",
}
"""What a knob needs that not every task has."""
PATH = Path(__file__).parents[1] / "docs/capabilities.md"

INTRO = """Made by `python -m envs.capability` from the code; a test keeps it current.

- *runtime*: the engine's own number, written at every reset or step.
- *rebuild*: the world, or part of it, is built anew.
- *emulated*: made of other numbers, forces or commands; the note says how far it goes.
- *unsupported*: binding a randomizer of it raises an error that says so."""


@dataclass(frozen=True)
class Capability:
    """How an engine varies a kind of knob.

    Attributes:
        how: runtime, rebuild, emulated or unsupported.
        note: What to know about it.
    """

    how: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.how not in WAYS:
            raise ValueError(unknown("capability", self.how, WAYS))


def _runtime(note: str = "") -> Capability:
    return Capability("runtime", note)


def _both(capability: Capability) -> tuple[Capability, Capability]:
    return capability, capability


_DRAWN = _both(_runtime("by our renderer; see RENDERERS for what others draw"))
_LENS = _both(_runtime("on the image, after any renderer"))
_GEARS = "on what the servos are asked for, once per control step"
_BUILT = Capability("unsupported", "its model is compiled once for all episodes")
_WEIGHT = Capability("emulated", "the weight's moment as a torque; that the inertia is off centre is left out")

KINDS: dict[str, tuple[Capability, Capability]] = {
    "mass": _both(_runtime("inertia in proportion; in the twin the arm compensates the nominal weight")),
    "inertia": _both(_runtime("all three principal moments at once")),
    "centre": _both(_WEIGHT),
    "link_mass": _both(_runtime("inertia in proportion; the last link with the hand is mass.hand")),
    "friction": (_runtime("product of the two bodies"), _runtime("larger one of the two bodies")),
    "spinning_friction": (_runtime("s1 mu2 + s2 mu1; costs solver rows"), _runtime("larger one of the two bodies")),
    "rolling_friction": (
        _runtime("r1 mu2 + r2 mu1; costs solver rows"),
        Capability("unsupported", "its contacts have four dimensions; rolling needs six"),
    ),
    "restitution": (
        _runtime("product of the two bodies; table and fingers have 1 nominally"),
        Capability("unsupported", "its soft contacts have no coefficient of restitution"),
    ),
    "pads": (
        _runtime(f"stiffness and damping are written together; {NEEDS['pads']}"),
        Capability("unsupported", "its contacts have a time constant and no stiffness"),
    ),
    "contact": (
        Capability("emulated", "contactERP and globalCFM of the whole world, by Bullet's own formula; a body's own "
                   "stiffness can never be taken back"),
        Capability("unsupported", "its contacts have a time constant and no compliance"),
    ),  # fmt: skip
    "damping": (_runtime("explicit: at most 0.5 N m s/rad; the engine does not tell it"), _runtime()),
    "joint_friction": (
        Capability("emulated", f"{_GEARS}: stops short by friction / 2000 N m/rad and sticks there"),
        _runtime("frictionloss"),
    ),
    "armature": (
        Capability("emulated", "added to the link's own inertia about every axis, which joints before it feel too"),
        _runtime(),
    ),
    "limits": _both(_runtime("inside the nominal limits; inverse kinematics does not know of it")),
    "gain": _both(_runtime("from the next command on")),
    "effort": _both(_runtime("from the next command on")),
    "backlash": _both(Capability("emulated", f"{_GEARS}: a gap with memory")),
    "gear_error": _both(Capability("emulated", f"{_GEARS}: a sine of the joint angle, 200 waves a turn")),
    "adversary": _both(Capability("emulated", "on actions, by a random network of 16 hidden units")),
    "gravity": _both(_runtime()),
    "push": _both(_runtime("for 0.1 s from each draw, rounded to control periods")),
    "table_pose": _both(_runtime("the static table is moved; objects lie on it, experts do not know")),
    "base_pose": _both(_runtime("the fixed base is moved; the controller does not know, cameras see it")),
    "latency": _both(Capability("emulated", "commands, images and readings are held back")),
    "jitter": _both(Capability("emulated", "latency that differs from step to step")),
    "dropout": _both(Capability("emulated", "what is lost leaves the one before in force")),
    "refresh": _both(Capability("emulated", "images and readings are taken more rarely than control steps")),
    "control": _both(_runtime("in whole physics steps that are right on average")),
    **dict.fromkeys(("encoder", "opening"), _both(_runtime("on the readings of any engine"))),
    "pose": _both(_runtime(f"what a tracker says of an object, in any engine; {NEEDS['pose']}")),
    "size": (Capability("rebuild", "mass stays, inertia follows"), _BUILT),
    "shape": (Capability("rebuild", NEEDS["shape"]), _BUILT),
    "clearance": (Capability("rebuild", NEEDS["clearance"]), _BUILT),
    "clutter": (Capability("rebuild", "cubes of wood"), _BUILT),
    "start": _both(_runtime("of the layout; the world is left alone for 0.3 s before the episode begins")),
    **dict.fromkeys(("texture", "light", "lamp", "background", "table", "distractors", "camera"), _DRAWN),
    **dict.fromkeys(("exposure", "noise", "lens"), _LENS),
}
"""How each kind of knob, the first word of its name, is varied by each of `ENGINES`."""


def how(kind: str, engine: str) -> Capability:
    """Look a kind of knob up.

    Raises:
        ValueError: There is no such kind or engine.
    """
    if kind not in KINDS:
        raise ValueError(unknown("kind of knob", kind, KINDS))
    if engine not in ENGINES:
        raise ValueError(unknown("engine", engine, ENGINES))
    return KINDS[kind][ENGINES.index(engine)]


def check(randomization: Randomization, engine: str, knobs: Collection[str]) -> None:
    """Refuse what an engine cannot vary, or has nothing of; kinds and engines not listed are left to binding.

    Raises:
        ValueError: A kind is unsupported by the engine, or this world has nothing of that kind.
    """
    for randomizer in randomization:
        wanted = patterns(randomizer)
        missing = [field for field, pattern in wanted.items() if _missing(pattern, engine, knobs)]
        for field in missing:
            kind = wanted[field].partition(".")[0]
            if how(kind, engine).how == "unsupported":
                raise ValueError(f"{randomizer}: {_unsupported(kind, engine)}")
        if missing:
            names = ", ".join(f"{field}=None" for field in missing)
            cure = f"leave {type(randomizer).__name__} out" if len(missing) == len(wanted) else f"say {names}"
            what = ", ".join(f"`{wanted[field]}`" for field in missing)
            raise ValueError(f"{randomizer}: {ABSENT}: {what}{_which(wanted[missing[0]])}. For this task, {cure}.")


def _missing(pattern: str, engine: str, knobs: Collection[str]) -> bool:
    """Whether a world has no knob of a pattern, of a kind that is listed for its engine."""
    if engine not in ENGINES or pattern.partition(".")[0] not in KINDS:
        return False
    return not any(fitting(pattern, knobs)) if "{of}" in pattern else pattern not in knobs


def _unsupported(kind: str, engine: str) -> str:
    """Say why an engine cannot vary a kind, and which one can."""
    able = [other for other in ENGINES if how(kind, other).how != "unsupported"]
    return (
        f"{engine} does not support `{kind}`: {how(kind, engine).note}. "
        f"Leave it out here; {' and '.join(able) or 'no engine'} can vary it."
    )


def _which(pattern: str) -> str:
    """Say what has knobs of a pattern, where that needs saying."""
    note = NEEDS.get(pattern.partition(".")[0], "")
    return f" ({note})" if note else ""


def kinds(randomizer: Randomizer) -> tuple[str, ...]:
    """Name the kinds of knobs that a randomizer varies."""
    return tuple(dict.fromkeys(pattern.partition(".")[0] for pattern in patterns(randomizer).values()))


def patterns(randomizer: Randomizer) -> dict[str, str]:
    """Name the knobs that each field of a randomizer varies, such as "mass.{of}"."""
    named = {f.name: f.metadata["knob"] for f in fields(randomizer) if "knob" in f.metadata}
    return {name: named[name] for name in randomizer.varied}


def every() -> Iterator[Randomizer]:
    """Give every randomizer that ships, at its defaults."""
    for name in randomizers.__all__:
        kind = getattr(randomizers, name)
        if isinstance(kind, type) and issubclass(kind, Randomizer) and kind is not Randomizer:
            yield kind()


def table() -> str:
    """Write docs/capabilities.md: a row for each axis, from the code."""
    head = ["randomizer", "axis", "default", *ENGINES, "note"]
    rows = [row for randomizer in every() for row in _rows(randomizer)]
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(["# What varies, and how", "", INTRO, "", *(f"| {line} |" for line in lines)]) + "\n"


def _rows(randomizer: Randomizer) -> Iterator[list[str]]:
    """Describe each axis of one randomizer."""
    for name, pattern in patterns(randomizer).items():
        by, kind = randomizer.varied[name], pattern.partition(".")[0]
        if kind in KINDS:
            ways = KINDS[kind]
            notes = dict.fromkeys(way.note for way in ways if way.note)
            default = f"`{by}`" + ("" if randomizer.when == "episode" else f", {randomizer.when}")
            yield [type(randomizer).__name__, f"`{pattern}`", default, *(way.how for way in ways), "; ".join(notes)]


if __name__ == "__main__":
    PATH.write_text(table())
    print(PATH)
