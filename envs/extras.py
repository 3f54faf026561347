"""What simulation knows of an image beside its pixels, for losses that only training has (`agents.extras`).

    worlds = WorldsSpec("push", images=("front",), extras=("mask", "affordance", "again")).build(8)
    worlds.observe()["mask"]["front"]       # (8, 16, 16) uint8 for images of 64 px

    mask         1 in blocks of STRIDE x STRIDE pixels where any shows the object to be moved, else 0
    affordance   where the hand is to act on it: a Gaussian about the pixel of `Task.contact`, in [0, 1], which is how
                 contact points become heat maps in VRB (arXiv 2304.08488, section 3); every STRIDE-th pixel
    again        a second picture of the same moment; looks, lights, cameras, lens and noise are drawn anew

All are of the moment that the image shows, latency included, and bent by its lens. Images are the same with and
without them, bit for bit.
"""

from collections.abc import Sequence

import numpy as np

from envs.chance import Chance
from envs.engine import State
from envs.rendering.lens import bend, pick
from envs.rendering.objects import places
from envs.rendering.overlay import NEAREST_M, project
from envs.sight import Sight
from envs.tasks.base import Task
from randomizers import Domain

STRIDE = 4
"""Pixels from one number of a map to the next, as for depth in datasets."""
SPREAD = 1.0 / 16.0
"""Standard deviation of an affordance as a share of the image's side: about a cube's half width. Guessed."""
Seen = dict[str, dict[str, np.ndarray]]


class Extras:
    """Tells more of what the cameras of a batch show.

    Args:
        names: What, of `envs.spec.EXTRAS`.
        task: Says which objects there are, and where the hand acts on them.
        state: Ground truth, written elsewhere.
        sight: The cameras.
        chance: Draws looks; they are borrowed for "again".
        varying: Everything that varies in these worlds.
    """

    def __init__(self, names: Sequence[str], task: Task, state: State, sight: Sight, chance: Chance, varying: Domain):
        self._names, self._task, self._state = tuple(names), task, state
        self._sight, self._chance = sight, chance
        order = {part.name: place for place, part in enumerate(sight.scene.parts)}
        self._owner = np.full(len(order) + 1, -1)  # index of a part's object; the last is that of no part at all
        for name, owner, _ in places(task.objects):
            self._owner[order[name]] = owner
        self._first = np.array([order[item.parts()[0]] for item in task.objects], int)
        self._looks = Domain({name: axis for name, axis in varying.axes.items() if name in sight.looks}, varying.axes)
        if "mask" in names:
            sight.tell_parts()

    def look(self, rows: np.ndarray) -> Seen:
        """Tell what was asked for of some worlds, by camera, once `Sight.look` drew them; zeros for the others."""
        found: Seen = {}
        if "mask" in self._names:
            found["mask"] = self._spread(rows, self._masks(rows))
        if "affordance" in self._names:
            found["affordance"] = self._spread(rows, self._affordances(rows))
        if "again" in self._names:  # last: it draws over what the others read
            with self._chance.otherwise(self._looks, rows):
                found["again"] = self._sight.look(rows, again=True)["images"]
        return found

    def _masks(self, rows: np.ndarray) -> np.ndarray:
        """Give masks (n, cameras, height / STRIDE, width / STRIDE) uint8; what is left of a block is one too."""
        meant = self._state.target[rows].astype(int)
        shown = self._owner[self._sight.parts[rows]] == meant[:, None, None, None]
        starts = np.arange(0, self._sight.image_size, STRIDE)
        bent = self._bent(rows, shown.astype(np.uint8))
        return np.maximum.reduceat(np.maximum.reduceat(bent, starts, axis=2), starts, axis=3)

    def _affordances(self, rows: np.ndarray) -> np.ndarray:
        """Give heat maps (n, cameras, height / STRIDE, width / STRIDE) float16; 0 where no camera sees the place."""
        spots, side = self._contacts(rows), self._sight.image_size
        middles, look = np.arange(side) + 0.5, self._sight.seen_from(rows)
        maps = np.zeros((len(rows), len(self._sight.cameras), side, side), np.float32)
        for i, row in enumerate(rows.tolist()):
            for slot, camera in enumerate(self._sight.indices):
                (across, down), far = project(spots[i], look, row, camera, side)
                if far > NEAREST_M:
                    square = (middles[:, None] - down) ** 2 + (middles - across) ** 2
                    maps[i, slot] = np.exp(-0.5 * square / (SPREAD * side) ** 2)
        return self._bent(rows, maps)[..., STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE].astype(np.float16)

    def _contacts(self, rows: np.ndarray) -> np.ndarray:
        """Give where the hand acts (n, 3) at the moment that is shown: the place moves with its object."""
        spots = self._task.contact(self._state)[rows]
        if not len(self._first):
            return spots
        return self._sight.then(rows, self._first[self._state.target[rows].astype(int)], spots)

    def _bent(self, rows: np.ndarray, maps: np.ndarray) -> np.ndarray:
        """Bend maps (n, cameras, height, width) as the lenses bend images."""
        where = np.ix_(rows, np.array(self._sight.indices))
        look = self._sight.appearance
        return bend(maps, pick(look.lenses, where), look.fov_deg[where])

    def _spread(self, rows: np.ndarray, maps: np.ndarray) -> dict[str, np.ndarray]:
        """Lay maps (n, cameras, ...) of some rows out by camera, each (worlds, ...)."""
        found = {}
        for slot, camera in enumerate(self._sight.cameras):
            found[camera] = np.zeros((len(self._state.goal), *maps.shape[2:]), maps.dtype)
            found[camera][rows] = maps[:, slot]
        return found
