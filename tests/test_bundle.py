"""Laws of what is carried to the robot."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from agents import checkpoint
from agents.chunks import Execution
from agents.policy import Policy, PolicySpec
from envs.arms.profile import load
from envs.rendering.assets import CAMERAS
from envs.rendering.scene import TOOL
from transfer.bundle.bundle import FILES, GOLDEN, IO, PARITY, POLICY, TRAIN, Bundle, sha256
from transfer.bundle.contract import Contract
from transfer.bundle.export import contract_of, export, export_policy

ROOT = Path(__file__).parents[1]
SMALL = PolicySpec(image_size=16, channels=(4, 4), keypoints=4, hidden=16, chunk=3)


def policy_of(spec=SMALL, seed=0):
    torch.manual_seed(seed)
    return Policy(spec).eval()


def contract(spec=SMALL, execution=None):
    task = SimpleNamespace(name="push", horizon=100, opening=0.0, physics=SimpleNamespace(fingers=False))
    cameras = {name: CAMERAS[name] for name in spec.cameras}
    return Contract.of(load("panda"), task, cameras, image_size=spec.image_size, chunk=spec.chunk, execution=execution)


@pytest.fixture
def folder(tmp_path):
    export_policy(policy_of(), tmp_path / "bundle", contract(), train={"strength": 1.0})
    return tmp_path / "bundle"


def test_a_bundle_acts_like_the_policy_it_came_from(folder):
    bundle = Bundle.load(folder)
    assert bundle.replay() <= 1e-5
    assert bundle.parity["max_abs_error"] <= 1e-5 and bundle.parity["samples"] == 16
    assert bundle.train == {"strength": 1.0}


def test_actions_leave_the_bundle_in_physical_units(folder):
    with np.load(folder / GOLDEN) as archive:
        actions = archive["actions"]
    limits = np.array(Bundle.load(folder).contract.action.scale)
    assert (np.abs(actions) <= limits).all() and np.abs(actions).max() > 1e-4


def test_a_contract_survives_json():
    there = contract()
    assert Contract.from_dict(json.loads(json.dumps(there.to_dict()))) == there


def test_a_contract_names_what_deployments_get_wrong():
    there = contract()
    assert [joint.name for joint in there.joints] == list(load("panda").joint_names)
    assert {joint.unit for joint in there.joints} == {"rad"} and there.gripper.unit == "m"
    assert there.cameras[0].channels == "RGB" and there.cameras[0].width == 16
    assert there.action.scale == (0.03, 0.03, 0.03, 0.04) and "never the measured" in there.action.reference
    assert sum(term.size for term in there.proprioception) == 14


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 7}, "schema 7"),
        ({"horizn": 3}, "horizn"),
        ({"gripper": {}}, "gripper: missing"),
        ({"joints": [3]}, r"joints\[0\]: expected an object"),
    ],
)
def test_a_contract_that_cannot_be_read_says_where(change, message):
    with pytest.raises(ValueError, match=message):
        Contract.from_dict(contract().to_dict() | change)


@pytest.mark.parametrize("name", FILES)
def test_an_edited_file_is_refused_by_name(folder, name):
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match=name):
        Bundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder, name):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        Bundle.load(folder)


def remanifest(folder):
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    data["files"] = {name: sha256((folder / name).read_bytes()) for name in FILES}
    path.write_text(json.dumps(data))


def test_a_policy_swapped_without_its_contract_is_refused(folder, tmp_path):
    other = PolicySpec.from_dict(SMALL.to_dict() | {"chunk": 2})
    export_policy(policy_of(other), tmp_path / "other", contract(other), train={})
    (folder / POLICY).write_bytes((tmp_path / "other" / POLICY).read_bytes())
    remanifest(folder)
    with pytest.raises(ValueError, match="export both together"):
        Bundle.load(folder)


def test_golden_actions_that_do_not_come_out_again_are_refused(folder):
    with np.load(folder / GOLDEN) as archive:
        arrays = dict(archive)
    np.savez(folder / GOLDEN, **(arrays | {"actions": arrays["actions"] + 1e-5}))
    remanifest(folder)
    with pytest.raises(ValueError, match="golden actions differ"):
        Bundle.load(folder).replay()


def test_a_policy_without_its_normalisation_would_fail_parity(tmp_path):
    """Mutation check: the proof notices an export that lost something."""
    policy = policy_of()
    broken = policy_of()
    broken.proprioception.std.fill_(3.0)
    golden = {"proprioception": np.ones((4, 14), np.float32), "goal": np.ones((4, 3), np.float32)}
    golden["images.front"] = np.zeros((4, 16, 16, 3), np.uint8)
    from transfer.bundle import export as module

    expected = module.torch_actions(policy, golden, contract())
    model = module.to_onnx(broken, contract().action.scale)
    with pytest.raises(ValueError, match="ONNX differs from torch"):
        module.parity(model, golden, expected, contract())


def test_a_place_that_is_taken_is_left_alone(folder):
    before = (folder / POLICY).read_bytes()
    with pytest.raises(ValueError, match="exists already"):
        export_policy(policy_of(seed=1), folder, contract(), train={})
    assert (folder / POLICY).read_bytes() == before


def test_a_failed_export_leaves_nothing(tmp_path):
    policy = policy_of()
    policy.proprioception.mean.fill_(float("nan"))
    with pytest.raises(ValueError, match="differs"):
        export_policy(policy, tmp_path / "bundle", contract(), train={})
    assert not list(tmp_path.iterdir())


def test_a_contract_of_another_policy_is_refused_and_leaves_nothing(tmp_path):
    larger = PolicySpec.from_dict(SMALL.to_dict() | {"image_size": 32})
    with pytest.raises(ValueError, match="promises"):
        export_policy(policy_of(), tmp_path / "bundle", contract(larger), train={})
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_bundle_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no bundle"):
        Bundle.load(tmp_path)
    (tmp_path / "manifest.json").write_text('{"kind": "something"}')
    with pytest.raises(ValueError, match="something"):
        Bundle.load(tmp_path)


def test_a_checkpoint_becomes_a_bundle_with_its_passport(tmp_path):
    checkpoint.save(tmp_path / "checkpoint", policy_of(), step=7, record={"worlds": {"strength": 1.0}})
    notes = {"success": {"sim_heldout": 0.9}}
    bundle = export(tmp_path / "checkpoint", tmp_path / "bundle", arm="panda", task="push", train=notes)
    assert bundle.train["record"] == {"worlds": {"strength": 1.0}} and bundle.train["step"] == 7
    assert bundle.train["success"] == {"sim_heldout": 0.9}
    assert sorted(path.name for path in bundle.folder.iterdir()) == sorted([*FILES, "manifest.json"])
    assert {IO, PARITY, TRAIN} <= set(FILES)


def test_what_no_arm_can_see_is_not_exported():
    blind = policy_of(PolicySpec(observes="state", cameras=(), state=12, auxiliary=0, hidden=16))
    with pytest.raises(ValueError, match="ground truth that no arm can measure"):
        contract_of(blind, "panda", "push")
    with pytest.raises(ValueError, match="execute must be in"):
        contract_of(policy_of(), "panda", "push", Execution(execute=9))
    with pytest.raises(ValueError, match="Did you mean `wrist`"):
        contract_of(policy_of(PolicySpec.from_dict(SMALL.to_dict() | {"cameras": ["wirst"]})), "panda", "push")


def test_a_contract_says_where_on_the_hand_a_camera_is_and_nothing_more_of_one_that_stands():
    spec = PolicySpec.from_dict(SMALL.to_dict() | {"cameras": ["front", "wrist"]})
    contract = contract_of(policy_of(spec), "panda", "push")
    front, wrist = contract.to_dict()["cameras"]
    assert "mount" not in front and wrist["mount"] == TOOL and wrist["up"] == (1.0, 0.0, 0.0)
    assert Contract.from_dict(json.loads(json.dumps(contract.to_dict()))) == contract


def test_reading_a_bundle_needs_no_torch(folder):
    code = (
        "import sys; from transfer.bundle.bundle import Bundle\n"
        f"Bundle.load({str(folder)!r}).replay()\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"torch", "ray", "pybullet", "mujoco", "onnx", "gymnasium"}
