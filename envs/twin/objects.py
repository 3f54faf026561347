"""A task's objects in the twin: the same shapes and masses as in training, other friction and softer contacts.

    add_object(spec, cube)                 # a free body
    add_object(spec, housing)              # stands still; `Placing` moves it when an episode begins
"""

from collections.abc import Sequence

import mujoco
import numpy as np

from envs.engine import State
from envs.objects import ObjectSpec

ARM_BIT, WORLD_BIT = 1, 2  # collision groups: the arm meets the world, never itself
LYING: dict = {"contype": WORLD_BIT, "conaffinity": ARM_BIT | WORLD_BIT, "condim": 4}
OBJECT_FRICTION = 0.40  # [1], painted wood on varnished wood; the task's own coefficient is PyBullet's
TWIST, ROLL = 0.005, 0.0001  # [m], MuJoCo's own defaults
GEOMETRY = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "ball": mujoco.mjtGeom.mjGEOM_SPHERE,
}
TWIN_RAIL = 1.4  # Factor on the friction and damping of rails: runners that want oil; guessed


def add_object(spec: mujoco.MjSpec, thing: ObjectSpec) -> None:
    """Put an object into the world: free, on a rail, or still; what is only seen has nothing to touch."""
    body = spec.worldbody.add_body(name=thing.name)
    if thing.loose:
        body.add_freejoint(name=thing.name)
    elif thing.rail:
        holder, body.name = body, f"{thing.name} rail"
        body = holder.add_body(name=thing.name)
        _slide(body, thing)
    density = thing.mass / sum(piece.volume for piece in thing.pieces)
    for name, piece in zip(thing.parts(), thing.pieces) if thing.solid else ():
        body.add_geom(
            name=name,
            type=GEOMETRY[piece.kind],
            pos=piece.centre,
            size=_size(piece.kind, piece.half_extents),
            mass=density * piece.volume,
            friction=(OBJECT_FRICTION, TWIST, ROLL),
            solref=(0.01, 1.0),
            **LYING,
        )


def _size(kind: str, half: tuple[float, float, float]) -> tuple[float, float, float]:
    """Give the size of a geom as MuJoCo wants it: a cylinder is radius and half height."""
    return (half[0], half[2], 0.0) if kind == "cylinder" else half


def _slide(body: mujoco.MjsBody, thing: ObjectSpec) -> None:
    rail = thing.rail
    if rail is not None:
        body.add_joint(
            name=thing.name,
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=rail.axis,
            range=(0.0, rail.travel),
            limited=mujoco.mjtLimited.mjLIMITED_TRUE,
            damping=TWIN_RAIL * rail.damping,
            frictionloss=TWIN_RAIL * rail.friction,
        )


class Placing:
    """Puts the objects of one model where a layout says, and reads where they are.

    Args:
        model, data: Of the world.
        objects: Of the task.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, objects: Sequence[ObjectSpec]):
        self._model, self._data, self._objects = model, data, objects
        self._bodies = [model.body(thing.name).id for thing in objects]
        self._still = [model.body(thing.name + (" rail" if thing.rail else "")).id for thing in objects]
        loose = [model.joint(thing.name) if not thing.fixed else None for thing in objects]
        self._at = [0 if joint is None else int(joint.qposadr[0]) for joint in loose]
        self._speed = [0 if joint is None else int(joint.dofadr[0]) for joint in loose]

    def place(self, poses: np.ndarray) -> None:
        """Write poses (objects, 7), position [m] and quaternion (x, y, z, w), after the data was reset."""
        for index, (thing, pose) in enumerate(zip(self._objects, np.asarray(poses, float))):
            turned = pose[[6, 3, 4, 5]]  # MuJoCo's order: w, x, y, z
            if thing.loose:
                start = self._at[index]
                self._data.qpos[start : start + 3], self._data.qpos[start + 3 : start + 7] = pose[:3], turned
            else:
                self._model.body_pos[self._still[index]] = pose[:3]
                self._model.body_quat[self._still[index]] = turned

    def measure(self, state: State, row: int) -> None:
        """Write poses and velocities of all objects into one row of `state`."""
        data = self._data
        for index, (thing, body) in enumerate(zip(self._objects, self._bodies)):
            if thing.loose:
                pose = data.qpos[self._at[index] :][:7]
                state.object_poses[row, index] = pose[[0, 1, 2, 4, 5, 6, 3]]
                velocity = data.qvel[self._speed[index] :][:6]
                state.object_velocities[row, index, :3] = velocity[:3]
                # MuJoCo gives the angular velocity of a free body in the body's own axes.
                state.object_velocities[row, index, 3:] = data.xmat[body].reshape(3, 3) @ velocity[3:]
                continue
            state.object_poses[row, index, :3] = data.xpos[body]
            state.object_poses[row, index, 3:] = data.xquat[body][[1, 2, 3, 0]]
            if thing.rail:
                along = data.xmat[body].reshape(3, 3) @ thing.rail.axis
                state.object_velocities[row, index, :3] = along * data.qvel[self._speed[index]]
