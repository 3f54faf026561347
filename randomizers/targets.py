"""Which knobs a randomizer means: names, wildcards, exceptions.

    "cube"            one
    "cube table"      several; a list does as well
    "panda_joint*"    every one that fits
    "* !hand"         all but one
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from randomizers.errors import unknown

Targets = str | Iterable[str]


def patterns(of: Targets, kind: str) -> str:
    """Write targets as one string, separated by spaces."""
    words = of.split() if isinstance(of, str) else list(of) if isinstance(of, Iterable) else []
    if not words or not all(isinstance(word, str) and word.strip("! ") for word in words):
        raise ValueError(f"{kind}.of names its targets, such as 'cube', 'cube table' or '*', not {of!r}")
    return " ".join(words)


def expand(knob: str, of: str, target: str, knobs: Iterable[str]) -> list[str]:
    """List the knobs that a pattern such as "mass.{of}" means in a world.

    Args:
        knob: Name of a knob; `{of}` stands for each target.
        of: Targets, separated by spaces.
        target: What a target is called in errors, such as "body".
        knobs: Names of all knobs of the world.

    Raises:
        ValueError: A name or a wildcard that fits nothing.
    """
    if "{of}" not in knob:
        if knob not in knobs:
            raise ValueError(unknown("knob", knob, knobs))
        return [knob]
    known = dict(sorted(fitting(knob, knobs)))
    chosen: dict[str, str] = {}
    for word in of.split():
        found = _find(word.removeprefix("!"), known, target)
        if word.startswith("!"):
            chosen = {name: full for name, full in chosen.items() if name not in found}
        else:
            chosen |= found
    if not chosen:
        raise ValueError(f"`{of}` leaves no {target} to vary. Known: {', '.join(known)}")
    return list(chosen.values())


def fitting(knob: str, knobs: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Targets that have a knob of a pattern such as "mass.{of}", each with the knob's full name."""
    before, after = knob.split("{of}")
    for full in knobs:
        name = full.removeprefix(before).removesuffix(after)
        if full == f"{before}{name}{after}" and name and "." not in name:
            yield name, full


def _find(word: str, known: dict[str, str], target: str) -> dict[str, str]:
    """Targets that fit one word."""
    found = {name: full for name, full in known.items() if fnmatchcase(name, word)}
    if not found and any(sign in word for sign in "*?["):
        raise ValueError(f"`{word}` fits no {target}. Known: {', '.join(known) or 'none'}")
    if not found:
        raise ValueError(unknown(target, word, known))
    return found
