"""The other Panda: a MuJoCo model made in code that shares only mesh files with the training simulator.

    spec = panda()                                           # arm and gripper on nothing
    model = table_world(task.objects, table, tool_depth)     # with table, floor and objects, compiled

What differs from `envs/bullet/` on purpose: inertias are those of the convex hulls at one density, joints
have rotor inertia and dry friction, servos are springs with limited torque, the fingers carry rubber pads of
their own, contacts are soft with elliptic friction cones, friction combines by maximum. Every figure says
where it comes from.
"""

import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path

import mujoco
import numpy as np

from envs.engine import ObjectSpec
from envs.twin.objects import ARM_BIT, LYING, ROLL, TWIST, WORLD_BIT, add_object

TIMESTEP_S = 0.002
JOINTS = tuple(f"panda_joint{i}" for i in range(1, 8))
FINGERS = ("panda_leftfinger", "panda_rightfinger")

# Hulls of base and seven links hold 19.0 l and the arm weighs 17.8 kg (datasheet: about 18 kg).
ARM_DENSITY = 940.0  # [kg/m^3]
HAND_MASS = 0.73  # [kg], Franka Hand datasheet 0.7 kg with fingers
FINGER_MASS = 0.03  # [kg], rubber tip and aluminium stem, guessed

# Joint frames in their parent (Denavit-Hartenberg table, Franka control manual): position [m], roll about x.
FRAMES = (
    ((0.0, 0.0, 0.333), 0.0),
    ((0.0, 0.0, 0.0), -math.pi / 2),
    ((0.0, -0.316, 0.0), math.pi / 2),
    ((0.0825, 0.0, 0.0), math.pi / 2),
    ((-0.0825, 0.384, 0.0), -math.pi / 2),
    ((0.0, 0.0, 0.0), math.pi / 2),
    ((0.088, 0.0, 0.0), math.pi / 2),
)
LIMITS = (  # [rad], Franka control manual
    (-2.8973, 2.8973),
    (-1.7628, 1.7628),
    (-2.8973, 2.8973),
    (-3.0718, -0.0698),
    (-2.8973, 2.8973),
    (-0.0175, 3.7525),
    (-2.8973, 2.8973),
)
EFFORT = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)  # [N m], datasheet
STIFFNESS = (4000.0, 4000.0, 3500.0, 3500.0, 1500.0, 1500.0, 1500.0)  # [N m/rad], stiff; guessed
SERVO_RATE = 22.0  # [1/s], guessed: the twin's own nominal of the `gain` knobs
DAMPING = 1.0  # [N m s/rad], guessed
DRY_FRICTION = 0.3  # [N m], what is left after the arm compensates its own friction; guessed
ROTOR_INERTIA = 0.12  # [kg m^2], reflected through the gears; guessed

HAND_HEIGHT = 0.107  # [m], flange to hand (Franka Hand drawing)
FINGER_HEIGHT = 0.0584  # [m], hand to finger (Franka Hand drawing)
PAD_HALF = (0.0085, 0.005, 0.009)  # [m], rubber tip, a little narrower than the printed finger
PAD_CENTRE = 0.0445  # [m] above the finger frame; its lower end is the fingertip
FINGER_TRAVEL = 0.04  # [m], each finger
FINGER_STIFFNESS = 1500.0  # [N/m], guessed
FINGER_RATE = 20.0  # [1/s], guessed
GRIP_FORCE = 20.0  # [N] of each finger; the hand's continuous maximum is 70 N

FRICTION = {"table": 0.30, "fingers": 0.9}  # [1], varnished wood; rubber. Pairs take the larger one.
FLOOR_HEIGHT = -0.75  # [m]


def mesh_folder() -> Path:
    """Find the Panda meshes inside pybullet_data without importing pybullet.

    Raises:
        FileNotFoundError: pybullet is not installed.
    """
    found = importlib.util.find_spec("pybullet_data")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("no `pybullet_data` with the Panda's meshes; run `pip install pybullet`.")
    return Path(found.submodule_search_locations[0]) / "franka_panda" / "meshes" / "collision"


def panda() -> mujoco.MjSpec:
    """Make arm and gripper, base at the origin, without a floor."""
    spec = mujoco.MjSpec()
    spec.modelname = "sim2arm reality twin"
    spec.compiler.degree = False
    spec.option.timestep = TIMESTEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0  # stiff friction against creep in the hand (MuJoCo documentation, grasping)
    # A world that blew up must be seen, not silently put back to its start.
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    for name in (*(f"link{i}" for i in range(8)), "hand"):
        path = mesh_folder() / f"{name}.obj"
        spec.add_mesh(name=name, file=str(path), inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX)
    body = spec.worldbody.add_body(name="panda_link0")
    _hull(body, "link0")
    for number, (position, roll) in enumerate(FRAMES, start=1):
        body = _link(spec, body, number, position, roll)
    _hand(spec, body)
    return spec


def table_world(objects: Sequence[ObjectSpec], table: np.ndarray, tool_depth: float) -> mujoco.MjModel:
    """Compile arm, table, floor and objects.

    Args:
        objects: What lies about; size and mass are the task's, friction is the twin's.
        table: (2, 3) lower and upper corner of the table [m].
        tool_depth: Distance along the hand's z axis to the tool point [m].
    """
    spec = panda()
    spec.body("panda_hand").add_site(name="tool", pos=(0, 0, tool_depth))
    ground = spec.worldbody
    ground.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=table.mean(axis=0),
        size=np.ptp(table, axis=0) / 2,
        friction=(FRICTION["table"], TWIST, ROLL),
        **LYING,
    )
    ground.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, pos=(0, 0, FLOOR_HEIGHT), size=(0, 0, 1), **LYING)
    for thing in objects:
        add_object(spec, thing)
    for slider in (thing for thing in objects if thing.rail):
        for still in (thing for thing in objects if thing.fixed):
            spec.add_exclude(bodyname1=slider.name, bodyname2=still.name)  # the rail guides it
    return spec.compile()


def _hull(body: mujoco.MjsBody, mesh: str, **more: float) -> None:
    body.add_geom(
        name=mesh,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=mesh,
        contype=ARM_BIT,
        conaffinity=WORLD_BIT,
        **({"density": ARM_DENSITY} | more),
    )


def _link(
    spec: mujoco.MjSpec,
    parent: mujoco.MjsBody,
    number: int,
    position: tuple[float, float, float],
    roll: float,
) -> mujoco.MjsBody:
    turn = (math.cos(roll / 2), math.sin(roll / 2), 0.0, 0.0)  # MuJoCo's order: w, x, y, z
    body = parent.add_body(name=f"panda_link{number}", pos=position, quat=turn, gravcomp=1.0)
    index = number - 1
    body.add_joint(
        name=JOINTS[index],
        axis=(0, 0, 1),
        range=LIMITS[index],
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        damping=DAMPING,
        frictionloss=DRY_FRICTION,
        armature=ROTOR_INERTIA,
    )
    _hull(body, f"link{number}")
    servo = spec.add_actuator(
        name=JOINTS[index],
        target=JOINTS[index],
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        forcerange=(-EFFORT[index], EFFORT[index]),
        forcelimited=mujoco.mjtLimited.mjLIMITED_TRUE,
    )
    servo.set_to_position(kp=STIFFNESS[index], kv=STIFFNESS[index] / SERVO_RATE)
    return body


def _hand(spec: mujoco.MjSpec, link7: mujoco.MjsBody) -> None:
    turn = (math.cos(math.pi / 8), 0.0, 0.0, -math.sin(math.pi / 8))  # -45 deg about z
    hand = link7.add_body(name="panda_hand", pos=(0, 0, HAND_HEIGHT), quat=turn, gravcomp=1.0)
    _hull(hand, "hand", mass=HAND_MASS)
    for name, side in zip(FINGERS, (1.0, -1.0), strict=True):
        _finger(hand, name, side)
    spec.add_equality(
        name="one motor, two fingers",
        type=mujoco.mjtEq.mjEQ_JOINT,
        objtype=mujoco.mjtObj.mjOBJ_JOINT,
        name1=FINGERS[1],
        name2=FINGERS[0],
        data=(0, 1) + (0,) * (mujoco.mjNEQDATA - 2),  # q1 = q2
        solref=(0.005, 1.0),
    )
    motor = spec.add_actuator(
        name="gripper",
        target=FINGERS[0],
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        forcerange=(-2 * GRIP_FORCE, 2 * GRIP_FORCE),
        forcelimited=mujoco.mjtLimited.mjLIMITED_TRUE,
    )
    motor.set_to_position(kp=2 * FINGER_STIFFNESS, kv=2 * FINGER_STIFFNESS / FINGER_RATE)


def _finger(hand: mujoco.MjsBody, name: str, side: float) -> None:
    """A stem and a rubber pad whose inner face lies at y = 0 when the gripper is closed."""
    body = hand.add_body(name=name, pos=(0, 0, FINGER_HEIGHT), gravcomp=1.0)
    body.add_joint(
        name=name,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=(0, side, 0),
        range=(0.0, FINGER_TRAVEL),
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        damping=5.0,
        armature=0.05,
    )
    shared = {"type": mujoco.mjtGeom.mjGEOM_BOX, "contype": ARM_BIT, "conaffinity": WORLD_BIT}
    body.add_geom(
        name=f"{name}_pad",
        pos=(0, side * PAD_HALF[1], PAD_CENTRE),
        size=PAD_HALF,
        mass=FINGER_MASS / 2,
        friction=(FRICTION["fingers"], 2 * TWIST, 2 * ROLL),
        condim=4,
        solref=(0.01, 1.0),
        solimp=(0.95, 0.99, 0.001, 0.5, 2.0),
        **shared,
    )
    stem = (0.009, 0.007, 0.018)
    body.add_geom(
        name=f"{name}_stem",
        pos=(0, side * 0.016, 0.018),
        size=stem,
        mass=FINGER_MASS / 2,
        friction=(FRICTION["fingers"], 2 * TWIST, 2 * ROLL),
        **shared,
    )
