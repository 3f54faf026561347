"""Imports point one way: randomizers <- envs <- agents <- transfer <- experiments."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("randomizers", "envs", "agents", "transfer", "experiments")
FILES = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
TUNING = [ROOT / "transfer" / name for name in ("finetune.py", "demonstrations/mixture.py")]
TRAINING = [*(ROOT / "agents").rglob("*.py"), *TUNING]
FOREIGN = {
    "randomizers": {"envs", "agents", "transfer", "experiments"}
    | {"torch", "ray", "pybullet", "mujoco", "gymnasium", "cv2", "omegaconf", "yaml"},
    "envs": {"agents", "transfer", "experiments", "torch", "ray", "omegaconf", "onnxruntime"},
    "agents": {"transfer", "experiments", "omegaconf", "pybullet", "mujoco"},
    "transfer": {"experiments", "omegaconf", "ray", "pybullet"},
    "experiments": {"pybullet"},
}


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever it stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in `sys.modules` of a fresh interpreter after a statement."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_from_the_layers_below_it(path):
    layer = path.relative_to(ROOT).parts[0]
    roots = {name.split(".")[0] for name in imported(path)}
    assert not roots & FOREIGN[layer]


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: str(path.relative_to(ROOT)))
def test_training_code_cannot_see_the_reality_twin(path):
    assert not [name for name in imported(path) if name.startswith(("envs.reality", "envs.twin"))]


def test_the_import_finder_sees_nested_and_aliased_imports(tmp_path):
    """Mutation check: the two tests above would notice."""
    file = tmp_path / "sly.py"
    file.write_text("def f():\n    from envs import reality as r\n    import torch.nn as n\n")
    assert {"envs.reality", "torch.nn"} <= imported(file)


@pytest.mark.parametrize("layer", LAYERS)
def test_importing_a_package_loads_nothing_heavy(layer):
    assert not loaded_by(f"import {layer}") & {"torch", "ray", "pybullet", "mujoco", "tensorboard", "matplotlib"}


def test_randomizers_need_numpy_alone():
    standard = set(sys.stdlib_module_names) | {"numpy", "randomizers", "mpl_toolkits"}
    before = loaded_by("import numpy")
    assert {name for name in loaded_by("import randomizers") - before if not name.startswith("_")} <= standard
