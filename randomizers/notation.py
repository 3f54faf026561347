"""How a draw relates to a nominal value, as objects and as text.

    Uniform(0.4, 1.2)                 the draw replaces the nominal value
    nominal * LogUniform(0.5, 2.0)    the draw multiplies it
    nominal + Normal(0.0, 0.01)       the draw is added to it

The same text is valid Python, is what `str` prints, and is what YAML files and command lines hold.
It is read by a small whitelisted parser, never by `eval`.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from randomizers.distributions import Choice, Cone, Distribution, Level, LogUniform, Uniform, number
from randomizers.empirical import Empirical
from randomizers.errors import unknown
from randomizers.shapes import Beta, Mixture, Normal

Relation = Literal["set", "scale", "shift"]
_NEUTRAL = {"scale": 1.0, "shift": 0.0}
_SIGN = {"scale": "nominal * ", "shift": "nominal + ", "set": ""}
_RELATION: dict[type, Relation] = {ast.Mult: "scale", ast.Add: "shift"}
DISTRIBUTIONS: dict[str, type[Distribution]] = {
    kind.__name__: kind for kind in (Uniform, LogUniform, Normal, Choice, Cone, Beta, Mixture, Empirical)
}


@dataclass(frozen=True, repr=False)
class Expression:
    """A distribution together with its relation to the nominal value."""

    distribution: Distribution
    relation: Relation = "set"

    def __post_init__(self) -> None:
        if self.relation != "set" and isinstance(self.distribution, Cone):
            raise ValueError(f"`{self}`: a cone opens about nominal by itself; write {self.distribution}")
        if self.relation != "set" and self.distribution.words:
            raise ValueError(f"`{self}` computes with words; write {self.distribution}")

    def value(self, nominal: Any, u: np.ndarray, down: Level = 1.0, up: Level = 1.0) -> np.ndarray:
        """Map unit coordinates to values, computed from the nominal value alone.

        Args:
            nominal: (..., *shape), numbers or words.
            u: (worlds, ..., *unit_shape) in [0, 1].
            down: Strength towards the low end; 0 gives nominal, 1 the declared range.
            up: Strength towards the high end.

        Returns:
            (worlds, ..., *shape).
        """
        return self._relate(nominal, self.distribution.at(u, self._neutral(nominal), down, up))

    def extremes(self, nominal: Any) -> np.ndarray:
        """Values that span the declared range, (extremes, *shape of nominal)."""
        ends = self.distribution.extremes(self._neutral(nominal))
        return np.stack([self._relate(nominal, end) for end in ends])

    def narrowed(self, share: float) -> "Expression":
        """Reach only a share as far from nominal; what replaces or multiplies it stays as it is."""
        if share == 1.0 or self.relation != "shift":
            return self
        return Expression(self.distribution.scaled(share), self.relation)

    def check(self, nominal: Any) -> None:
        """Raise where this expression cannot vary such a nominal value."""
        if self.distribution.words != isinstance(nominal, str):
            given, needed = ("words", "numbers") if self.distribution.words else ("numbers", "words")
            raise ValueError(f"`{self}` gives {given}, but {needed} are needed (nominal is {nominal})")
        if self.relation == "scale" and not np.any(nominal):
            raise ValueError(f"`{self}` changes nothing: nominal is {nominal}; use `nominal +`, or set it")
        self.distribution.check(self._neutral(nominal), nominal)

    def _neutral(self, nominal: Any) -> Any:
        if self.relation == "set":
            return nominal
        neutral = _NEUTRAL[self.relation]
        return np.full(np.shape(nominal), neutral) if np.ndim(nominal) else neutral

    def _relate(self, nominal: Any, drawn: np.ndarray) -> np.ndarray:
        if self.relation == "scale":
            return nominal * drawn
        return nominal + drawn if self.relation == "shift" else drawn

    def __str__(self) -> str:
        return _SIGN[self.relation] + str(self.distribution)

    __repr__ = __str__


class Nominal:
    """The value in the unrandomized world; write `nominal * Uniform(0.9, 1.1)`."""

    def __mul__(self, distribution: Distribution) -> Expression:
        return Expression(_distribution(distribution), "scale")

    def __add__(self, distribution: Distribution) -> Expression:
        return Expression(_distribution(distribution), "shift")

    __rmul__, __radd__ = __mul__, __add__

    def __repr__(self) -> str:
        return "nominal"


nominal = Nominal()
Written = Expression | Distribution | str | float | Sequence[float]


def expression(written: Written) -> Expression:
    """Read an expression from text, a distribution or a fixed value, or pass one through.

    >>> expression("nominal * LogUniform(0.5, 2.0)")
    nominal * LogUniform(0.5, 2.0)
    >>> expression(0.3)
    Uniform(0.3, 0.3)
    """
    if isinstance(written, Expression):
        return written
    if isinstance(written, Distribution):
        return Expression(written)
    if not isinstance(written, str):
        fixed = number(written, "a fixed value")
        return Expression(Uniform(fixed, fixed))
    try:
        relation, tree = _split(parse(written))
        return Expression(read_call(tree, DISTRIBUTIONS), relation)
    except NotationError as error:
        raise ValueError(
            f"cannot read {written!r}: {error}; expected one of {', '.join(DISTRIBUTIONS)}, "
            "optionally after `nominal *` or `nominal +`"
        ) from error


class NotationError(ValueError):
    """A text is not in our notation; says where."""


def parse(text: str) -> ast.expr:
    """Parse a text as one Python expression without running any of it."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotationError("it is not well formed (a bracket? a comma?)") from error


def read_call(node: ast.expr, known: Mapping[str, type]) -> Any:
    """Build `Name(arguments)` from a syntax tree, for the names in `known` only."""
    if isinstance(node, ast.Name | ast.Constant):
        raise NotationError(f"`{ast.unparse(node)}` does not vary; a fixed word is written Choice('word')")
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise NotationError(f"`{ast.unparse(node)}` is not of the form Name(numbers)")
    name = node.func.id
    if name not in known:
        raise NotationError(unknown("distribution", name, known))
    positional = [_argument(argument, known) for argument in node.args]
    named = {str(keyword.arg): _argument(keyword.value, known) for keyword in node.keywords}
    try:
        return known[name](*positional, **named)
    except TypeError as error:
        raise NotationError(f"{name} does not take the arguments of `{ast.unparse(node)}`") from error


def _argument(node: ast.expr, known: Mapping[str, type]) -> Any:
    if isinstance(node, ast.Call):
        return read_call(node, known)
    try:
        return ast.literal_eval(node)
    except (ValueError, RecursionError) as error:
        raise NotationError(f"`{ast.unparse(node)}` is not a number, a word or a tuple of numbers") from error


def _split(tree: ast.expr) -> tuple[Relation, ast.expr]:
    """Tell `nominal *` and `nominal +` from the distribution, whichever side nominal is on."""
    if isinstance(tree, ast.BinOp) and type(tree.op) in _RELATION:
        for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
            if isinstance(side, ast.Name) and side.id == "nominal":
                return _RELATION[type(tree.op)], other
    return "set", tree


def _distribution(written: Distribution) -> Distribution:
    if not isinstance(written, Distribution):
        raise TypeError(f"nominal goes with a distribution such as Uniform(0.9, 1.1), not {written!r}")
    return written
