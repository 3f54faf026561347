"""Robots from URDF: the same shapes, links and poses as PyBullet makes of them, without PyBullet."""

import subprocess
import sys

import numpy as np
import pybullet
import pytest

from envs.rendering.links import LinkTree
from envs.rendering.reference import ARMS, DATA
from envs.rendering.rigid import quaternions
from envs.rendering.urdf import SHAPES, read_urdf

GEOMETRY = {"box": pybullet.GEOM_BOX, "sphere": pybullet.GEOM_SPHERE, "cylinder": pybullet.GEOM_CYLINDER,
            "capsule": pybullet.GEOM_CAPSULE, "mesh": pybullet.GEOM_MESH}  # fmt: skip
SOLIDS = """<?xml version="1.0"?>
<robot name="solids">
  <material name="blue"><color rgba="0 0.5 1 1"/></material>
  <link name="base">
    <visual><origin xyz="0 0 1" rpy="0.1 0.2 0.3"/><geometry><box size="0.1 0.2 0.3"/></geometry>
      <material name="red"><color rgba="1 0 0 1"/></material></visual>
    <visual><geometry><sphere radius="0.5"/></geometry><material name="blue"/></visual>
    <visual><geometry><cylinder radius="0.5" length="2"/></geometry><material name="red"/></visual>
    <visual><geometry><capsule radius="0.5" length="2"/></geometry></visual>
  </link>
  <link name="b"/><link name="a"/><link name="c"/><link name="d"/>
  <joint name="jb" type="continuous"><parent link="base"/><child link="b"/><axis xyz="1 1 0"/></joint>
  <joint name="ja" type="prismatic"><parent link="base"/><child link="a"/><origin xyz="0 0 1" rpy="1 0 0"/>
    <limit lower="0" upper="1" effort="1" velocity="1"/></joint>
  <joint name="jc" type="fixed"><parent link="b"/><child link="c"/><origin xyz="0.5 0 0"/></joint>
  <joint name="jd" type="floating"><parent link="c"/><child link="d"/></joint>
</robot>
"""


@pytest.fixture
def solids(tmp_path):
    path = tmp_path / "solids.urdf"
    path.write_text(SOLIDS)
    return path


@pytest.fixture
def client():
    number = pybullet.connect(pybullet.DIRECT)
    yield number
    pybullet.disconnect(number)


def load(path, client):
    return pybullet.loadURDF(str(path), useFixedBase=True, physicsClientId=client)


def assert_same_shapes(path, client):
    """All that getVisualShapeData tells of a robot."""
    body = load(path, client)
    theirs = pybullet.getVisualShapeData(body, physicsClientId=client)
    ours = [(number - 1, visual) for number, link in enumerate(read_urdf(path).links) for visual in link.visuals]
    assert len(ours) == len(theirs)
    for (link, visual), (_, their_link, kind, size, file, place, turn, rgba, *_) in zip(ours, theirs):
        assert link == their_link
        assert GEOMETRY[visual.kind] == kind
        # PyBullet gives the length first.
        assert np.allclose(visual.size[::-1] if len(visual.size) == 2 else visual.size, size[: len(visual.size)])
        assert str(visual.mesh or "") == file.decode()
        assert np.allclose(visual.pose[:, 3], place, atol=1e-6)
        assert abs(np.dot(quaternions(visual.pose[:, :3]), turn)) == pytest.approx(1.0, abs=1e-6)
        assert np.allclose(visual.colour or (1.0, 1.0, 1.0), rgba[:3], atol=1e-6)


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_has_the_shapes_that_pybullet_sees(name, client):
    assert_same_shapes(ARMS[name], client)


def test_boxes_spheres_cylinders_and_capsules_are_those_of_pybullet(solids, client):
    assert_same_shapes(solids, client)


def assert_same_places(path, client, rounds=5):
    body, tree = load(path, client), LinkTree(read_urdf(path))
    about = [pybullet.getJointInfo(body, i, client) for i in range(pybullet.getNumJoints(body, client))]
    assert tree.links[1:] == tuple(info[12].decode() for info in about)
    moving = [info for info in about if info[2] != pybullet.JOINT_FIXED]
    assert tree.joints == tuple(info[1].decode() for info in moving)
    joints = np.random.default_rng(0).uniform(-2.0, 2.0, (rounds, len(moving)))
    placed = tree.world_from_link(joints)
    for row in range(rounds):
        for info, at in zip(moving, joints[row]):
            pybullet.resetJointState(body, info[0], at, physicsClientId=client)
        for number in range(len(about)):
            state = pybullet.getLinkState(body, number, computeForwardKinematics=1, physicsClientId=client)
            turn = np.reshape(pybullet.getMatrixFromQuaternion(state[5]), (3, 3))
            assert np.abs(placed[row, number + 1] - np.column_stack((turn, state[4]))).max() < 1e-6


@pytest.mark.parametrize("name", ARMS)
def test_links_of_an_arm_are_where_pybullet_puts_them(name, client):
    assert_same_places(ARMS[name], client)


def test_any_axis_and_any_kind_of_joint_moves_as_in_pybullet(solids, client):
    assert_same_places(solids, client)


def test_worlds_are_placed_alone_as_in_a_batch_and_follow_their_base():
    tree = LinkTree(read_urdf(ARMS["panda"]))
    joints = np.random.default_rng(1).uniform(-1.0, 1.0, (4, len(tree.joints)))
    batch = tree.world_from_link(joints)
    assert np.array_equal(tree.world_from_link(joints[2:3])[0], batch[2])
    base = np.column_stack((np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), (0.1, 0.2, 0.3)))
    moved = tree.world_from_link(joints, base)
    assert np.allclose(moved[..., :3], base[:, :3] @ batch[..., :3])
    assert np.allclose(moved[..., 3], batch[..., 3] @ base[:, :3].T + base[:, 3])


def test_wrong_joints_are_counted():
    tree = LinkTree(read_urdf(ARMS["kuka"]))
    with pytest.raises(ValueError, match=r"must be \(worlds, 7\) for lbr_iiwa_joint_1"):
        tree.world_from_link(np.zeros((2, 3)))


def test_reading_a_robot_needs_no_simulator():
    code = f"""
import sys
from envs.rendering.robots import scene_parts
from envs.rendering.urdf import read_urdf
read_urdf({str(ARMS["xarm6"])!r})
assert "pybullet" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_meshes_are_found_in_ros_packages_and_above_the_urdf(tmp_path):
    folder = tmp_path / "my_robot" / "urdf"
    folder.mkdir(parents=True)
    (tmp_path / "my_robot" / "meshes").mkdir()
    mesh = tmp_path / "my_robot" / "meshes" / "a.obj"
    mesh.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    for name in ("package://my_robot/meshes/a.obj", "meshes/a.obj", "../meshes/a.obj", f"file://{mesh}"):
        urdf = folder / "robot.urdf"
        urdf.write_text(shaped(f'<geometry><mesh filename="{name}"/></geometry>'))
        found = read_urdf(urdf).links[0].visuals[0].mesh
        assert found is not None
        assert found.samefile(mesh)


def jointed(kind="fixed", child="b", extra=""):
    """Two links and the joint between them."""
    ends = f'<parent link="a"/><child link="{child}"/>'
    return f'<robot><link name="a"/><link name="b"/><joint name="j" type="{kind}">{ends}{extra}</joint></robot>'


def shaped(geometry):
    return f'<robot><link name="a"><visual>{geometry}</visual></link></robot>'


BAD = {
    "<robot><link": "not valid XML .*xacro",
    "<sdf/>": "holds <sdf>, not <robot>",
    "<robot/>": "exactly one base",
    '<robot><link name="a"/><link name="b"/></robot>': r"exactly one base .*\['a', 'b'\]",
    jointed("revolut"): "Did you mean `revolute`",
    jointed(child="base_link"): "joint `j`: unknown link `base_link`",
    jointed("revolute", extra='<axis xyz="0 0 0"/>'): "no direction",
    jointed(extra='<origin xyz="0 x 0"/>'): "xyz must be 3 number",
    shaped(""): "has no <geometry>",
    shaped('<geometry><boxes size="1 1 1"/></geometry>'): "Did you mean `box`",
    shaped('<geometry><mesh filename="lost.obj"/></geometry>'): r"mesh lost\.obj of .*bad\.urdf is not in",
}


@pytest.mark.parametrize("text", BAD)
def test_a_broken_urdf_names_its_fault(text, tmp_path):
    path = tmp_path / "bad.urdf"
    path.write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=BAD[text]) as caught:
        read_urdf(path)
    assert "bad.urdf" in str(caught.value)


def test_a_missing_urdf_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"lost\.urdf does not exist"):
        read_urdf(tmp_path / "lost.urdf")


def test_a_joint_that_cannot_be_computed_is_named():
    with pytest.raises(ValueError, match=r"`neck`.*spherical"):
        LinkTree(read_urdf(DATA / "spherical_joint_limit.urdf"))


def test_every_kind_of_geometry_is_tested():
    assert set(SHAPES) == set(GEOMETRY)
