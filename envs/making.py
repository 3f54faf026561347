"""The two ways in: one world as `gymnasium.Env`, many as `gymnasium.vector.VectorEnv`."""

from gymnasium.vector import AutoresetMode

from envs.arms.actions import EE_DELTA
from envs.physics import Written
from envs.single import PICTURE_SIZE, World
from envs.spec import Varying, WorldsSpec
from envs.vector import VectorWorlds
from randomizers.errors import unknown
from randomizers.strength import Strength


def make(
    task: str,
    arm: str = "panda",
    *,
    randomization: Varying = None,
    strength: Strength = 1.0,
    images: tuple[str, ...] = (),
    image_size: int = 84,
    depth: bool = False,
    language: bool = False,
    split: str = "train",
    actions: str = EE_DELTA,
    reward: str = "dense",
    physics: Written = None,
    render_mode: str | None = None,
) -> World:
    """Make one world of a task.

    Args:
        task: "reach", "push", "lift", "place", "stack", "insert", "drawer" or "sort" (docs/tasks.md).
        arm: "panda", "xarm6", "iiwa", or the path of a profile's YAML file (docs/arms.md).
        randomization: What varies: randomizers, or the mapping that YAML holds. None varies nothing.
        strength: 0 is nominal, 1 the declared ranges; or a mapping, see `randomizers.strength`.
        images: Cameras whose images are observed: "front", "side", and "wrist" on the hand.
        image_size: Height and width of an image [px].
        depth: The cameras' depth is observed too [m].
        language: The instruction is observed too, as text.
        split: "train", or "heldout" for layouts, draws and pictures that training cannot have.
        actions: "ee_delta", "ee_absolute", "joint_delta" or "joint_position"; see `envs.arms.actions`.
        reward: "dense", the task's shaped reward, or "sparse", 1 where it is done.
        physics: Preset or settings of the simulation, see `envs.physics`; None leaves them to the task.
        render_mode: "rgb_array" lets `render` draw the world and its goal for people.

    Raises:
        ValueError: A name is unknown (the nearest one is given), or the randomization does not fit the task.
    """
    if render_mode not in (None, *World.metadata["render_modes"]):
        raise ValueError(unknown("render_mode", render_mode, World.metadata["render_modes"]))
    spec = WorldsSpec(
        task, arm, randomization, strength, images, image_size, split, depth=depth, actions=actions, reward=reward,
        physics=physics,
    )  # fmt: skip
    worlds = spec.build(1)
    camera = next(iter(worlds.sight.scene.cameras))
    return World(worlds, spec.make_renderer((camera,), PICTURE_SIZE) if render_mode else None, language)


def make_vec(
    task: str,
    num_envs: int = 1,
    arm: str = "panda",
    *,
    randomization: Varying = None,
    strength: Strength = 1.0,
    images: tuple[str, ...] = (),
    image_size: int = 84,
    depth: bool = False,
    language: bool = False,
    split: str = "train",
    actions: str = EE_DELTA,
    reward: str = "dense",
    physics: Written = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
) -> VectorWorlds:
    """Make many worlds of a task in this process, stepped and drawn as one batch.

    Args:
        task, arm, randomization, strength, images, image_size, depth, language, split, actions, reward, physics: As
            of `make`.
        num_envs: How many worlds; each takes about 28 MB.
        autoreset_mode: "next_step", "same_step" or "disabled"; see `VectorWorlds`.
    """
    spec = WorldsSpec(
        task, arm, randomization, strength, images, image_size, split, depth=depth, actions=actions, reward=reward,
        physics=physics,
    )  # fmt: skip
    return VectorWorlds(spec.build(num_envs), autoreset_mode, language)
