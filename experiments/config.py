"""What a run is made of: defaults < YAML < key=value, checked before anything is written.

    config = load(find("push.yaml"), ["strength=0.5", "randomize.Lighting=null"])

Unknown keys and wrong types stop the run with the nearest name. A `randomize` mapping in a YAML file replaces
the default randomization; with a `preset` it changes that one instead. `randomize.*` overrides change what is there,
and null switches a randomizer off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.schema import Config
from randomizers import expression
from randomizers.default import PRESETS
from randomizers.errors import unknown

SHIPPED = Path(__file__).parent


def find(name: str) -> Path:
    """Find a config file: a path, else one that ships with the project."""
    for path in (Path(name), SHIPPED / name):
        if path.is_file():
            return path
    known = sorted(path.name for path in SHIPPED.glob("*.yaml"))
    raise FileNotFoundError(f"{unknown('config file', name, known)} Or give a path.")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping from a YAML file; broken YAML is the user's mistake and names file and line."""
    try:
        data = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold a mapping such as `task: push`, not {data!r}")
    return data


def load(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Assemble a configuration.

    Args:
        path: YAML file, or None for the defaults.
        overrides: "key.subkey=value", values in YAML.

    Raises:
        ValueError: A key is unknown, or a value has the wrong type.
    """
    layers = [read_yaml(path)] if path else []
    layers += [_override(text) for text in overrides]
    for layer in layers:
        check_keys(layer, Config)
    base = OmegaConf.structured(Config)
    named = [layer["preset"] for layer in layers if layer.get("preset") is not None]
    if named:
        base.randomize = preset(named[-1])
    elif path and layers[0].get("randomize") is not None:
        base.randomize = {}
    try:
        made = OmegaConf.to_object(OmegaConf.merge(base, *layers))
    except OmegaConfBaseException as error:
        key, told = getattr(error, "full_key", None), str(error).splitlines()[0]
        raise ValueError(f"config key `{key}`: {told}" if key else f"config: {told}") from error
    if not isinstance(made, Config):
        raise TypeError(f"a configuration became {type(made).__name__}")
    made.randomize, made.preset = carried(made.randomize), None  # a run keeps what it was, whatever becomes of names
    return made


def preset(name: Any) -> dict[str, Any]:
    """Give the randomization of a name as plain data."""
    if name not in PRESETS:
        raise ValueError(unknown("preset", str(name), PRESETS))
    return PRESETS[name].to_dict()


def carried(randomize: Any) -> Any:
    """Put what files hold in the place of their names, so that workers and later runs need no file."""
    if isinstance(randomize, dict):
        return {key: carried(value) for key, value in randomize.items()}
    return str(expression(randomize)) if isinstance(randomize, str) and "Empirical(" in randomize else randomize


def _override(text: str) -> dict[str, Any]:
    """Read "a.b=value" as a nested mapping."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError(f"cannot read `{text}`: an override is key=value, such as strength=0.5")
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        read = value  # text such as a distribution, whatever YAML thinks of its punctuation
    if isinstance(read, str):
        read = _number(read)
    for part in reversed(key.split(".")):
        read = {part: read}
    return read


def _number(text: str) -> Any:
    """YAML takes 1e-3 for text; everybody else for a number."""
    try:
        return float(text)
    except ValueError:
        return text


def check_keys(data: Mapping[str, Any], schema: type, where: str = "") -> None:
    """Refuse keys that the schema lacks, with the nearest name."""
    known = {f.name: f for f in fields(schema)}
    for key, value in data.items():
        if key not in known:
            raise ValueError(unknown("config key", f"{where}{key}", [f"{where}{name}" for name in known]))
        made = known[key].default_factory
        if isinstance(made, type) and is_dataclass(made):
            if not isinstance(value, Mapping):
                keys = ", ".join(f.name for f in fields(made))
                raise ValueError(f"config key `{where}{key}` is a section with {keys}; got {value!r}")
            check_keys(value, made, f"{where}{key}.")


def to_yaml(config: Config) -> str:
    """Write the full configuration."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))
