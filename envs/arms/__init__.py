"""Arms: what one is (`profile`), how it moves (`kinematics`), from actions to joints (`controller`)."""

from envs.arms.profile import ArmProfile, load

__all__ = ["ArmProfile", "load"]
