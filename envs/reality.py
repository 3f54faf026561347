"""The reality twin: the same tasks in another engine, with another arm model, other eyes and hidden numbers.

    spec = RealitySpec("push", card="medium", images=("front",))
    worlds = spec.build(4)
    worlds.begin(np.arange(4), seed=0, episodes=np.arange(4))
    worlds.renderer.name                     # "mujoco-egl", or "TinyRenderer" where MuJoCo cannot draw

Training never imports this file; demonstrations, evaluation and the virtual arm do. Nothing of PyBullet is
loaded unless its renderer has to stand in.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from envs.arms import profile as arms
from envs.rendering.assets import CAMERAS, carried
from envs.rendering.scene import Renderer, Scene
from envs.tasks import base as tasks
from envs.twin import cards, gl
from envs.twin.scene import twin_scene
from randomizers.errors import unknown

if TYPE_CHECKING:
    from envs.worlds import Worlds

ARM = "panda"
"""The one arm that has a twin."""


@dataclass(frozen=True)
class RealitySpec:
    """What a batch of real worlds is made of; plain data that goes to workers and into records.

    Attributes:
        task: "reach", "push" or "lift".
        card: Name of a shipped card, or path of your own.
        images: Names of the cameras whose images are observed.
        image_size: Height and width of an image [px].
        lab: Which lab of the card; another number has other hidden numbers.
        split: "train" or "heldout" layouts and draws.
        contents: What the card says; read from its file unless given, so that workers need no file.
    """

    task: str
    card: str = "medium"
    images: tuple[str, ...] = ()
    image_size: int = 84
    lab: int = 0
    split: str = "train"
    contents: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        tasks.get(self.task)
        contents = cards.read(self.card) if self.contents is None else self.contents
        cards.parse(contents, str(self.card))
        if isinstance(self.images, str):
            raise TypeError(
                f"images={self.images!r} must be a tuple of camera names: images=({self.images!r},)."
            )
        for what, name, known in (
            *(("camera", camera, tuple(CAMERAS)) for camera in self.images),
            ("split", self.split, tasks.SPLITS),
        ):
            if name not in known:
                raise ValueError(unknown(what, name, known))
        _whole("image_size", self.image_size, 8, 2048)
        _whole("lab", self.lab, 0, 2**32 - 1)
        object.__setattr__(self, "card", str(self.card))
        object.__setattr__(self, "images", tuple(self.images))
        object.__setattr__(self, "contents", contents)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), "images": list(self.images)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RealitySpec":
        """Read what `to_dict` wrote."""
        known = [f.name for f in fields(cls)]
        for name in data:
            if name not in known:
                raise ValueError(unknown("field of RealitySpec", name, known))
        return cls(**data)

    def but(self, **changes: Any) -> "RealitySpec":
        """Return this spec with some fields changed; a new card is read from its file."""
        if "card" in changes:
            changes.setdefault("contents", None)
        return replace(self, **changes)

    def check(self) -> None:
        """Find what is wrong with a card before hours of work are spent; builds one world, draws nothing.

        Raises:
            ValueError: The card names something that the twin lacks, or an impossible range.
        """
        self.but(images=carried(self.images)).build(1).close()

    def build(self, num: int) -> "Worlds":
        """Make the worlds; each takes about 2 MB, the renderer about 90 MB.

        Raises:
            ValueError: `num` is not positive, or the card does not fit the task.
        """
        _whole("number of worlds", num, 1, 2**16)
        gl.prepare()  # before MuJoCo is imported
        from envs.arms.controller import Controller
        from envs.twin.engine import TwinEngine
        from envs.worlds import Worlds

        task, profile, scene = tasks.get(self.task), arms.load(ARM), self._scene()
        return Worlds(
            task,
            [TwinEngine(task, profile, scene) for _ in range(num)],
            controller=Controller(profile, num, opening=task.opening, grips=task.physics.fingers),
            randomization=cards.parse(self.contents, self.card).lab(self.lab, objects=bool(task.objects)),
            split=self.split,
            renderer=self.make_renderer(self.images, self.image_size) if self.images else None,
            cameras=self.images,
            image_size=self.image_size,
            spec=self,
        )

    def make_renderer(self, cameras: tuple[str, ...], size: int) -> Renderer:
        """Make what draws these worlds, for images of some size [px]: MuJoCo where it can."""
        scene = self._scene()
        if gl.prepare() != gl.NONE:
            from envs.twin.renderer import MujocoRenderer

            return MujocoRenderer(scene, size)
        from envs.rendering.textures import bank
        from envs.rendering.tiny import TinyRenderer

        return TinyRenderer(scene, size, cameras, textures=bank("unseen"))

    def _scene(self) -> Scene:
        """What there is to see; the stand-in renderer gets the meshes as they were published."""
        detail = "full" if gl.prepare() == gl.NONE else "twin"
        return twin_scene(arms.load(ARM), tasks.get(self.task), detail, self.images)


def _whole(what: str, value: Any, low: int, high: int) -> None:
    """Refuse what is not a whole number in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{what} is {value!r}; it must be a whole number in [{low}, {high}].")
