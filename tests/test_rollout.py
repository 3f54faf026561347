"""Collecting episodes: the same data whoever collects them."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import torch
from toy_worlds import HORIZON, ToySpec

from agents.behaviour import Behaviour
from agents.dataset import Dataset
from agents.onnx_export import to_onnx
from agents.policy import Policy, PolicySpec
from agents.rollout import collect, open_pool, plan

SPEC = ToySpec()
STATE = PolicySpec(observes="state", cameras=(), state=3, proprioception=3, hand=0, hidden=8, chunk=2)
NOISY = Behaviour("expert", noise=0.5)


@pytest.fixture(scope="module")
def student():
    torch.manual_seed(0)
    return to_onnx(Policy(STATE))


def serial(jobs, spec=SPEC, **extra):
    return collect(spec, jobs, backend="serial", **extra)


def hashes(results):
    return [result.hash() for result in results]


def test_a_plan_covers_every_episode_once():
    jobs = plan(0, 11, 4, first_episode=100, first_index=7)
    assert [job.index for job in jobs] == [7, 8, 9]
    assert [e for job in jobs for e in job.episodes] == list(range(100, 111))


def test_no_jobs_start_no_workers():
    assert collect(SPEC, [], backend="ray") == []


def test_the_expert_reaches_every_goal():
    results = serial(plan(3, 10, 4))
    assert all(record["success"] for result in results for record in result.records)


def test_evaluation_keeps_records_but_no_frames():
    (result,) = serial(plan(0, 4, 4))
    assert result.columns == {} and result.strips == {}
    assert result.records[2] | {"reward": 0} == {
        "seed": 0,
        "episode": 2,
        "success": True,
        "length": result.records[2]["length"],
        "reward": 0,
        "fault": "",
        "frames": 0,
        "randomization": {"seed": 0, "episode": 2},
    }


def test_recording_keeps_a_frame_per_step_of_every_episode():
    (result,) = serial(plan(0, 3, 4, NOISY, record=True))
    lengths = [record["length"] for record in result.records]
    assert result.frames == sum(lengths)
    assert {len(values) for values in result.columns.values()} == {sum(lengths)}
    wanted = {"proprioception", "goal", "state", "auxiliary", "label", "action", "images.front"}
    assert set(result.columns) == wanted


def test_episodes_are_laid_one_after_the_other():
    (result,) = serial(plan(0, 3, 4, NOISY, record=True))
    goals, row = result.columns["goal"], 0
    for record in result.records:
        assert len(np.unique(goals[row : row + record["length"]], axis=0)) == 1
        row += record["length"]


def test_labels_are_the_experts_whatever_is_carried_out():
    (calm,) = serial(plan(0, 3, 3, record=True))
    (noisy,) = serial(plan(0, 3, 3, Behaviour("expert", noise=0.5, calm=0.0), record=True))
    np.testing.assert_array_equal(calm.columns["label"], calm.columns["action"])
    assert np.abs(noisy.columns["label"] - noisy.columns["action"]).max() > 0.3
    way = noisy.columns["state"] / 0.05
    np.testing.assert_allclose(noisy.columns["label"][:, :3], np.clip(way, -1, 1), atol=1e-5)


def test_calm_is_the_share_of_episodes_without_noise():
    (result,) = serial(plan(0, 200, 200, Behaviour("expert", noise=0.5, calm=0.3), record=True))
    ends = np.cumsum([record["frames"] for record in result.records])
    off = np.abs(result.columns["label"] - result.columns["action"]).max(1)
    disturbed = [off[end - record["frames"] : end].max() > 0 for record, end in zip(result.records, ends)]
    assert 0.6 < np.mean(disturbed) < 0.8


def test_noise_has_the_asked_deviation_and_memory():
    from agents.behaviour import MEMORY, Driver

    driver = Driver(Behaviour("expert", noise=0.2, calm=0.0), 0, np.arange(400), None)
    added = np.stack([driver.act({}, np.zeros((400, 4)), step) for step in range(30)])[..., 0]
    assert added.std() == pytest.approx(0.2, rel=0.05)
    assert np.corrcoef(added[10], added[11])[0, 1] == pytest.approx(MEMORY, abs=0.05)


def test_a_student_drives_and_a_full_expert_share_is_the_expert(student):
    shares = [Behaviour("student", expert_share=share) for share in (0.0, 1.0)]
    alone, guided = (serial(plan(0, 8, 4, behaviour), policy=student) for behaviour in shares)
    assert not any(record["success"] for result in alone for record in result.records)
    assert all(record["length"] == HORIZON for result in alone for record in result.records)
    assert all(record["success"] for result in guided for record in result.records)


def test_a_student_without_a_policy_is_an_error():
    with pytest.raises(ValueError, match="only if a policy"):
        serial(plan(0, 2, 2, Behaviour("student")))


@pytest.mark.parametrize("behaviour", [NOISY, Behaviour("student", expert_share=0.4, noise=0.1)])
def test_a_job_is_the_same_alone_and_after_others(behaviour, student):
    jobs = plan(5, 12, 4, behaviour, record=True)
    together = serial(jobs, policy=student)
    alone = [serial([job], policy=student)[0] for job in reversed(jobs)]
    assert hashes(together) == hashes(reversed(alone))


def test_a_wider_batch_leaves_the_experts_data_alone():
    jobs = plan(5, 6, 3, NOISY, record=True)
    assert hashes(serial(jobs)) == hashes(serial(jobs, worlds=8))


def test_a_job_wider_than_the_batch_is_refused():
    with pytest.raises(ValueError, match="6 episodes.* 4 worlds"):
        serial(plan(0, 6, 6), worlds=4)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [(ToySpec(blows_up=2), "not finite at step 3"), (ToySpec(diverges=2), "blew up at step 3")],
)
def test_a_blow_up_is_reported_and_its_neighbours_go_on(spec, fault):
    (sound,) = serial(plan(0, 4, 4, record=True))
    (result,) = serial(plan(0, 4, 4, record=True), spec)
    assert fault in result.records[2]["fault"]
    assert not result.records[2]["success"] and result.records[2]["frames"] == 0
    for i in (0, 1, 3):
        assert result.records[i] == sound.records[i]
    assert np.isfinite(result.columns["state"]).all()


def test_a_policy_that_answers_nan_is_a_fault_not_a_crash():
    policy = Policy(STATE)
    torch.nn.init.constant_(policy.act[-2].bias, float("nan"))
    (result,) = serial(plan(0, 2, 2, Behaviour("student")), policy=to_onnx(policy))
    assert all("policy's action" in record["fault"] for record in result.records)


def test_strips_show_the_first_episodes_only():
    results = serial(plan(0, 8, 4, strips=5))
    shown = {episode: images for result in results for episode, images in result.strips.items()}
    assert sorted(shown) == [0, 1, 2, 3, 4]
    assert shown[4].shape == (results[1].records[0]["length"], 16, 16, 3)


def test_results_that_are_taken_on_arrival_come_back_without_their_frames(tmp_path):
    dataset = Dataset.create(tmp_path, SPEC.to_dict())
    results = serial(plan(0, 8, 4, record=True), on_result=dataset.add)
    assert all(result.columns == {} for result in results)
    assert dataset.frames == sum(result.frames for result in results)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"driver": "teacher"}, "unknown driver"),
        ({"noise": -1.0}, "noise"),
        ({"calm": 2.0}, "calm"),
        ({"segment": 0}, "segment"),
    ],
)
def test_an_impossible_behaviour_says_why(wrong, text):
    with pytest.raises(ValueError, match=text):
        Behaviour(**wrong)


def test_an_unknown_backend_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `serial`"):
        collect(SPEC, plan(0, 1, 1), backend="seriel")


@pytest.mark.slow
def test_one_and_two_ray_workers_collect_what_this_process_would(ray_cluster, student):
    jobs = plan(5, 24, 4, Behaviour("student", expert_share=0.4, noise=0.1), record=True)
    expected = hashes(serial(jobs, policy=student))
    for workers in (1, 2):
        assert hashes(collect(SPEC, jobs, workers=workers, policy=student)) == expected


@pytest.mark.slow
def test_a_killed_actor_is_replaced_and_its_job_runs_again(ray_cluster):
    spec, jobs = ToySpec(slow_s=0.2), plan(5, 24, 2, NOISY, record=True)
    pool = open_pool(spec, 2, workers=2)
    try:
        workers = pool.describe()
        assert all(not {"torch", "pybullet"} & set(worker["loaded"]) for worker in workers)
        victim = workers[0]["pid"]
        threading.Thread(target=lambda: (time.sleep(0.5), os.kill(victim, signal.SIGKILL))).start()
        results = sorted(pool.run(jobs, None), key=lambda result: result.index)
        assert pool.lost == 1
        assert victim not in [worker["pid"] for worker in pool.describe()]
    finally:
        pool.close()
    assert hashes(results) == hashes(serial(jobs))


@pytest.mark.slow
def test_a_job_that_kills_every_worker_is_named(ray_cluster):
    with pytest.raises(RuntimeError, match=r"Job 0 \(seed 0, episodes \(0, 1\)\) lost 3 workers"):
        collect(ToySpec(kills=1), plan(0, 2, 2), workers=1)


@pytest.mark.slow
def test_a_mistake_inside_an_actor_arrives_as_itself(ray_cluster):
    with pytest.raises(ValueError, match="only if a policy"):
        collect(SPEC, plan(0, 2, 2, Behaviour("student")), workers=1)
