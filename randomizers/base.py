"""Composable randomizers: say what varies, in which bodies, how and when.

A randomizer names knobs and holds an expression for each. It has no state, no random generator and
no world, so it can be compared, pickled, printed and sent to another machine:

    randomization = Mass("cube", nominal * LogUniform(0.5, 2.0)) | Friction("*", Uniform(0.4, 1.2))
    domain = randomization.bind(world)          # nominal values read, clashes refused

Name what varies in one and the rest stays nominal; name nothing and the defaults vary.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from randomizers.axis import Axis
from randomizers.distributions import Distribution
from randomizers.domain import Domain
from randomizers.errors import unknown
from randomizers.notation import Expression, Written, expression
from randomizers.targets import Targets, expand, patterns
from randomizers.when import Every, When, moment
from randomizers.world import World

Varied = Written | None
_UNNAMED: Any = type("Unnamed", (), {"__repr__": lambda self: "unnamed"})()
_KINDS: dict[str, type["Randomizer"]] = {}


def varies(knob: str, default: Written) -> Any:
    """Declare a field that holds an expression.

    Args:
        knob: Name of the knob it varies; `{of}` stands for each target, as in "mass.{of}".
        default: How it varies where the randomizer names nothing at all.
    """
    return field(default=_UNNAMED, metadata={"knob": knob, "default": expression(default)})


@dataclass(frozen=True)
class Randomizer:
    """Base of all randomizers; a subclass declares fields with `varies`.

    Args:
        when: "startup" (once per process), "episode" (every reset), "step" (every control step)
            or `Every(low, high)` seconds.
    """

    when: When = field(default="episode", kw_only=True)

    target: ClassVar[str] = "target"  # what `of` names, for errors
    signed: ClassVar[bool] = True  # False refuses ranges that reach below zero

    def __init_subclass__(cls) -> None:
        _KINDS[cls.__name__] = cls

    def __post_init__(self) -> None:
        kind = type(self).__name__
        object.__setattr__(self, "when", moment(self.when))
        if any(f.name == "of" for f in fields(self)):
            object.__setattr__(self, "of", patterns(getattr(self, "of"), kind))
        varied = [f for f in fields(self) if "knob" in f.metadata]
        named = any(getattr(self, f.name) not in (None, _UNNAMED) for f in varied)
        for f in varied:
            written = getattr(self, f.name)
            if written is _UNNAMED:
                written = None if named else f.metadata["default"]
            try:
                object.__setattr__(self, f.name, None if written is None else expression(written))
            except ValueError as error:
                raise ValueError(f"{kind}.{f.name}: {error}") from error

    @property
    def varied(self) -> dict[str, Expression | None]:
        """The expression of every field that may vary; None stays nominal."""
        return {f.name: getattr(self, f.name) for f in fields(self) if "knob" in f.metadata}

    def axes(self, world: World) -> list[Axis]:
        """List what this randomizer varies in this world."""
        kind, made = type(self).__name__, []
        about = {"when": self.when, "family": kind, "signed": self.signed}
        for f in fields(self):
            by = getattr(self, f.name)
            if "knob" in f.metadata and by is not None:
                names = expand(f.metadata["knob"], getattr(self, "of", "*"), self.target, world.knobs)
                made += [Axis.of(name, world.knobs[name], by, **about) for name in names]
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for YAML, every range spelled out."""
        data = {"of": getattr(self, "of")} if hasattr(self, "of") else {}
        shown = {name: str(by) for name, by in self.varied.items() if by is not None}
        data |= shown or dict.fromkeys(self.varied)
        return data if self.when == "episode" else {**data, "when": str(self.when)}

    def __or__(self, other: "Randomizer | Randomization") -> "Randomization":
        return Randomization((self,)) | other

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.to_dict().items())})"


@dataclass(frozen=True)
class Randomization:
    """A set of randomizers that own different axes, so their order does not matter."""

    randomizers: tuple[Randomizer, ...] = ()

    def __or__(self, other: "Randomizer | Randomization") -> "Randomization":
        if not isinstance(other, Randomizer | Randomization):
            return NotImplemented
        more = other.randomizers if isinstance(other, Randomization) else (other,)
        return Randomization(self.randomizers + more)

    def __iter__(self) -> Iterator[Randomizer]:
        return iter(self.randomizers)

    def __len__(self) -> int:
        return len(self.randomizers)

    def bind(self, world: World) -> Domain:
        """Read the nominal values of a freshly loaded world and check that nothing clashes.

        Raises:
            ValueError: A target that the world lacks, a range that is impossible there, or an axis with two owners.
        """
        axes: dict[str, Axis] = {}
        owner: dict[str, Randomizer] = {}
        for randomizer in self:
            for axis in randomizer.axes(world):
                if axis.name in axes:
                    raise ValueError(
                        f"{owner[axis.name]} and {randomizer} both vary `{axis.name}`; "
                        "name other targets in one of them (`of='* !cube'` leaves the cube out)"
                    )
                axes[axis.name], owner[axis.name] = axis, randomizer
        return Domain(dict(sorted(axes.items())))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain data for YAML and JSON, keyed by kind: `Mass`, and `Mass 2` for the next one."""
        items: dict[str, dict[str, Any]] = {}
        for randomizer in self:
            kind, n = type(randomizer).__name__, 1
            while (key := kind if n == 1 else f"{kind} {n}") in items:
                n += 1
            items[key] = randomizer.to_dict()
        return items

    @classmethod
    def from_dict(cls, items: Mapping[str, Any] | None) -> "Randomization":
        """Read what `to_dict` wrote or a person did; a key set to null is left out.

        A key is the name of a randomizer, followed by any note: `Camera`, `Camera 2`, `Camera in front`.
        """
        if not isinstance(items or {}, Mapping):
            raise TypeError(f"a randomization is a mapping such as {{Mass: {{of: cube}}}}, not {items!r}")
        return cls(tuple(_read(str(key), about) for key, about in (items or {}).items() if about is not None))

    def __str__(self) -> str:
        return " | ".join(map(str, self)) or "nothing varies"


def _read(key: str, about: Any) -> Randomizer:
    """Build one randomizer from its YAML entry."""
    kind = key.split()[0] if key.split() else key
    if kind not in _KINDS:
        raise ValueError(unknown("randomizer", kind, _KINDS))
    allowed = [f.name for f in fields(_KINDS[kind])]
    if not isinstance(about, Mapping):
        raise ValueError(f"`{key}: {about}` must be a mapping of {', '.join(allowed)}, or null to switch it off")
    for name in about:
        if name not in allowed:
            raise ValueError(unknown(f"field of {kind}", name, allowed))
    return _KINDS[kind](**{str(name): value for name, value in about.items()})


__all__ = ["Axis", "Distribution", "Domain", "Every", "Randomization", "Randomizer", "Targets", "Varied", "varies"]
