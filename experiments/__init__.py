"""Commands: `python -m experiments VERB config.yaml key=value ...`.

The packages have plain names, so a foreign package may stand before ours on the path (openai-agents installs
`agents`, a PyPI package installs `envs`). Importing `experiments` finds that out at once.
"""

from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def check_neighbours(root: Path = ROOT) -> None:
    """Make sure that the other packages are the ones beside this one.

    Raises:
        ImportError: One of them is missing or comes from elsewhere; the culprit is named.
    """
    for name in ("randomizers", "envs", "agents", "transfer"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found is None or found.parents[1] != root:
            raise ImportError(
                f"`{name}` is {found or 'missing'}, but sim2arm's own is {root / name}. Another installed package "
                f"has the same name: `pip uninstall` it, or run from {root} with `python -m experiments`."
            )


check_neighbours()
