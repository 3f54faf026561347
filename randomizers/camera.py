"""Randomizer of where cameras are and how wide they see."""

from dataclasses import dataclass, replace
from typing import ClassVar

from randomizers.axis import Axis
from randomizers.base import Randomizer, Varied, varies
from randomizers.distributions import Uniform
from randomizers.notation import nominal
from randomizers.shapes import Normal
from randomizers.targets import Targets
from randomizers.world import World


@dataclass(frozen=True)
class Camera(Randomizer):
    """Vary the pose and the lens of cameras: a mount is never where the drawing says.

    A range for "*" speaks of tripods. A bracket on the hand cannot be moved as far: of a shift of the position it
    takes the share that its `CameraSpec` says, a quarter, unless `of` names that camera.

    Args:
        of: Cameras.
        position: In the arm's base frame, of a carried camera in the tool's frame, per component [m].
        rotation_deg: Small turns about the camera's own axes [deg].
        fov_deg: Vertical field of view [deg].
    """

    of: Targets = "*"
    # Hand-eye calibration is good to 2 or 3 mm; a tripod that was moved and put back to about 1 cm. Guessed.
    position: Varied = varies("camera.{of}.position", nominal + Normal(0.0, 0.01))
    # 0.6 degrees is 1 cm at a distance of 1 m, in proportion to the position.
    rotation_deg: Varied = varies("camera.{of}.rotation_deg", nominal + Normal(0.0, 0.6))
    # Focal lengths of webcams of one model differ by 2 or 3 %; guessed.
    fov_deg: Varied = varies("camera.{of}.fov_deg", nominal + Uniform(-1.2, 1.2))

    target: ClassVar[str] = "camera"

    def axes(self, world: World) -> list[Axis]:
        named = str(self.of).split()
        return [axis if axis.name.split(".")[1] in named else _fitted(axis, world) for axis in super().axes(world)]


def _fitted(axis: Axis, world: World) -> Axis:
    """Narrow a range to what a camera's mount allows."""
    return replace(axis, expression=axis.expression.narrowed(world.knobs[axis.name].share))
