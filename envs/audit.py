"""Proof that every axis acts, on what it should, and on nothing else.

    findings = audit(lambda randomization: spec.but(randomization=randomization).build(2), randomization)
    [finding.name for finding in findings if finding.status != "acts"]

For each axis, alone and at full strength, both ends of its range are compared with the nominal world: what its
knob reads back, what every other knob reads back, and what the world does, shows and says (`envs.probes`). Where
an axis shows only beside others (a texture's scale without a texture), its ends and its nominal value are compared
in worlds in which everything else varies too. Afterwards the nominal world has to come back bit for bit, and the
hundredth reset has to give what the first did.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from envs.capability import check, patterns
from envs.columns import Row
from envs.probes import PROBES, SENSES, Terms, begin
from envs.tasks.base import Task
from envs.worlds import Worlds
from randomizers import Axis, Randomization, Randomizer
from randomizers.world import Value

STATUSES = ("acts", "silent", "astray", "sticks", "drifts", "unsupported")
SIGHT = ("background", "camera", "distractors", "exposure", "lamp", "lens", "light", "noise", "table", "texture")
"""First words of knobs that show at a look."""
ROWS, ENDS = (0, 1), (0.0, 1.0)
RESETS = 100
AWAKE = 8
"""Episodes with everything varied that are tried for an axis that does nothing alone."""
BESIDE = "shows only where other axes vary"
ARRANGED = "shows only where cameras look up, or where all distractors are out"
CLOSE = 1e-4
"""Relative error of a value that was kept in single precision."""
Build = Callable[[Randomization | None], Worlds]


@dataclass(frozen=True)
class Finding:
    """What was found out about an axis.

    Attributes:
        name: Of the axis; the pattern of its knobs where it could not be bound.
        family: The randomizer that owns it.
        read_back: The engine says what was drawn, at both ends.
        trajectory, image, observation: What its ends change.
        drift: The hundredth reset reads other than the first.
        others: Knobs that it changes although they are not its own.
        status: acts; silent (changes nothing), astray (changes others, or not what it should), sticks (the
            nominal world does not come back), drifts, unsupported.
        note: More about it.
    """

    name: str
    family: str
    read_back: bool = False
    trajectory: bool = False
    image: bool = False
    observation: bool = False
    drift: bool = False
    others: tuple[str, ...] = ()
    status: str = "unsupported"
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), "others": list(self.others)}


def audit(
    build: Build, randomization: Randomization, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Finding]:
    """Examine every axis of a randomization.

    Args:
        build: Makes two worlds, with every camera observed, for a randomization.
        randomization: What is examined.
        progress: Told how many of how many axes are done.
    """
    bench, findings = _Bench(build, randomization), []
    try:
        for axis in bench.worlds.randomization.axes.values():
            findings.append(bench.examine(axis))
            progress(len(findings), len(bench.worlds.randomization))
    finally:
        bench.worlds.close()
    drifting = _drifting(build, randomization) if findings else set()
    return [
        replace(found, drift=True, status="drifts") if found.name in drifting else found for found in findings
    ]


def supported(randomization: Iterable[Randomizer], worlds: Worlds) -> tuple[Randomization, list[Finding]]:
    """Keep what can be bound to some worlds, field by field, and say of the rest why it cannot."""
    kept, refused = [], []
    for randomizer in randomization:
        reasons = {field: _refusal(randomizer.only(field), worlds) for field in randomizer.varied}
        fitting = [field for field, reason in reasons.items() if not reason]
        if fitting:
            kept.append(randomizer.only(*fitting))
        family, names = type(randomizer).__name__, patterns(randomizer)
        refused += [Finding(names[field], family, note=reason) for field, reason in reasons.items() if reason]
    return Randomization(tuple(kept)), refused


def _refusal(randomizer: Randomizer, worlds: Worlds) -> str:
    """Say why a randomizer cannot be bound to some worlds; "" where it can."""
    try:
        check(Randomization((randomizer,)), worlds.engines[0].name, worlds.knobs[0])
        randomizer.axes(Row(worlds.knobs[0]))
    except ValueError as error:
        return str(error)
    return ""


def summary(findings: Iterable[Finding]) -> dict[str, Any]:
    """Count the findings, and list them as plain data."""
    listed = list(findings)
    count = {status: sum(found.status == status for found in listed) for status in STATUSES}
    return {
        "axes": len(listed) - count["unsupported"],
        "acting": count["acts"],
        "drifting": count["drifts"],
        "silent": count["silent"],
        "astray": count["astray"],
        "sticking": count["sticks"],
        "unsupported": count["unsupported"],
        "list": [found.to_dict() for found in listed],
    }


class _Bench:
    """Two worlds on which axes are examined one by one."""

    def __init__(self, build: Build, randomization: Randomization):
        self._build, self._varied = build, randomization
        plain = build(None)
        try:
            self._plain = {name: probe(plain, [(0.0, {})] * 2) for name, probe in PROBES.items()}
        finally:
            plain.close()
        self._renew()

    def _renew(self) -> None:
        """Start with fresh worlds."""
        self.worlds = self._build(self._varied)
        self._still: Terms = [({"*": 0.0}, {})] * self.worlds.num
        self._nominal = self._read(self._still)[0]

    def examine(self, axis: Axis) -> Finding:
        """Find out about one axis."""
        found = Finding(axis.name, axis.family)
        alone: Terms = [({"*": 0.0, axis.name: 1.0}, {axis.name: end}) for end in ENDS]
        ends = self._read(alone)
        drawn = [self.worlds.draws[row].values[axis.name] for row in ROWS]
        away = [row for row in ROWS if not _same(drawn[row], axis.nominal)]
        if not away:
            return replace(found, status="silent", note="its range holds nothing but the nominal value")
        read = all(_same(ends[row][axis.name], drawn[row]) for row in ROWS)
        others = {name for row in ROWS for name in self._changed(ends[row])} - {axis.name}
        seen, probe, note = self._effect(axis, alone, away)
        moved, shown, said = (sense in seen for sense in SENSES)
        found = replace(found, read_back=read, others=tuple(sorted(others)), note=note)
        found = replace(found, trajectory=moved, image=shown, observation=said)
        if not probe and not others:
            return replace(found, status="silent", note="no probe tells its ends from the nominal world")
        if others or not read:
            return replace(found, status="astray", note="" if others else "its knob reads other than what was drawn")
        if self._sticks(probe):
            self.worlds.close()
            self._renew()
            return replace(found, status="sticks", note="the nominal world does not come back")
        return replace(found, status="acts")

    def _effect(self, axis: Axis, alone: Terms, away: Sequence[int]) -> tuple[set[str], str, str]:
        """Find what an axis changes at its ends, the probe that shows it, and beside what it has to be looked at."""
        alone_in, beside_in = _probes(axis, self.worlds.task)
        seen: dict[int, set[str]] = {row: set() for row in away}
        for probe in alone_in:
            trace = PROBES[probe](self.worlds, alone)
            for row in away:
                seen[row] |= trace.differs(row, row, self._plain[probe])
            if all(seen.values()):
                return set.union(*seen.values()), probe, ""
        awake = {"*": 1.0, axis.name: 0.0}
        for probe in beside_in:
            for episode in range(AWAKE):
                for row in away:
                    if not seen[row]:
                        amid: Terms = [(awake, {}), (1.0, {axis.name: ENDS[row]})]
                        seen[row] = PROBES[probe](self.worlds, amid, episode=episode).differs(*ROWS)
                if all(seen.values()):
                    return set.union(*seen.values()), probe, ARRANGED if probe == "arrange" else BESIDE
        return set(), "", ""

    def _sticks(self, probe: str) -> bool:
        """Whether the nominal world differs from one that nothing was ever varied in."""
        back = PROBES[probe](self.worlds, self._still)
        return bool(self._changed(self._read(self._still)[0])) or bool(back.differs(0, 0, self._plain[probe]))

    def _read(self, terms: Terms) -> list[dict[str, Value]]:
        """Begin an episode in each row, and read every knob of each."""
        begin(self.worlds, terms, 0, 0)
        return [_values(self.worlds, row) for row in ROWS]

    def _changed(self, values: Mapping[str, Value]) -> set[str]:
        """Name the knobs that read other than in the nominal world."""
        return {name for name, value in values.items() if not _same(value, self._nominal[name])}


def _drifting(build: Build, randomization: Randomization) -> set[str]:
    """Name the knobs that read differently after a hundred resets, at the same draw."""
    worlds = build(randomization)
    try:
        worlds.begin([0], 0, RESETS)
        first = _values(worlds, 0)
        for episode in range(RESETS):
            worlds.begin([0], 0, episode)
        worlds.begin([0], 0, RESETS)
        last = _values(worlds, 0)
    finally:
        worlds.close()
    return {name for name in first if not np.array_equal(first[name], last[name])}


def _probes(axis: Axis, task: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say by which probes an axis is looked for, alone and beside others."""
    if axis.name.startswith(SIGHT):
        return ("look",), ("look", "arrange")
    if axis.name.endswith(".images"):
        return ("watch",), ("watch",)
    furniture = ("bump",) if any(spec.fixed and spec.solid for spec in task.objects) else ()
    moving = ("drive", "drop", "stops", *furniture)
    return (*moving, "look"), moving


def _values(worlds: Worlds, row: int) -> dict[str, Value]:
    return {name: knob.read() for name, knob in worlds.knobs[row].items()}


def _same(value: Value, other: Value) -> bool:
    """Whether two values of a knob are one, but for what single precision leaves over."""
    if isinstance(value, str) or isinstance(other, str):
        return bool(value == other)
    return bool(np.allclose(value, other, rtol=CLOSE, atol=1e-9))
