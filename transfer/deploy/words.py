"""What a policy is told in words, checked before an arm moves.

    agree(contract, arm.description, "push the cube to the goal")     # ValueError: the bundle reads none
    text = checked(contract, arm.wanted)
"""

import re

from transfer.bundle.contract import Contract
from transfer.deploy.arms.base import Description


def agree(contract: Contract, arm: Description, instruction: str | None) -> None:
    """Refuse to start where a policy would not know what to do, or would not listen.

    Raises:
        ValueError: Says which, and what to do.
    """
    if contract.instruction is None:
        if instruction is not None:
            raise ValueError(
                f"The bundle reads no instruction, but {instruction!r} was given; leave deploy.instruction out, "
                "or train a policy with network.language.fusion=film."
            )
    elif instruction is not None:
        checked(contract, instruction)
    elif not arm.speaks:
        raise ValueError(
            "The bundle reads an instruction, and this arm says none; give one, such as "
            f"deploy.instruction={example(contract)!r}."
        )


def checked(contract: Contract, text: str) -> str:
    """Give an instruction back that the policy can read.

    Raises:
        ValueError: It is too long, not ASCII, or has no word.
    """
    about = contract.instruction
    if about is None:
        return ""
    if len(text) > about.letters or not text.isascii():
        raise ValueError(f"an instruction is ASCII of at most {about.letters} characters, not {text!r}")
    if not re.search("[a-z0-9]", text.lower()):
        raise ValueError(f"the instruction {text!r} has no word in it; say it like {example(contract)!r}")
    return text


def example(contract: Contract) -> str:
    """Give something that was said in training."""
    about = contract.instruction
    return about.examples[0] if about is not None and about.examples else "push the cube to the goal"
