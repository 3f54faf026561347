"""`look`: what randomization does, before an hour is spent on training: contact sheets and the table of axes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import auditing, look_arm, look_record
from experiments.auditing import asked
from experiments.policies import check_card, reality_spec, sim_spec, why_no_twin
from experiments.run import CONFIG, Run
from experiments.schema import Config

if TYPE_CHECKING:
    from envs.worlds import Worlds

HELP = """Draws a contact sheet of randomized worlds as the cameras see them when an episode begins (goals are marked
for you, policies never see the marks), another of held-out worlds with their unseen pictures, both pools of
pictures side by side, eight episodes of the reality card, and the table of everything that varies.

  python -m experiments look push.yaml strength=0.5 worlds=64 cards=medium

With arm= it checks an arm's profile first (limits, reach, self-collision, gripper, inertias) and draws it from all
sides and at the ends of its joints; without a YAML of a task it does nothing else.

  python -m experiments look arm=my_arm.yaml

With audit=true it proves instead that every axis of the configuration acts: both ends of its range change what its
knob reads back, and what the world does, shows or says; nothing else changes; the nominal world comes back bit for
bit; a hundred resets do not drift. audit=all examines every randomizer there is. Exit status 1 if one fails.

  python -m experiments look push.yaml audit=all --json

With record=FILE it rebuilds one episode from its record, compares it bit for bit and draws it as a film strip:

  python -m experiments look record=runs/...-evaluate-push-.../records-sim_heldout.jsonl#17 --json"""

SIDE_PX = 96
COLUMNS = 8
BATCH = 16
"""Worlds built at once: each takes about 28 MB."""
REAL_WORLDS = 8
POOL_COLUMNS = 8
"""Pictures of each kind and pool that are shown."""
BAND_PX = 8
"""White around the nominal world at the head of a sheet."""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.record is not None:
        look_record.load(config.record)
        return
    if asked(config):
        sim_spec(config).build(1).close()
        return
    if config.inspect:
        look_arm.check(config)
        if config.worlds == 0:
            return
    if config.worlds < 1:
        raise ValueError(f"worlds={config.worlds}; a contact sheet needs at least 1, 64 is usual")
    sim_spec(config, images=eyes(config)).build(1).close()
    if not why_no_twin(config):
        check_card(config)


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Rebuild an episode, audit the axes, or look at the arm where asked and at worlds unless there are to be none."""
    if config.record is not None:
        return look_record.main(run, config.record)
    if asked(config):
        return auditing.main(run, config)
    about = look_arm.main(run, config) if config.inspect else {}
    if config.inspect and config.worlds == 0:
        return about, f"python -m experiments look push.yaml arm={config.arm}"
    result, following = look_at_worlds(run, config)
    return result | about, following


def look_at_worlds(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Draw the sheets and write the table."""
    began = time.perf_counter()
    cameras, total = eyes(config), config.worlds
    simulated = sim_spec(config, images=cameras, image_size=SIDE_PX)
    worlds = simulated.build(min(BATCH, total))
    try:
        axes, table = axes_of(worlds), str(worlds.randomization)
        drawn_by = worlds.renderer.name if worlds.renderer else None
        nominal = next(pictures(worlds, 1, config.seed, strength=0.0))
        seen = draw(run, worlds, "randomized worlds", total, config.seed)
    finally:
        worlds.close()
    (run.folder / "axes.txt").write_text(table + "\n")
    print(table)
    about = [
        f"{config.task}, camera {', '.join(cameras)}, strength {config.strength:g}",
        f"{len(axes)} axes, seed {config.seed}, drawn by {drawn_by}",
    ]
    image = save(run.folder / "look.png", ["nominal world, then randomized ones", *about], nominal, seen)
    heldout = draw_apart(run, simulated.but(split="heldout"), "held-out worlds", total, config.seed)
    other = save(run.folder / "look-heldout.png", ["held-out worlds: unseen pictures", *about], nominal, heldout)
    pools = save_pools(run.folder / "look-pictures.png")
    twin = None if why_no_twin(config) else draw_reality(run, config)
    result = {
        "image": str(image),
        "heldout": str(other),
        "pictures": str(pools),
        "reality": twin,
        "worlds": total,
        "strength": config.strength,
        "renderer": drawn_by,
        "card": config.cards,
        "draw_seconds": round(time.perf_counter() - began, 2),
        "axes": axes,
    }
    forgotten = "".join(f" {key}=null" for key in ("run", "resume") if getattr(config, key))
    return result, f"python -m experiments train {run.folder / CONFIG}{forgotten}"


def draw_reality(run: Run, config: Config) -> str:
    """Draw some episodes of the reality card; give the picture's path."""
    card = reality_spec(config, images=eyes(config), image_size=SIDE_PX)
    real = draw_apart(run, card, "reality", REAL_WORLDS, config.seed)
    words = [f"reality card {config.cards}, {len(real)} episodes"]
    return str(save(run.folder / "look-reality.png", words, None, real))


def status(result: dict[str, Any]) -> int:
    """Give the exit status: an audit that finds an axis that does not act fails."""
    return auditing.status(result) if "audit" in result else 0


def eyes(config: Config) -> tuple[str, ...]:
    """Give the cameras that are looked through."""
    if not config.images.cameras:
        raise ValueError("images.cameras is empty; name at least one camera, such as images.cameras=[front]")
    return tuple(config.images.cameras)


def axes_of(worlds: "Worlds") -> list[dict[str, Any]]:
    """List everything that varies, as plain data."""
    described = worlds.randomization.to_dict()
    return [{"name": name, **about} for name, about in described.items()]


def draw_apart(run: Run, spec: Any, stage: str, total: int, seed: int) -> list[np.ndarray]:
    """Build some worlds, draw their first images and give the worlds back."""
    worlds = spec.build(min(BATCH, total))
    try:
        return draw(run, worlds, stage, total, seed)
    finally:
        worlds.close()


def draw(run: Run, worlds: "Worlds", stage: str, total: int, seed: int) -> list[np.ndarray]:
    """Draw the first images of episodes 0 to `total`, with progress."""
    drawn = []
    for picture in pictures(worlds, total, seed):
        drawn.append(picture)
        run.progress(f"draw {stage}", len(drawn), total)
    return drawn


def pictures(worlds: "Worlds", total: int, seed: int, strength: float | None = None) -> Iterator[np.ndarray]:
    """Yield what the cameras see when an episode begins, goals marked, side by side (size, n * size, 3) uint8."""
    for first in range(0, total, worlds.num):
        rows = np.arange(min(worlds.num, total - first))
        worlds.begin(rows, seed, first + rows, strength)
        images = worlds.observe(np.arange(worlds.num) < len(rows))["images"]
        for row in rows.tolist():
            yield np.hstack([marked(worlds, images[camera][row], row, camera) for camera in worlds.cameras])


def marked(worlds: "Worlds", image: np.ndarray, row: int, camera: str) -> np.ndarray:
    """Draw a ring about the goal of a world into what a camera saw."""
    from envs.rendering.overlay import ring

    look, index = worlds.sight.seen_from(np.array([row])), list(worlds.sight.scene.cameras).index(camera)
    return ring(image, look, row, index, centre=worlds.state.goal[row], radius=worlds.task.radius)


def save_pools(path: Path) -> Path:
    """Write both pools of pictures side by side: a row for each pattern, seen ones left, unseen ones right."""
    from envs.rendering.overlay import tile
    from envs.rendering.scene import PATTERNS
    from envs.rendering.textures import POOLS, bank

    variants, halves = (np.arange(POOL_COLUMNS) + 0.5) / POOL_COLUMNS, []
    for pool in POOLS:
        pictures = bank(pool)
        numbers = [pictures.index(np.full(POOL_COLUMNS, i), variants) for i in range(1, len(PATTERNS))]
        halves.append(tile(pictures.pictures[np.concatenate(numbers)], POOL_COLUMNS))
    gap = np.full((len(halves[0]), 2 * BAND_PX, 3), 255, np.uint8)
    sheet = np.hstack([halves[0], gap, halves[1]])
    words = [f"pictures of training ({POOLS[0]}) on the left, held-out ones ({POOLS[1]}) on the right",
             "patterns: " + ", ".join(PATTERNS[1:])]  # fmt: skip
    return write(path, np.vstack([head(words, None, sheet.shape[1]), sheet]))


def save(path: Path, words: list[str], nominal: np.ndarray | None, seen: list[np.ndarray]) -> Path:
    """Write a contact sheet: a head with the nominal world and a few words, then a tile for every world."""
    from envs.rendering.overlay import tile

    sheet = tile(seen, max(1, COLUMNS * SIDE_PX // seen[0].shape[1]))
    return write(path, np.vstack([head(words, nominal, sheet.shape[1]), sheet]))


def write(path: Path, sheet: np.ndarray) -> Path:
    """Write a picture (height, width, 3) uint8 RGB."""
    import cv2

    if not cv2.imwrite(str(path), sheet[..., ::-1]):
        raise OSError(f"{path} could not be written")
    return path


def head(words: list[str], nominal: np.ndarray | None, width: int) -> np.ndarray:
    """Draw the band above the tiles, (height, width, 3) uint8."""
    import cv2

    line = 22
    height = max(line * len(words), 0 if nominal is None else len(nominal)) + 2 * BAND_PX
    band = np.full((height, width, 3), 255, np.uint8)
    left = BAND_PX
    if nominal is not None:
        band[BAND_PX : BAND_PX + len(nominal), :][:, BAND_PX : BAND_PX + nominal.shape[1]] = nominal
        left += nominal.shape[1] + BAND_PX
    for number, text in enumerate(words):
        place = (left, BAND_PX + 14 + line * number)
        cv2.putText(band, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.48, (40, 40, 40), 1, cv2.LINE_AA)
    return band
