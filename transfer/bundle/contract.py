"""io.json: everything that has to be the same on the robot as in training, in words, units and numbers.

    contract = Contract.of(load("panda"), get("push"), cameras, image_size=64, chunk=4)
    contract = Contract.from_dict(json)         # refuses what is missing, unknown or of another schema

The fields answer the failures that deployments report most: order of joints, meaning and scale of actions,
cameras.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agents.chunks import Execution
from envs.arms.controller import MAX_OPENING_STEP, MAX_STEP
from envs.arms.profile import ArmProfile
from envs.rendering.scene import CameraSpec
from envs.tasks.base import Task
from transfer.bundle.plain import read, written

SCHEMA = 1
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class JointIO:
    """One joint; its place in the list is its place in every joint array.

    Attributes:
        name: Its name.
        unit: Of positions.
        sign, offset: arm position = sign * position + offset.
        lower, upper: Limits [rad].
        velocity: Largest speed [rad/s].
        home: Where episodes start [rad].
    """

    name: str
    unit: str
    sign: float
    offset: float
    lower: float
    upper: float
    velocity: float
    home: float


@dataclass(frozen=True)
class GripperIO:
    """The gripper.

    Attributes:
        quantity: What the number is; 0 is closed.
        unit: Of the opening.
        lower, upper: Limits [m].
        start: Opening at the start of an episode [m].
        moves: False where the task keeps the fingers as they are.
    """

    quantity: str
    unit: str
    lower: float
    upper: float
    start: float
    moves: bool


@dataclass(frozen=True)
class CameraIO:
    """One camera, its images as the policy wants them, and where it stood in training.

    Attributes:
        name: Its name in the observation.
        width, height: [px].
        channels: Order of the colours.
        dtype: Of a pixel; scaling is inside the policy.
        position, target: In the arm's base frame, or in that of what carries it [m].
        fov_deg: Vertical field of view [deg].
        mount: What carries it, such as "tool frame"; "" for one that stands still, and then it is not written.
        up: What is up in the images of one that is carried, in the same frame; likewise.
    """

    name: str
    width: int
    height: int
    channels: str
    dtype: str
    position: Numbers
    target: Numbers
    fov_deg: float
    mount: str = ""
    up: Numbers = (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class TermIO:
    """One run of numbers of the proprioception, in order."""

    name: str
    size: int
    unit: str
    meaning: str


@dataclass(frozen=True)
class ActionIO:
    """What the policy's numbers mean.

    Attributes:
        names: In order.
        unit: Of every number, per control step; the policy's output is physical already.
        scale: Largest size of each number [m]; what lies beyond is clipped.
        reference: What a move is relative to.
        frame: Whose axes x, y, z are.
        chunk: Actions the policy gives at once.
        execute: Of these, how many are carried out before it looks again.
        mode, delay, decay: How plans follow each other; see `agents.chunks.Execution`.
    """

    names: tuple[str, ...]
    unit: str
    scale: Numbers
    reference: str
    frame: str
    chunk: int
    execute: int
    mode: str = "receding"
    delay: int = 0
    decay: float = 0.01

    def __post_init__(self) -> None:
        self.execution.check(self.chunk)

    @property
    def execution(self) -> Execution:
        """How plans are carried out."""
        return Execution(self.mode, self.execute, self.delay, self.decay)


@dataclass(frozen=True)
class InstructionIO:
    """What the policy is told in words.

    Attributes:
        language: Of the words.
        letters: Characters at most, ASCII.
        words: Words that are read; what follows is dropped.
        tokenizer: What makes numbers of them; it lies in policy.onnx.
        examples: What was said in training; {thing} and {goal} stand for objects.
    """

    language: str
    letters: int
    words: int
    tokenizer: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """The whole of io.json.

    Attributes:
        schema: Version of this layout.
        arm: Name of the arm's profile.
        task: What the policy was trained to do.
        control_rate_hz: Actions per second.
        horizon: Control steps after which an episode is cut.
        joints: In order.
        gripper: The gripper.
        cameras: In order.
        proprioception: Terms in order.
        goal: Where the object, or the hand, has to be.
        action: What comes out.
        workspace_low, workspace_high: Box of the tool point's targets, in the base frame [m].
        tool: Orientation of the tool that the controller keeps.
        instruction: What is said to it; None where it reads nothing.
    """

    schema: int
    arm: str
    task: str
    control_rate_hz: float
    horizon: int
    joints: tuple[JointIO, ...]
    gripper: GripperIO
    cameras: tuple[CameraIO, ...]
    proprioception: tuple[TermIO, ...]
    goal: TermIO
    action: ActionIO
    workspace_low: Numbers
    workspace_high: Numbers
    tool: str
    instruction: InstructionIO | None = None

    @classmethod
    def of(
        cls,
        profile: ArmProfile,
        task: Task,
        cameras: Mapping[str, CameraSpec],
        *,
        image_size: int,
        chunk: int,
        execution: Execution | None = None,
        instruction: InstructionIO | None = None,
    ) -> "Contract":
        """Describe a policy of `envs.worlds` for an arm, a task and its nominal cameras."""
        seen = (
            CameraIO(
                name, image_size, image_size, "RGB", "uint8", camera.position, camera.target, camera.fov_deg,
                camera.mount, camera.up,
            )
            for name, camera in cameras.items()
        )  # fmt: skip
        return cls(
            schema=SCHEMA,
            arm=profile.name,
            task=task.name,
            control_rate_hz=profile.control_rate_hz,
            horizon=task.horizon,
            joints=tuple(_joint(profile, i) for i in range(len(profile.joints))),
            gripper=_gripper(profile, task),
            cameras=tuple(seen),
            proprioception=_proprioception(len(profile.joints)),
            goal=TermIO("goal", 3, "m", "place of the object, or of the hand, in the base frame"),
            action=_action(chunk, execution or Execution()),
            workspace_low=profile.workspace.low,
            workspace_high=profile.workspace.high,
            tool="points down; fingers open along the base's y axis",
            instruction=instruction,
        )

    @property
    def period_s(self) -> float:
        """Time from one action to the next [s]."""
        return 1.0 / self.control_rate_hz

    def to_dict(self) -> dict:
        """Give plain data; what came later is left out while it is at its default, as former runtimes read it."""
        return written(self)

    @classmethod
    def from_dict(cls, data: Mapping) -> "Contract":
        """Read plain data.

        Raises:
            ValueError: A field is missing or unknown, or the schema is another.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"io.json has schema {data.get('schema')!r}; this runtime reads {SCHEMA}.")
        lists = {"joints": JointIO, "cameras": CameraIO, "proprioception": TermIO}
        single = {"gripper": GripperIO, "goal": TermIO, "action": ActionIO}
        found: dict[str, Any] = dict(data)
        for name, kind in lists.items():
            found[name] = tuple(read(kind, item, f"{name}[{i}]") for i, item in enumerate(data.get(name, ())))
        for name, kind in single.items():
            found[name] = read(kind, data.get(name, {}), name)
        if data.get("instruction") is not None:
            found["instruction"] = read(InstructionIO, data["instruction"], "instruction")
        return read(cls, found, "io.json")


def _joint(profile: ArmProfile, i: int) -> JointIO:
    joint = profile.joints[i]
    limits = (joint.lower, joint.upper, joint.velocity, profile.home[i])
    return JointIO(joint.name, "rad", 1.0, 0.0, *limits)


def _gripper(profile: ArmProfile, task: Task) -> GripperIO:
    quantity = "distance between the finger pads; 0 is closed"
    start = min(task.opening, profile.hand.max_opening)
    return GripperIO(quantity, "m", 0.0, profile.hand.max_opening, start, task.physics.fingers)


def _proprioception(joints: int) -> tuple[TermIO, ...]:
    return (
        TermIO("joint_positions", joints, "rad", "measured, in the order of `joints`"),
        TermIO("opening", 1, "m", "measured distance between the finger pads"),
        TermIO("hand_position", 3, "m", "tool point from the measured joints, in the base frame"),
        TermIO("hand_ahead", 3, "m", "tool point asked for, minus hand_position"),
    )


def _action(chunk: int, execution: Execution) -> ActionIO:
    return ActionIO(
        names=("delta_x", "delta_y", "delta_z", "delta_opening"),
        unit="m per control step",
        scale=(MAX_STEP, MAX_STEP, MAX_STEP, MAX_OPENING_STEP),
        reference="the last target, never the measured pose",
        frame="base",
        chunk=chunk,
        **asdict(execution),
    )
