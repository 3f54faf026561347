"""Tasks: what is on the table, when it is done, and how a script does it. `get("push")` gives one by name."""

from envs.tasks.base import NAMES, Layout, Task, get

__all__ = ["NAMES", "Layout", "Task", "get"]
