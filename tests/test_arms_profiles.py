"""Laws of profiles that name a URDF: what is read from it, and one error for everything that can be wrong."""

import json
import re

import numpy as np
import pybullet
import pytest
import yaml

from envs.arms import kinematics, reach
from envs.arms.description import read_description
from envs.arms.files import FOLDER, path_of
from envs.arms.inspection import inspect
from envs.arms.parts import Shape, angles, rotation
from envs.arms.profile import load, names, read_text, to_text
from envs.bullet.selftouch import touching
from experiments.__main__ import main

SHIPPED = ("iiwa", "panda", "xarm6")
AXES = ("0 0 1", "0 1 0", "0 1 0", "0 0 1", "0 1 0", "0 0 -1")


def link(name, mass=1.0, inertia="0.01 0.01 0.01", size="0.04 0.04 0.04", extra=""):
    xx, yy, zz = inertia.split()
    shape = f'<geometry><box size="{size}"/></geometry>'
    return (
        f'<link name="{name}"><inertial><mass value="{mass}"/><inertia ixx="{xx}" iyy="{yy}" izz="{zz}" ixy="0" '
        f'ixz="0" iyz="0"/></inertial><visual>{shape}</visual><collision>{shape}</collision>{extra}</link>'
    )


def joint(name, parent, child, xyz, axis, kind="revolute", low=-2.8, high=2.8, extra=""):
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/><origin xyz="{xyz}"/>'
        f'<axis xyz="{axis}"/><limit lower="{low}" upper="{high}" effort="80" velocity="2"/>{extra}</joint>'
    )


def made(folder, change=lambda text: text, **fields):
    """Write an arm of six joints with a gripper of two sliding fingers, and its profile; give the profile's path."""
    offsets = ("0 0 0.1", "0 0 0.2", "0 0 0.35", "0 0 0.2", "0 0 0.15", "0 0 0.08")
    parts = [link("base"), *(link(f"part{k}") for k in range(1, 7))]
    for k, (place, axis) in enumerate(zip(offsets, AXES), start=1):
        parts.append(joint(f"turn{k}", "base" if k == 1 else f"part{k - 1}", f"part{k}", place, axis))
    parts.append(link("palm", 0.4, "1e-3 1e-3 1e-3", "0.04 0.1 0.04"))
    parts.append(joint("bolt", "part6", "palm", "0 0 0.04", "0 0 1", "fixed"))
    for name, side in (("left", 1), ("right", -1)):
        parts.append(link(name, 0.1, "2e-5 2e-5 2e-5", "0.02 0.01 0.06"))
        place, axis = f"0 {side * 0.005} 0.05", f"0 {side} 0"
        parts.append(joint(f"{name}_slide", "palm", name, place, axis, "prismatic", 0, 0.04))
    (folder / "my.urdf").write_text(change(f'<robot name="my">{"".join(parts)}</robot>'))
    profile = {
        "urdf": "my.urdf",
        "gripper": {
            "link": "palm", "xyz": [0.0, 0.0, 0.072], "force": 15.0, "fingers": ["left", "right"],
            "closed": {"left_slide": 0.0, "right_slide": 0.0}, "open": {"left_slide": 0.04, "right_slide": 0.04},
        },
        "home": [0.0, 0.2, 1.7, 0.0, 1.2416, 0.0],
    }  # fmt: skip
    for path, value in fields.items():
        place, keys = profile, path.split("__")
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    path = folder / "my_arm.yaml"
    path.write_text(yaml.safe_dump(profile))
    return path


def test_three_arms_ship():
    assert names() == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_kinematics_agree_with_pybullet_on_the_whole_urdf(name):
    profile, rng = load(name), np.random.default_rng(0)
    client = pybullet.connect(pybullet.DIRECT)
    body = pybullet.loadURDF(str(path_of(profile.urdf)), physicsClientId=client)
    infos = [pybullet.getJointInfo(body, j, physicsClientId=client) for j in range(pybullet.getNumJoints(body))]
    index = {info[1].decode(): j for j, info in enumerate(infos)}
    for _ in range(5):
        joints = rng.uniform(profile.lower, profile.upper)
        for joint_name, position in zip(profile.joint_names, joints):
            pybullet.resetJointState(body, index[joint_name], position, physicsClientId=client)
        state = pybullet.getLinkState(body, index[profile.joint_names[-1]], physicsClientId=client)
        ours = kinematics.link_frames(profile.chain, joints)[len(joints) - 1]
        assert np.allclose(ours[:, 3], np.array(profile.base[:, :3] @ state[4] + profile.base[:, 3]), atol=1e-5)
    pybullet.disconnect(client)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_arm_reaches_where_the_tasks_put_things_and_passes_its_checks(name):
    profile = load(name)
    low, high = (0.34, -0.24, 0.012), (0.65, 0.24, 0.32)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    assert reach.reached(profile, corners)[0] == 1.0
    assert [check.name for check in inspect(profile) if check.status != "ok"] in ([], ["inertias"])
    assert touching(profile, np.array(profile.home)) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_written_out_is_the_same_anywhere(name):
    assert read_text(to_text(load(name))) == load(name)


@pytest.mark.parametrize("pitch", [0.3, np.pi / 2, -np.pi / 2])
def test_angles_give_back_the_rotation_also_upright(pitch):
    turn = rotation((0.7, pitch, -1.1))
    assert np.allclose(rotation(angles(turn)), turn, atol=1e-7)


def test_a_urdf_of_ones_own_is_read_with_its_gripper(tmp_path):
    profile = load(str(made(tmp_path)))
    assert profile.name == "my_arm" and len(profile.joints) == 6
    assert profile.hand.max_opening == pytest.approx(0.08) and profile.hand.finger_mass == pytest.approx(0.1)
    assert profile.hand.link.mass == pytest.approx(0.4)
    assert [piece.carrier for piece in profile.pieces] == [0, 1, 2, 3, 4, 5, 6, 6, 6, 6]
    tool, turn = kinematics.tool_pose(profile.chain, np.zeros(6))
    assert np.allclose(tool, (0, 0, 0.1 + 0.2 + 0.35 + 0.2 + 0.15 + 0.08 + 0.04 + 0.072))
    assert np.allclose(turn, np.eye(3))


def test_five_joints_point_the_hand_down_turned_as_it_may_be(tmp_path):
    five = [f"turn{k}" for k in range(1, 6)]
    profile = load(str(made(tmp_path, joints=five, home=[0.0, 0.2, 1.7, 0.0, 1.2416])))
    assert reach.solve(profile, np.array([0.45, 0.15, 0.2]))[1] < reach.CLOSE


def test_a_shape_has_as_many_numbers_as_its_kind():
    with pytest.raises(ValueError, match="Did you mean `box`"):
        Shape("bux", (1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="2 numbers"):
        Shape("capsule", (1.0,))


def without_mesh(tag, size):
    """Put a mesh that is not there in the place of the first box of a size."""
    shape = f"<{tag}><geometry>"
    return lambda text: text.replace(f'{shape}<box size="{size}"/>', f'{shape}<mesh filename="lost.stl"/>', 1)


def other(old, new, count=-1):
    """Change the text of the URDF."""
    return lambda text: text.replace(old, new, count)


LOST = "mesh lost.stl.*put the mesh files beside the URDF"
SLID = {name: {"left_slid": at} for name, at in (("gripper__closed", 0.0), ("gripper__open", 0.04))}
SLIDES = ("left_slide", "right_slide")
SWAPPED = {"gripper__closed": dict.fromkeys(SLIDES, 0.04), "gripper__open": dict.fromkeys(SLIDES, 0.0)}
JOINTS = [*(f"turn{k}" for k in range(1, 6)), "trun6"]
TOUCHES = [-0.66, 0.02, -2.71, -0.04, 2.64, -1.2]
BROKEN = {
    "no such file": (None, {}, "no profile at"),
    "no such URDF": (None, {"urdf": "lost.urdf"}, "lost.urdf.*Paths are relative to"),
    "no XML": (lambda text: text[:-9], {}, "not valid XML"),
    "missing mesh": (without_mesh("visual", "0.04 0.04 0.04"), {}, LOST),
    "missing collision mesh": (without_mesh("collision", "0.02 0.01 0.06"), {}, LOST),
    "zero mass": (other('mass value="1.0"', 'mass value="0"'), {}, "`part1`: mass 0 kg must be > 0.*links: {part1"),
    "zero inertia": (other('"0.01"', '"0"'), {}, "`part1`: inertia.*must be > 0.*correct <inertial>"),
    "impossible inertia": (other('izz="0.01"', 'izz="0.1"'), {}, "`part1`.*belong to no body.*links: {part1"),
    "swapped limits": (
        other('lower="-2.8" upper="2.8"', 'lower="2.8" upper="-2.8"', 1),
        {},
        "`turn1`: lower 2.8 must be below upper -2.8.*swap",
    ),
    "no effort": (other(' effort="80"', "", 1), {}, "`turn1`: the URDF gives no effort; say"),
    "unknown joint": (None, {"joints": JOINTS}, "Did you mean `turn6`"),
    "unknown joint of the gripper": (None, SLID, "Did you mean `left_slide`"),
    "unknown link": (None, {"gripper__link": "plam"}, "Did you mean `palm`"),
    "unknown field": (None, {"mont": {}}, "Did you mean `mount`"),
    "unknown field of the gripper": (None, {"gripper__forse": 1.0}, "Did you mean `force`"),
    "swapped gripper": (None, SWAPPED, "swap `closed` and `open`"),
    "home outside": (None, {"home": [0.0, 9.0, 0.0, 0.0, 0.0, 0.0]}, "home of `turn2` is 9 rad, outside"),
    "home too short": (None, {"home": [0.0]}, "home has 1 values for 6 joints"),
    "home in collision": (None, {"home": TOUCHES}, "at home these links overlap.*Take another home"),
    "a number that is text": (None, {"control_rate_hz": "fast"}, "must be a number"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_profile_gives_one_error_that_names_the_cure_and_writes_nothing(fault, tmp_path, capsys):
    change, fields, says = BROKEN[fault]
    path = made(tmp_path, change or (lambda text: text), **fields)
    if fault == "no such file":
        path.unlink()
    assert main(["look", f"arm={path}", f"run={tmp_path / 'run'}"]) == 2
    told = capsys.readouterr().err
    assert len(told.strip().splitlines()) == 1 and told.count("error:") == 1
    assert re.search(says, told), told
    assert not (tmp_path / "run").exists()


def test_a_sound_profile_is_checked_and_drawn(tmp_path, capsys):
    path = made(tmp_path)
    assert main(["look", f"arm={path}", f"run={tmp_path / 'run'}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["arm"]
    assert {check["name"] for check in told["checks"]} >= {"limits", "reach", "gripper", "inertias", "self-collision"}
    assert (tmp_path / "run/arm.png").stat().st_size > 10_000


def test_the_examples_of_the_docs_are_profiles():
    text = (FOLDER.parents[1] / "docs/arms.md").read_text()
    whole, jaws = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    assert read_description(whole, "docs").gripper.force == 15.0
    assert read_description(whole | jaws, "docs").gripper.jaws.finger_mass == 0.1
