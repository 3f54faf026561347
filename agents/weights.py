"""Look into a folder of weights: what network, under which licence, in which files. Reads JSON and safetensors only."""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from agents.storage import read_json

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
CONVERT = (
    "it may run code when it is opened, so it is not. On a machine where you trust it: python -c \"import torch; "
    "from safetensors.torch import save_file; w = torch.load('{name}', map_location='cpu', weights_only=True); "
    "w = w.get('model', w.get('r3m', w)); save_file({{k: v.contiguous() for k, v in w.items()}}, "
    "'model.safetensors')\""
)
PREFIXES = ("module.", "convnet.", "model.", "encoder.")
LICENCE_FILES = ("LICENSE", "LICENCE", "LICENSE.txt", "LICENSE.md", "LICENCE.txt")


def needed_folder(place: str, key: str) -> Path:
    """Give a folder that is there."""
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{key}={place}: there is no such folder. Nothing is downloaded here; fetch the weights yourself "
            "(config.json and model.safetensors), read their licence, and name the folder."
        )
    return folder


def licence_of(folder: Path, key: str) -> str:
    """Read under which licence the weights are, from the folder's README or licence file.

    Raises:
        ValueError: Neither says; whoever uses the weights has to.
    """
    readme = folder / "README.md"
    if readme.is_file():
        found = re.search(r"^licen[sc]e:\s*(\S.*)$", readme.read_text(errors="replace"), re.M | re.I)
        if found:
            return found.group(1).strip().strip("\"'")
    for name in LICENCE_FILES:
        if (folder / name).is_file():
            lines = (line.strip() for line in (folder / name).read_text(errors="replace").splitlines())
            return next((line for line in lines if line), name)
    raise ValueError(
        f"{folder} does not say under which licence its weights are; look it up where you got them and set "
        f"{key}=NAME (VC-1, for example, is CC-BY-NC-4.0: no commercial use)."
    )


def read_config(folder: Path, kind: str, families: Sequence[str]) -> dict[str, Any]:
    """Read config.json of a model of `transformers`, of its vision part where it has two."""
    config = read_json(folder / "config.json", f"folder of {kind} weights")
    family = config.get("model_type")
    if family not in families:
        raise ValueError(
            f"{folder} holds a `{family}`, but network.encoder.kind={kind} reads {' or '.join(families)}; "
            "set the kind that fits the folder, or name another folder"
        )
    refuse_pickles(folder)
    config = dict(config.get("vision_config", config))
    for name in ("architectures", "transformers_version", "dtype", "torch_dtype", "_name_or_path"):
        config.pop(name, None)
    return config


def refuse_pickles(folder: Path) -> None:
    """Stop where weights are missing, or lie there only in a form that could run code."""
    if any(folder.glob("*.safetensors")):
        return
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLED)
    if pickled:
        raise ValueError(f"{folder / pickled[0]} is pickled: {CONVERT.format(name=pickled[0])}")
    raise ValueError(f"{folder} holds no weights: model.safetensors is missing; fetch them again")


def tensors_of(folder: Path, kind: str) -> dict[str, Tensor]:
    """Read the one safetensors file of a folder, without the prefixes that wrappers leave in names."""
    refuse_pickles(folder)
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        raise ValueError(f"{folder} holds {[f.name for f in files]}; leave the one file with the weights of {kind}")
    try:
        found = load_file(files[0])
    except SafetensorError as error:
        raise ValueError(f"{files[0]} is not a safetensors file ({error}); fetch it again") from error
    return {stripped(name): value for name, value in found.items()}


def stripped(name: str) -> str:
    """Drop leading "module.convnet." and the like."""
    while name.startswith(PREFIXES):
        name = name.partition(".")[2]
    return name


def own_layout(kind: str, weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Read the architecture of R3M's ResNet or VC-1's ViT off the shapes of its weights."""
    needs = ("conv1.weight", "layer1.0.conv1.weight") if kind == "r3m" else ("patch_embed.proj.weight", "pos_embed")
    for name in needs:
        if name not in weights:
            few = ", ".join(sorted(weights)[:3])
            raise ValueError(
                f"the folder's weights are not of {kind}: `{name}` is missing, there are {few}, ...; "
                "set the kind that fits the folder, or name another folder"
            )
    if kind == "vc1":
        width, _, patch, _ = weights["patch_embed.proj.weight"].shape
        side = round((weights["pos_embed"].shape[1] - 1) ** 0.5)
        return {"width": width, "patch": patch, "blocks": count(weights, "blocks"), "size": side * patch}
    bottleneck = "layer1.0.conv3.weight" in weights
    last = "conv3" if bottleneck else "conv2"
    stages = [stage for stage in range(1, 9) if f"layer{stage}.0.conv1.weight" in weights]
    return {
        "stem": len(weights["conv1.weight"]),
        "widths": [len(weights[f"layer{stage}.0.{last}.weight"]) for stage in stages],
        "blocks": [count(weights, f"layer{stage}") for stage in stages],
        "bottleneck": bottleneck,
    }


def count(weights: Mapping[str, Tensor], name: str) -> int:
    """Count the blocks whose weights are called name.0, name.1, ..."""
    return len({key.split(".")[1] for key in weights if key.startswith(f"{name}.")})


def transformers_of(kind: str) -> Any:
    """Import `transformers`, offline and quiet."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        import transformers
    except ImportError as error:
        raise ImportError(f"encoder {kind} needs transformers: pip install -e '.[pretrained]'") from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers
