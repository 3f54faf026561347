"""Pretrained encoders from a local folder of weights; nothing is ever downloaded or unpickled.

    spec = described(PolicySpec(encoder=EncoderSpec("dinov2", weights="/weights/dinov2-small", size=112)))
    policy = Policy(spec)        # of the folder's architecture, at random
    adopt(policy)                # with the folder's weights; checkpoints hold them from then on

DINOv2, CLIP, SigLIP and MAE are read as `transformers` saves them. R3M is a ResNet with torchvision's names and
VC-1 a ViT with timm's, each one safetensors file.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from agents.backbones import Backbone
from agents.backbones.resnet import Stages
from agents.backbones.vit import Transformer, maps_of
from agents.pretrained_text import describe_tower
from agents.spec import EncoderSpec, PolicySpec
from agents.storage import canonical
from agents.weights import licence_of, needed_folder, own_layout, read_config, tensors_of, transformers_of

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
CLIP_SCALE = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}
SCALES = {"clip": CLIP_SCALE, "siglip": HALF}
MODELS = {
    "dinov2": ("Dinov2Config", "Dinov2Model", ("dinov2",)),
    "clip": ("CLIPVisionConfig", "CLIPVisionModel", ("clip_vision_model", "clip")),
    "siglip": ("SiglipVisionConfig", "SiglipVisionModel", ("siglip_vision_model", "siglip")),
    "mae": ("ViTMAEConfig", "ViTMAEModel", ("vit_mae",)),
}
STRIDE = 32  # px of a cell of R3M's maps
USUAL = 224  # px on which R3M was trained
HEAD = 64  # numbers of an attention head in every published ViT


class Pretrained(Backbone):
    """Resize, scale as the weights were trained with, and give patches or cells as maps.

    Args:
        size: Side of the image that the network sees [px].
        scale: "mean" and "std" of the colours.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: int, scale: Mapping[str, list[float]]):
        super().__init__()
        self.image = size
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(scale[name]).view(3, 1, 1), persistent=False)

    def prepared(self, pixels: Tensor) -> Tensor:
        """Bring pixels in [0, 1] to the size and scale of the weights."""
        if pixels.shape[2] != self.image:
            pixels = interpolate(pixels, size=(self.image, self.image), mode="bilinear", align_corners=False)
        return (pixels - self.mean) / self.std


class Hugging(Pretrained):
    """A vision model of `transformers`.

    Args:
        kind: Which.
        about: Its architecture, as `describe` found it.
    """

    def __init__(self, kind: str, about: Mapping[str, Any]):
        config_name, model_name, _ = MODELS[kind]
        library = transformers_of(kind)
        config = getattr(library, config_name)(**about["config"], attn_implementation="eager")
        super().__init__(config.image_size, about["scale"])
        self.kind, self.side = kind, config.image_size // config.patch_size
        self.channels = config.hidden_size
        self.model: Any = getattr(library, model_name)(config)

    def forward(self, pixels: Tensor) -> Tensor:
        seen = self.prepared(pixels)
        tokens = self._unmasked(seen) if self.kind == "mae" else self.model(seen).last_hidden_state
        return maps_of(tokens if self.kind == "siglip" else tokens[:, 1:], self.side)

    def _unmasked(self, pixels: Tensor) -> Tensor:
        """Show the masked autoencoder the whole image; its own forward would shuffle the patches."""
        parts: Any = self.model.embeddings
        patches = parts.patch_embeddings(pixels) + parts.position_embeddings[:, 1:]
        first = (parts.cls_token + parts.position_embeddings[:, :1]).expand(patches.shape[0], -1, -1)
        tokens = torch.cat([first, patches], dim=1)
        for layer in self.model.layers:
            tokens = layer(tokens, None)
        return self.model.layernorm(tokens)


class R3M(Pretrained):
    """ResNet of R3M (arXiv 2203.12601); its maps before they are averaged."""

    def __init__(self, about: Mapping[str, Any]):
        super().__init__(about["size"], about["scale"])
        self.side, self.channels = about["size"] // STRIDE, about["widths"][-1]
        self.model = Stages(about["stem"], about["widths"], about["blocks"], about["bottleneck"], batch_norm=True)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model(self.prepared(pixels))


class VC1(Pretrained):
    """ViT of VC-1 (arXiv 2303.18240)."""

    def __init__(self, about: Mapping[str, Any]):
        super().__init__(about["size"], about["scale"])
        self.side, self.channels = about["size"] // about["patch"], about["width"]
        heads = max(1, about["width"] // HEAD)
        self.model = Transformer(about["width"], about["blocks"], heads, about["patch"], self.side)

    def forward(self, pixels: Tensor) -> Tensor:
        return maps_of(self.model(self.prepared(pixels))[:, 1:], self.side)


def described(spec: PolicySpec) -> PolicySpec:
    """Note the architecture and the licence of the weights that a spec names; a spec without any stays as it is.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: It holds something else, its weights are pickled, or its licence is unknown.
    """
    encoder, language = spec.encoder, spec.language
    if encoder.pretrained and encoder.weights:
        folder = needed_folder(encoder.weights, "network.encoder.weights")
        licence = encoder.licence or licence_of(folder, "network.encoder.licence")
        encoder = replace(encoder, licence=licence, architecture=canonical(describe(encoder, folder)))
    if language.fusion and language.tower == "clip" and language.weights:
        folder = needed_folder(language.weights, "network.language.weights")
        licence = language.licence or licence_of(folder, "network.language.licence")
        language = replace(language, licence=licence, architecture=canonical(describe_tower(folder)))
    return replace(spec, encoder=encoder, language=language)


def describe(spec: EncoderSpec, folder: Path) -> dict:
    """Read the architecture of the network in a folder."""
    if spec.kind in ("r3m", "vc1"):
        about = own_layout(spec.kind, tensors_of(folder, spec.kind))
        size, cell = spec.size or about.pop("size", USUAL), about.get("patch", STRIDE)
        about |= {"size": size, "scale": IMAGENET}
    else:
        about = {"config": read_config(folder, spec.kind, MODELS[spec.kind][2]), "scale": scale_of(spec.kind, folder)}
        cell = about["config"].get("patch_size", 14 if spec.kind == "dinov2" else 16)
        size = spec.size or about["config"].get("image_size", USUAL)
        about["config"]["image_size"] = size
    if size % cell:
        raise ValueError(f"network.encoder.size={size} is not a multiple of the {cell} px of a cell of {spec.kind}")
    return about


def scale_of(kind: str, folder: Path) -> dict[str, list[float]]:
    """Read by which mean and deviation colours are scaled, or take what the family is known for."""
    path = folder / "preprocessor_config.json"
    told = json.loads(path.read_text()) if path.is_file() else {}
    usual = SCALES.get(kind, IMAGENET)
    return {name: [float(v) for v in told.get(f"image_{name}", usual[name])] for name in ("mean", "std")}


def build_pretrained(spec: EncoderSpec) -> Backbone:
    """Build the network of a described spec, at random."""
    if not spec.architecture:
        raise ValueError(
            f"the folder {spec.weights} has not been looked into: build the policy of agents.pretrained.described(spec)"
        )
    about = json.loads(spec.architecture)
    if spec.kind in ("r3m", "vc1"):
        return R3M(about) if spec.kind == "r3m" else VC1(about)
    return Hugging(spec.kind, about)


def adopt(policy: nn.Module) -> None:
    """Give a new policy the weights of the folders that its spec names."""
    spec: Any = policy.spec
    if spec.encoder.pretrained and spec.encoder.weights:
        folder = needed_folder(spec.encoder.weights, "network.encoder.weights")
        weights = published(spec.encoder.kind, folder)
        for encoder in policy.encoders:  # type: ignore[union-attr]
            load(encoder.backbone.model, weights, folder)
    if spec.language.fusion and spec.language.tower == "clip" and spec.language.weights:
        folder = needed_folder(spec.language.weights, "network.language.weights")
        library = transformers_of("clip")
        load(policy.reader.tower, from_folder(library.CLIPTextModel, folder).state_dict(), folder)  # type: ignore


def published(kind: str, folder: Path) -> Mapping[str, Tensor]:
    """Read the weights of a folder by the names that our module has."""
    if kind in ("r3m", "vc1"):
        return tensors_of(folder, kind)
    return from_folder(getattr(transformers_of(kind), MODELS[kind][1]), folder).state_dict()


def from_folder(model: Any, folder: Path) -> nn.Module:
    """Let `transformers` read a folder, offline, from safetensors alone; what is missing is an error."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    found, about = model.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    if about["missing_keys"]:
        few = sorted(about["missing_keys"])[:3]
        raise ValueError(f"{folder} lacks weights of {model.__name__}, such as {few}; fetch the whole model again")
    return found


def load(module: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Copy weights; position embeddings are stretched to the module's grid."""
    wanted = module.state_dict()
    chosen = {}
    for name, value in wanted.items():
        if name not in weights:
            if name.endswith(("num_batches_tracked", "position_ids")):
                chosen[name] = value
                continue
            raise ValueError(f"{folder} lacks `{name}`: its weights are of another architecture")
        found = weights[name]
        stretch = found.shape != value.shape and "pos" in name
        chosen[name] = stretched(found, value.shape) if stretch else found
    try:
        module.load_state_dict(chosen)
    except RuntimeError as error:
        raise ValueError(f"{folder} holds weights of another architecture: {error}") from error


def stretched(embedding: Tensor, shape: torch.Size) -> Tensor:
    """Resize the grid of position embeddings (..., extra + side * side, width); extra tokens stay."""
    rows, width = embedding.reshape(-1, shape[-1]), shape[-1]
    count = shape[-2]
    extra = next(e for e in (1, 0) if round((count - e) ** 0.5) ** 2 == count - e)
    before, after = (round((n - extra) ** 0.5) for n in (len(rows), count))
    grid = rows[extra:].reshape(1, before, before, width).permute(0, 3, 1, 2)
    grid = interpolate(grid.float(), size=(after, after), mode="bicubic", align_corners=False)
    return torch.cat([rows[:extra], grid.permute(0, 2, 3, 1).reshape(-1, width)]).reshape(shape)
