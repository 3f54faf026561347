"""Laws of measured distributions: read once, carried inside the expression, monotone, with finite ends."""

import json

import numpy as np
import pytest

from experiments.config import load
from randomizers import Empirical, Latency, Randomization, expression, nominal

U = np.linspace(0.0, 1.0, 101)


def test_u_runs_through_the_values_from_lowest_to_highest():
    values = Empirical(0.03, 0.01, 0.02).quantile(U)
    assert values[[0, 50, 100]] == pytest.approx([0.01, 0.02, 0.03]) and (np.diff(values) > 0.0).all()


def test_it_is_read_from_its_own_text_bit_for_bit():
    for written in (Empirical(0.1, 0.3, 0.30000001), nominal * Empirical(0.9, 1.1)):
        assert expression(str(written)) == expression(written)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("latency.txt", "30\n10\n\n20\n"),
        ("latency.csv", "latency_ms\n30\n10\n20\n"),
        ("latency.json", "[30, 10, 20.0]"),
    ],
)
def test_a_file_is_read_once_and_then_needed_no_more(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    randomization = Randomization((Latency(action=f"Empirical('{path}', scale=0.001)"),))
    path.unlink()
    assert str(randomization.randomizers[0].action) == "Empirical(0.01, 0.02, 0.03)"
    assert Randomization.from_dict(json.loads(json.dumps(randomization.to_dict()))) == randomization


def test_one_column_of_several_is_named(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("# a robot\nstep,latency,other\n0,0.01,5\n1,0.02,5\n")
    assert Empirical(str(path), column="latency").values == (0.01, 0.02)
    with pytest.raises(ValueError, match="name one of step, latency, other"):
        Empirical(str(path))
    with pytest.raises(ValueError, match="Did you mean `latency`"):
        Empirical(str(path), column="latenzy")


def test_many_values_become_a_table_of_quantiles(tmp_path):
    path, measured = tmp_path / "long.txt", np.random.default_rng(0).gamma(2.0, 0.01, 20_000)
    path.write_text("\n".join(map(str, measured)))
    found = Empirical(str(path))
    assert len(found.values) == 1001
    assert found.quantile(U) == pytest.approx(np.quantile(measured, U), rel=1e-3)
    assert expression(str(found)).distribution == found


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "0.1\nfast\n", "row 2: 'fast' is not a number"),
        ("a.csv", "0.1\n", "holds 1 numbers"),
        ("a.csv", "", "is empty"),
        ("a.csv", "0.1\nnan\n", "not finite"),
        ("a.json", "[0.1, ", "not valid JSON"),
        ("a.json", '{"x": 1}', "must hold a list"),
        ("a.json", "[0.1, true]", "entry 2: 'True' is not a number"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_where(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=told):
        expression(f"Empirical('{tmp_path / name}')")


def test_a_missing_file_and_bad_values_are_mistakes():
    with pytest.raises(ValueError, match="no such file"):
        Latency(action="Empirical('nowhere.csv')")
    for values in ((), (0.1,), (0.1, np.inf), ((0.1, 0.2),)):
        with pytest.raises(ValueError, match="Empirical"):
            Empirical(*values)
    with pytest.raises(ValueError, match="scale"):
        Empirical(0.1, 0.2, scale=0.0)


def test_a_run_carries_the_values_not_the_name_of_the_file(tmp_path):
    (tmp_path / "l.txt").write_text("0.01\n0.02\n")
    config = load(None, [f"randomize.Latency.action=Empirical('{tmp_path / 'l.txt'}')"])
    assert config.randomize["Latency"]["action"] == "Empirical(0.01, 0.02)"
