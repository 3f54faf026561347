"""Error texts that teach: what was wrong, what was probably meant, what is allowed.

>>> unknown("body", "cub", ["cube", "table"])
'unknown body `cub`. Did you mean `cube`? Known: cube, table'
"""

import difflib
from collections.abc import Iterable

SHOWN = 24  # a longer list hides the message


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Say that a name is unknown, suggest the nearest one and list the rest."""
    names = sorted(known)
    nearest = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"unknown {what} `{name}`.{hint} Known: {', '.join(names[:SHOWN]) or 'none'}{more}"
