"""The notation: text and Python are one, nothing is evaluated, mistakes are named where they are made."""

import doctest

import numpy as np
import pytest

from randomizers import (
    Beta,
    Choice,
    Cone,
    Expression,
    LogUniform,
    Mixture,
    Normal,
    Uniform,
    errors,
    expression,
    nominal,
    notation,
)

TEXTS = [
    "Uniform(0.4, 1.2)",
    "Uniform((0.0, -1.0, 0.5), (1.0, 1.0, 0.5))",
    "nominal * LogUniform(0.5, 2.0)",
    "nominal + Normal(0.0, 0.01)",
    "Beta(2.0, 5.0, -1.0, 1.0)",
    "Cone(40.0)",
    "Choice('flat', 'noise')",
    "Choice(0, 1, 2)",
    "Choice((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))",
    "nominal * Choice(0.5, 2.0)",
    "Mixture(Uniform(0.9, 1.1), Uniform(0.5, 2.0))",
    "nominal * Mixture(Uniform(0.9, 1.1), LogUniform(0.5, 2.0), weights=(0.8, 0.2))",
]


@pytest.mark.parametrize("text", TEXTS)
def test_expressions_print_as_they_read(text):
    assert str(expression(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_python(text):
    """The notation is what Python itself makes of the text."""
    names = {kind.__name__: kind for kind in (Uniform, LogUniform, Normal, Beta, Mixture, Choice, Cone)}
    assert expression(eval(text, {"nominal": nominal, **names})) == expression(text)  # noqa: S307


def test_nominal_may_stand_on_either_side():
    assert expression("Uniform(0.9, 1.1) * nominal") == nominal * Uniform(0.9, 1.1)
    assert Uniform(0.9, 1.1) * nominal == nominal * Uniform(0.9, 1.1)
    assert expression(" Normal(0, 1)+nominal ") == nominal + Normal(0, 1)


def test_a_plain_number_is_that_value():
    assert np.all(expression(0.3).value(0.1, np.linspace(0.0, 1.0, 11)) == 0.3)
    assert expression([0.1, 0.2]).value(np.full(2, 0.7), np.array([[0.3, 0.9]])).tolist() == [[0.1, 0.2]]


@pytest.mark.parametrize(
    "text",
    [
        *("Unifrom(0, 1)", "nominal / Uniform(0, 1)", "__import__('os')", "Uniform(0", "3"),
        *(
            "",
            "nominal",
            "checker",
            "'checker'",
            "nominal * 2",
            "nominal * nominal",
            "mean * Uniform(0, 1)",
            "2 * Uniform(0, 1)",
        ),
        *("Uniform(0, 1).low", "Uniform(0, x)", "Uniform(*[0, 1])", "Uniform(**{'low': 1})"),
        *(
            "Uniform(0, 1); x",
            "Uniform(0, 1, 2)",
            "Uniform(low=0, hihg=1)",
            "[Uniform(0, 1)]",
            "-Uniform(0, 1)",
        ),
        *("(lambda: Uniform(0, 1))()", "Uniform(0, 1) if 1 else 2", "Uniform(1" + "(" * 300, "\0"),
    ],
)
def test_bad_expressions_say_what_is_accepted(text):
    with pytest.raises(ValueError, match="expected one of Uniform, LogUniform, Normal, Choice"):
        expression(text)


def test_a_misspelt_distribution_gets_a_suggestion():
    with pytest.raises(ValueError, match="unknown distribution `Unifrom`. Did you mean `Uniform`"):
        expression("nominal + Unifrom(0, 1)")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Uniform(2, 1), r"Uniform\(2, 1\) needs low <= high"),
        (lambda: Uniform(float("nan"), 1.0), "Uniform.low must be finite, not nan"),
        (lambda: Uniform(0.0, float("inf")), "Uniform.high must be finite, not inf"),
        (lambda: Uniform("0", 1), "Uniform.low must be a number, not '0'"),
        (lambda: Uniform(None, 1), "Uniform.low must be a number, not None"),
        (lambda: Uniform(True, 1), "Uniform.low must be a number, not True"),
        (lambda: Uniform((0, 1), (1, 2, 3)), "both ends of one length"),
        (lambda: LogUniform(0.0, 1.0), r"LogUniform\(0.0, 1.0\) needs low > 0"),
        (lambda: LogUniform(-1.0, 1.0), "needs low > 0"),
        (lambda: Normal(0.0, -1.0), "needs std >= 0"),
        (lambda: Normal((0.0, 1.0), (1.0, 1.0, 1.0)), "mean and std of one length"),
        (lambda: Beta(0.1, 1.0), r"needs a in \[0.5, 1000\]"),
        (lambda: Beta(1.0, 2000.0), r"needs b in \[0.5, 1000\]"),
        (lambda: Choice(), "needs at least one option"),
        (lambda: Choice("a", 1), "mixes words and numbers"),
        (lambda: Choice(1.0, (1.0, 2.0)), "options of one length"),
        (lambda: Choice(1.0, float("nan")), "must be finite"),
        (lambda: Cone(200.0), r"angle in \[0, 180\] degrees"),
        (lambda: Cone(-1.0), r"angle in \[0, 180\] degrees"),
        (lambda: Mixture(), "needs distributions of numbers"),
        (lambda: Mixture(Cone(1.0)), "needs distributions of numbers"),
        (lambda: Mixture(Uniform(0, 1), weights=(1.0, 2.0)), "one weight > 0 for each of its 1 parts"),
        (lambda: Mixture(Uniform(0, 1), Uniform(1, 2), weights=(1.0, 0.0)), "one weight > 0"),
        (lambda: Mixture(Uniform(1, 1)), "parts with low < high"),
        (lambda: Mixture(Uniform((0, 0), (1, 1))), "ends are single numbers"),
        (lambda: nominal + Cone(10.0), "a cone opens about nominal by itself"),
        (lambda: nominal * Choice("a", "b"), "computes with words"),
    ],
)
def test_impossible_distributions_are_refused_when_made(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_nominal_goes_with_distributions_only():
    with pytest.raises(TypeError, match="nominal goes with a distribution such as Uniform"):
        nominal * 2.0  # type: ignore[operator]


@pytest.mark.parametrize(
    ("by", "value", "text"),
    [
        (Expression(LogUniform(0.5, 2.0)), 0.0, "cannot vary a nominal value of 0.0: logarithms need"),
        (nominal * LogUniform(0.5, 2.0), -1.0, "logarithms need values > 0"),
        (nominal + LogUniform(0.5, 2.0), 1.0, "cannot vary an offset"),
        (nominal * Uniform(0.5, 2.0), 0.0, "changes nothing: nominal is 0.0; use `nominal \\+`, or set it"),
        (Expression(Uniform(0.0, 1.0)), "flat", "gives numbers, but words are needed"),
        (Expression(Choice("a")), 1.0, "gives words, but numbers are needed"),
        (Expression(Uniform((0, 0), (1, 1))), np.zeros(3), "has 2 components"),
        (Expression(Choice((1.0, 2.0))), np.zeros(3), "options of 2 components"),
        (Expression(Cone(10.0)), np.array([2.0, 0.0, 0.0]), "varies a unit vector"),
        (Expression(Cone(10.0)), 1.0, "varies a unit vector"),
    ],
)
def test_an_expression_is_checked_against_the_nominal_value(by, value, text):
    with pytest.raises(ValueError, match=text):
        by.check(value)


def test_distributions_are_values():
    assert Uniform(1, 2) == Uniform(1.0, 2.0) and len({Normal(0.0, 1.0), Normal(0.0, 1.0)}) == 1
    assert Mixture(Uniform(0, 1)) == Mixture(Uniform(0.0, 1.0), weights=(1.0,))


@pytest.mark.parametrize("module", [errors, notation])
def test_examples_in_docstrings_run(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0 and outcome.failed == 0
