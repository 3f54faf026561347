"""Robot arms in randomized worlds: physics, images, tasks, and Gymnasium environments made of them.

    env = envs.make("push", randomization=DEFAULT, images=("front",))
    worlds = envs.make_vec("push", num_envs=64, randomization=DEFAULT, images=("front",))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envs.making import make, make_vec
    from envs.spec import WorldsSpec

__all__ = ["WorldsSpec", "make", "make_vec"]
_HOMES = {"WorldsSpec": "envs.spec", "make": "envs.making", "make_vec": "envs.making"}


def __getattr__(name: str) -> Any:
    """Load a public name on first use: `import envs` alone loads neither PyBullet nor Gymnasium."""
    if name not in _HOMES:
        raise AttributeError(f"module `envs` has no attribute `{name}`; it offers {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
