"""What stands in the worlds of a batch and where: sizes and shapes of objects, where they start, things in the way.

    props = Props(task, scene, worlds=8, rebuilds=True)
    props.columns["size.cube"].write(rows, sizes)          # as randomizers do, before an episode begins
    layout = props.arranged(rows, layout)                  # heights, shifts and turns follow
    engine.build(props.stock(row))                         # engines load their world anew where that changed

Where nothing varies none of this does anything. Where something does, the world settles for `SETTLE_STEPS` before
the episode begins, and an episode in which things moved meanwhile is kept and told: `unstable`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from envs.columns import Column, number, word
from envs.engine import Engine, State
from envs.objects import Build, ObjectSpec, Stock
from envs.poses import yawed
from envs.rendering.objects import CLUTTER
from envs.rendering.scene import Scene
from envs.tasks.base import Layout, Task, upright

SETTLE_STEPS = 6
"""Control steps that a world is left alone before an episode begins, where its things vary."""
STABLE_M = 0.008
"""A thing that moved further meanwhile was not placed well: it fell, or was pushed out of another one [m]."""
PLACES = ((0.36, -0.25), (0.36, 0.25), (0.66, 0.0))
"""Where things lie about, nominally [m]: at the rim of the workspace."""
EDGE_M, EDGE_LIMITS_M = 0.04, (0.02, 0.08)
DENSITY = 600.0
"""Of what lies about: wood [kg/m^3]."""
ROOM_M = (-0.3, 0.9)
SHIFT_M, TURN_DEG = (-0.3, 0.3), (-180.0, 180.0)
CLEARANCE_M = (0.0005, 0.01)
KINDS = ("size", "shape", "start", "clearance", "clutter")


class Props:
    """Sizes, shapes, starting poses and clutter of all worlds of a batch.

    Args:
        task: Its objects.
        scene: Parts that are hidden or shown as shapes change.
        worlds: Number of rows.
        rebuilds: The engines can `build` other things than the task's own.

    Attributes:
        varied: Whether anything here varies; False costs nothing.
        size: (worlds, objects) factor on lengths.
        unstable: (worlds,) bool, things moved before the present episode began.
    """

    def __init__(self, task: Task, scene: Scene, worlds: int, rebuilds: bool):
        self._task, self._rebuilds, self.varied = task, rebuilds, False
        names, count = [part.name for part in scene.parts], len(task.objects)
        self.size, self.clearance = np.ones((worlds, count)), np.zeros((worlds, count))
        self.clearance[:] = [spec.clearance for spec in task.objects]
        self.family = np.zeros((worlds, count), int)
        self.shift, self.turn_deg = np.zeros((worlds, count, 2)), np.zeros((worlds, count))
        self.clutter = np.zeros(worlds, int)
        self.edge = np.full((worlds, CLUTTER), EDGE_M)
        self.place = np.tile(np.array(PLACES), (worlds, 1, 1))
        self.unstable = np.zeros(worlds, bool)
        self._shapes = [
            (index, [names.index(spec.name), *(names.index(f"{spec.name}.{kind}") for kind in spec.families[1:])])
            for index, spec in enumerate(task.objects)
            if spec.families
        ]
        lying = [f"clutter{i}.box" for i in range(CLUTTER)]
        self._lying = [names.index(name) for name in lying if name in names]
        seen = [name for name in names if any(name == spec.name for spec in task.objects if spec.solid)]
        self._watched = [names.index(name) for name in seen] + self._lying

    @property
    def columns(self) -> dict[str, Column]:
        """Name everything that can be changed; what needs other bodies only where engines can build them."""
        found = {}
        for index, spec in enumerate(self._task.objects):
            at = (index,)
            if self._rebuilds and spec.loose:
                found[f"size.{spec.name}"] = number(self.size, 1.0, "1", spec.sizes, at)
            if self._rebuilds and spec.families:
                found[f"shape.{spec.name}"] = word(self.family, spec.families[0], spec.families, at)
            if self._rebuilds and spec.clearance:
                found[f"clearance.{spec.name}"] = number(self.clearance, spec.clearance, "m", CLEARANCE_M, at)
            if spec.rail is None:
                found[f"start.{spec.name}.position"] = number(self.shift, (0.0, 0.0), "m", SHIFT_M, at)
                found[f"start.{spec.name}.yaw_deg"] = number(self.turn_deg, 0.0, "deg", TURN_DEG, at)
        return found | (self._clutter_columns() if self._rebuilds and self._lying else {})

    def _clutter_columns(self) -> dict[str, Column]:
        def count(rows: Any, values: np.ndarray) -> None:
            self.clutter[rows] = np.rint(values)

        limits = (0.0, float(CLUTTER))
        found = {"clutter.count": Column(0.0, "1", lambda row: float(self.clutter[row]), count, limits)}
        for i in range(CLUTTER):
            found[f"clutter.{i}.position"] = number(self.place, PLACES[i], "m", ROOM_M, (i,))
            found[f"clutter.{i}.size"] = number(self.edge, EDGE_M, "m", EDGE_LIMITS_M, (i,))
        return found

    def follow(self, axes: Iterable[str]) -> None:
        """Learn which axes vary in these worlds."""
        self.varied = any(name.partition(".")[0] in KINDS for name in axes)

    def objects(self, row: int) -> tuple[ObjectSpec, ...]:
        """Give the task's objects as they are built in one world; instructions speak of these."""
        return tuple(spec.made(build) for spec, build in zip(self._task.objects, self.stock(row).builds))

    def stock(self, row: int) -> Stock:
        """Give what has to stand in one world."""
        builds = tuple(
            Build(
                float(self.size[row, index]),
                spec.families[self.family[row, index]] if self.family[row, index] else "",
                float(self.clearance[row, index] - spec.clearance),
            )
            for index, spec in enumerate(self._task.objects)
        )
        edges = self.edge[row, : self.clutter[row]].tolist()
        return Stock(builds, tuple(_lump(f"clutter{i}", edge) for i, edge in enumerate(edges)))

    def arranged(self, rows: np.ndarray, layout: Layout) -> Layout:
        """Move and turn what a layout (of the rows) places; goals follow what marks them, clutter comes behind."""
        if not self.varied:
            return layout
        poses, goal = layout.object_poses.copy(), layout.goal.copy()
        objects, each = self._task.objects, np.arange(len(rows))
        # What slides stands where its housing does.
        source = [_housing(objects) if spec.rail else index for index, spec in enumerate(objects)]
        shift, turn = self.shift[rows][:, source], np.deg2rad(self.turn_deg[rows][:, source])
        poses[:, :, :2] += shift
        poses[:, :, 3:] = np.where(turn[..., None] != 0.0, yawed(poses[:, :, 3:], turn), poses[:, :, 3:])
        grown = (self.size[rows] - 1.0) * np.array([spec.half_extents[2] for spec in objects])
        poses[:, :, 2] += grown
        if self._task.marks is not None:
            goal[:, :2] += shift[:, self._task.marks]
            goal[:, 2] += grown[each, layout.target] + grown[:, self._task.marks] * 2.0
        elif any(spec.rail for spec in objects):
            goal[:, :2] += shift[:, 0]
        edge = self.edge[rows]
        lying = np.concatenate([self.place[rows], edge[..., None] / 2.0, upright(np.zeros_like(edge))], axis=2)
        return Layout(np.concatenate([poses, lying], axis=1), goal, layout.target)

    def begin(self, rows: np.ndarray, engines: Sequence[Engine], state: State, visible: np.ndarray) -> None:
        """Build other things in some worlds, and show them; before engines are reset.

        Args:
            rows: (n,) worlds whose episodes begin.
            engines: All.
            state: Its `sizes` are written.
            visible: (worlds, parts) bool, written for what changes shape or lies about.
        """
        state.sizes[rows] = self.size[rows]
        if not self.varied:
            return
        for index, parts in self._shapes:
            visible[rows[:, None], parts] = np.arange(len(parts)) == self.family[rows, index][:, None]
        visible[rows[:, None], self._lying] = np.arange(len(self._lying)) < self.clutter[rows, None]
        for row in rows if self._rebuilds else ():
            engines[row].build(self.stock(int(row)))

    def settle(self, rows: np.ndarray, engines: Sequence[Engine], commands: Any, visible: np.ndarray) -> None:
        """Leave worlds alone for a moment where something is not nominal; say where things moved by themselves."""
        if not self.varied:
            return
        for row in rows:
            self.unstable[row] = self._moved(int(row)) and self._slips(engines[row], commands[row], visible[row])

    def _slips(self, engine: Engine, command: Any, visible: np.ndarray) -> bool:
        parts = [part for part in self._watched if visible[part]]
        before, after = (np.zeros((len(visible), 3, 4), np.float32) for _ in range(2))
        engine.transforms(before)
        for _ in range(SETTLE_STEPS):
            engine.advance(command, command, 0.0)
        engine.transforms(after)
        way = np.linalg.norm(after[parts, :, 3] - before[parts, :, 3], axis=1)
        return not bool((way < STABLE_M).all())

    def _moved(self, row: int) -> bool:
        """Say whether anything in a world is not as the task's layout has it."""
        changed = self.shift[row].any() or self.turn_deg[row].any() or self.clutter[row] > 0
        return bool(changed or self.stock(row).builds != (Build(),) * len(self._task.objects))


def _lump(name: str, edge: float) -> ObjectSpec:
    half = 0.5 * edge
    return ObjectSpec(name, (half, half, half), DENSITY * edge**3, 0.7, (0.5, 0.5, 0.5))


def _housing(objects: Sequence[ObjectSpec]) -> int:
    return next(index for index, spec in enumerate(objects) if spec.fixed)
