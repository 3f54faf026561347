"""What a batch of PyBullet worlds is made of, as plain data: it goes to workers, checkpoints and bundles.

    spec = WorldsSpec("push", randomization=DEFAULT, images=("front",))
    worlds = spec.build(8)
    WorldsSpec.from_dict(spec.to_dict()) == spec
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from envs.arms import profile as arms
from envs.arms.actions import EE_DELTA, MODES
from envs.arms.controller import Controller
from envs.engine import Engine
from envs.physics import Written, physics_of, substeps
from envs.rendering.assets import CAMERAS, arm_scene
from envs.rendering.scene import Renderer, Scene
from envs.tasks import base as tasks
from randomizers import Randomization, Randomizer
from randomizers.errors import unknown
from randomizers.strength import Strength

if TYPE_CHECKING:
    from envs.worlds import Worlds

RENDERERS = {"raster": "sim2arm raster", "tiny": "TinyRenderer"}
"""What can draw the images, with the names that reports show."""
SAMPLES = 4
"""Samples of a pixel: a camera's pixel gathers light over its whole area, and a cube far away is 5 pixels wide."""
EXTRAS = ("mask", "affordance", "again")
"""What can be told of images beside their pixels; see `envs.extras`."""
POOLS = {"train": "seen", "heldout": "unseen"}
"""Which pictures surfaces show in each split."""
Varying = Randomization | Randomizer | Mapping[str, Any] | None


@dataclass(frozen=True)
class WorldsSpec:
    """What a batch of PyBullet worlds is made of.

    Attributes:
        task: Name of a task; `envs.tasks.NAMES` has them all.
        arm: Name of an arm that ships, or the path of a profile's YAML file.
        randomization: What varies; kept in the form of `Randomization.to_dict`. None varies nothing.
        strength: Randomization strength, a number or a mapping; see `randomizers.strength`.
        images: Names of the cameras whose images are observed.
        image_size: Height and width of an image [px].
        split: "train", or "heldout" for layouts, draws and pictures that training cannot have.
        renderer: What draws the images: "raster", our own, or "tiny", PyBullet's TinyRenderer.
        depth: Depth is observed beside the images.
        physics: Preset or settings of the simulation, see `envs.physics`; None leaves them to the task.
        actions: What the numbers of an action mean; see `envs.arms.actions`.
        contents: Of the profile's file; read from it unless given. With it, only images need the file's meshes.
        extras: What else is told of the images, for losses in training; see `envs.extras`.
        reward: "dense", shaped, "sparse", 1 where the task is done, or "progress"; see `envs.outcome`.
    """

    task: str
    arm: str = "panda"
    randomization: Varying = field(default_factory=dict)
    strength: Strength = 1.0
    images: tuple[str, ...] = ()
    image_size: int = 84
    split: str = "train"
    renderer: str = "raster"
    depth: bool = False
    physics: Written = None
    actions: str = EE_DELTA
    contents: str | None = None
    reward: str = "dense"
    extras: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "arm", str(self.arm))
        if self.contents is None and self.arm not in arms.names():
            object.__setattr__(self, "contents", arms.to_text(arms.load(self.arm)))
        if isinstance(self.physics, Mapping):
            object.__setattr__(self, "physics", {str(name): value for name, value in self.physics.items()})
        physics = physics_of(self.physics, tasks.get(self.task).physics)
        substeps(physics.rate_hz, self.profile.control_rate_hz)
        object.__setattr__(self, "randomization", plain(self.randomization))
        if isinstance(self.strength, Mapping):
            levels = {str(name): _listed(level) for name, level in self.strength.items()}
            object.__setattr__(self, "strength", levels)
        if isinstance(self.images, str):
            raise TypeError(f"images={self.images!r} must be a tuple of names: images=({self.images!r},).")
        object.__setattr__(self, "images", tuple(self.images))
        for what, name, known in (
            *(("camera", camera, tuple(CAMERAS)) for camera in self.images),
            ("split", self.split, tasks.SPLITS),
            ("renderer", self.renderer, RENDERERS),
            ("way of actions", self.actions, MODES),
            ("reward", self.reward, tasks.REWARDS),
        ):
            if name not in known:
                raise ValueError(unknown(what, name, known))
        if len(set(self.images)) < len(self.images):
            raise ValueError(f"images={self.images} names a camera twice.")
        object.__setattr__(self, "extras", tuple(self.extras))
        check_extras(self.extras, tasks.get(self.task), self.images)
        size = self.image_size
        if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 2048:
            raise ValueError(f"image_size is {size!r}; it must be a whole number of pixels in [8, 2048].")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; no extras where there are none, as former records and datasets have it."""
        made = {**asdict(self), "images": list(self.images), "extras": list(self.extras)}
        return made if self.extras else {name: value for name, value in made.items() if name != "extras"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "WorldsSpec":
        """Read what `to_dict` wrote."""
        known = [f.name for f in fields(cls)]
        for name in data:
            if name not in known:
                raise ValueError(unknown("field of WorldsSpec", name, known))
        return cls(**data)

    def but(self, **changes: Any) -> "WorldsSpec":
        """Return this spec with some fields changed; a new arm is read from its file."""
        if "arm" in changes:
            changes.setdefault("contents", None)
        return replace(self, **changes)

    @property
    def profile(self) -> arms.ArmProfile:
        """The arm."""
        return arms.load(self.arm) if self.contents is None else arms.read_text(self.contents)

    def build(self, num: int) -> "Worlds":
        """Make the worlds; each PyBullet client takes about 28 MB.

        Raises:
            ValueError: `num` is not positive, or the randomization does not fit the task.
        """
        from envs.bullet.world import BulletWorld
        from envs.worlds import Worlds

        if isinstance(num, bool) or not isinstance(num, int) or num < 1:
            raise ValueError(f"cannot build {num!r} worlds; it must be a whole number >= 1.")
        task, profile = tasks.get(self.task), self.profile
        scene, physics = self._scene(), physics_of(self.physics, task.physics)

        def engine() -> Engine:
            return BulletWorld(task, profile, scene, physics)

        return Worlds(
            task,
            [engine() for _ in range(num)],
            controller=self._controller(task, profile, num),
            randomization=Randomization.from_dict(self.randomization),  # type: ignore[arg-type]
            strength=self.strength,
            split=self.split,
            renderer=self.make_renderer(self.images, self.image_size) if self.images else None,
            cameras=self.images,
            image_size=self.image_size,
            depth=self.depth,
            extras=self.extras,
            reward=self.reward,
            spare=engine,
            spec=self,
        )

    def _controller(self, task: tasks.Task, profile: arms.ArmProfile, num: int) -> Controller:
        """Make what turns actions into commands; a gripper that opens less than the task asks opens all it can."""
        opening = min(task.opening, profile.hand.max_opening)
        grips = physics_of(self.physics, task.physics).fingers
        return Controller(profile, num, opening=opening, grips=grips, actions=self.actions)

    def make_renderer(self, cameras: tuple[str, ...], size: int) -> Renderer:
        """Make what draws these worlds, for images of some size [px]."""
        from envs.rendering.arms import check_meshes
        from envs.rendering.textures import bank

        check_meshes(self.profile)
        scene, pool = self._scene(), bank(POOLS[self.split])
        if self.renderer == "tiny":
            from envs.rendering.tiny import TinyRenderer

            return TinyRenderer(scene, size, cameras, textures=pool)
        from envs.rendering.raster import RasterRenderer

        return RasterRenderer(scene, size, cameras, textures=pool, samples=SAMPLES)

    def _scene(self) -> Scene:
        """What there is to see."""
        return arm_scene(self.profile, tasks.get(self.task), cameras=self.images)


def check_extras(extras: tuple[str, ...], task: tasks.Task, images: tuple[str, ...]) -> None:
    """Refuse what cannot be told of images.

    Raises:
        ValueError: A name is unknown, there is no camera, or the task has no object to mask.
    """
    for name in extras:
        if name not in EXTRAS:
            raise ValueError(unknown("extra of an image", name, EXTRAS))
    if extras and not images:
        raise ValueError(f"{', '.join(extras)} are told of images; name cameras, as in images=('front',).")
    if "mask" in extras and not task.objects:
        raise ValueError(
            f"`mask` shows the task's object, but `{task.name}` has none; leave it out (train.losses.grounding=0)."
        )


def plain(randomization: Varying) -> dict[str, Any]:
    """Turn what a person may write for a randomization into checked plain data."""
    if isinstance(randomization, Randomizer):
        randomization = Randomization((randomization,))
    if not isinstance(randomization, Randomization):
        randomization = Randomization.from_dict(randomization)
    return randomization.to_dict()


def _listed(level: Any) -> Any:
    """Keep a number; turn a pair into a list, as JSON would."""
    return level if isinstance(level, int | float) else list(level)
