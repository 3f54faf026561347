"""`bench localiser`: does what a network learns from our images alone hold in another renderer's?

A small network finds the cube in 64 px images. It is trained on randomized images only, each drawn once, and tested
on held-out ones (unseen pictures, other poses) and on MuJoCo's; its twin is trained without randomization. All
errors are medians [cm].
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.policies import check_card, reality_spec
from experiments.run import Run
from experiments.schema import Config
from randomizers.default import SIGHT

if TYPE_CHECKING:
    from torch import nn

    from envs.stills import Stills

BATCH = 128
KEPT = 16_384
"""Images kept to be learnt from again: 200 MB of 64 px images."""
RATE = 1e-3
CHANNELS, KEYPOINTS, HIDDEN = (16, 32, 32), 32, 128
REAL_WORLDS = 8
SHOWN = 16
"""Images of each set in the contact sheet."""
Images = tuple[np.ndarray, np.ndarray]
"""Pictures (n, size, size, 3) uint8 and where their cubes are (n, 2) [m]."""


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    from envs.stills import scene_of

    scene = scene_of(config.task)
    if not config.images.cameras or config.images.cameras[0] not in scene.cameras:
        known = ", ".join(scene.cameras)
        raise ValueError(f"images.cameras={config.images.cameras}; the localiser looks through the first, of {known}")
    check_card(config)


def measure(run: Run, config: Config) -> dict[str, Any]:
    """Train with and without randomization, test both on all sets."""
    bench, sets = config.bench, test_sets(run, config)
    result: dict[str, Any] = {"card": config.cards, "images": bench.images, "tests": bench.tests}
    for name, count, strength in (("randomized", bench.images, 1.0), ("plain", bench.plain_images, 0.0)):
        stills = drawn_by_us(config, strength)
        network = train(stills, count, bench.passes, config.seed, run.stage(f"learn, {name}"))
        stills.close()
        result[name] = {which: errors_cm(network, images) for which, images in sets.items()}
    found = {"heldout_cm": result["randomized"]["heldout"]["median_cm"]}
    if "mujoco" in sets:
        found["mujoco_cm"] = result["randomized"]["mujoco"]["median_cm"]
        found["mujoco_without_randomization_cm"] = result["plain"]["mujoco"]["median_cm"]
    print(table(result, found))
    return {**result, "localiser": found, "picture": str(run.folder / "localiser.png")}


def drawn_by_us(config: Config, strength: float, split: str = "train") -> "Stills":
    """Make a batch of still worlds behind our renderer; the held-out ones show unseen pictures."""
    from envs.rendering.raster import RasterRenderer
    from envs.rendering.textures import bank
    from envs.spec import POOLS
    from envs.stills import Stills, scene_of

    camera, size = config.images.cameras[0], config.images.size
    renderer = RasterRenderer(scene_of(config.task), size, (camera,), textures=bank(POOLS[split]))
    about: dict[str, Any] = {"camera": camera, "image_size": size, "split": split, "strength": strength}
    return Stills(config.task, renderer, BATCH, randomization=SIGHT, **about)


def test_sets(run: Run, config: Config) -> dict[str, Images]:
    """Draw all images that are tested on, and a contact sheet of them.

    Returns:
        "heldout" and "nominal" are ours; "mujoco" is the twin as the reality card has it, "mujoco_nominal" without
        the card. Without MuJoCo's renderer there are only ours.
    """
    from envs.stills import photograph

    tests, sets = config.bench.tests, {}
    for name, strength in (("heldout", 1.0), ("nominal", 0.0)):
        stills = drawn_by_us(config, strength, "heldout")
        sets[name] = gather(stills.take, BATCH, tests, config.seed)
        stills.close()
    worlds = reality_spec(config, images=(config.images.cameras[0],), split="heldout").build(REAL_WORLDS)
    if worlds.renderer is not None and worlds.renderer.name.startswith("mujoco"):
        for name, strength in (("mujoco", 1.0), ("mujoco_nominal", 0.0)):

            def shoot(seed: int, first: int, strength: float = strength) -> Images:
                return photograph(worlds, seed, first, strength)

            sets[name] = gather(shoot, REAL_WORLDS, tests, config.seed)
            run.progress("draw the twin's images", len(sets) - 2, 2)
    worlds.close()
    save(run.folder / "localiser.png", [pictures for pictures, _ in sets.values()])
    return sets


def gather(take: Any, step: int, count: int, seed: int) -> Images:
    """Take images in batches of `step`, `count` in all."""
    batches = [take(seed, first) for first in range(0, count, step)]
    pictures, cubes = (np.concatenate(each)[:count] for each in zip(*batches))
    return pictures, cubes


def painted(stills: "Stills", batches: int, seed: int) -> Iterator[Images]:
    """Draw batch after batch, one ahead in a thread: drawing holds no lock while the network learns."""
    with ThreadPoolExecutor(1) as painter:
        coming = painter.submit(stills.take, seed, 0)
        for batch in range(1, batches + 1):
            ready = coming.result()
            if batch < batches:
                coming = painter.submit(stills.take, seed, batch * BATCH)
            yield ready


def train(stills: "Stills", images: int, passes: int, seed: int, progress: Any) -> "nn.Module":
    """Learn where cubes are from images that are drawn as it goes.

    Args:
        stills: Draw them.
        images: How many.
        passes: Steps for each batch that is drawn, each on images picked among the latest KEPT.
        seed: Of images, weights and picks.
        progress: Called with ("images", done, of).
    """
    import torch
    from torch.nn.functional import smooth_l1_loss

    from agents.clone import FitSettings

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng, batches = np.random.default_rng([seed, images]), -(-images // BATCH)
    settings = FitSettings(steps=batches * passes, batch=BATCH, learning_rate=RATE)
    network = localiser(stills.sight.image_size)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    size = min(KEPT, batches * BATCH)
    pool = np.empty((size, *stills.sight.image_size * np.ones(2, int), 3), np.uint8), np.empty((size, 2), np.float32)
    for batch, fresh in enumerate(painted(stills, batches, seed)):
        at = (batch * BATCH + np.arange(BATCH)) % size
        for kept, new in zip(pool, fresh):
            kept[at] = new
        for turn in range(passes):
            rows = rng.integers(0, min((batch + 1) * BATCH, size), BATCH) if turn else at
            for group in optimizer.param_groups:
                group["lr"] = settings.rate(batch * passes + turn)
            pictures, cubes = (torch.from_numpy(kept[rows]) for kept in pool)
            loss = smooth_l1_loss(network(pictures), normalised(cubes), beta=0.1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        progress("images", min((batch + 1) * BATCH, images), images)
    return network.eval()


def localiser(size: int) -> "nn.Module":
    """Build the network: the policies' own encoder and two layers."""
    from torch import nn

    from agents.encoders import KeypointEncoder

    encoder = KeypointEncoder(CHANNELS, KEYPOINTS, size)
    return nn.Sequential(encoder, nn.Linear(encoder.size, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2))


def normalised(cubes: Any) -> Any:
    """Bring places (n, 2) [m] to about [-1, 1]."""
    middle, half = scale()
    return (cubes - cubes.new_tensor(middle)) / cubes.new_tensor(half)


def scale() -> tuple[list[float], list[float]]:
    """Give the middle and the half width of where cubes lie [m]."""
    from envs.stills import CUBE_HIGH_M, CUBE_LOW_M

    ends = list(zip(CUBE_LOW_M, CUBE_HIGH_M))
    return [0.5 * (low + high) for low, high in ends], [0.5 * (high - low) for low, high in ends]


def errors_cm(network: "nn.Module", images: Images) -> dict[str, float]:
    """Give the error of a network on some images [cm]."""
    import torch

    pictures, cubes = images
    middle, half = scale()
    with torch.no_grad():
        told = torch.cat([network(torch.from_numpy(some)) for some in np.array_split(pictures, -(-len(cubes) // 256))])
    error = 100.0 * np.linalg.norm(told.numpy() * half + middle - cubes, axis=1)
    return {"median_cm": float(np.median(error)), "mean_cm": float(error.mean()), "n": len(error)}


def save(path: Path, sets: list[np.ndarray]) -> None:
    """Write a contact sheet, one row for every set."""
    import cv2

    from envs.rendering.overlay import tile

    shown = min(SHOWN, *(len(pictures) for pictures in sets))
    sheet = tile(np.concatenate([pictures[:shown] for pictures in sets]), shown)
    cv2.imwrite(str(path), np.ascontiguousarray(sheet[..., ::-1]))


def table(result: dict[str, Any], found: dict[str, float]) -> str:
    """Lay the result out for people."""
    sets = list(result["randomized"])
    lines = ["  median error [cm]" + "".join(f"{name:>16}" for name in sets)]
    for trained in ("randomized", "plain"):
        row = "".join(f"{result[trained][name]['median_cm']:>16.2f}" for name in sets)
        lines.append(f"  {trained:<17}{row}")
    if "mujoco_cm" in found:
        gap, lost = found["mujoco_cm"] / found["heldout_cm"], found["mujoco_without_randomization_cm"]
        lines.append(f"  MuJoCo / held-out {gap:.2f}; without randomization {lost / found['mujoco_cm']:.1f} x worse")
    return "\n".join(lines)
