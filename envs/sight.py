"""What the cameras of a batch of worlds see: looks, distractors, latency, drawing, lens and sensor.

    sight = Sight(scene, clock, cameras=("front",), image_size=84, renderer=renderer)
    sight.begin(rows, rows, engines, state)          # remember where everything is
    sight.record(rows, engines, state)               # once per control step
    seen = sight.look(rows)               # {"images": {"front": (8, 84, 84, 3) uint8}}

All images of a call are drawn in one go. The sensor's noise is addressed, so no image depends on its batch.
"""

from collections.abc import Sequence

import numpy as np

from envs.address import another
from envs.clock import Clock
from envs.columns import Column
from envs.engine import Engine, State
from envs.rendering.appearance import columns as visual_columns
from envs.rendering.appearance import nominal_appearance
from envs.rendering.distractors import Distractors
from envs.rendering.furniture import TableTop
from envs.rendering.lens import expose, measure, pick
from envs.rendering.mounts import Mounts
from envs.rendering.overlay import ring
from envs.rendering.scene import EVERYTHING, Appearance, Frame, Images, Renderer, Scene, kind
from envs.timing import ImageDelay
from randomizers import Domain
from randomizers.errors import unknown


class Sight:
    """Cameras of all worlds of a batch.

    Args:
        scene: Parts, surfaces and cameras; the same in all worlds.
        clock: Of the worlds.
        cameras: Names of the cameras whose images are observed; none draws nothing.
        image_size: Height and width of an image [px].
        renderer: Draws them; needed where there are cameras.

    Attributes:
        appearance: Look of the worlds now; written by the knobs.
        distractors: Things that lie about; likewise.
        table: Its size and place; likewise.
    """

    def __init__(
        self,
        scene: Scene,
        clock: Clock,
        cameras: Sequence[str],
        image_size: int,
        renderer: Renderer | None,
        depth: bool = False,
    ):
        for camera in cameras:
            if camera not in scene.cameras:
                raise ValueError(unknown("camera", camera, scene.cameras))
        if cameras and renderer is None:
            raise ValueError(f"images of {', '.join(cameras)} need a renderer, such as TinyRenderer.")
        if depth and not cameras:
            raise ValueError("depth is observed by cameras; name them, as in images=('front',).")
        worlds, self._clock = len(clock.ticks), clock
        self.scene, self.cameras, self.image_size, self.renderer = scene, tuple(cameras), image_size, renderer
        self.appearance = nominal_appearance(scene, worlds)
        self.distractors, self.table = Distractors(scene, worlds), TableTop(scene, worlds)
        self._mounts = Mounts(scene)
        self._delay = ImageDelay(clock, len(scene.parts) if cameras else 0)
        self._indices = tuple(list(scene.cameras).index(camera) for camera in cameras)
        self._drawn = np.zeros((worlds, len(cameras), image_size, image_size, 3), np.uint8)
        self._metres = np.zeros(self._drawn.shape[:-1], np.float32) if depth else None
        self._parts: np.ndarray | None = None

    @property
    def depth(self) -> bool:
        """Whether depth is observed beside the images."""
        return self._metres is not None

    @property
    def columns(self) -> dict[str, Column]:
        """Name everything that changes what cameras see."""
        return {**self.looks, **self._delay.columns}

    @property
    def looks(self) -> dict[str, Column]:
        """Name what may change between two pictures of one moment."""
        look = visual_columns(self.appearance, self.scene)
        return {**look, **self.distractors.columns(), **self.table.columns()}

    @property
    def indices(self) -> tuple[int, ...]:
        """Places of the observed cameras among those of the scene."""
        return self._indices

    def tell_parts(self) -> None:
        """Note from now on which part every pixel shows."""
        self._parts = np.full(self._drawn.shape[:-1], -1, np.int32)

    @property
    def parts(self) -> np.ndarray:
        """Index of the part that each pixel showed last, (worlds, cameras, height, width); -1 for none."""
        if self._parts is None:
            raise ValueError("nobody noted what the pixels show; call tell_parts() first.")
        return self._parts

    def then(self, rows: np.ndarray, parts: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Give where places that move with parts were in what the cameras of some worlds show; see `ImageDelay`."""
        return self._delay.then(rows, parts, places)

    def check(self, varying: Domain) -> None:
        """Refuse a randomization of what nobody would see.

        Raises:
            ValueError: Images are observed, and something varies that their renderer does not draw.
        """
        if self.renderer is None or not self.cameras:
            return
        beyond = EVERYTHING - self.renderer.draws
        lost = {kind(name): axis.family for name, axis in varying.axes.items() if kind(name) in beyond}
        if lost:
            told = ", ".join(f"`{each}` ({family})" for each, family in sorted(lost.items()))
            able = ", ".join(sorted(self.renderer.draws))
            raise ValueError(
                f"{self.renderer.name} does not draw {told}, which the randomization varies; it draws {able}. "
                "Leave those out (`randomizers.BASIC` has what any renderer draws), or choose another renderer."
            )
        for name, axis in varying.axes.items():
            if name.endswith((".depth_noise", ".depth_holes")) and not self.depth:
                raise ValueError(
                    f"{axis.family} varies `{name}`, but no depth images are observed; ask for them by depth=True, "
                    "or leave it out."
                )

    def begin(self, rows: np.ndarray, sound: np.ndarray, engines: Sequence[Engine], state: State | None = None) -> None:
        """Forget the past of some worlds and record the present of those that are sound."""
        self._delay.reset(rows)
        self.record(sound, engines, state)

    def record(self, rows: np.ndarray, engines: Sequence[Engine], state: State | None = None) -> None:
        """Remember where everything is in some worlds, one control step after the last time; `state` may tell."""
        if self.cameras:
            for row in rows.tolist():
                engines[row].transforms(self._delay.slot(row), None if state is None else (state, row))
            self._delay.record(rows)

    def look(self, rows: np.ndarray, again: bool = False) -> dict[str, dict[str, np.ndarray]]:
        """Draw some worlds; the images of the others are black, their depth 0.

        Args:
            rows: (n,) indices of the worlds to draw.
            again: With other noise: a second picture of the same moment.

        Returns:
            Fresh arrays by camera: "images" (worlds, height, width, 3) uint8 and, where it is observed, "depth"
            (worlds, height, width) float32 along the optical axis [m], 0 where nothing was measured.
        """
        drawn = {"images": self._drawn} if self._metres is None else {"images": self._drawn, "depth": self._metres}
        seen = {what: {name: np.zeros_like(all_[:, 0]) for name in self.cameras} for what, all_ in drawn.items()}
        if self.renderer is None or not len(rows):
            return seen
        transforms = self._delay.shown()
        self._furnish(transforms, rows)
        frame = Frame(transforms, self._mounts.aimed(self.appearance, transforms, rows), rows, self._indices)
        self.renderer.draw(frame, Images(self._drawn, self._metres, self._parts))
        where = np.ix_(rows, np.array(self._indices))
        lens, fov_deg = pick(self.appearance.lenses, where), self.appearance.fov_deg[where]
        for what, take in (("images", expose), ("depth", measure)):
            if what in drawn:
                shots = take(drawn[what][rows], lens, fov_deg, self._addresses(rows, again), self.cameras)
                for slot, camera in enumerate(self.cameras):
                    seen[what][camera][rows] = shots[:, slot]
        return seen

    def seen_from(self, rows: np.ndarray) -> Appearance:
        """Give the look of some worlds with their cameras where their present images were taken."""
        return self._mounts.aimed(self.appearance, self._delay.shown(), rows)

    def _addresses(self, rows: np.ndarray, again: bool) -> np.ndarray:
        """Give seed, episode and step of the sensor's noise (n, 3) uint64: a frame that is shown twice keeps it."""
        clock = self._clock
        seeds = another(clock.seeds[rows]) if again else clock.seeds[rows]
        places = [seeds, clock.episodes[rows], self._delay.shot[rows]]
        return np.stack(places, 1, dtype=np.uint64, casting="unsafe")

    def picture(
        self, row: int, engine: Engine, renderer: Renderer, camera: str, size: int, mark: tuple[np.ndarray, float]
    ) -> np.ndarray:
        """Draw one world as it is now for a person, without latency and sensor, (size, size, 3) uint8.

        Args:
            row, engine: The world.
            renderer, camera, size: What draws it, from where, how large [px].
            mark: Centre (3,) and radius of a ring about the goal [m].
        """
        worlds, index = len(self._drawn), list(self.scene.cameras).index(camera)
        transforms = np.zeros((worlds, len(self.scene.parts), 3, 4), np.float32)
        transforms[..., :3] = np.eye(3)
        engine.transforms(transforms[row])
        rows, rgb = np.array([row]), np.zeros((worlds, 1, size, size, 3), np.uint8)
        self._furnish(transforms, rows)
        look = self._mounts.aimed(self.appearance, transforms, rows)
        renderer.draw(Frame(transforms, look, rows, (index,)), Images(rgb))
        return ring(rgb[row, 0], look, row, index, centre=mark[0], radius=mark[1])

    def _furnish(self, transforms: np.ndarray, rows: np.ndarray) -> None:
        """Put table and distractors where they are now in some worlds."""
        self.table.place(transforms, rows)
        self.distractors.place(self.appearance, transforms, rows)

    def close(self) -> None:
        """Give back what the renderer holds."""
        if self.renderer is not None:
            self.renderer.close()
