"""Reality cards: YAML files that say how a hidden reality differs from what anybody assumed.

    card = load("medium")                # ships with the project: mild, medium, harsh
    card = load("my_lab.yaml")           # your own
    Worlds(..., randomization=card.lab(0))

A card holds randomizers in the usual notation. What is marked `when: startup` belongs to the lab: drawn once
from the card's own seed and the lab's number, whatever seed an evaluation uses, so that demonstrations can
teach it. The rest varies from episode to episode. With `instance: episode` every episode has another lab.
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from randomizers import Axis, Choice, Domain, Randomization, World, expression
from randomizers.errors import unknown

FOLDER = Path(__file__).parents[1] / "cards"
INSTANCES = ("fixed", "episode")
LAB = "startup"
"""The moment that marks what a lab has for good."""


@dataclass(frozen=True)
class Card:
    """A family of realities.

    Attributes:
        name: Shown in reports.
        description: What kind of lab this is, in a sentence.
        randomization: How the lab differs from the twin's nominal world, and episodes from each other.
        objects: The same for what lies on the table; left out in tasks where nothing does.
        seed: Address of the hidden numbers; another seed is another family of labs.
        instance: "fixed", one lab for all episodes, or "episode", each its own.
    """

    name: str
    description: str
    randomization: Randomization
    objects: Randomization = Randomization()
    seed: int = 0
    instance: str = "episode"

    def __post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise ValueError(f"name is {self.name!r}; a card needs a name for the reports")
        if self.instance not in INSTANCES:
            raise ValueError(unknown("instance", self.instance, INSTANCES))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed is {self.seed!r}; it must be a whole number >= 0")

    def lab(self, number: int = 0, objects: bool = True) -> "Lab":
        """Open one lab of this card; its hidden numbers are settled when it meets a world.

        Args:
            number: Which one.
            objects: Whether the task has any.
        """
        whole = self.randomization | self.objects if objects else self.randomization
        return Lab(whole.randomizers, card=self, number=number)


@dataclass(frozen=True)
class Lab(Randomization):
    """One hidden instance of a card.

    Attributes:
        card: Where it comes from.
        number: Which lab of this card.
    """

    card: Card = field(kw_only=True)
    number: int = field(default=0, kw_only=True)

    def bind(self, world: World) -> Domain:
        """Bind the card to the twin's nominal world; what belongs to the lab becomes constant.

        Raises:
            ValueError: A target that the world lacks, an impossible range, or an axis with two owners.
        """
        try:
            domain = super().bind(world)
        except ValueError as error:
            raise ValueError(f"card `{self.card.name}`: {error}") from error
        if self.card.instance == "episode":
            return Domain({name: _moved(axis) for name, axis in domain.axes.items()})
        hidden = domain.at(LAB).draw(self.card.seed, self.number).values
        return Domain({name: _settled(axis, hidden.get(name)) for name, axis in domain.axes.items()})


def names() -> tuple[str, ...]:
    """Name the cards that ship with the project, from gentle to harsh."""
    order = ("mild", "medium", "harsh")
    found = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    return tuple(sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name)))


def load(card: str | Path) -> Card:
    """Read a card by name or path.

    Raises:
        FileNotFoundError: There is no such card or file.
        ValueError: The file is not YAML, or holds an unknown key, randomizer or expression.
    """
    return parse(read(card), str(card))


def read(card: str | Path) -> Any:
    """Read the plain contents of a card's file, unchecked."""
    path = _path(card)
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"card {path} is not valid YAML: {' '.join(str(error).split())}") from error


def parse(contents: Any, where: str) -> Card:
    """Check the contents of a card; `where` names the source in errors."""
    try:
        return _parse(contents)
    except (ValueError, TypeError) as error:
        raise ValueError(f"card {where}: {error}") from error


def _path(card: str | Path) -> Path:
    """Find the file of a card; a word without folder or ending is one of ours."""
    path = Path(card)
    ours = FOLDER / f"{card}.yaml"
    if ours.is_file() and path.parent == Path():
        return ours
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml") or path.parent != Path():
        known = ", ".join(names())
        raise FileNotFoundError(
            f"card {path} does not exist; give the path of a YAML file, or one of {known}."
        )
    raise FileNotFoundError(
        f"{unknown('card', str(card), names())}. Give your own by its path, such as lab.yaml."
    )


def _parse(data: Any) -> Card:
    if not isinstance(data, dict):
        raise ValueError(f"it holds {data!r}; expected a mapping with name, description and randomize")
    known = [f.name for f in fields(Card) if f.name != "randomization"] + ["randomize"]
    for key in data:
        if key not in known:
            raise ValueError(unknown("key", str(key), known))
    missing = [key for key in ("name", "description", "randomize") if key not in data]
    if missing:
        raise ValueError(f"missing {', '.join(missing)}; see {FOLDER / 'medium.yaml'} for an example")
    about = {key: value for key, value in data.items() if key not in ("randomize", "objects")}
    varied = {key: Randomization.from_dict(data.get(key)) for key in ("randomize", "objects")}
    return Card(randomization=varied["randomize"], objects=varied["objects"], **about)


def _moved(axis: Axis) -> Axis:
    """Draw what belongs to the lab anew in every episode."""
    return replace(axis, when="episode") if axis.when == LAB else axis


def _settled(axis: Axis, value: Any) -> Axis:
    """Turn an axis of the lab into the constant that its draw gave."""
    if value is None:
        return axis
    fixed = expression(Choice(value) if isinstance(value, str) else value)
    return replace(axis, expression=fixed, when="episode")
