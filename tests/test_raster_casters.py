"""Coarser twins that throw shadows: small where it pays, and of nearly the same outline."""

import numpy as np
import pytest
from raster_frames import ARM, SCENE, drawn, light, transforms

from envs.rendering.appearance import nominal_appearance
from envs.rendering.meshes import ball, box
from envs.rendering.raster import RasterRenderer, geometry
from envs.rendering.raster.casters import TRIANGLES, WORTH, caster
from envs.rendering.scene import Mesh

SIZE = 84


@pytest.mark.parametrize("mesh", [box((0.1, 0.1, 0.1)), ball(0.5)], ids=["box", "ball"])
def test_a_mesh_of_few_triangles_throws_its_own_shadow(mesh):
    assert len(mesh.faces) <= WORTH and caster(mesh) is mesh


def test_a_mesh_without_triangles_throws_none():
    empty = Mesh(*(np.zeros((0, n), kind) for n, kind in ((3, "f4"), (3, "i4"), (3, "f4"), (2, "f4"))))
    assert caster(empty) is empty


@pytest.mark.parametrize("part", ARM, ids=lambda part: SCENE.parts[part].name)
def test_a_link_casts_by_a_twin_of_its_size(part):
    mesh = SCENE.parts[part].mesh
    twin = caster(mesh)
    assert len(twin.faces) <= max(TRIANGLES, min(len(mesh.faces), WORTH))
    for end in ("min", "max"):
        gap = getattr(twin.vertices, end)(axis=0) - getattr(mesh.vertices, end)(axis=0)
        assert np.abs(gap).max() < 0.025


def test_shadows_of_twins_are_nearly_those_of_the_meshes(monkeypatch):
    look, poses = nominal_appearance(SCENE, 6), transforms(6, seed=4)
    light(look, 0, "directional", direction=(0.4, 0.3, 0.8), shadow=1.0)
    coarse = drawn(RasterRenderer(SCENE, SIZE, ("front",)), look, poses, SIZE).rgb.astype(int)
    monkeypatch.setattr(geometry, "caster", lambda mesh: mesh)
    exact = drawn(RasterRenderer(SCENE, SIZE, ("front",)), look, poses, SIZE).rgb.astype(int)
    look.lamps.shadow[:] = 0.0
    lit = drawn(RasterRenderer(SCENE, SIZE, ("front",)), look, poses, SIZE).rgb.astype(int)
    shaded, wrong = (np.abs(images - exact).max(axis=-1) > 40 for images in (lit, coarse))
    assert shaded.mean() > 0.02
    assert wrong.sum() < 0.15 * shaded.sum()
