"""Laws of the configuration: defaults < YAML < key=value, and nothing unknown gets through."""

import pytest

from experiments.config import SHIPPED, find, load, to_yaml
from experiments.schema import Config
from randomizers import DEFAULT, FULL, Randomization

FILES = sorted(SHIPPED.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_shipped_file_loads(path):
    assert isinstance(load(path), Config)


def test_nothing_given_is_the_defaults():
    assert load(None) == Config()


def test_an_override_beats_the_file_and_the_file_beats_the_default(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("task: lift\nstrength: 0.3\n")
    config = load(file, ["strength=0.7"])
    assert (config.task, config.strength, config.seed) == ("lift", 0.7, 0)


def test_what_is_written_reads_back_the_same(tmp_path):
    config = load(find("push.yaml"), ["randomize.Lighting=null", "train.episodes=[3,4]", "collect.workers=2"])
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(config))
    assert load(file) == config


def test_an_override_changes_one_range_and_leaves_the_others():
    config = load(None, ["randomize.Mass.by=nominal * LogUniform(0.8, 1.25)"])
    changed = Randomization.from_dict(config.randomize).to_dict()
    assert changed["Mass"]["by"] == "nominal * LogUniform(0.8, 1.25)"
    assert {k: v for k, v in changed.items() if k != "Mass"} == {
        k: v for k, v in DEFAULT.to_dict().items() if k != "Mass"
    }


def test_null_switches_a_randomizer_off():
    config = load(None, ["randomize.Lighting=null"])
    assert "Lighting" not in Randomization.from_dict(config.randomize).to_dict()


def test_a_file_that_lists_randomizers_has_only_those(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("randomize:\n  Mass: {of: cube}\n")
    assert list(load(file).randomize) == ["Mass"]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("trian.batch=3", "Did you mean `train`"),
        ("train.bach=3", "Did you mean `train.batch`"),
        ("train.batch=many", "train.batch.*could not be converted to Integer"),
        ("train=3", "`train` is a section with episodes"),
        ("strength", "an override is key=value"),
        ("images.cameras=3", "images.cameras"),
    ],
)
def test_a_mistake_is_named(override, says):
    with pytest.raises(ValueError, match=says):
        load(None, [override])


def test_an_unknown_key_of_a_file_is_named(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("taks: push\n")
    with pytest.raises(ValueError, match="Did you mean `task`"):
        load(file)


@pytest.mark.parametrize("text", ["task: [", "- 1\n- 2\n", "just words"])
def test_broken_yaml_names_its_file(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match="mine.yaml"):
        load(file)


def test_a_missing_file_gets_the_nearest_name():
    with pytest.raises(FileNotFoundError, match=r"Did you mean `push.yaml`"):
        find("psh.yaml")


@pytest.mark.parametrize(("text", "value"), [("1e-3", 1e-3), ("0.5", 0.5), ("2", 2.0)])
def test_numbers_are_numbers_however_they_are_written(text, value):
    assert load(None, [f"train.learning_rate={text}"]).train.learning_rate == value


def test_a_preset_is_where_a_randomization_begins(tmp_path):
    whole = load(None, ["preset=full", "randomize.Push=null"])
    assert set(whole.randomize) == set(FULL.to_dict()) and whole.randomize["Push"] is None
    assert load(None, ["preset=none"]).randomize == {} and load(None, []).randomize == DEFAULT.to_dict()
    file = tmp_path / "mine.yaml"
    file.write_text("preset: dynamics\nrandomize: {Mass: null, Lighting: {}}\n")
    mixed = load(file).randomize
    assert mixed["Mass"] is None and "Lighting" in mixed and "Friction" in mixed and "Texture" not in mixed
    again = tmp_path / "again.yaml"
    again.write_text(to_yaml(whole))
    assert load(again).randomize == whole.randomize


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ValueError, match="full"):
        load(None, ["preset=ful"])
