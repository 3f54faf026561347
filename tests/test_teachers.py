"""Several teachers: who labels what, how far they disagree, and that nothing changes without them."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from test_dagger import POLICY, SETTINGS
from toy_worlds import ToyDraw, ToySpec, ToyWorlds

from agents.behaviour import Behaviour
from agents.dagger import dagger
from agents.onnx_export import to_onnx
from agents.policy import Policy, PolicySpec
from agents.rollout import collect, open_pool, plan
from agents.teachers import Panel, Teacher, disagreement

STATE = PolicySpec(observes="state", cameras=(), state=3, proprioception=3, hand=0, hidden=8, chunk=2)


@dataclass(frozen=True)
class Drawn(ToyDraw):
    """A draw with a mass: even episodes are light, odd ones heavy."""

    @property
    def unit(self) -> dict:
        return {"mass.cube": np.array(0.25 + 0.5 * (self.episode % 2))}


class DrawnWorlds(ToyWorlds):
    def begin(self, rows, seed, episodes, strength=None, pin=None):
        super().begin(rows, seed, episodes, strength, pin)
        for row, episode in zip(rows, episodes):
            self.draws[row] = Drawn(seed, int(episode))


class DrawnSpec(ToySpec):
    def build(self, num):
        return DrawnWorlds(self, num)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return to_onnx(Policy(STATE))


@pytest.fixture(scope="module")
def heavy(model):
    return Teacher("heavy", model, {"mass.cube": (0.5, 1.0)})


def recorded(teachers=(), behaviour=Behaviour("expert", noise=0.5), **extra):  # noqa: B008  a frozen value
    pool = open_pool(DrawnSpec(), 4, backend="serial", teachers=teachers)
    return list(pool.run(plan(3, 8, 4, behaviour, record=True, **extra), None))


def test_every_episode_is_labelled_by_the_teacher_of_its_part(heavy):
    found = recorded((heavy,))
    assert [record["teacher"] for result in found for record in result.records] == ["expert", "heavy"] * 4


def test_the_expert_alone_as_a_teacher_labels_as_ever():
    plain, taught = recorded(), recorded((Teacher(),))
    for one, other in zip(plain, taught):
        assert all(np.array_equal(values, other.columns[name]) for name, values in one.columns.items())
        assert not other.columns["disagreement"].any()


def test_without_teachers_nothing_is_added():
    (result, _) = recorded()
    assert "disagreement" not in result.columns and "teacher" not in result.records[0]


def test_disagreement_is_the_distance_to_the_others(heavy, model):
    panel = Panel((heavy,), [Drawn(0, 0), Drawn(0, 1)])
    seen = ToyWorlds(ToySpec(), 2).observe()
    expert = np.full((2, 4), 0.5)
    labels, apart = panel.label(seen, expert)
    said = panel.actors[0].act(seen).clip(-1, 1)
    np.testing.assert_array_equal(labels, [expert[0], said[1]])
    np.testing.assert_allclose(apart, np.sqrt(((said - expert) ** 2).mean(1)))


def test_a_teacher_of_everything_leaves_the_expert_out(model):
    panel = Panel((Teacher("all", model),), [Drawn(0, 0)])
    assert panel.names == ["all"] and len(panel.teachers) == 1


def test_the_worst_places_are_named_once_an_episode():
    found = disagreement(np.array([0.0, 0.3, 0.2, 0.5]), [(7, 0), (7, 1), (8, 0), (7, 2)])
    assert [(each["episode"], each["step"]) for each in found["most"]] == [(7, 2), (8, 0)]
    assert found["above_0.1"] == 0.75 and found["mean"] == pytest.approx(0.25)


def test_dagger_with_teachers_logs_what_a_student_cannot_know(heavy, tmp_path):
    outcome = dagger(DrawnSpec(), POLICY, SETTINGS, tmp_path, backend="serial", teachers=(heavy,))
    assert outcome.history[1]["taught"] == {"expert": 4, "heavy": 4}
    assert outcome.history[1]["disagreement"]["mean"] > 0.0
    about = json.loads((tmp_path / "dagger.json").read_text())
    assert about["teachers"]["0"]["where"] == {"mass.cube": [0.5, 1.0]}
    with pytest.raises(ValueError, match="other settings"):
        dagger(DrawnSpec(), POLICY, SETTINGS, tmp_path, backend="serial")


@pytest.mark.parametrize("shares", [(0.5,), (0.5, 0.1, 0.0), (0.5, 1.5)])
def test_an_impossible_schedule_says_why(shares):
    from dataclasses import replace

    with pytest.raises(ValueError, match="expert_share"):
        replace(SETTINGS, expert_share=shares)


def test_a_schedule_names_the_share_of_every_round():
    from dataclasses import replace

    settings = replace(SETTINGS, expert_share=(0.8, 0.2))
    assert [settings.behaviour(n).expert_share for n in (1, 2)] == [0.8, 0.2]
    assert [SETTINGS.behaviour(n).expert_share for n in (1, 2)] == [0.3, 0.15]


@pytest.mark.parametrize("where", [{"mass.cube": (0.5, 1.2)}, {"mass.cube": (0.6, 0.4)}, {"mass.cube": (0.1,)}])
def test_an_impossible_part_is_refused(where):
    with pytest.raises(ValueError, match=r"teacher `a`: `mass.cube`.*within \[0, 1\]"):
        Teacher("a", where=where)


def test_an_axis_that_is_not_drawn_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `mass.cube`"):
        recorded((Teacher("a", where={"mass.cub": (0.0, 0.5)}),))


@pytest.mark.slow
def test_rays_collectors_hear_the_same_teachers(ray_cluster, heavy):
    jobs = plan(3, 8, 4, record=True)
    pool = open_pool(ToySpec(), 4, workers=1, teachers=(Teacher("all", heavy.model),))
    try:
        far = sorted(pool.run(jobs, None), key=lambda result: result.index)
    finally:
        pool.close()
    near = open_pool(ToySpec(), 4, backend="serial", teachers=(Teacher("all", heavy.model),)).run(jobs, None)
    assert [result.hash() for result in far] == [result.hash() for result in near]
    assert [r.hash() for r in far] != [r.hash() for r in collect(ToySpec(), jobs, backend="serial")]
