"""Every encoder, fusion and kind of past learns one batch by heart and exports."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from one_batch import FIT, batch_of, error_after, onnx_error, policy_of

from agents.backbones.base import groups_of
from agents.onnx_export import example
from agents.spec import EncoderSpec, LanguageSpec, PolicySpec
from agents.words import LONGEST, WORDS, HashedWords, text_bytes, texts_of, tokenizer_of, tokens_of

VISION = PolicySpec(image_size=32, channels=(8, 8), keypoints=8, hidden=64, proprioception=11)
STATE = PolicySpec(observes="state", cameras=(), state=9, hidden=64, proprioception=11)
SMALL = {"widths": (16, 32), "width": 32, "attention_heads": 2, "summary": 8}
ENCODERS = ("keypoints", "resnet", "vit", "convnext")
BY_HEART = replace(FIT, steps=120, learning_rate=2e-3)


def seeing(kind, **changes):
    return replace(VISION, encoder=EncoderSpec(kind, **SMALL), **changes)


def images_alone(batch):
    """Leave nothing but the images to tell the rows apart."""
    return batch | {name: torch.zeros_like(batch[name]) for name in ("proprioception", "goal")}


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_encoder_learns_one_batch_by_heart(kind):
    spec = seeing(kind)
    batch = images_alone(batch_of(spec))
    before = (policy_of(spec)(batch)[0] - batch["labels"]).abs().mean().item()
    assert error_after(policy_of(spec), batch, BY_HEART) < 0.35 * before


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_encoder_acts_the_same_in_onnxruntime(kind):
    assert onnx_error(policy_of(seeing(kind))) <= 1e-5


def test_two_cameras_and_their_past_export():
    assert onnx_error(policy_of(seeing("resnet", cameras=("front", "side"), history=2))) <= 1e-5


@pytest.mark.parametrize("side", [64, 128])
@pytest.mark.parametrize("kind", ENCODERS)
def test_encoders_take_the_sizes_that_cameras_give(kind, side):
    spec = replace(VISION, image_size=side, encoder=EncoderSpec(kind))
    actions, _ = policy_of(spec)(example(spec, 1))
    assert actions.shape == (1, 4, 4)


@pytest.mark.parametrize(("kind", "side"), [("vit", 36), ("convnext", 36), ("resnet", 34)])
def test_an_image_that_cannot_be_cut_says_into_what(kind, side):
    with pytest.raises(ValueError, match=f"image_size={side} cannot be cut"):
        policy_of(replace(VISION, image_size=side, encoder=EncoderSpec(kind)))


def test_groups_divide_any_width():
    assert [groups_of(width) for width in (16, 32, 24, 64, 7)] == [1, 2, 1, 4, 1]


def past_batch(spec):
    """Rows that only the past tells apart."""
    batch = batch_of(spec)
    return batch | {name: torch.zeros_like(batch[name]) for name in spec.inputs if name in batch}


def test_a_policy_with_history_acts_on_its_past():
    spec = replace(STATE, history=2)
    assert error_after(policy_of(spec), past_batch(spec)) < 0.03
    assert onnx_error(policy_of(spec)) <= 1e-5


def test_a_policy_with_memory_remembers_what_only_the_first_step_showed():
    """The label of every step in a window is what its first step showed; later steps show nothing."""
    spec = replace(STATE, recurrent=32, sequence=4, chunk=1)
    batch = batch_of(spec)
    for name in spec.inputs:
        batch[name][[1, 2, 3, 5, 6, 7]] = 0.0
    batch["labels"] = batch["labels"][[0, 0, 0, 0, 4, 4, 4, 4]]
    policy = policy_of(spec)
    error_after(policy, batch)
    with torch.no_grad():
        acted = policy.head.act(policy.unroll(policy.perceive(batch).features))
    assert (acted - batch["labels"]).abs().mean() < 0.03


def test_the_memory_is_an_input_and_an_output_of_the_exported_model():
    assert onnx_error(policy_of(replace(STATE, recurrent=32))) <= 1e-5
    assert onnx_error(policy_of(seeing("keypoints", recurrent=16))) <= 1e-5


LANGUAGES = ("film", "attention")
SENTENCES = ("put the red cube away", "put the green cube away", "take the red cube", "take the green one")


def spoken(spec):
    """Rows that only the instruction tells apart."""
    batch = past_batch(spec)
    words = HashedWords(spec.language.buckets).encode(SENTENCES * 2)
    batch["labels"] = batch["labels"][[0, 1, 2, 3, 0, 1, 2, 3]]
    return batch | {"instruction": torch.from_numpy(words)}


@pytest.mark.parametrize("base", [STATE, VISION], ids=["state", "vision"])
@pytest.mark.parametrize("fusion", LANGUAGES)
def test_an_instructed_policy_does_as_it_is_told(fusion, base):
    spec = replace(base, language=LanguageSpec(fusion, buckets=64))
    batch = spoken(spec)
    if base is VISION:
        batch["images.front"] = batch_of(spec)["images.front"][:1].expand(8, -1, -1, -1)
    assert error_after(policy_of(spec), batch, replace(FIT, steps=250)) < 0.06


@pytest.mark.parametrize("fusion", LANGUAGES)
@pytest.mark.parametrize("kind", ENCODERS)
def test_instructed_encoders_export(kind, fusion):
    policy = policy_of(seeing(kind, language=LanguageSpec(fusion, buckets=64), history=1))
    for module in policy.modules():  # what is the identity at first would hide what it does
        for name in ("modulate", "out"):
            if hasattr(module, name):
                torch.nn.init.normal_(getattr(module, name).weight, std=0.1)
    assert onnx_error(policy) <= 1e-5


@pytest.mark.parametrize("fusion", LANGUAGES)
def test_before_it_has_learnt_a_word_an_instruction_changes_nothing(fusion):
    policy = policy_of(replace(VISION, language=LanguageSpec(fusion)))
    seen = example(policy.spec, 3)
    told = seen | {"instruction": seen["instruction"].flip(1)}
    assert torch.equal(policy(seen)[0], policy(told)[0])


def test_no_instruction_at_all_is_no_accident():
    policy = policy_of(replace(STATE, language=LanguageSpec("attention")))
    seen = example(policy.spec, 3)
    assert torch.isfinite(policy(seen | {"instruction": torch.zeros((3, WORDS), dtype=torch.int64)})[0]).all()


def test_texts_survive_their_bytes_and_are_hashed_once():
    texts = ["Push the RED cube!", "", "stack 2 cubes", "Push the RED cube!"]
    letters = text_bytes(texts)
    assert letters.shape == (4, LONGEST) and texts_of(letters) == texts
    words = HashedWords(64)
    assert np.array_equal(tokens_of(letters, words), words.encode(texts))
    assert np.array_equal(words.encode(["push  the red cube"]), words.encode(texts[:1]))
    assert (words.encode([""]) == 0).all() and words.encode(texts).max() < 64
    assert np.array_equal(tokenizer_of(words.to_json()).encode(texts), words.encode(texts))


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), "caf\u00e9"])
def test_an_instruction_that_cannot_be_kept_is_refused(text):
    with pytest.raises(ValueError, match="an instruction is ASCII"):
        text_bytes([text])


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"encoder": {"kind": "resnt"}}, "Did you mean `resnet`"),
        ({"encoder": {"kind": "dinov2"}}, "needs a local folder of weights"),
        ({"encoder": {"kind": "vit", "weights": "x"}}, "learns from scratch"),
        ({"encoder": {"width": 30, "attention_heads": 4}}, "multiple of the heads"),
        ({"language": {"fusion": "flim"}}, "Did you mean `film`"),
        ({"language": {"fusion": "film", "tower": "clip"}}, "needs a local folder"),
        ({"history": -1}, "history must not be negative"),
        ({"history": 1, "recurrent": 8}, "a memory holds the past"),
        ({"extras": {"depth": -1.0}}, "losses.depth"),
        ({"observes": "state", "cameras": [], "state": 9, "encoder": {"kind": "vit"}}, "reads images"),
        ({"observes": "state", "cameras": [], "state": 9, "extras": {"depth": 1.0}}, "are about images"),
        ({"head": {"kin": "flow"}}, "Did you mean `kind`"),
    ],
)
def test_an_impossible_policy_says_why(wrong, text):
    with pytest.raises(ValueError, match=text):
        PolicySpec.from_dict(wrong)
