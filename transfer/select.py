"""Keep a fine-tuned policy only if it is better where it counts and has not forgotten what it knew.

    selection = select(reality=(before, after), simulation=(before, after))
    selection.kept, selection.reason

All four are outcomes of single episodes, the same episodes before and after, so luck cancels.
"""

from dataclasses import asdict, dataclass

from transfer.statistics import Outcomes, Paired, paired

ORIGINAL, CANDIDATE = "original", "candidate"
TOLERANCE = 0.05
"""Success that simulated held-out worlds may lose: transfer-and-formats.md, section 3.7."""


@dataclass(frozen=True)
class Selection:
    """Which policy is kept, and the numbers it rests on.

    Attributes:
        kept: "original" or "candidate".
        reason: In words.
        reality, simulation: Candidate against original.
        tolerance: Success that simulation may lose.
    """

    kept: str
    reason: str
    reality: Paired
    simulation: Paired
    tolerance: float

    def to_dict(self) -> dict:
        """Give plain data for result.json."""
        return asdict(self)


def select(
    reality: tuple[Outcomes, Outcomes],
    simulation: tuple[Outcomes, Outcomes],
    *,
    tolerance: float = TOLERANCE,
) -> Selection:
    """Choose between the original and the candidate.

    Args:
        reality: Outcomes (episodes,) of the original and of the candidate, on the same episodes.
        simulation: The same in simulated held-out worlds.
        tolerance: Success that simulation may lose, in [0, 1].
    """
    if not 0.0 <= tolerance <= 1.0:
        raise ValueError(f"tolerance is a share in [0, 1], not {tolerance}; {TOLERANCE} is usual.")
    real, simulated = paired(*reality), paired(*simulation)
    if real.difference <= 0.0:
        kept, reason = ORIGINAL, f"the candidate is not better in reality: {real}"
    elif simulated.difference < -tolerance - 1e-9:
        kept, reason = ORIGINAL, f"the candidate forgot too much in simulation: {simulated}"
    else:
        kept, reason = CANDIDATE, f"the candidate is better in reality: {real}; in simulation: {simulated}"
    return Selection(kept, reason, real, simulated, tolerance)
