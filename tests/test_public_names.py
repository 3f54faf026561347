"""Public names exist, and every file keeps to the house rules that a machine can check."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("randomizers", "envs", "agents", "transfer", "experiments")
FILES = [path for layer in (*LAYERS, "tests") for path in sorted((ROOT / layer).rglob("*.py"))]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_public_name_exists(layer):
    package = importlib.import_module(layer)
    missing = [name for name in getattr(package, "__all__", ()) if not hasattr(package, name)]
    assert not missing


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_under_three_hundred_lines(path):
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("layer", LAYERS)
def test_every_module_says_what_lives_in_it(layer):
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / layer).rglob("*.py")
        if path.read_text().strip() and not path.read_text().lstrip().startswith('"""')
    ]
    assert not silent
