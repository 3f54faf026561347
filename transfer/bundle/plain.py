"""Dataclasses as plain data and back, so that a file can be read by those who know fewer or more of its fields.

    data = written(contract)              # without what is at its default
    read(JointIO, data, "joints[0]")      # refuses what is missing or unknown
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from randomizers.errors import unknown


def written(part: Any) -> Any:
    """Give plain data of dataclasses at any depth, without what is at its default."""
    if isinstance(part, tuple):
        return tuple(written(item) for item in part)
    if not is_dataclass(part):
        return part
    values = {field.name: (getattr(part, field.name), field.default) for field in fields(part)}
    return {name: written(value) for name, (value, default) in values.items() if value != default}


def read(kind: type, data: Mapping, where: str) -> Any:
    """Build one dataclass from a mapping; name the field that is missing or unknown."""
    names = [field.name for field in fields(kind)]
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected an object with {names}, got {data!r}.")
    for key in data:
        if key not in names:
            raise ValueError(f"{where}: {unknown('field', key, names)}")
    missing = [field.name for field in fields(kind) if field.default is MISSING and field.name not in data]
    if missing:
        raise ValueError(f"{where}: missing {missing}.")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})
