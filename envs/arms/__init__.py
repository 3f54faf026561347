"""Arms: what an arm is (`profile`), how it moves (`kinematics`), how actions become joint targets (`controller`)."""

from envs.arms.profile import ArmProfile, load

__all__ = ["ArmProfile", "load"]
