"""What a task puts on the table: boxes, and bodies made of boxes, cylinders and balls; still, loose or on a rail.

    cube = ObjectSpec("cube", (0.02, 0.02, 0.02), mass=0.1, friction=0.7, colour=(0.8, 0.2, 0.1))
    mark = ObjectSpec("mark", (0.04, 0.04, 0.001), 0.0, 0.0, (0.1, 0.6, 0.2), fixed=True, solid=False)
    cube.made(Build(size=1.2, family="cylinder"))       # what stands there in one episode

Both engines and the renderers read these; the first piece is drawn as the part of the object's name.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from randomizers.errors import unknown

KINDS = ("box", "cylinder", "ball")
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Shape:
    """A piece of an object.

    Attributes:
        kind: One of KINDS; a cylinder stands along z.
        half_extents: Half of its size along x, y, z [m]; round pieces are as wide along x as along y.
        centre: Of the piece in the object's frame [m].
        name: Of the piece; the first one needs none.
        colour: RGB in [0, 1]; the object's own where not given.
        spread: How far the piece moves as the object's clearance grows [m/m].
    """

    kind: str
    half_extents: Vector
    centre: Vector = (0.0, 0.0, 0.0)
    name: str = ""
    colour: Vector | None = None
    spread: Vector = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(unknown("shape", self.kind, KINDS))
        if min(self.half_extents) <= 0.0:
            raise ValueError(f"{self.kind} has half_extents {self.half_extents}; they must be positive [m].")
        if self.kind != "box" and len(set(self.half_extents[: 2 if self.kind == "cylinder" else 3])) > 1:
            raise ValueError(f"{self.kind} has half_extents {self.half_extents}; a round piece is equally wide.")

    @property
    def volume(self) -> float:
        """[m^3]."""
        x, y, z = self.half_extents
        return {"box": 8.0, "cylinder": 2.0 * np.pi, "ball": 4.0 * np.pi / 3.0}[self.kind] * x * y * z

    @property
    def inertia(self) -> np.ndarray:
        """Principal moments about its centre for each kg (3,) [m^2]."""
        x, y, z = np.square(self.half_extents)
        if self.kind == "ball":
            return np.full(3, 0.4 * x)
        if self.kind == "cylinder":
            return np.array([x / 4.0 + z / 3.0, x / 4.0 + z / 3.0, x / 2.0])
        return np.array([y + z, x + z, x + y]) / 3.0

    def made(self, size: float, wider: float) -> "Shape":
        """Scale the piece, and move it for a clearance that is `wider` than nominal [m]."""
        x, y, z = (size * value for value in self.half_extents)
        at, beside, above = (size * value + wider * share for value, share in zip(self.centre, self.spread))
        return replace(self, half_extents=(x, y, z), centre=(at, beside, above))


@dataclass(frozen=True)
class Rail:
    """What a drawer slides on: from where the layout puts it, along one of its own axes.

    Attributes:
        axis: Direction in which it opens, a unit vector in the object's frame.
        travel: How far it opens [m].
        damping: Viscous friction [N s/m].
        friction: Dry friction [N].
    """

    axis: Vector
    travel: float
    damping: float
    friction: float


@dataclass(frozen=True)
class Build:
    """How an object is built in one episode.

    Attributes:
        size: Factor on all its lengths.
        family: Kind of its shape; "" is the one of the task.
        wider: What its clearance has more than nominal [m].
    """

    size: float = 1.0
    family: str = ""
    wider: float = 0.0


@dataclass(frozen=True)
class Stock:
    """What stands in a world in one episode: how each object of the task is built, and what else lies about."""

    builds: tuple[Build, ...]
    clutter: tuple["ObjectSpec", ...] = ()


@dataclass(frozen=True)
class ObjectSpec:
    """A body of a task. The frame of one that moves has its origin in the centre of mass.

    Attributes:
        name: Its name in knobs, such as "cube".
        half_extents: Half of its size along x, y, z [m].
        mass: [kg].
        friction: Lateral friction coefficient [1].
        colour: Nominal RGB in [0, 1].
        shapes: What it is made of; a box of its half extents where empty.
        fixed: It stands still where the layout puts it.
        solid: False for what is only seen, such as a mark on the table.
        rail: What it slides on; None is loose.
        families: Kinds of shape it may have instead; its own is the first. Only for an object of one piece.
        clearance: Room that it leaves on each side [m]; 0 where that means nothing.
        sizes: Smallest and largest factor on all its lengths that the task can be done with.
    """

    name: str
    half_extents: Vector
    mass: float
    friction: float
    colour: Vector
    shapes: tuple[Shape, ...] = ()
    fixed: bool = False
    solid: bool = True
    rail: Rail | None = None
    families: tuple[str, ...] = ()
    clearance: float = 0.0
    sizes: tuple[float, float] = (0.6, 1.4)

    def __post_init__(self) -> None:
        if not self.solid and not self.fixed:
            raise ValueError(f"`{self.name}` is not solid, so it would fall through the table; say fixed=True.")
        if self.families and (len(self.pieces) > 1 or self.families[0] != self.pieces[0].kind):
            raise ValueError(f"`{self.name}`: families {self.families} are for one piece, its own kind first.")
        for shape in self.families:
            if shape not in KINDS:
                raise ValueError(unknown("shape", shape, KINDS))
        if self.loose and len(self.pieces) > 1:
            self._check_balance()

    @property
    def loose(self) -> bool:
        """Whether it can be picked up or pushed about."""
        return not self.fixed and self.rail is None

    @property
    def plain(self) -> bool:
        """Whether it is one box about its origin."""
        return len(self.pieces) == 1 and self.pieces[0].kind == "box" and not any(self.pieces[0].centre)

    @cached_property
    def pieces(self) -> tuple[Shape, ...]:
        """What it is made of."""
        return self.shapes or (Shape("box", self.half_extents),)

    def parts(self) -> tuple[str, ...]:
        """Name the drawn part of each piece: the object's own name, then those of its further pieces."""
        names = [f"{self.name}_{piece.name or number}" for number, piece in enumerate(self.pieces)]
        return (self.name, *names[1:])

    def inertia(self) -> np.ndarray:
        """Principal moments about the origin (3,) [kg m^2] at uniform density (parallel axes)."""
        return np.diag(self._tensor()[1]).copy()

    def made(self, build: Build) -> "ObjectSpec":
        """Give what stands there in an episode; with nothing changed, this very object."""
        if build == Build():
            return self
        shapes = self.pieces
        if build.family and build.family != shapes[0].kind:
            shapes = (other(build.family, shapes[0]),)
        shapes = tuple(shape.made(build.size, build.wider) for shape in shapes)
        x, y, z = (build.size * value for value in self.half_extents)
        return replace(self, half_extents=(x, y, z), shapes=shapes, families=self._kept(build))

    def _kept(self, build: Build) -> tuple[str, ...]:
        """Kinds of shape it may still have: what took another one is that and nothing else."""
        return () if build.family else self.families

    def _tensor(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre of mass (3,) [m] and inertia about the origin (3, 3) [kg m^2]."""
        volume = np.array([piece.volume for piece in self.pieces])
        masses, centres = self.mass * volume / volume.sum(), np.array([piece.centre for piece in self.pieces])
        inertia = np.zeros((3, 3))
        for mass, place, piece in zip(masses, centres, self.pieces):
            inertia += mass * (np.diag(piece.inertia) + place @ place * np.eye(3) - np.outer(place, place))
        return masses @ centres / self.mass, inertia

    def _check_balance(self) -> None:
        """Refuse a body whose frame is not that of its principal axes: engines would disagree about its pose."""
        centre, inertia = self._tensor()
        twisted = np.abs(inertia - np.diag(np.diag(inertia))).max() > 1e-6 * np.abs(inertia).max()
        if np.abs(centre).max() > 1e-9 or twisted:
            raise ValueError(
                f"`{self.name}` has its centre of mass at {np.round(centre, 6).tolist()} m and must have it at the "
                "origin, with principal axes along x, y, z: move its shapes, or add one that balances them."
            )


def other(kind: str, shape: Shape) -> Shape:
    """Give a shape of another kind that is as high, and as wide as its sides are on average."""
    x, y, z = shape.half_extents
    wide = 0.5 * (x + y)
    half = {"box": (x, y, z), "cylinder": (wide, wide, z), "ball": (z, z, z)}[kind]
    return replace(shape, kind=kind, half_extents=half)
