"""An episode as a small JSON record, from which it can be rebuilt bit for bit.

    worlds.record()                             # keep what happens from the next `begin` on
    ...
    record = Record.of(worlds, row=3)
    Path("episode.json").write_text(record.to_json())
    record = Record.from_json(text)             # see `envs.rebuilding`

A record holds what was built (the spec), where (seed, episode), the actions, fingerprints of everything that
happened at each step, and the versions of what computed it.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from envs.tape import QUANTITIES, Tape
from envs.versions import versions

if TYPE_CHECKING:
    from envs.worlds import Worlds

FORMAT, VERSION = "sim2arm episode", 1
EXPERT = "expert"
MOST_STEPS = 100_000
_TYPES = {
    "config": str, "spec": Mapping, "seed": int, "episode": int, "split": str, "strength": float | int | Mapping,
    "pin": Mapping, "length": int, "success": bool, "draw": Mapping, "actions": str | Mapping, "trajectory": str,
    "images": str | None, "steps": str, "versions": Mapping,
}  # fmt: skip


@dataclass(frozen=True)
class Built:
    """What worlds were built of: `spec` as plain data with its "kind", and its hash."""

    spec: Mapping[str, Any]
    config: str

    @classmethod
    def of(cls, spec: Any) -> "Built":
        """Write a spec down; takes as long as a dozen control steps."""
        plain = {"kind": type(spec).__name__, **spec.to_dict()}
        return cls(plain, fingerprint(plain))


@dataclass(frozen=True)
class Record:
    """One episode.

    Attributes:
        config: Hash of the spec.
        spec: What the worlds were built of, with their "kind".
        seed, episode, split: The address.
        strength, pin: Of the randomization.
        length: Control steps.
        success: The task was done.
        draw: The values drawn when the episode began, by axis.
        actions: "expert", or {"dtype", "shape", "data"} with the bytes in base64.
        trajectory: Hash of actions, joints and objects over all steps.
        images: Hash of all that was drawn; None where nothing was.
        steps: (length + 1, 4) first words of the fingerprints of QUANTITIES at each step, uint32 in base64.
        versions: Of what computed it.
    """

    config: str
    spec: Mapping[str, Any]
    seed: int
    episode: int
    split: str
    strength: Any
    pin: Mapping[str, Any]
    length: int
    success: bool
    draw: Mapping[str, Any]
    actions: Any
    trajectory: str
    images: str | None
    steps: str
    versions: Mapping[str, str]

    @classmethod
    def of(cls, worlds: "Worlds", row: int, actions: str = "", about: "Built | None" = None) -> "Record":
        """Tell the present episode of a world as far as it has come.

        Args:
            worlds: Whose tape runs.
            row: Index of the world.
            actions: "expert" where they were the scripted expert's, which need not be kept.
            about: The worlds' spec as plain data, for one who tells many episodes.

        Raises:
            ValueError: Nothing was kept of this episode.
        """
        tape, spec = worlds.tape, worlds.spec
        if tape is None or spec is None or (length := int(tape.length[row])) < 0:
            raise ValueError("nothing was kept of this episode; build worlds of a spec and call worlds.record() first")
        words, trajectory, images = _fingerprints(tape, row, length)
        drawn, (strength, pin) = tape.draws[row], worlds.terms[row]
        built = about or Built.of(spec)
        return cls(
            config=built.config, spec=built.spec, split=worlds.split,
            seed=int(worlds.seeds[row]), episode=int(worlds.episodes[row]),
            strength=_plain(strength), pin=_plain(pin or {}), length=length, success=bool(worlds.success[row]),
            draw=_plain(drawn.values) if drawn is not None else {},
            actions=actions or _packed(tape.actions[row, :length]),
            trajectory=trajectory, images=images, steps=_text(words), versions=versions(),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(self.to_dict(), separators=(",", ":"))

    def beside(self) -> dict[str, Any]:
        """Return what a dataset keeps of it beside its header, which is the spec, and an episode's address and draw."""
        shared = ("spec", "seed", "episode", "length", "success", "draw")
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in shared}
        return {"kind": self.spec["kind"], **kept}

    @classmethod
    def joined(cls, header: Mapping[str, Any], episode: Mapping[str, Any]) -> "Record":
        """Join what `beside` gave, under "record" in an episode of a dataset, with the dataset's header.

        Raises:
            ValueError: Nothing was recorded of this episode, or it belongs to another header.
        """
        if "record" not in episode:
            raise ValueError("the episode holds no record: it was collected by an older version, or in other worlds")
        kept = dict(episode["record"])
        data = {"spec": {"kind": kept.pop("kind"), **header}, "draw": episode["randomization"]["values"], **kept}
        data |= {name: episode[name] for name in ("seed", "episode", "length", "success")}
        return cls.from_dict({"format": FORMAT, "version": VERSION, **data})

    @classmethod
    def from_dict(cls, data: Any) -> "Record":
        """Read what `to_dict` wrote.

        Raises:
            ValueError: It is something else, of another version, or damaged; says what.
        """
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            raise ValueError(f"this is no record of an episode: it lacks `format: {FORMAT}`")
        if data.get("version") != VERSION:
            raise ValueError(f"the record has version {data.get('version')!r}; this program reads {VERSION}")
        for name, kind in _TYPES.items():
            value = data.get(name)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
                raise ValueError(f"the record's `{name}` is missing or of the wrong kind ({type(value).__name__})")
        record = cls(**{field.name: data[field.name] for field in fields(cls)})
        record._check()
        return record

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """Read what `to_json` wrote."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ValueError(f"the record is not valid JSON: {error}") from error
        return cls.from_dict(data)

    def build(self, num: int = 1) -> "Worlds":
        """Make worlds of the kind in which it happened, which keep records."""
        worlds = spec_of(self.spec).build(num)
        worlds.record()
        return worlds

    @property
    def words(self) -> np.ndarray:
        """First words of the fingerprints, (length + 1, quantities) uint32."""
        found = np.frombuffer(base64.b64decode(self.steps, validate=True), "<u4")
        return found.reshape(self.length + 1, len(QUANTITIES))

    def _check(self) -> None:
        if not 0 <= self.length <= MOST_STEPS:
            raise ValueError(f"the record's length is {self.length}; it must be in [0, {MOST_STEPS}]")
        if fingerprint(self.spec) != self.config:
            raise ValueError(f"the record's spec was edited: its hash is {fingerprint(self.spec)}, not {self.config}")
        try:
            self.words, self.given()  # noqa: B018  both decode
        except (binascii.Error, TypeError, KeyError, ValueError) as error:
            raise ValueError(f"the record's steps or actions are damaged: {error}") from error

    def given(self) -> np.ndarray | None:
        """Give the actions (length, A); None where the expert of these worlds has to be asked."""
        if isinstance(self.actions, str):
            if self.actions != EXPERT:
                raise ValueError(f"actions are {self.actions!r}; a word must be `{EXPERT}`")
            return None
        kind = {"float32": "<f4", "float64": "<f8"}[self.actions["dtype"]]
        found = np.frombuffer(base64.b64decode(self.actions["data"], validate=True), kind)
        found = found.reshape(self.actions["shape"]).astype(float)
        if len(found) != self.length or found.ndim != 2:
            raise ValueError(f"there are {len(found)} actions for {self.length} steps")
        return found


def fingerprint(data: Any) -> str:
    """Hash plain data, 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def _fingerprints(tape: Tape, row: int, length: int) -> tuple[np.ndarray, str, str | None]:
    """Hash an episode: words (length + 1, quantities) uint32 for each step, the trajectory, the images."""
    path, actions = (part[row].astype("<f8", order="C") for part in (tape.path[:, : length + 1], tape.actions))
    digests = [
        hashlib.blake2b(part, digest_size=16).digest()
        for step, now in enumerate(path)
        for part in (actions[step - 1] if step else b"", now[: tape.split], now[tape.split :])
    ]
    told = b"".join(digests)
    words = np.zeros((length + 1, len(QUANTITIES)), "<u4")
    words[:, :3] = np.frombuffer(told, "<u4").reshape(length + 1, 3, 4)[:, :, 0]
    sights = tape.sights[row, : length + 1]
    words[:, -1] = np.ascontiguousarray(sights[:, :4]).view("<u4")[:, 0]
    images = hashlib.sha256(sights.tobytes()).hexdigest() if sights.any() else None
    return words, hashlib.sha256(told).hexdigest(), images


def _packed(actions: np.ndarray) -> dict[str, Any]:
    """Write actions as text: single precision where that loses nothing."""
    few = actions.astype("<f4")
    kept, kind = (few, "float32") if np.array_equal(few, actions) else (actions.astype("<f8"), "float64")
    return {"dtype": kind, "shape": list(actions.shape), "data": _text(kept)}


def _text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _plain(value: Any) -> Any:
    """Turn numpy values and mappings into what JSON holds, and gives back equal."""
    if type(value) in (float, str, int, bool):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


def spec_of(data: Mapping[str, Any]) -> Any:
    """Read the spec of a record."""
    kind, rest = data.get("kind"), {name: value for name, value in data.items() if name != "kind"}
    if kind == "WorldsSpec":
        from envs.spec import WorldsSpec

        return WorldsSpec.from_dict(rest)
    if kind == "RealitySpec":
        from envs.reality import RealitySpec

        return RealitySpec.from_dict(rest)
    raise ValueError(f"the record is of worlds of kind {kind!r}; known are WorldsSpec and RealitySpec")
