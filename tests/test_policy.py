"""The policy module and its export."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.encoders import KeypointEncoder, SpatialSoftArgmax
from agents.onnx_export import example, to_onnx
from agents.policy import Policy, PolicySpec

STATE = PolicySpec(observes="state", cameras=(), state=9)
VISION = PolicySpec(image_size=16, channels=(4, 8), keypoints=5, hidden=16)
STEREO = replace(VISION, cameras=("front", "side"), auxiliary=0)
SPECS = {"state": STATE, "vision": VISION, "two cameras": STEREO}


@pytest.fixture(params=SPECS.values(), ids=SPECS)
def spec(request):
    return request.param


def test_actions_are_a_chunk_within_the_unit_box(spec):
    actions, _ = Policy(spec)(example(spec, batch=3))
    assert actions.shape == (3, spec.chunk, 4)
    assert actions.abs().max() <= 1.0


def test_a_spec_survives_json(spec):
    assert PolicySpec.from_dict(spec.to_dict()) == spec


def test_only_a_vision_policy_with_targets_predicts_positions():
    predicted = {name: Policy(spec)(example(spec, 2))[1] for name, spec in SPECS.items()}
    assert predicted["state"] is None and predicted["two cameras"] is None
    assert predicted["vision"].shape == (2, 3)


def test_soft_argmax_of_a_single_peak_is_the_peak():
    maps = torch.full((1, 1, 8, 8), -50.0)
    maps[0, 0, 2, 6] = 50.0
    assert SpatialSoftArgmax(8)(maps)[0].tolist() == pytest.approx([(6.5 / 8) * 2 - 1, (2.5 / 8) * 2 - 1])


def test_keypoints_of_flat_maps_are_the_centre():
    assert SpatialSoftArgmax(4)(torch.zeros(1, 2, 4, 4)).abs().max() < 1e-6


def test_brightness_of_zero_and_full_reaches_the_encoder_as_minus_one_and_one():
    encoder = KeypointEncoder((4, 8), 5, 16)
    seen = []
    encoder.convolutions[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    encoder(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 16, 16, 3))
    assert seen[0][0].unique().tolist() == [-1.0] and seen[0][1].unique().tolist() == [1.0]


def test_stop_gradient_keeps_the_action_loss_away_from_the_locator():
    for stop in (False, True):
        policy = Policy(replace(VISION, stop_gradient=stop))
        actions, _ = policy(example(policy.spec, 4))
        actions.sum().backward()
        assert (policy.locate[-1].weight.grad is None) == stop


def test_normalizers_take_scale_from_data_and_survive_a_constant_column():
    policy = Policy(STATE)
    rng = np.random.default_rng(0)
    sizes = {"proprioception": 14, "goal": 3, "state": 9}
    columns = {name: rng.normal(3.0, 2.0, (500, size)).astype(np.float32) for name, size in sizes.items()}
    columns["state"][:, 0] = 7.0
    policy.fit_normalizers(columns)
    scaled = policy.state(torch.from_numpy(columns["state"]))
    assert scaled[:, 1:].std().item() == pytest.approx(1.0, abs=0.05)
    assert scaled[:, 0].abs().max() < 1e-4


def test_the_policy_is_told_where_the_object_is_relative_to_the_hand():
    """Moving hand, goal and object together leaves the relative inputs as they were."""
    policy = Policy(VISION)
    seen = example(VISION, 2)
    place = torch.rand(2, 3)
    before = policy._relatives(seen, place)
    seen["proprioception"][:, 8:11] += 0.1
    after = policy._relatives({**seen, "goal": seen["goal"] + 0.1}, place + 0.1)
    assert torch.allclose(before, after, atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"observes": "image"}, "Did you mean `images`"),
        ({"cameras": ()}, "at least one camera"),
        ({"observes": "state", "cameras": ()}, "`state` > 0"),
        ({"hand": 13}, "hand=13"),
        ({"chunk": 0}, "chunk"),
    ],
)
def test_an_impossible_spec_says_why(wrong, text):
    with pytest.raises(ValueError, match=text):
        PolicySpec(**wrong)


def test_an_unknown_key_of_a_spec_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `hidden`"):
        PolicySpec.from_dict({"hiden": 3})


def test_an_image_size_that_the_encoder_cannot_halve_twice_is_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        Policy(PolicySpec(image_size=30))


def test_export_is_repeatable_and_leaves_the_policy_alone(spec):
    policy = Policy(spec)
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    assert to_onnx(policy) == to_onnx(policy)
    assert all(torch.equal(value, before[name]) for name, value in policy.state_dict().items())
    assert policy.training


def test_export_refuses_a_scale_of_another_size():
    with pytest.raises(ValueError, match="scale has 3 numbers, but an action has 4"):
        to_onnx(Policy(STATE), scale=(1.0, 1.0, 1.0))
