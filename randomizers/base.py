"""Composable randomizers: say what varies, in which bodies, how and when.

A randomizer names knobs and holds an expression for each. It has no state, no random generator and
no world, so it can be compared, pickled, printed and sent to another machine:

    randomization = Mass("cube", nominal * LogUniform(0.5, 2.0)) | Friction("*", Uniform(0.4, 1.2))
    domain = randomization.bind(world)          # nominal values read, clashes refused

Name what varies in one and the rest stays nominal; name nothing and the defaults vary.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

from randomizers.axis import Axis
from randomizers.domain import Domain
from randomizers.errors import unknown
from randomizers.notation import Expression, Written, expression
from randomizers.targets import expand, patterns
from randomizers.when import When, moment
from randomizers.world import World

Varied = Written | None  # what a field that varies accepts; it then holds an Expression or None
_KINDS: dict[str, type["Randomizer"]] = {}


class _Unnamed:
    """Default of a field that varies: None where another field is named, else its default range."""

    def __repr__(self) -> str:
        return "unnamed"


_UNNAMED: Any = _Unnamed()


def varies(knob: str, default: Written) -> Any:
    """Declare a field that holds an expression.

    Args:
        knob: Name of the knob it varies; `{of}` stands for each target, as in "mass.{of}".
        default: How it varies where the randomizer names nothing at all.
    """
    return field(default=_UNNAMED, metadata={"knob": knob, "default": expression(default)})


@dataclass(frozen=True)
class Randomizer:
    """Base of all randomizers; a subclass declares fields with `varies` and is ready.

    Args:
        when: "startup" (once per process), "episode" (every reset), "step" (every control step)
            or `Every(low, high)` seconds.
    """

    when: When = field(default="episode", kw_only=True)

    target: ClassVar[str] = "target"  # what `of` names, for errors
    signed: ClassVar[bool] = True  # False refuses ranges that reach below zero

    def __init_subclass__(cls) -> None:
        _KINDS[cls.__name__] = cls
        cls.__repr__ = Randomizer.__str__  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._set("when", moment(self.when))
        if self._targets is not None:
            self._set("of", patterns(self._targets, type(self).__name__))
        written = {name: getattr(self, name) for name in self._knobs()}
        anything = any(by is not None and by is not _UNNAMED for by in written.values())
        for name, about in self._knobs().items():
            by = written[name]
            if by is _UNNAMED:
                by = None if anything else about["default"]
            try:
                self._set(name, None if by is None else expression(by))
            except (ValueError, TypeError) as error:
                raise ValueError(f"{type(self).__name__}.{name}: {error}") from error

    @property
    def varied(self) -> dict[str, Expression]:
        """How each field varies; fields that stay nominal are left out."""
        return {name: by for name in self._knobs() if (by := getattr(self, name)) is not None}

    def only(self, *names: str) -> "Randomizer":
        """Give a randomizer of which only some of the fields vary, as they do here."""
        kept: dict[str, Any] = {name: by if name in names else None for name, by in self.varied.items()}
        return replace(self, **kept)

    def axes(self, world: World) -> list[Axis]:
        """List what this randomizer varies in this world.

        Raises:
            ValueError: The world lacks a target, or a range is impossible there.
        """
        made = []
        for name, by in self.varied.items():
            try:
                knobs = expand(self._knobs()[name]["knob"], self._targets or "*", self.target, world.knobs)
                about = {"when": self.when, "family": type(self).__name__, "signed": self.signed}
                made += [Axis.of(knob, world.knobs[knob], by, **about) for knob in knobs]
            except ValueError as error:
                raise ValueError(f"{self}: {error}") from error
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for YAML, with every range spelled out."""
        data: dict[str, Any] = {"of": self._targets} if self._targets else {}
        data |= {name: str(by) for name, by in self.varied.items()} or dict.fromkeys(self._knobs())
        return data if self.when == self._usual else {**data, "when": str(self.when)}

    def __or__(self, other: "Randomizer | Randomization") -> "Randomization":
        return Randomization((self,)) | other

    def __str__(self) -> str:
        """Python that makes it again."""
        words = [repr(self._targets)] if self._targets else []
        words += [f"{name}={by}" for name, by in (self.varied or dict.fromkeys(self._knobs())).items()]
        if self.when != self._usual:
            words.append(f"when={self.when!r}")
        return f"{type(self).__name__}({', '.join(words)})"

    @property
    def _targets(self) -> Any:
        """What it varies, where it has the field `of`."""
        return getattr(self, "of", None)

    @property
    def _usual(self) -> Any:
        """When it is drawn unless told otherwise."""
        return type(self).__dataclass_fields__["when"].default

    @classmethod
    def _knobs(cls) -> dict[str, Mapping[str, Any]]:
        """What `varies` said of each field that may vary."""
        return {f.name: f.metadata for f in fields(cls) if "knob" in f.metadata}

    def _set(self, name: str, value: Any) -> None:
        """Finish a field during construction; afterwards it is frozen."""
        object.__setattr__(self, name, value)


@dataclass(frozen=True, repr=False)
class Randomization:
    """A set of randomizers that own different axes, so their order does not matter."""

    randomizers: tuple[Randomizer, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "randomizers", tuple(self.randomizers))
        for each in self.randomizers:
            if not isinstance(each, Randomizer):
                raise TypeError(f"a Randomization holds randomizers such as Mass('cube'), not {each!r}")

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
            ValueError: The world lacks a target, a range is impossible there, or an axis has two owners.
        """
        axes: dict[str, Axis] = {}
        owner: dict[str, Randomizer] = {}
        for randomizer in self:
            for axis in randomizer.axes(world):
                if axis.name in axes:
                    raise ValueError(
                        f"{owner[axis.name]} and {randomizer} both vary `{axis.name}`; "
                        "leave it out of one, as in of='* !cube'"
                    )
                axes[axis.name], owner[axis.name] = axis, randomizer
        return Domain(axes)

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

        A key is the name of a randomizer, with any note behind it: `Camera`, `Camera 2`, `Camera in front`.
        """
        if not isinstance(items, Mapping | None):
            raise TypeError(f"a randomization is a mapping such as {{Mass: {{of: cube}}}}, not {items!r}")
        return cls(tuple(_read(str(key), about) for key, about in (items or {}).items() if about is not None))

    def __str__(self) -> str:
        """Python that makes it again."""
        parts = list(map(str, self))
        return " | ".join(parts) if len(parts) > 1 else f"Randomization([{', '.join(parts)}])"

    __repr__ = __str__


def _read(key: str, about: Any) -> Randomizer:
    """Build one randomizer from its YAML entry."""
    kind = key.partition(" ")[0]
    if kind not in _KINDS:
        raise ValueError(unknown("randomizer", kind, _KINDS))
    allowed = [f.name for f in fields(_KINDS[kind])]
    if not isinstance(about, Mapping):
        raise ValueError(f"`{key}` is {about!r}; it takes a mapping of {', '.join(allowed)}, or null")
    for name in about:
        if name not in allowed:
            raise ValueError(unknown(f"field of {kind}", name, allowed))
    return _KINDS[kind](**{str(name): value for name, value in about.items()})
