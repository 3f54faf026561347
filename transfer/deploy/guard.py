"""What must be true before an arm moves, and what stops it while it does. No certified safety function.

    agree(contract, arm.description)       # ValueError: other arm, joints, rate, cameras
    guard = Guard(contract)
    guard.begin(stamp_s)
    guard.reading(reading)                 # Stop: not finite, stale, a frame is missing
    guard.home(joints)                     # Stop: not at the start pose
    action = guard.action(action)          # Stop: not finite; otherwise clipped to the contract's limits
"""

import numpy as np

from transfer.bundle.contract import Contract
from transfer.deploy.arms.base import Description, Reading

START_RAD = 0.1
"""Farthest a joint may be from home when an episode starts: the first target is at home."""
OLDEST_PERIODS = 2.0
"""Control periods from one reading to the next beyond which the loop does not see what it does."""
CLOCK_S = 1e-6
"""Rounding of the arm's clock."""


class Stop(Exception):
    """The guard stopped the arm; says why."""


def agree(contract: Contract, arm: Description) -> None:
    """Refuse an arm that is not the one of the contract, before anything moves.

    Raises:
        ValueError: Names what differs.
    """
    names = tuple(joint.name for joint in contract.joints)
    if arm.arm != contract.arm:
        raise ValueError(f"The bundle is for arm `{contract.arm}`, but this is `{arm.arm}`.")
    if len(arm.joints) != len(names):
        raise ValueError(f"The bundle drives {len(names)} joints, but this arm has {len(arm.joints)}.")
    for i, (wanted, found) in enumerate(zip(names, arm.joints)):
        if wanted != found:
            raise ValueError(f"Joint {i} of the bundle is `{wanted}`, but the arm's is `{found}`: order or names.")
    if abs(arm.control_rate_hz - contract.control_rate_hz) > 1e-6:
        raise ValueError(
            f"The bundle acts {contract.control_rate_hz} times a second, but this arm expects {arm.control_rate_hz}."
        )
    for camera in contract.cameras:
        size = arm.cameras.get(camera.name)
        if size is None:
            known = sorted(arm.cameras)
            raise ValueError(f"The bundle looks through camera `{camera.name}`; this arm has {known}.")
        if tuple(size) != (camera.height, camera.width):
            wanted_size = (camera.height, camera.width)
            raise ValueError(
                f"Camera `{camera.name}` gives images of {tuple(size)} px; the bundle needs {wanted_size}."
            )


class Guard:
    """Watches one episode after the other.

    Args:
        contract: What the bundle promises.
    """

    def __init__(self, contract: Contract):
        self.contract = contract
        self._sizes = {camera.name: (camera.height, camera.width, 3) for camera in contract.cameras}
        self._limits = np.array(contract.action.scale)
        self._home = np.array([joint.home for joint in contract.joints])
        self._last = -np.inf  # stamp of the last reading [s]

    def begin(self, stamp_s: float) -> None:
        """Start the clock of an episode with the stamp of its first reading [s]."""
        self._last = stamp_s - self.contract.period_s

    def home(self, joints: np.ndarray) -> None:
        """Check where an episode starts: joints (joints,) in the bundle's convention [rad]."""
        far = np.abs(joints - self._home)
        if far.max() > START_RAD:
            joint = self.contract.joints[int(far.argmax())]
            raise Stop(
                f"`{joint.name}` is {far.max():.2f} rad from home ({joint.home:.2f}): bring the arm home "
                f"before it is driven; {START_RAD} rad are allowed"
            )

    def reading(self, reading: Reading) -> None:
        """Check that a reading is new, finite and complete."""
        numbers = (*reading.joints, reading.opening, reading.stamp_s)
        if len(reading.joints) != len(self._home):
            raise Stop(f"a reading has {len(reading.joints)} joints instead of {len(self._home)}")
        if not np.isfinite(numbers).all():
            raise Stop(f"the measured joints are not finite: {reading.joints}, opening {reading.opening}")
        passed = reading.stamp_s - self._last
        if not CLOCK_S < passed <= OLDEST_PERIODS * self.contract.period_s + CLOCK_S:
            raise Stop(f"the reading is stale: {1000 * passed:.0f} ms passed on the arm's clock since the last one")
        self._last = reading.stamp_s
        for name, size in self._sizes.items():
            image = reading.images.get(name)
            if image is None:
                raise Stop(f"the frame of camera `{name}` is missing")
            if image.shape != size or image.dtype != np.uint8:
                raise Stop(f"camera `{name}` gave {image.dtype} {image.shape} instead of uint8 {size}")

    def action(self, action: np.ndarray) -> np.ndarray:
        """Refuse an action that is not finite; clip it to the contract's limits."""
        if action.shape != self._limits.shape:
            raise Stop(f"the policy gave an action of shape {action.shape} instead of {self._limits.shape}")
        if not np.isfinite(action).all():
            raise Stop(f"the policy's action is not finite: {action}")
        return np.clip(action, -self._limits, self._limits)
