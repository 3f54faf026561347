"""Laws of reality cards: what ships fits, what is wrong is one clear error before anything runs."""

from pathlib import Path

import pytest

from envs.reality import RealitySpec
from envs.tasks import base as tasks
from envs.twin import cards

CARD = {"name": "own", "description": "A test.", "seed": 7, "instance": "fixed"}


def card(**randomize) -> dict:
    return CARD | {"randomize": randomize}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["mild", "medium", "harsh"])
def test_every_shipped_card_fits_every_task(name):
    for task in tasks.NAMES:
        RealitySpec(task, name).check()


def test_what_a_card_says_of_objects_is_left_out_where_there_are_none():
    contents = card() | {"objects": {"Mass": {"of": "cube"}}}
    for task, axes in (("reach", []), ("push", ["mass.cube"])):
        worlds = RealitySpec(task, "own", contents=contents).build(1)
        assert list(worlds.randomization) == axes
        worlds.close()


def test_a_card_that_changes_nothing_leaves_the_nominal_twin():
    worlds = RealitySpec("push", "own", contents=card()).build(1)
    worlds.begin([0], seed=0, episodes=[0])
    assert len(worlds.randomization) == 0
    worlds.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\ndescription: b\nrandomise: {}", ["randomise", "Did you mean `randomize`"]),
        ("name: a\ndescription: b\nrandomize: {Mas: {of: cube}}", ["Mas", "Did you mean `Mass`"]),
        ("name: a\ndescription: b\nrandomize: {Mass: {ofs: cube}}", ["ofs", "Did you mean `of`"]),
        ("name: a\ndescription: b\nrandomize: {Mass: {by: 'Uniform(1.0'}}", ["Uniform(1.0", "bracket"]),
        ("name: a\ndescription: b\nrandomize: {Mass: {by: '__import__(1)'}}", ["__import__"]),
        ("name: a\ndescription: b\nrandomize: {}\ninstance: fixd", ["fixd", "Did you mean `fixed`"]),
        ("name: a\ndescription: b\nrandomize: {}\nobjects: {Mas: {}}", ["Mas", "Did you mean `Mass`"]),
        ("name: a\ndescription: b\nrandomize: {}\nseed: -1", ["seed", "-1"]),
        ("name: a\ndescription: b", ["randomize"]),
        ("name: [a\ndescription", ["not valid YAML"]),
        ("just a line", ["mapping"]),
    ],
)
def test_a_broken_card_is_one_clear_error_that_names_the_file(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(ValueError) as caught:
        cards.load(path)
    for word in [*words, "own.yaml"]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"), [("mediun", "Did you mean `medium`"), ("labs/x.yaml", "does not exist")]
)
def test_a_missing_card_says_which_there_are(name, hint):
    with pytest.raises(FileNotFoundError, match=hint) as caught:
        cards.load(name)
    assert "harsh" in str(caught.value)


@pytest.mark.parametrize(
    ("randomize", "words"),
    [
        ({"Mass": {"of": "cub"}}, ["cub", "Did you mean `cube`"]),
        ({"Camera": {"of": "frnt"}}, ["frnt", "Did you mean `front`"]),
        ({"Mass": {"of": "cube", "by": "Uniform(-1.0, 1.0)"}}, ["mass.cube", "-1.0"]),
        ({"Gain": {}, "Gain 2": {"of": "panda_joint1"}}, ["gain.panda_joint1", "both"]),
    ],
)
def test_a_card_that_does_not_fit_the_twin_is_found_before_anything_runs(randomize, words):
    with pytest.raises(ValueError) as caught:
        RealitySpec("push", "own", contents=card(**randomize)).check()
    for word in [*words, "own"]:
        assert word in str(caught.value)
