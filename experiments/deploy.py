"""`deploy`: drive an arm with a bundle, in a process that has neither torch nor ray nor pybullet."""

from pathlib import Path
from typing import Any

from experiments.evaluate import STRIPS, save_strips
from experiments.run import Run
from experiments.schema import Config

HELP = """Verifies the bundle (hashes, golden actions on this machine) and drives the arm in closed loop.
arm=virtual is the reality twin in a process of its own, with hidden parameters; real drivers come later.

A policy that reads instructions is told `deploy.instruction`; without it, what the virtual arm's task says.

  python -m experiments deploy runs/...-export-push-.../bundle arm=virtual cards=medium episodes=20
  python -m experiments deploy runs/...-export-sort-.../bundle deploy.instruction='Lift the red cube.'"""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from agents.chunks import Execution
    from transfer.bundle.bundle import Bundle
    from transfer.deploy.words import checked

    if config.bundle is None:
        raise ValueError("which bundle? python -m experiments deploy BUNDLE arm=virtual")
    contract = Bundle.load(config.bundle).contract
    asked, carried = Execution(**vars(config.execution)), contract.action.execution
    if asked not in (Execution(), carried):
        raise ValueError(
            f"a bundle carries how its chunks are carried out, here {carried}, but {asked} is asked for; "
            "export it again with these execution.* keys"
        )
    if config.deploy.instruction is not None:
        if contract.instruction is None:
            raise ValueError("this bundle reads no instruction; leave deploy.instruction out")
        checked(contract, config.deploy.instruction)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Drive and count."""
    from transfer.deploy.runtime import run as drive

    assert config.bundle is not None  # `check` saw to it
    driven = drive(
        config.bundle,
        arm=config.deploy.arm,
        card=config.cards,
        split="heldout",
        episodes=config.episodes,
        seed=config.seed,
        pace=config.deploy.pace,
        instruction=config.deploy.instruction,
        workers=config.deploy.workers,
        strips=STRIPS,
        progress=run.progress,
    )
    save_strips(run.folder / "strips", "deployed", driven.strips)
    print(f"  success on the virtual arm: {driven.rate}")
    if driven.forbidden:
        raise RuntimeError(f"the deploying process has loaded {driven.forbidden}; it must run without them")
    result = {"bundle": str(Path(config.bundle)), "card": config.cards, "success": {"deployed": driven.rate.to_dict()}}
    return {**result, **driven.to_dict()}, f"python -m experiments report {run.folder}"
