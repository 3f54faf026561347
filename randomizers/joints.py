"""Randomizers of what is inside a joint: motor, gears, bearings, stops."""

from dataclasses import dataclass
from typing import ClassVar

from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Uniform
from randomizers.notation import nominal
from randomizers.targets import Targets


@dataclass(frozen=True)
class Effort(Randomizer):
    """Vary the largest torque of joints [N m] and the grip force [N]: supply voltage, warm motors, safety settings.

    Args:
        of: Joints; "fingers" where they move.
        by: How the limit varies.
    """

    of: Targets = "*"
    # 0.7 to 1.3 simulates safely (measured); of the grip, 10.5 N still hold what 15 N do but heavy things.
    by: Varied = varies("effort.{of}", nominal * Uniform(0.7, 1.3))

    target: ClassVar[str] = "joint"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class JointFriction(Randomizer):
    """Vary the dry friction of joints [N m], which makes servos stop short and stick.

    Args:
        of: Joints.
        by: How the friction varies.
    """

    of: Targets = "*"
    # From none to seven times what a controller that compensates friction leaves (0.3 N m in the twin); guessed.
    by: Varied = varies("joint_friction.{of}", Uniform(0.0, 2.0))

    target: ClassVar[str] = "joint"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class Armature(Randomizer):
    """Vary the inertia of rotors as the joints feel it through their gears [kg m^2].

    Args:
        of: Joints.
        by: How the inertia varies.
    """

    of: Targets = "*"
    # 1e-5 kg m^2 of a small motor at ratio 100 is 0.1; guessed.
    by: Varied = varies("armature.{of}", nominal + Uniform(0.0, 0.1))

    target: ClassVar[str] = "joint"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class JointLimits(Randomizer):
    """Vary where joints stop, inside their nominal limits [rad]: soft limits of a controller, bumpers, cables.

    Args:
        of: Joints.
        lower: How the lower limit varies.
        upper: How the upper limit varies.
    """

    of: Targets = "*"
    # Controllers keep 1 to 3 degrees from the stops.
    lower: Varied = varies("limits.{of}.lower", nominal + Uniform(0.0, 0.05))
    # Likewise.
    upper: Varied = varies("limits.{of}.upper", nominal + Uniform(-0.05, 0.0))

    target: ClassVar[str] = "joint"


@dataclass(frozen=True)
class Backlash(Randomizer):
    """Vary the play of gears [rad]: a joint stands still until its motor has crossed the gap.

    Args:
        of: Joints.
        by: How wide the gap is.
    """

    of: Targets = "*"
    # Strain-wave gears have next to none, planetary ones 3 to 15 arc minutes (0.001 to 0.004 rad, datasheets).
    by: Varied = varies("backlash.{of}", Uniform(0.0, 0.004))

    target: ClassVar[str] = "joint"
    signed: ClassVar[bool] = False


@dataclass(frozen=True)
class GearError(Randomizer):
    """Vary the periodic error of gears, which encoders on the motor's side do not see.

    Args:
        of: Joints.
        amplitude: Largest error [rad].
        phase_deg: Where in its period the error starts [deg].
    """

    of: Targets = "*"
    # Strain-wave gears are exact to 1 to 1.5 arc minutes (0.0003 to 0.0004 rad, datasheets).
    amplitude: Varied = varies("gear_error.{of}.amplitude", Uniform(0.0, 0.0005))
    # All there are.
    phase_deg: Varied = varies("gear_error.{of}.phase_deg", Uniform(-180.0, 180.0))

    target: ClassVar[str] = "joint"


@dataclass(frozen=True)
class Adversary(Randomizer):
    """Vary a random network that disturbs actions by what it sees (OpenAI 2019, arXiv 1910.07113).

    Args:
        amplitude: Largest disturbance of each component of an action, in units of an action.
        network: Which network, in [0, 1].
    """

    # A tenth of the largest action; DeXtreme starts at 0 and lets ADR widen it. Guessed.
    amplitude: Varied = varies("adversary.amplitude", Uniform(0.0, 0.1))
    # All there are.
    network: Varied = varies("adversary.network", Uniform(0.0, 1.0))

    signed: ClassVar[bool] = False
