"""Laws of the reality twin: one hidden lab, episodes that repeat bit for bit, nothing of training in it."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from envs.reality import RealitySpec

ROOT = Path(__file__).parents[1]
BOTH = np.arange(2)
CARD = {"name": "own", "description": "A test.", "seed": 7, "instance": "fixed"}


def card(**randomize) -> dict:
    return CARD | {"randomize": randomize}


def run(worlds, rows, episodes, seed=3, steps=20) -> list[str]:
    """Hash of everything that the rows see and are, in the order of rows."""
    worlds.begin(rows, seed=seed, episodes=episodes)
    digests = [hashlib.sha256() for _ in range(worlds.num)]
    active = np.isin(np.arange(worlds.num), rows)
    for _ in range(steps):
        worlds.step(worlds.expert_actions(), active)
        seen = worlds.observe(active)
        for row in rows:
            digests[row].update(seen["privileged"][row].tobytes() + seen["proprioception"][row].tobytes())
            for images in seen.get("images", {}).values():
                digests[row].update(images[row].tobytes())
    return [digests[row].hexdigest() for row in rows]


# The spec.


@pytest.mark.parametrize(
    "wrong", [{"lab": -1}, {"image_size": 4}, {"images": ("fornt",)}, {"task": "pusch"}, {"split": "test"}]
)
def test_a_wrong_field_of_a_spec_is_refused_when_it_is_written(wrong):
    with pytest.raises(ValueError):
        RealitySpec(**{"task": "push", **wrong})


def test_a_spec_travels_without_its_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(card(Mass={"of": "cube"})))
    spec = RealitySpec("push", str(path), images=("front",))
    path.unlink()
    again = RealitySpec.from_dict(spec.to_dict())
    assert again == spec
    again.check()


# One lab, many episodes.


def test_the_lab_is_the_same_in_every_episode_of_every_seed_and_the_cube_is_not():
    worlds = RealitySpec("push", "medium").build(2)
    worlds.begin(BOTH, seed=[1, 99], episodes=[0, 12])
    one, other = (draw.values for draw in worlds.draws)
    differing = {name for name in one if not np.array_equal(one[name], other[name])}
    assert differing == {"mass.cube", "friction.cube", "texture.cube.colour"}
    assert one["camera.front.fov_deg"] != worlds.randomization.axes["camera.front.fov_deg"].nominal
    worlds.close()


def test_another_lab_has_other_hidden_numbers():
    values = []
    for lab in (0, 1):
        worlds = RealitySpec("push", "medium", lab=lab).build(1)
        worlds.begin([0], seed=0, episodes=[0])
        values.append(worlds.draws[0].values)
        worlds.close()
    assert values[0]["latency.images"] != values[1]["latency.images"]
    assert not np.array_equal(values[0]["camera.front.position"], values[1]["camera.front.position"])
    assert values[0]["mass.cube"] == values[1]["mass.cube"]


def test_instance_episode_gives_every_episode_its_own_lab():
    contents = card(Gain={"when": "startup"}) | {"instance": "episode"}
    worlds = RealitySpec("push", "own", contents=contents).build(2)
    worlds.begin(BOTH, seed=0, episodes=BOTH)
    assert worlds.draws[0].values["gain.panda_joint1"] != worlds.draws[1].values["gain.panda_joint1"]
    worlds.close()


# Repeatability.


def test_an_episode_repeats_bit_for_bit_after_foreign_ones_and_in_any_row():
    worlds = RealitySpec("push", "harsh").build(3)
    alone = run(worlds, np.array([0]), [4])
    for episode in range(5):
        run(worlds, np.array([0, 2]), [10 + episode, 20 + episode], seed=8, steps=8)
    assert run(worlds, np.array([0]), [4]) == alone
    assert run(worlds, np.array([1, 2]), [9, 4])[1:] == alone
    worlds.close()


def test_a_world_that_blows_up_is_reported_and_begins_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worlds = RealitySpec("push", "medium").build(2)
    worlds.begin(BOTH, seed=0, episodes=BOTH)
    worlds.engines[0]._data.qvel[:] = 1e12
    worlds.step(np.zeros((2, 4)))
    assert list(worlds.diverged) == [True, False]
    worlds.begin([0], seed=0, episodes=[0])
    worlds.step(np.zeros((2, 4)))
    assert not worlds.diverged.any() and not list(tmp_path.iterdir())
    worlds.close()


def test_the_twin_runs_without_pybullet_torch_and_ray():
    code = (
        "import sys, numpy as np\n"
        "from envs.reality import RealitySpec\n"
        "assert 'mujoco' not in sys.modules\n"
        "worlds = RealitySpec('push', 'medium').build(1)\n"
        "worlds.begin([0], seed=0, episodes=[0]); worlds.step(worlds.expert_actions()); worlds.observe()\n"
        "print({'pybullet', 'torch', 'ray'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
@pytest.mark.parametrize(("task", "share"), [("reach", 0.98), ("push", 0.9), ("lift", 0.85)])
def test_the_scripted_expert_copes_with_medium(task, share):
    """Measured at n = 100: all three 1.00."""
    worlds = RealitySpec(task, "medium").build(8)
    done = []
    for start in range(0, 40, 8):
        worlds.begin(np.arange(8), seed=11, episodes=start + np.arange(8))
        while not (over := worlds.terminated | worlds.truncated).all():
            worlds.step(worlds.expert_actions(), ~over)
        done += list(worlds.success)
    worlds.close()
    assert np.mean(done) >= share
