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
    words = of.split() if isinstance(of, str) else list(of) if isinstance(of, Iterable) else [of]
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise ValueError(f"{kind}.of names its targets, such as 'cube' or '*', not {of!r}")
    return " ".join(words)


def expand(knob: str, of: str, target: str, knobs: Iterable[str]) -> list[str]:
    """List the knobs that a pattern such as "mass.{of}" means in a world.

    Args:
        knob: Name of a knob; `{of}` stands for each target.
        of: Targets, separated by spaces.
        target: What a target is called in errors, such as "body".
        knobs: Names of all knobs of the world.
    """
    if "{of}" not in knob:
        if knob not in knobs:
            raise ValueError(unknown("knob", knob, knobs))
        return [knob]
    before, after = knob.split("{of}")
    known = {name[len(before) : len(name) - len(after)]: name for name in knobs if _fits(name, before, after)}
    chosen: list[str] = []
    for word in of.split():
        found = _find(word.removeprefix("!"), known, f"{target} with a knob `{knob}`")
        chosen = [t for t in chosen if t not in found] if word[0] == "!" else chosen + [t for t in found if t not in chosen]
    if not chosen:
        raise ValueError(f"`{of}` leaves no {target} to vary. Known: {', '.join(sorted(known)) or 'none'}")
    return [known[name] for name in chosen]


def _fits(name: str, before: str, after: str) -> bool:
    middle = name[len(before) : len(name) - len(after)]
    return name.startswith(before) and name.endswith(after) and middle != "" and "." not in middle


def _find(word: str, known: Iterable[str], what: str) -> list[str]:
    """Targets that fit one word; none is an error."""
    found = [name for name in known if fnmatchcase(name, word)]
    if not found:
        raise ValueError(unknown(what, word, known))
    return found
