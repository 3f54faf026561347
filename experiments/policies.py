"""From a configuration to worlds and policies: the shared vocabulary of the verbs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.run import RESULT, read_result
from experiments.schema import Config

if TYPE_CHECKING:
    from agents.chunks import Execution
    from agents.policy import PolicySpec
    from envs.reality import RealitySpec
    from envs.spec import WorldsSpec

CHECKPOINT = "checkpoint.json"


@dataclass(frozen=True)
class Loaded:
    """A policy that can be run, with its origin.

    Attributes:
        folder: Checkpoint.
        model: ONNX bytes, actions in [-1, 1].
        spec: Its shape.
        dataset: What it was trained on, if that is known.
    """

    folder: Path
    model: bytes
    spec: "PolicySpec"
    dataset: Path | None


def checkpoint_of(place: str) -> tuple[Path, Path | None]:
    """Find the checkpoint, and the dataset where known, of a run or checkpoint folder.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is something else, such as a bundle.
    """
    folder = Path(place)
    if (folder / CHECKPOINT).is_file():
        return folder, None
    if (folder / "io.json").is_file():
        raise ValueError(f"{folder} is a bundle, which drives an arm: python -m experiments deploy {folder}")
    if not (folder / RESULT).is_file():
        raise FileNotFoundError(f"policy={folder}: no finished run and no checkpoint there")
    result = read_result(folder)
    if "checkpoint" not in result:
        verb = result.get("verb")
        raise ValueError(f"policy={folder} is a run of `{verb}`, which leaves no policy; give a train run")
    dataset = result.get("dataset", {}).get("folder")
    return Path(result["checkpoint"]), Path(dataset) if dataset else None


def load_policy(place: str | None) -> Loaded:
    """Load the policy of a run or checkpoint folder."""
    from agents import checkpoint
    from agents.onnx_export import to_onnx

    if place is None:
        raise ValueError("which policy? Give the run that trained it: policy=runs/...-train-push-...")
    folder, dataset = checkpoint_of(place)
    policy = checkpoint.load(folder).policy
    return Loaded(folder, to_onnx(policy), policy.spec, dataset)


def execution_of(config: Config, chunk: int) -> "Execution":
    """Give how a policy's chunks of that many actions are carried out; impossible numbers are refused."""
    from agents.chunks import Execution

    made = Execution(**vars(config.execution))
    made.check(chunk)
    return made


def chunk_of(place: str) -> int:
    """Read how many actions the policy of a run or checkpoint folder gives at once."""
    from agents import checkpoint

    return int(checkpoint.read_about(checkpoint_of(place)[0])["policy"]["chunk"])


def cameras_of(config: Config) -> tuple[str, ...]:
    """Give the cameras that are drawn: none for a policy that sees the state."""
    return tuple(config.images.cameras) if config.network.observes == "images" else ()


def sim_spec(config: Config, **changes: Any) -> "WorldsSpec":
    """Give the simulated worlds that a configuration describes."""
    from envs.spec import WorldsSpec

    spec = WorldsSpec(
        task=config.task,
        arm=config.arm,
        actions=config.actions,
        randomization=config.randomize,
        strength=config.strength,
        images=cameras_of(config),
        image_size=config.images.size,
        renderer=config.images.renderer,
        physics=config.physics,
    )
    return spec.but(**changes)


def bare_spec(config: Config, **changes: Any) -> "WorldsSpec":
    """Give the simulated worlds for a check of what varies: without cameras that stand still, whose axes stay."""
    from envs.rendering.assets import carried

    spec = sim_spec(config, **changes)
    return spec.but(images=carried(spec.images))


def why_no_twin(config: Config) -> str:
    """Say why there is no reality twin for a configuration, or ""."""
    if config.arm != "panda":
        return f"the reality twin is a panda; there is none of arm={config.arm}"
    if config.actions != "ee_delta":
        return f"the reality twin, datasets and bundles speak ee_delta, not actions={config.actions}"
    return ""


def reality_spec(config: Config, **changes: Any) -> "RealitySpec":
    """Give the reality twin that a configuration describes.

    Raises:
        ValueError: There is none for this arm or this way of actions.
    """
    from envs.reality import RealitySpec

    if why_no_twin(config):
        raise ValueError(f"{why_no_twin(config)}. Simulation does all of them: look, train, sweep.")

    fields = {"images": cameras_of(config), "image_size": config.images.size, **changes}
    return RealitySpec(config.task, card=config.cards, **fields)


def check_worlds(config: Config) -> tuple[str, ...]:
    """Bind the randomization to one world: mistakes show before anything is written. Gives the axes that vary."""
    worlds = bare_spec(config).build(1)
    worlds.close()
    return tuple(worlds.randomization)


def check_card(config: Config) -> None:
    """Bind the reality card to one twin."""
    reality_spec(config).check()


def pool_options(config: Config) -> dict[str, Any]:
    """Give what `evaluate` and `record` need to know of workers."""
    collect = config.collect
    return {"workers": collect.workers, "backend": collect.backend, "address": cluster_of(config)}


def cluster_of(config: Config) -> str | None:
    """Give the address of the cluster that collects, or None for this machine."""
    return config.collect.address if config.cluster == "local" else config.cluster


def refuse_foreign(config: Config, place: str, what: str = "policy") -> None:
    """Stop where a policy was trained with another arm, task or way of actions than it is to be used with.

    Raises:
        ValueError: It was; says which and what to do.
    """
    from agents import checkpoint

    worlds = checkpoint.read_about(checkpoint_of(place)[0])["record"].get("worlds", {})
    for name in ("task", "arm", "actions"):
        there, here = worlds.get(name), getattr(config, name)
        if there is not None and there != here:
            raise ValueError(
                f"{what}={place} was trained with {name}={there}, but {name}={here} is asked for. "
                f"Leave {name} out (the policy's run lends its own), or train one with {name}={here}."
            )
