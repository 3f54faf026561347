"""The parts of a policy's spec: head, encoder, language, extra losses. Plain data with its own checks."""

from dataclasses import asdict, dataclass

from randomizers.errors import unknown

DIRECT = ("smooth_l1", "l1", "mse")
HEADS = (*DIRECT, "mixture", "diffusion", "flow", "bins", "dct")
SCRATCH = ("keypoints", "resnet", "vit", "convnext")
PRETRAINED = ("dinov2", "clip", "siglip", "mae", "r3m", "vc1")
FUSIONS = ("", "film", "attention")
TOWERS = ("words", "clip")


@dataclass(frozen=True)
class HeadSpec:
    """How features become a chunk of actions.

    Attributes:
        kind: "smooth_l1", "l1" or "mse" regress; "mixture" of Gaussians; "diffusion" (DDIM) and "flow"
            (matching) turn noise into actions; "bins" and "dct" write actions as tokens.
        components: Gaussians of a mixture.
        steps: Denoising steps of diffusion and flow when they act.
        bins: Values of a token.
        width: Of the network that writes tokens.
    """

    kind: str = "smooth_l1"
    components: int = 5
    steps: int = 10
    bins: int = 256
    width: int = 128

    def __post_init__(self) -> None:
        if self.kind not in HEADS:
            raise ValueError(unknown("head", self.kind, HEADS))
        for name, least in (("components", 1), ("steps", 1), ("bins", 2), ("width", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"head.{name} must be at least {least}, not {getattr(self, name)}")

    @property
    def noisy(self) -> bool:
        """Whether acting starts from noise."""
        return self.kind in ("diffusion", "flow")


@dataclass(frozen=True)
class EncoderSpec:
    """How an image becomes features.

    Attributes:
        kind: "keypoints" is the small CNN; "resnet", "vit" and "convnext" learn from scratch; the others read
            pretrained weights from a local folder.
        widths: Channels of the stages of resnet and convnext.
        blocks: Blocks of every stage, or of the vit.
        width: Numbers of a vit's token.
        attention_heads: Of a vit.
        patch: Side of a vit's patches [px].
        summary: Numbers that say what is seen anywhere, beside the keypoints that say where.
        size: Images are resized to this [px] for pretrained weights; 0 keeps what these were trained on.
        tune: Pretrained weights learn too.
        weights: Folder of the pretrained weights. Needed once: a checkpoint holds them.
        licence: Of these weights; "" reads it from the folder.
        architecture: What the folder said of the network, as JSON.
    """

    kind: str = "keypoints"
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: int = 1
    width: int = 96
    attention_heads: int = 4
    patch: int = 8
    summary: int = 32
    size: int = 0
    tune: bool = False
    weights: str = ""
    licence: str = ""
    architecture: str = ""

    def __post_init__(self) -> None:
        if self.kind not in SCRATCH + PRETRAINED:
            raise ValueError(unknown("encoder", self.kind, SCRATCH + PRETRAINED))
        if self.kind in SCRATCH and self.weights:
            raise ValueError(
                f"encoder.kind={self.kind} learns from scratch, but encoder.weights={self.weights} was given; "
                f"weights are for {', '.join(PRETRAINED)}"
            )
        if self.kind in PRETRAINED and not (self.weights or self.architecture):
            raise ValueError(
                f"encoder.kind={self.kind} needs a local folder of weights: network.encoder.weights=FOLDER. "
                "Nothing is downloaded; fetch the weights yourself and read their licence."
            )
        if self.width % self.attention_heads:
            given = f"encoder.width={self.width} and attention_heads={self.attention_heads}"
            raise ValueError(f"{given}: the width must be a multiple of the heads")
        if min(self.blocks, self.summary, self.patch, *self.widths) < 1:
            raise ValueError("encoder.blocks, summary, patch and widths must be at least 1")

    @property
    def pretrained(self) -> bool:
        """Whether weights come from a folder."""
        return self.kind in PRETRAINED


@dataclass(frozen=True)
class LanguageSpec:
    """How an instruction reaches the policy.

    Attributes:
        fusion: "" reads no instruction; "film" scales and shifts features by it; "attention" lets features look
            at its words.
        tower: "words" learns a small encoder of hashed words; "clip" reads a local CLIP text tower.
        width: Numbers of a word.
        buckets: Words are hashed into so many.
        weights: Folder of the CLIP text tower.
        licence: Of these weights; "" reads it from the folder.
        architecture: What that folder said of tower and tokenizer, as JSON.
    """

    fusion: str = ""
    tower: str = "words"
    width: int = 32
    buckets: int = 2048
    weights: str = ""
    licence: str = ""
    architecture: str = ""

    def __post_init__(self) -> None:
        if self.fusion not in FUSIONS:
            raise ValueError(unknown("language fusion", self.fusion, FUSIONS))
        if self.tower not in TOWERS:
            raise ValueError(unknown("language tower", self.tower, TOWERS))
        if self.fusion and self.tower == "clip" and not (self.weights or self.architecture):
            raise ValueError("language.tower=clip needs a local folder of weights: network.language.weights=FOLDER")
        if self.width < 1 or self.buckets < 2:
            raise ValueError(f"language.width={self.width} and buckets={self.buckets} are too small")


@dataclass(frozen=True)
class ExtrasSpec:
    """Weights of losses beside those on actions and positions; 0 leaves one out. See `agents.extras`.

    Attributes:
        invariance: Two pictures of one state are to give the same features.
        dynamics: Features and action are to foretell the next features.
        grounding: A keypoint is to lie on the object.
        depth: Maps are to tell the distance.
        affordance: Maps are to tell where the hand will touch.
    """

    invariance: float = 0.0
    dynamics: float = 0.0
    grounding: float = 0.0
    depth: float = 0.0
    affordance: float = 0.0

    def __post_init__(self) -> None:
        for name, weight in asdict(self).items():
            if weight < 0.0:
                raise ValueError(f"losses.{name} is a weight of at least 0, not {weight}")

    @property
    def on(self) -> tuple[str, ...]:
        """Names of those that count."""
        return tuple(name for name, weight in asdict(self).items() if weight)
