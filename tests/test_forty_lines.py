"""The first program a reader sees runs as it is written, and does what its comments say."""

import contextlib
import io
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).with_name("forty_lines.py")


@pytest.fixture(scope="module")
def ran():
    """Run the file once; give its names, and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        names = runpy.run_path(str(FILE))
    yield names | {"printed": printed.getvalue()}
    names["env"].close()
    names["worlds"].close()


def test_the_forty_lines_run_as_written(ran):
    printed = ran["printed"]
    for column in ("axis", "expression", "nominal", "unit", "when"):
        assert column in printed
    assert re.search(r"mass\.cube .*nominal \* LogUniform\(0\.5, 2\.0\).*kg.*episode", printed)
    assert re.search(r"camera\.side\.fov_deg .*Every\(2\.0, 5\.0\)", printed)
    assert re.search(r"^[\d.]+ kg$", printed, re.MULTILINE)
    assert "(64, 84, 84, 3)" in printed


def test_the_sweep_is_paired(ran):
    env = ran["env"]
    friction = [
        env.reset(seed=7, options={"strength": strength})[1]["randomization"]["friction.cube"]
        for strength in (0.0, 0.25, 0.5, 1.0)
    ]
    nominal = env.unwrapped.randomization.axes["friction.cube"].nominal
    assert friction[0] == nominal
    assert len(set(friction)) == 4 and friction in (sorted(friction), sorted(friction, reverse=True))


def test_yaml_and_python_share_one_notation(ran):
    gentler = ran["gentler"].to_dict()
    assert gentler["Mass"]["by"] == "nominal * LogUniform(0.8, 1.25)"
    assert "Lighting" not in gentler and "Lighting" in ran["randomization"].to_dict()


def test_sixty_four_images_are_drawn_and_differ(ran):
    images = ran["observations"]["images"]["front"]
    assert images.shape == (64, 84, 84, 3) and images.dtype == np.uint8
    assert len({image.tobytes() for image in images}) == 64


def test_a_probe_was_recorded(ran):
    assert sum(map(len, ran["ranges"].tries.values())) == 1
