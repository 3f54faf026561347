"""Parts of any robot: all its shapes and colours, few triangles, kept on disk."""

import struct

import numpy as np
import pytest

from envs.rendering import cache, robots
from envs.rendering.decimate import collapsed
from envs.rendering.mesh_files import read_pieces
from envs.rendering.meshes import Soup, ball, box, simplified, welded
from envs.rendering.overlay import project
from envs.rendering.reference import ARMS, ArmScene, Reference
from envs.rendering.robots import TRIANGLES, scene_parts


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIM2ARM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def robot(folder, *visuals, name="robot.urdf"):
    """Write a URDF of one link."""
    path = folder / name
    shapes = "".join(f"<visual>{visual}</visual>" for visual in visuals)
    path.write_text(f'<robot name="r"><link name="base">{shapes}</link></robot>')
    return path


def mesh(file, scale="1 1 1", extra=""):
    return f'<geometry><mesh filename="{file}" scale="{scale}"/></geometry>{extra}'


def volume(vertices, faces):
    a, b, c = (vertices[faces[:, i]].astype(float) for i in range(3))
    return (a * np.cross(b, c)).sum() / 6.0


def cube(folder, name="cube.obj", materials=("", ""), library=""):
    """Write a unit cube; its lower and upper half of the faces have a material each."""
    made = box((0.5, 0.5, 0.5))
    lines = [f"mtllib {library}"] if library else []
    lines += ["v {} {} {}".format(*vertex) for vertex in made.vertices]
    for half, material in zip((made.faces[:6], made.faces[6:]), materials):
        lines += [f"usemtl {material}"] if material else []
        lines += ["f {} {} {}".format(*(face + 1)) for face in half]
    (folder / name).write_text("\n".join(lines))
    return name


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_keeps_its_budget_and_its_outline(name):
    few, whole = scene_parts(ARMS[name]), scene_parts(ARMS[name], None)
    assert sum(len(part.mesh.faces) for part in few.parts) < 1.1 * TRIANGLES
    assert [part.name for part in few.parts] == [part.name for part in whole.parts]
    assert np.array_equal(few.links, whole.links)
    for link in np.unique(few.links):
        ours, theirs = (np.concatenate([arm.parts[i].mesh.vertices for i in np.flatnonzero(arm.links == link)])
                        for arm in (few, whole))  # fmt: skip
        for side in ("min", "max"):
            gap = getattr(ours, side)(axis=0) - getattr(theirs, side)(axis=0)
            assert np.abs(gap).max() < 0.015, link


@pytest.mark.parametrize("name", ARMS)
def test_names_are_unique_and_meshes_are_sound(name):
    arm = scene_parts(ARMS[name])
    assert len({part.name for part in arm.parts}) == len(arm.parts) == len(arm.links)
    assert {part.surface for part in arm.parts} == set(arm.surfaces)
    assert not [surface for surface in arm.surfaces if set(surface) & set(".!* ")]
    for part in arm.parts:
        made = part.mesh
        assert made.faces.min() == 0
        assert made.faces.max() == len(made.vertices) - 1
        assert np.allclose(np.linalg.norm(made.normals, axis=1), 1.0, atol=1e-3), part.name
        assert made.uvs.min() >= 0.0


def test_the_colours_of_a_mesh_become_parts_and_those_of_the_urdf_paint_the_rest():
    panda, kuka = scene_parts(ARMS["panda"]), scene_parts(ARMS["kuka"])
    finger = [part for part in panda.parts if part.name.startswith("panda_leftfinger.")]
    assert sorted(panda.surfaces[part.surface].colour[0] for part in finger) == [0.25, 0.9]
    assert {part.surface for part in kuka.parts} == {"Grey", "Blue", "Orange"}
    assert kuka.surfaces["Blue"].colour == (0.5, 0.7, 1.0)


def test_materials_of_one_colour_are_one_part(tmp_path):
    (tmp_path / "c.mtl").write_text("newmtl one\nKd 1 0 0\nnewmtl two\nKd 1 0 0\nnewmtl three\nKd 0 0 1\n")
    same = robot(tmp_path, mesh(cube(tmp_path, "a.obj", ("one", "two"), "c.mtl")), name="same.urdf")
    apart = robot(tmp_path, mesh(cube(tmp_path, "b.obj", ("one", "three"), "c.mtl")), name="apart.urdf")
    assert [part.name for part in scene_parts(same).parts] == ["base"]
    assert [part.name for part in scene_parts(apart).parts] == ["base.one", "base.three"]
    assert scene_parts(apart).surfaces["three"].colour == (0.0, 0.0, 1.0)


def test_a_missing_material_library_leaves_the_colour_of_the_urdf(tmp_path):
    paint = '<material name="sky blue"><color rgba="0 0.5 1 1"/></material>'
    path = robot(tmp_path, mesh(cube(tmp_path, materials=("one", "two"), library="lost.mtl"), extra=paint))
    assert scene_parts(path).surfaces["sky_blue"].colour == (0.0, 0.5, 1.0)


def test_origins_and_scales_are_applied_and_a_mirrored_mesh_still_faces_outwards(tmp_path):
    origin = '<origin xyz="1 2 3" rpy="0 0 1.5707963"/>'
    path = robot(tmp_path, mesh(cube(tmp_path), "0.2 -0.4 0.6", origin))
    made = scene_parts(path).parts[0].mesh
    assert np.allclose(made.vertices.max(axis=0) - made.vertices.min(axis=0), (0.4, 0.2, 0.6), atol=1e-5)
    assert np.allclose(made.vertices.mean(axis=0), (1, 2, 3), atol=1e-5)
    assert volume(made.vertices - np.float32((1, 2, 3)), made.faces) == pytest.approx(0.2 * 0.4 * 0.6, rel=1e-4)


def test_solids_have_their_size_and_face_outwards(tmp_path):
    path = robot(
        tmp_path,
        '<geometry><box size="1 2 3"/></geometry>',
        '<geometry><sphere radius="0.5"/></geometry>',
        '<geometry><cylinder radius="0.5" length="2"/></geometry>',
        '<geometry><capsule radius="0.5" length="2"/></geometry>',
        '<geometry><sphere radius="0"/></geometry>',
    )
    parts = scene_parts(path).parts
    assert [part.name for part in parts] == ["base.plain", "base.plain_2", "base.plain_3", "base.plain_4"]
    wanted = (6.0, np.pi / 6, np.pi / 2, np.pi / 2 + np.pi / 6)
    for part, size in zip(parts, wanted):
        assert volume(part.mesh.vertices, part.mesh.faces) == pytest.approx(size, rel=0.1), part.name
    assert np.ptp(parts[3].mesh.vertices[:, 2]) == pytest.approx(3.0)


def test_stl_files_are_read(tmp_path):
    triangle = struct.pack("<12fH", 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0)
    (tmp_path / "one.stl").write_bytes(bytes(80) + struct.pack("<I", 1) + triangle)
    assert len(scene_parts(robot(tmp_path, mesh("one.stl"))).parts[0].mesh.faces) == 1


def test_colours_of_other_formats_are_kept(tmp_path):
    import trimesh
    from trimesh.visual.material import PBRMaterial

    pieces = trimesh.Scene()
    for number, colour in enumerate(((255, 0, 0, 255), (0, 0, 255, 255))):
        block = trimesh.creation.box((1, 1, 1)).apply_translation((number * 2, 0, 0))
        paint = PBRMaterial(name=f"paint{number}", baseColorFactor=colour)
        block.visual = trimesh.visual.TextureVisuals(material=paint)
        pieces.add_geometry(block)
    (tmp_path / "two.glb").write_bytes(pieces.export(file_type="glb"))
    made = scene_parts(robot(tmp_path, mesh("two.glb")))
    assert sorted(surface.colour for surface in made.surfaces.values()) == [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.obj", "v 0 0 0\n", r"robot\.urdf: mesh .*empty\.obj holds no triangles"),
        ("lost.obj", "v 0 0 0\nf 1 2 3\n", "vertices that do not exist"),
        ("nan.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "not finite"),
        ("bad.stl", "garbage", r"bad\.stl holds no triangles"),
        ("strange.dae", "<COLLADA/>", r"strange\.dae (needs another package|cannot be read|holds no triangles)"),
        ("odd.xyz123", "1", r"odd\.xyz123 cannot be read"),
    ],
)
def test_a_mesh_that_cannot_be_used_is_named_with_its_urdf(name, content, says, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=says) as caught:
        scene_parts(robot(tmp_path, mesh(name)))
    assert "robot.urdf" in str(caught.value)


def test_a_budget_below_one_triangle_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 1, or None"):
        scene_parts(ARMS["kuka"], 0)


def test_a_link_without_triangles_is_not_a_part(tmp_path):
    (tmp_path / "flat.obj").write_text("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n")
    assert scene_parts(robot(tmp_path, mesh("flat.obj"))).parts == ()


def test_parts_are_kept_until_a_file_they_depend_on_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("SIM2ARM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "c.mtl").write_text("newmtl one\nKd 1 0 0\nnewmtl two\nKd 0 1 0\n")
    path = robot(tmp_path, mesh(cube(tmp_path, materials=("one", "two"), library="c.mtl")))
    first = scene_parts(path)
    monkeypatch.setattr(robots, "read_pieces", lambda path: pytest.fail("prepared anew"))
    again = scene_parts(path)
    assert again.surfaces == first.surfaces
    assert all(np.array_equal(a.mesh.vertices, b.mesh.vertices) for a, b in zip(first.parts, again.parts))
    monkeypatch.undo()
    monkeypatch.setenv("SIM2ARM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "c.mtl").write_text("newmtl one\nKd 1 0 0\nnewmtl two\nKd 0 0 1\n")
    assert scene_parts(path).surfaces["two"].colour == (0.0, 0.0, 1.0)
    assert len(list((tmp_path / "cache" / "meshes").iterdir())) == 2


def test_a_damaged_file_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SIM2ARM_CACHE", str(tmp_path))
    cache.kept("thing", lambda: {"a": np.arange(3)})
    (tmp_path / "meshes" / "thing.npz").write_bytes(b"half a file")
    assert np.array_equal(cache.kept("thing", lambda: {"a": np.arange(4)})["a"], np.arange(4))
    assert [file.name for file in (tmp_path / "meshes").iterdir()] == ["thing.npz"]


@pytest.mark.parametrize("triangles", [30, 100, 400])
def test_a_simplified_ball_has_as_many_triangles_as_asked_for_and_stays_a_ball(triangles):
    whole = ball(0.5, sides=60)
    few = simplified(Soup(whole.vertices.astype(float), whole.faces), triangles)
    assert triangles - 2 <= len(few.faces) <= triangles
    radius = np.linalg.norm(few.vertices, axis=1)
    assert np.abs(radius - 0.5).max() < 2.2 / triangles
    assert volume(few.vertices, few.faces) > 0.0


def sheet(cells=20):
    """Triangles of a square grid of (cells + 1)^2 points."""
    u, v = np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij")
    first = (u * (cells + 1) + v).ravel()
    beside, below, across = first + 1, first + cells + 1, first + cells + 2
    return np.concatenate((np.stack((first, below, across), 1), np.stack((first, across, beside), 1)))


def test_corners_of_a_finely_cut_box_stay_where_they_are():
    at = np.stack(np.meshgrid(np.linspace(-1, 1, 21), np.linspace(-1, 1, 21), indexing="ij"), -1).reshape(-1, 2)
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            points = np.insert(at, axis, sign, axis=1)
            sides.append((points, sheet() if (sign > 0) == (axis != 1) else sheet()[:, ::-1]))
    soup = welded(Soup(np.concatenate([points for points, _ in sides]),
                       np.concatenate([faces + 441 * i for i, (_, faces) in enumerate(sides)])))  # fmt: skip
    few = simplified(soup, 12)
    assert len(few.faces) == 12
    assert np.allclose(np.abs(few.vertices), 1.0, atol=1e-3)
    assert volume(few.vertices, few.faces) == pytest.approx(8.0, rel=1e-3)


def test_an_open_border_stays_where_it_is():
    places = np.array([(i, j, 0.0) for i in range(21) for j in range(21)])
    vertices, faces = collapsed(places, sheet(), 2)
    assert len(faces) == 2
    assert np.allclose(np.sort(vertices[:, 0]), (0, 0, 20, 20), atol=1e-2)


def test_a_small_hole_is_shut_and_does_not_grow():
    """A slit left by three dropped needles became a hole in the Panda's elbow that light fell through."""
    whole = ball(0.5, sides=60)
    soup = welded(Soup(whole.vertices.astype(float), np.delete(whole.faces, 700, axis=0)))
    few = simplified(soup, 100)
    edges = np.sort(few.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


def test_a_large_hole_stays_open_and_as_large():
    whole = ball(0.5, sides=60)
    centres = whole.vertices[whole.faces].mean(axis=1)
    few = simplified(Soup(whole.vertices.astype(float), whole.faces[centres[:, 2] < 0.25]), 100)
    assert few.vertices[:, 2].max() == pytest.approx(0.25, abs=0.03)


def test_a_mesh_of_many_small_shells_keeps_them():
    """A bowl of convex pieces lost all of them: each is less than a twentieth of the whole."""
    one = ball(0.1, sides=20)
    places = [(x, y, 0.0) for x in range(6) for y in range(6)]
    soup = Soup(np.concatenate([one.vertices + place for place in np.array(places)]).astype(float),
                np.concatenate([one.faces + i * len(one.vertices) for i in range(36)]))  # fmt: skip
    few = simplified(soup, 720)
    assert len(few.faces) <= 720
    assert np.allclose(np.ptp(few.vertices, axis=0), (5.2, 5.2, 0.2), atol=0.05)


def test_other_readers_find_the_same_triangles_as_ours(tmp_path):
    import trimesh

    path = tmp_path / cube(tmp_path)
    (ours,), theirs = read_pieces(path), trimesh.load_mesh(path)
    assert len(ours.soup.faces) == len(theirs.faces) == 12


def test_the_reference_camera_sees_what_the_pinhole_formula_says():
    arm = ArmScene.of("kuka")
    frame = arm.views(6)
    number = [part.name for part in arm.scene.parts].index("box")
    seen = 0
    with Reference(arm.scene) as tiny:
        for row in range(6):
            depth, parts = tiny.photograph(frame, row, 96)
            where = np.argwhere(parts == number)
            pixel, distance = project(frame.transforms[row, number, :, 3], frame.appearance, row, 0, 96)
            whole = len(where) > 20 and (where > 1).all() and (where < 94).all()
            if whole and abs(where.mean(axis=0)[::-1] + 0.5 - pixel).max() < 1.5:
                seen += 1
                assert depth[parts == number].min() == pytest.approx(distance, abs=0.12)
    assert seen >= 2
