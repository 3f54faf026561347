"""MuJoCo's renderer behind the worlds: a Frame in, images out, without touching any simulation.

    renderer = MujocoRenderer(scene, image_size=84)
    renderer.draw(frame, images)

One drawing model holds every part once; each world moves the parts, lamps and cameras of one `MjvScene` and
draws it. Light falls from lamps at a place (not from infinity), surfaces shine, shadows come from a shadow
map: a different light model from the training renderer on purpose.
"""

import weakref
from typing import Any

import mujoco
import numpy as np

from envs.rendering.lamps import glow
from envs.rendering.scene import BASICS, LAMPS, LIGHT_KINDS, PATTERNS, Appearance, Frame, Images, Mesh, Scene
from envs.twin import gl
from envs.twin.textures import pick, textures

SHADOW_MAP = 256  # [px] a side; 14 mm on the table
LAMP_DISTANCE_M = 2.4
LAMP_TARGET = np.array([0.45, 0.0, 0.0])
LAMP_CONE_DEG = 36.0  # half angle; the lamp fades towards its rim and the room behind stays darker
LAMP_FADE = 2.0
WHOLE_SPHERE_DEG = 180.0
CEILING = np.array([0.15, -0.1, 0.98])  # where soft light comes from, besides the lamps
NEAR_M, FAR_M = 0.05, 8.0
# Shininess and specular reflection, guessed: a painted arm and a varnished table reflect a little.
GLOSS = {
    "arm": (0.5, 0.35),
    "hand": (0.6, 0.4),
    "table": (0.3, 0.12),
    "wall": (0.1, 0.0),
    "floor": (0.1, 0.05),
}
DULL = (0.2, 0.08)


class MujocoRenderer:
    """Draws scenes by MuJoCo in an off-screen OpenGL context.

    Args:
        scene: What there is to see.
        image_size: Height and width of the images [px].
        samples: Multisampling, as a real lens has no hard edges; costs 0.4 ms more than 0.
    """

    draws = BASICS | LAMPS

    def __init__(self, scene: Scene, image_size: int, samples: int = 4):
        self._context = gl.context(image_size)
        self._context.make_current()
        self.name = f"mujoco-{gl.available()}"
        self._model, self._textures = _drawing_model(scene, image_size, samples)
        self._offsets = _mesh_offsets(self._model)
        self._mjr = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._mjr)
        self._freed = weakref.finalize(self, _free, self._context, self._mjr)
        self._freed.atexit = False
        self._view = _still_life(self._model)
        self._geoms = _geoms_by_part(self._view, len(scene.parts))
        self._surface_of = [list(scene.surfaces).index(part.surface) for part in scene.parts]
        self._viewport = mujoco.MjrRect(0, 0, image_size, image_size)
        self._rgb = np.zeros((image_size, image_size, 3), np.uint8)
        self._depth = np.zeros((image_size, image_size), np.float32)
        for part, geom in zip(scene.parts, self._geoms):
            geom.shininess, geom.specular = GLOSS.get(part.surface, DULL)

    def draw(self, frame: Frame, images: Images) -> None:
        """Draw the chosen cameras of the chosen worlds."""
        self._context.make_current()
        shades = glow(frame.appearance.lamps)
        for world in frame.worlds:
            self._place(frame.transforms[world], frame.appearance.visible[world])
            self._paint(frame.appearance, world)
            self._light(frame.appearance, shades, world)
            for slot, camera in enumerate(frame.cameras):
                self._aim(frame.appearance, world, camera)
                self._shoot(images, world, slot)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._freed()

    def _place(self, transforms: np.ndarray, visible: np.ndarray) -> None:
        """Move all parts: world_from_geom = world_from_part @ part_from_geom (MuJoCo centres its meshes)."""
        turn = transforms[:, :, :3].astype(float) @ self._offsets[:, :, :3]
        place = np.einsum("pij,pj->pi", transforms[:, :, :3], self._offsets[:, :, 3]) + transforms[:, :, 3]
        turn[~visible] = 0.0  # shrunk to a point: MuJoCo would let a transparent part throw its shadow
        for geom, rotation, position in zip(self._geoms, turn, place):
            geom.mat[:], geom.pos[:] = rotation, position

    def _paint(self, look: Appearance, world: int) -> None:
        """Set colour and picture of every part."""
        for geom, surface in zip(self._geoms, self._surface_of):
            geom.rgba[:3] = look.colour[world, surface]
            pictures = self._textures[PATTERNS[look.pattern[world, surface]]]
            geom.texid = pictures[pick(len(pictures), look.variant[world, surface])] if pictures else -1

    def _light(self, look: Appearance, shades: np.ndarray, world: int) -> None:
        """Set soft light from above, a lamp with and one without shadow for the key light, and the other lamps.

        The pair lets the key light's shadow be pale; OpenGL has too few lights to do the same for the others,
        whose shadows are black, or none below one half. Point lamps have none: there is no such map.
        """
        view, lamps = self._view, look.lamps
        ambient, shadow = float(look.ambient[world]), float(lamps.shadow[world, 0])
        soft = view.lights[0]
        soft.type, soft.dir[:], soft.castshadow = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, -CEILING, 0
        soft.ambient[:], soft.diffuse[:], soft.specular[:] = 0.6 * ambient, 0.6 * ambient, 0.0
        power = (1.0 - 0.5 * ambient) * shades[world]
        for half, share in enumerate((shadow, 1.0 - shadow)):
            lamp = view.lights[1 + half]
            _shine(lamp, lamps.direction[world, 0], share * power[0])
            lamp.castshadow = half == 0 and shadow > 0.0
        lit = [index for index in range(1, len(power)) if lamps.kind[world, index]]
        view.nlight = 3 + len(lit)
        for lamp, index in zip(view.lights[3:], lit):
            kind = LIGHT_KINDS[lamps.kind[world, index]]
            _shine(lamp, lamps.direction[world, index], power[index])
            if kind != "directional":
                _stand(lamp, kind, lamps.position[world, index], float(lamps.cone_deg[world, index]))
            lamp.castshadow = kind != "point" and lamps.shadow[world, index] > 0.5

    def _aim(self, look: Appearance, world: int, camera: int) -> None:
        """Point both eyes of MuJoCo's camera along one optical axis."""
        turn = look.world_from_camera[world, camera]  # columns: x right, y down, z forward
        top = NEAR_M * np.tan(np.radians(float(look.fov_deg[world, camera])) / 2.0)
        for eye in self._view.camera:
            eye.pos[:], eye.forward[:], eye.up[:] = (
                look.camera_position[world, camera],
                turn[:, 2],
                -turn[:, 1],
            )
            eye.frustum_near, eye.frustum_far = NEAR_M, FAR_M
            eye.frustum_center, eye.frustum_width = 0.0, top
            eye.frustum_bottom, eye.frustum_top = -top, top

    def _shoot(self, images: Images, world: int, slot: int) -> None:
        mujoco.mjr_render(self._viewport, self._view, self._mjr)
        depth = None if images.depth is None else self._depth
        mujoco.mjr_readPixels(self._rgb, depth, self._viewport, self._mjr)
        images.rgb[world, slot] = self._rgb[::-1]
        if images.depth is not None:
            images.depth[world, slot] = _metres(self._depth[::-1])
        if images.segmentation is not None:
            images.segmentation[world, slot] = self._segment()

    def _segment(self) -> np.ndarray:
        """Draw once more with the part's number as colour."""
        flags = self._view.flags
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = True
        mujoco.mjr_render(self._viewport, self._view, self._mjr)
        mujoco.mjr_readPixels(self._rgb, None, self._viewport, self._mjr)
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = False
        red, green, blue = (self._rgb[::-1, :, channel].astype(np.int32) for channel in range(3))
        return red + 256 * green + 65536 * blue - 1


def _free(context: Any, mjr: mujoco.MjrContext) -> None:
    """Free what MuJoCo holds in *its* context: elsewhere the same numbers name another renderer's buffers."""
    context.make_current()
    mjr.free()
    context.free()


def _shine(lamp: mujoco.MjvLight, towards: np.ndarray, colour: np.ndarray) -> None:
    """Hang a spot lamp in direction `towards` of the table, of that colour (3,)."""
    lamp.type = mujoco.mjtLightType.mjLIGHT_SPOT
    lamp.pos[:], lamp.dir[:] = LAMP_TARGET + LAMP_DISTANCE_M * towards, -towards
    lamp.diffuse[:], lamp.specular[:], lamp.ambient[:] = colour, colour, 0.0
    lamp.cutoff, lamp.exponent, lamp.headlight = LAMP_CONE_DEG, LAMP_FADE, 0
    lamp.attenuation[:] = 1.0, 0.0, 0.0


def _stand(lamp: mujoco.MjvLight, kind: str, place: np.ndarray, cone_deg: float) -> None:
    """Put a lamp at a place (3,) from where its light falls off with the square of the distance.

    MuJoCo does not draw its own point lamps; a spot whose cone is the whole sphere shines alike.
    """
    lamp.pos[:], lamp.cutoff = place, cone_deg
    lamp.attenuation[:] = 0.0, 0.0, 1.0
    if kind == "point":
        lamp.cutoff, lamp.exponent = WHOLE_SPHERE_DEG, 0.0


def _metres(depth: np.ndarray) -> np.ndarray:
    """Turn the depth buffer in [0, 1] into distance along the optical axis [m]."""
    return NEAR_M * FAR_M / (FAR_M - depth * (FAR_M - NEAR_M))


def _drawing_model(scene: Scene, size: int, samples: int) -> tuple[mujoco.MjModel, dict[str, list[int]]]:
    """Compile a model with one geom per part and all pictures; also give the pictures' numbers by pattern."""
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth = spec.visual.global_.offheight = size
    spec.visual.quality.offsamples, spec.visual.quality.shadowsize = samples, SHADOW_MAP
    spec.visual.map.shadowscale = 1.0  # the shadow map covers the whole cone of a lamp
    spec.add_material(name="any")  # MuJoCo ignores the picture of a geom without material
    numbers: dict[str, list[int]] = {}
    for pattern, pictures in textures().items():
        numbers[pattern] = [len(spec.textures) + i for i in range(len(pictures))]
        for index, picture in enumerate(pictures):
            _add_picture(spec, f"{pattern}{index}", picture)
    for part in scene.parts:
        _add_mesh(spec, part.name, part.mesh)
        spec.worldbody.add_geom(
            name=part.name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=part.name, contype=0, conaffinity=0
        )
    return spec.compile(), numbers


def _add_picture(spec: mujoco.MjSpec, name: str, picture: np.ndarray) -> None:
    height, width, channels = picture.shape
    texture = spec.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=channels
    )
    texture.data = picture.tobytes()


def _add_mesh(spec: mujoco.MjSpec, name: str, mesh: Mesh) -> None:
    faces = mesh.faces.astype(np.int32).ravel()
    spec.add_mesh(
        name=name,
        uservert=mesh.vertices.astype(np.float32).ravel(),
        userface=faces,
        usernormal=mesh.normals.astype(np.float32).ravel(),
        usertexcoord=mesh.uvs.astype(np.float32).ravel(),
        userfacenormal=faces,
        userfacetexcoord=faces,
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,  # a flat mesh has no volume
    )


def _mesh_offsets(model: mujoco.MjModel) -> np.ndarray:
    """Give part_from_geom (parts, 3, 4) of every mesh, which MuJoCo keeps about its centre of mass."""
    offsets = np.zeros((model.nmesh, 3, 4))
    for mesh in range(model.nmesh):
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, model.mesh_quat[mesh])
        offsets[mesh, :, :3], offsets[mesh, :, 3] = turn.reshape(3, 3), model.mesh_pos[mesh]
    return offsets


def _still_life(model: mujoco.MjModel) -> mujoco.MjvScene:
    """Let MuJoCo make its list of geoms once; afterwards only our numbers change."""
    view, data = mujoco.MjvScene(model, maxgeom=model.ngeom + 8), mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    mujoco.mjv_updateScene(
        model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(), mujoco.mjtCatBit.mjCAT_ALL, view
    )
    view.flags[:] = 0
    for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_CULL_FACE):
        view.flags[flag] = 1
    return view


def _geoms_by_part(view: mujoco.MjvScene, parts: int) -> list[mujoco.MjvGeom]:
    """Order MuJoCo's geoms as the scene's parts."""
    geoms = sorted(view.geoms[: view.ngeom], key=lambda geom: geom.objid)
    if len(geoms) != parts:
        raise RuntimeError(f"MuJoCo draws {len(geoms)} of {parts} parts")
    for index, geom in enumerate(geoms):
        geom.segid, geom.matid = index, 0
    return geoms
