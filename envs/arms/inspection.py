"""Is a profile any good? Limits, reach, gripper, inertias, damping as a list of checks that name the cure.

    for check in inspect(load("my_arm.yaml")):
        print(check)              # reach   odd   64 of 125 places ...; mount the base nearer: ...

What no simulation can do with is "broken"; what it can, but nobody would want, is "odd".
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from envs.arms import kinematics, reach
from envs.arms.files import path_of
from envs.arms.model import Model
from envs.arms.parts import Mount, repaired
from envs.arms.profile import ArmProfile
from envs.arms.urdf import last_link

OK, ODD, BROKEN = "ok", "odd", "broken"
ENOUGH = 0.9
"""Share of the workspace that an arm should reach."""
UPRIGHT = np.deg2rad(5.0)
"""Tilt of the hand at home that the first action would undo with a jerk [rad]."""
SHIFTS = (-0.10, -0.05, 0.05, 0.10)
"""Other places of the base that are tried along x and z [m]."""
GYRATION = (0.002, 0.6)
"""Radii of gyration of links that exist [m]; a stock URDF with 0.1 kg m^2 for 100 g has 1 m."""
PHYSICS_HZ = 120.0
"""Rate of the presets, for the stability of explicit damping."""


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is (OK, ODD or BROKEN), and what was found, with the cure."""

    name: str
    status: str
    found: str

    def __str__(self) -> str:
        return f"{self.name:<16}{self.status:<8}{self.found}"


def inspect(profile: ArmProfile) -> list[Check]:
    """Look at all that needs no simulator."""
    return [_limits(profile), _home(profile), _reach(profile), _gripper(profile), _inertias(profile), _damping(profile)]


def _limits(profile: ArmProfile) -> Check:
    """Lower is below upper and home inside, or the profile would not exist; look how near home is to a limit."""
    room = np.minimum(profile.home - profile.lower, profile.upper - profile.home)
    k = int(room.argmin())
    near = f"`{profile.joint_names[k]}` is {room[k]:.2f} rad from a limit at home"
    if room[k] < 0.05:
        return Check("limits", ODD, f"{near}; bend the arm otherwise, or it cannot move that way.")
    return Check("limits", OK, f"{len(room)} joints, lower < upper, home inside; {near}")


def _home(profile: ArmProfile) -> Check:
    """The hand points down, inside the workspace."""
    home = np.array(profile.home)
    place, tilt = kinematics.tool_pose(profile.chain, home)[0], reach.tilt(profile, home)
    box = profile.workspace
    where = f"tool at {np.round(place, 3).tolist()} m"
    middle = 0.5 * (np.array(box.low) + np.array(box.high))
    inside = bool((place >= np.array(box.low) - 1e-6).all() and (place <= np.array(box.high) + 1e-6).all())
    if tilt <= UPRIGHT and inside:
        return Check("home", OK, f"{where}, hand down, fingers open along y")
    joints, error = reach.solve(profile, middle)
    cure = f"try `home: {np.round(joints, 4).tolist()}`" if error < reach.CLOSE else "mount the base nearer to it"
    wrong = f"the hand is {np.degrees(tilt):.0f} deg from pointing down" if tilt > UPRIGHT else "outside the workspace"
    return Check("home", ODD, f"{where}, {wrong}; {cure}.")


def _reach(profile: ArmProfile) -> Check:
    """The hand gets to the workspace, pointing down, from home, as the controller would."""
    points = reach.grid(profile)
    share, errors = reach.reached(profile, points)
    told = f"{round(share * len(points))} of {len(points)} places of the workspace within 1 mm, hand down"
    if share == 1.0:
        return Check("reach", OK, told)
    told += f"; {np.round(points[errors.argmax()], 2).tolist()} m misses by {1000 * errors.max():.0f} mm"
    return Check("reach", OK if share >= ENOUGH else ODD, f"{told}. {_nearer(profile, share)}")


def _nearer(profile: ArmProfile, share: float) -> str:
    """Find a place of the base that reaches more."""
    best, cure = share, "Shrink `workspace`, or mount the arm elsewhere."
    mount = profile.mount
    point = kinematics.tool_pose(profile.chain, np.array(profile.home))[0]
    for axis in (0, 2):
        for shift in SHIFTS:
            xyz = np.array(mount.xyz) + shift * (np.arange(3) == axis)
            moved = replace(profile, mount=Mount(tuple(np.round(xyz, 4).tolist()), mount.rpy))
            joints, error = reach.solve(moved, point)
            if error > reach.CLOSE:
                continue
            moved = replace(moved, home=tuple(joints.tolist()))
            found = reach.reached(moved, reach.grid(moved))[0]
            if found > best:
                best = found
                cure = f"`mount: {{xyz: {list(moved.mount.xyz)}}}` would reach {100 * found:.0f} %, with "
                cure += f"`home: {np.round(joints, 4).tolist()}`."
    return cure


def _gripper(profile: ArmProfile) -> Check:
    """The pads open far enough for the things of the tasks, and grip as hard as is good."""
    hand = profile.hand
    told = f"pads open from 0 to {1000 * hand.max_opening:.0f} mm, {hand.force:g} N a finger"
    if hand.max_opening < 0.05:
        return Check("gripper", ODD, f"{told}; cubes of the tasks are 40 to 50 mm wide. Check `open`, or `travel`.")
    if not 10.0 <= hand.force <= 30.0:
        return Check("gripper", ODD, f"{told}; 15 N held most in simulation: 10 N drops, 40 N squeezes out.")
    return Check("gripper", OK, told)


def _inertias(profile: ArmProfile) -> Check:
    """Positive and of real bodies, or the profile would not exist; look at sizes and at what was repaired."""
    links = [*profile.links[1:], profile.hand.link]
    odd = []
    for link in links:
        size = float(np.sqrt(np.trace(link.inertia_matrix) / (2.0 * link.mass)))
        if not GYRATION[0] <= size <= GYRATION[1] and link.mass > 1e-3:
            odd.append(f"`{link.name}` ({link.mass:g} kg) is as if {size:.3g} m large")
    odd += [f"`{name}` had moments of no body, the largest was shrunk" for name in _repaired(profile)]
    total = sum(link.mass for link in links)
    if odd:
        return Check("inertias", ODD, f"{total:.1f} kg moving; {'; '.join(odd)}. Correct them by `links`.")
    return Check("inertias", OK, f"{total:.1f} kg moving, moments positive, of real bodies, sizes fit")


def _repaired(profile: ArmProfile) -> Iterator[str]:
    """Name the links of the URDF whose inertia was repaired."""
    if profile.pieces:
        model = Model.read(path_of(profile.urdf))
        for name, inertia in zip(model.names, model.inertias):
            if repaired(inertia) is not inertia:
                yield name


def _damping(profile: ArmProfile) -> Check:
    """Bullet integrates damping explicitly: it must stay below I / dt at every joint."""
    most = np.array([PHYSICS_HZ * moment for moment in moments(profile)])
    k = int(most.argmin())
    told = f"{profile.joint_damping:g} N m s/rad; stable below {most[k]:.2g} (`{profile.joint_names[k]}`)"
    if profile.joint_damping > most[k]:
        return Check("damping", ODD, f"{told}. Give `joint_damping: {0.5 * most[k]:.2g}`.")
    return Check("damping", OK, told)


def moments(profile: ArmProfile) -> list[float]:
    """Give the moment about each joint at home of all that it moves [kg m^2]."""
    frames = kinematics.link_frames(profile.chain, np.array(profile.home))
    bodies = [(link.mass, np.array(link.centre), link.inertia_matrix) for link in profile.links[1:-1]]
    bodies.append(last_link(profile, fingers=False))
    found = []
    for k in range(len(profile.joints)):
        axis, origin, total = frames[k][:, 2], frames[k][:, 3], 0.0
        for i in range(k, len(bodies)):
            mass, centre, inertia = bodies[i]
            turned = frames[i][:, :3] @ inertia @ frames[i][:, :3].T
            away = np.cross(axis, frames[i][:, :3] @ centre + frames[i][:, 3] - origin)
            total += float(axis @ turned @ axis + mass * (away @ away))
        found.append(total)
    return found
