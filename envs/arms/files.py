"""Profile files: where they and what they name are, and how their mappings become values.

    path_of("pybullet_data/xarm/xarm6_robot.urdf", Path("."))      # below the installed package
    build(Joint, {"name": "elbow", ...}, "my_arm.yaml: joints[0]")
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from randomizers.errors import unknown

Vector = tuple[float, float, float]
FOLDER = Path(__file__).parent
DATA = "pybullet_data"
FIX = "Reinstall it: pip install --force-reinstall pybullet"


@cache
def data_folder() -> Path:
    """Find the installed `pybullet_data` without importing it.

    Raises:
        FileNotFoundError: PyBullet is not installed, or without its data.
    """
    spec = find_spec(DATA)
    roots = list(spec.submodule_search_locations or ()) if spec else []
    if not roots:
        raise FileNotFoundError(f"package `{DATA}` is not installed. {FIX}")
    return Path(roots[0])


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Find a file that a profile names: below `pybullet_data/`, absolute, or relative to the profile's folder.

    Raises:
        FileNotFoundError: It is not there.
    """
    within = name.startswith(f"{DATA}/")
    path = data_folder() / name.removeprefix(f"{DATA}/") if within else folder / Path(name).expanduser()
    if not path.is_file():
        cure = FIX if within else f"Paths are relative to {folder.resolve()}, or start with `{DATA}/`; correct it."
        raise FileNotFoundError(f"no file at {path}. {cure}")
    return path


def kept_name(name: str, folder: Path) -> str:
    """Write a file's name so that it means the same from any folder."""
    return name if name.startswith(f"{DATA}/") else str((folder / Path(name).expanduser()).resolve())


def read_mapping(text: str, where: str) -> dict[str, Any]:
    """Read YAML text that holds a mapping.

    Raises:
        ValueError: It is not YAML, or no mapping.
    """
    try:
        data = yaml.load(text, yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        example = FOLDER / "xarm6.yaml"
        raise ValueError(f"{where}: expected a mapping with the fields of an arm's profile; see {example}.")
    return data


def build(kind: type, data: Any, where: str) -> Any:
    """Make one dataclass from one mapping; name the field that is missing, unknown or not a number."""
    known = {field.name: field for field in fields(kind)}
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected a mapping with {list(known)}, got {data!r}.")
    for key in data:
        if key not in known:
            raise ValueError(f"{where}: {unknown('field', key, known)}")
    missing = [
        name
        for name, field in known.items()
        if name not in data and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{where}: missing {missing}.")
    for key, value in data.items():
        _check_numbers(known[key].type, value, f"{where}: {key}")
    try:
        return kind(**{key: _tuples(value) for key, value in data.items()})
    except TypeError as error:
        raise ValueError(f"{where}: a value has the wrong type ({error}); got {dict(data)!r}.") from error
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _check_numbers(wanted: Any, value: Any, where: str) -> None:
    """Refuse text and lists of another length where numbers belong; YAML takes 1e-3 for text."""
    if wanted is float and not _number(value):
        raise ValueError(f"{where} is {value!r}; it must be a number, such as 0.001 (not 1e-3).")
    if wanted == Vector and not (isinstance(value, list | tuple) and len(value) == 3 and all(map(_number, value))):
        raise ValueError(f"{where} is {value!r}; it must be three numbers, such as [0.0, 0.0, 0.1].")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tuples(value: Any) -> Any:
    """Turn the lists of YAML into tuples, so that profiles are values."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
