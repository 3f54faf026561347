"""Pretrained encoders, proved on tiny random weights that are saved and read again offline."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from one_batch import FIT, batch_of, error_after, onnx_error, policy_of
from safetensors.torch import save_file

from agents import checkpoint
from agents.acting import Actor
from agents.backbones.resnet import Stages
from agents.backbones.vit import Transformer
from agents.clip_words import ClipWords
from agents.language import tokenizer_for
from agents.parts import PRETRAINED, EncoderSpec, LanguageSpec
from agents.pretrained import MODELS, adopt, described
from agents.spec import PolicySpec
from agents.weights import transformers_of
from transfer.bundle.export import contract_of, export_policy

VISION = PolicySpec(image_size=16, keypoints=4, hidden=32, proprioception=11)
STATE = PolicySpec(observes="state", cameras=(), state=9, hidden=32, proprioception=11)
TINY = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
VOCABULARY = [
    "<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz", *(f"{c}</w>" for c in "adehknt!"),
    "re", "red</w>",
]  # fmt: skip


def save(kind, folder):
    """Save tiny random weights as the world publishes them."""
    folder.mkdir()
    torch.manual_seed(1)
    if kind == "r3m":
        net = Stages(8, (8, 16, 16, 16), (1, 1, 1, 1), bottleneck=False, batch_norm=True)
        names = {f"module.convnet.{name}": value for name, value in net.state_dict().items()}
        save_file(names | {"module.lang_rew.weight": torch.zeros(2)}, folder / "r3m.safetensors")
    elif kind == "vc1":
        net = Transformer(64, 1, 1, 8, 4)
        save_file(net.state_dict() | {"decoder_pos_embed": torch.zeros(1)}, folder / "model.safetensors")
    else:
        library = transformers_of(kind)
        config, model, _ = MODELS[kind]
        net = getattr(library, model)(getattr(library, config)(**TINY))
        net.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    return net.eval()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    return {kind: (save(kind, root / kind), root / kind) for kind in PRETRAINED}


def looking(kind, folder, **changes):
    size = 64 if kind == "r3m" else 0
    return described(replace(VISION, encoder=EncoderSpec(kind, weights=str(folder), size=size, **changes)))


def adopted(spec):
    policy = policy_of(spec)
    adopt(policy)
    return policy


def backbone(policy):
    return policy.encoders[0].backbone


@pytest.mark.parametrize("kind", PRETRAINED)
def test_what_was_saved_is_what_sees(kind, published):
    net, folder = published[kind]
    seen = backbone(adopted(looking(kind, folder)).eval())
    pixels = torch.rand(2, 3, 32, 32)
    prepared = seen.prepared(pixels)
    with torch.no_grad():
        if kind == "mae":
            net.config.mask_ratio = 0.0
            tokens = net(prepared, noise=torch.arange(16.0).expand(2, -1)).last_hidden_state[:, 1:]
        elif kind in ("r3m", "vc1"):
            tokens = net(prepared)
            tokens = tokens.flatten(2).transpose(1, 2) if kind == "r3m" else tokens[:, 1:]
        else:
            tokens = net(prepared).last_hidden_state[:, 0 if kind == "siglip" else 1 :]
        maps = seen(pixels)
    assert maps.shape[1:] == (seen.channels, seen.side, seen.side)
    torch.testing.assert_close(maps.flatten(2).transpose(1, 2), tokens, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", PRETRAINED)
def test_every_pretrained_encoder_exports(kind, published):
    assert onnx_error(adopted(looking(kind, published[kind][1]))) <= 1e-5


@pytest.mark.parametrize("tune", [False, True])
@pytest.mark.parametrize("kind", PRETRAINED)
def test_a_pretrained_encoder_learns_only_where_it_may(kind, tune, published):
    spec = looking(kind, published[kind][1], tune=tune)
    policy = adopted(spec)
    before = {name: value.clone() for name, value in backbone(policy).state_dict().items()}
    batch = batch_of(spec) | {name: torch.zeros(8, size) for name, size in (("proprioception", 11), ("goal", 3))}
    start = (policy(batch)[0] - batch["labels"]).abs().mean().item()
    assert error_after(policy, batch, replace(FIT, steps=40)) < (0.8 if tune else 0.95) * start
    same = [torch.equal(value, before[name]) for name, value in backbone(policy).state_dict().items()]
    assert all(same) == (not tune)


def test_a_checkpoint_needs_the_folder_no_more_and_names_its_licence(published, tmp_path):
    policy = adopted(looking("dinov2", published["dinov2"][1]))
    checkpoint.save(tmp_path / "c", policy, step=1, record={})
    written = json.loads((tmp_path / "c" / "checkpoint.json").read_text())["policy"]
    assert written["encoder"]["licence"] == "apache-2.0"
    written["encoder"]["weights"] = "/nowhere"
    about = json.loads((tmp_path / "c" / "checkpoint.json").read_text()) | {"policy": written}
    (tmp_path / "c" / "checkpoint.json").write_text(json.dumps(about))
    back = checkpoint.load(tmp_path / "c").policy
    assert all(torch.equal(value, policy.state_dict()[name]) for name, value in back.state_dict().items())


@pytest.mark.parametrize("kind", ["dinov2", "clip", "siglip", "mae", "vc1"])
def test_position_embeddings_are_stretched_to_another_size(kind, published):
    spec = described(replace(VISION, encoder=EncoderSpec(kind, weights=str(published[kind][1]), size=16)))
    policy = adopted(spec)
    assert backbone(policy).side == 2
    assert onnx_error(policy) <= 1e-5


def test_a_whole_clip_gives_its_vision_tower(tmp_path):
    library = transformers_of("clip")
    text = TINY | {"vocab_size": 40, "max_position_embeddings": 12, "eos_token_id": 1, "bos_token_id": 0}
    text = {name: value for name, value in text.items() if name not in ("image_size", "patch_size")}
    config = library.CLIPConfig(vision_config=TINY, text_config=text, projection_dim=8)
    library.CLIPModel(config).save_pretrained(tmp_path / "clip")
    (tmp_path / "clip" / "LICENSE").write_text("\nMIT License\n...")
    spec = described(replace(VISION, encoder=EncoderSpec("clip", weights=str(tmp_path / "clip"))))
    assert spec.encoder.licence == "MIT License"
    assert onnx_error(adopted(spec)) <= 1e-5


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text") / "clip"
    library = transformers_of("clip")
    torch.manual_seed(2)
    config = library.CLIPTextConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, vocab_size=len(VOCABULARY),
        max_position_embeddings=12, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    library.CLIPTextModel(config).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(VOCABULARY)}))
    (folder / "merges.txt").write_text("#version: 0.2\nr e\nre d</w>\n")
    (folder / "README.md").write_text("license: mit\n")
    return folder


@pytest.mark.parametrize("fusion", ["film", "attention"])
def test_a_clip_text_tower_reads_instructions_and_stays_as_it_is(fusion, tower):
    spec = described(replace(STATE, language=LanguageSpec(fusion, tower="clip", weights=str(tower))))
    policy = adopted(spec)
    assert onnx_error(policy) <= 1e-5
    before = policy.reader.tower.state_dict()["embeddings.token_embedding.weight"].clone()
    batch = batch_of(spec)
    error_after(policy, batch, replace(FIT, steps=20))
    assert torch.equal(before, policy.reader.tower.state_dict()["embeddings.token_embedding.weight"])
    first, other = batch["instruction"][:1], batch["instruction"][1:2]
    same = {name: value[:1] for name, value in batch.items()}
    assert not torch.allclose(policy(same | {"instruction": first})[0], policy(same | {"instruction": other})[0])


def test_a_clip_text_tower_goes_into_a_bundle_with_its_tokenizer(tower, tmp_path):
    told = LanguageSpec("film", tower="clip", weights=str(tower))
    policy = adopted(described(PolicySpec(image_size=16, channels=(4, 4), keypoints=4, hidden=16, language=told)))
    bundle = export_policy(policy, tmp_path / "bundle", contract_of(policy, "panda", "push"), train={})
    assert bundle.replay() <= 1e-5 and bundle.contract.instruction.tokenizer == "clip"
    texts, read = ["the red hat"], tokenizer_for(policy.spec.language)
    assert (Actor(bundle.policy, 1).tokenizer.encode(texts) == read.encode(texts)).all()


def test_clip_words_merge_the_earliest_pair_first_and_end_in_ends(tower):
    words = ClipWords({word: i for i, word in enumerate(VOCABULARY)}, ["r e", "re d</w>"], 8)
    (tokens,) = words.encode(["Red hat!"])
    named = [VOCABULARY[token] for token in tokens]
    assert named == ["<|startoftext|>", "red</w>", "h", "a", "t</w>", "!</w>", "<|endoftext|>", "<|endoftext|>"]


def test_our_clip_words_are_those_of_transformers(tower):
    library = transformers_of("clip")
    vocabulary = json.loads((tower / "vocab.json").read_text())
    theirs = library.CLIPTokenizer(vocab=vocabulary, merges=[("r", "e"), ("re", "d</w>")])
    ours = ClipWords(vocabulary, ["r e", "re d</w>"], 32)
    for text in ("red hat", "the  RED thread!", "a red ant had the red tea"):
        ids = theirs(text)["input_ids"]
        (found,) = ours.encode([text])
        assert found[: len(ids)].tolist() == ids


def wrong_folder(tmp_path, kind="dinov2", licence=True, **files):
    folder = tmp_path / "w"
    folder.mkdir()
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_text(data)
    if licence:
        (folder / "README.md").write_text("license: mit\n")
    return replace(VISION, encoder=EncoderSpec(kind, weights=str(folder)))


def test_a_missing_folder_says_that_nothing_is_downloaded():
    with pytest.raises(FileNotFoundError, match=r"network\.encoder\.weights=/nowhere.*Nothing is downloaded"):
        described(replace(VISION, encoder=EncoderSpec("dinov2", weights="/nowhere")))


def test_weights_of_another_family_are_named(published, tmp_path):
    with pytest.raises(ValueError, match="holds a `siglip_vision_model`.*network.encoder.kind=dinov2 reads dinov2"):
        described(replace(VISION, encoder=EncoderSpec("dinov2", weights=str(published["siglip"][1]))))
    with pytest.raises(ValueError, match="not of r3m: `conv1.weight` is missing"):
        described(replace(VISION, encoder=EncoderSpec("r3m", weights=str(published["vc1"][1]))))


PICKLES = [("r3m", "model.pt"), ("vc1", "vc1_vitb.pth"), ("dinov2", "pytorch_model.bin")]


@pytest.mark.parametrize(("kind", "file"), PICKLES)
def test_pickled_weights_are_not_opened_but_converted(tmp_path, kind, file):
    config = json.dumps({"model_type": "dinov2"})
    spec = wrong_folder(tmp_path, kind, **{file.replace(".", "__"): "x", "config__json": config})
    with pytest.raises(ValueError, match=f"{file} is pickled.*weights_only=True.*save_file"):
        described(spec)


def test_an_unknown_licence_has_to_be_named(published, tmp_path):
    spec = wrong_folder(tmp_path, licence=False)
    with pytest.raises(ValueError, match=r"under which licence.*network\.encoder\.licence=NAME"):
        described(spec)


def test_an_empty_folder_and_a_broken_file_say_so(tmp_path):
    spec = wrong_folder(tmp_path, "vc1")
    with pytest.raises(ValueError, match="holds no weights"):
        described(spec)
    (tmp_path / "w" / "model.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="not a safetensors file"):
        described(spec)


def test_weights_that_are_cut_short_are_refused(published, tmp_path):
    from safetensors.torch import load_file

    _, folder = published["dinov2"]
    spec = wrong_folder(tmp_path, config__json=(folder / "config.json").read_text())
    kept = dict(list(load_file(folder / "model.safetensors").items())[:5])
    save_file(kept, tmp_path / "w" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="lacks weights of Dinov2Model"):
        adopted(described(spec))


def test_a_size_that_patches_do_not_fill_is_refused(published):
    spec = replace(VISION, encoder=EncoderSpec("dinov2", weights=str(published["dinov2"][1]), size=20))
    with pytest.raises(ValueError, match="size=20 is not a multiple of the 8 px"):
        described(spec)


def test_a_spec_that_was_not_described_says_so():
    with pytest.raises(ValueError, match="described"):
        policy_of(replace(VISION, encoder=EncoderSpec("dinov2", weights="/x")))


def test_colours_are_scaled_as_the_folder_says(published):
    _, folder = published["dinov2"]
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.1] * 3, "image_std": [0.2] * 3}))
    try:
        seen = backbone(policy_of(looking("dinov2", folder)))
        assert np.allclose(seen.prepared(torch.full((1, 3, 32, 32), 0.3)).numpy(), 1.0, atol=1e-6)
    finally:
        (folder / "preprocessor_config.json").unlink()
