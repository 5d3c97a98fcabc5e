"""The headline: same weights, same clips, same numbers as the authors' program."""

import json
from pathlib import Path

import pytest
import torch

from dcct.models.full_size import full_size_network, whole_method
from dcct.official.names import UNUSED, load_official, official_name
from dcct.official.parity import NUMBERS, compare, read_cases

HERE = Path(__file__).parent


@pytest.mark.parametrize("case", read_cases(NUMBERS), ids=lambda case: case["name"])
def test_features_losses_and_gradients_are_the_official_ones(case):
    """Every recorded quantity of both cases agrees: features and losses to 1e-4, gradients to
    1e-3."""
    found = compare(case)
    assert len(found) == {"eval": 12, "train": 35}[case["kind"]]
    assert not [f"{one.quantity} is off by {one.deviation:.1e}" for one in found if not one.holds]


@pytest.fixture(scope="module")
def official():
    """Names and shapes of the official state dict, as tensors without memory."""
    shapes = json.loads((HERE / "official_names.json").read_text())
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def test_names_and_shapes_are_the_official_ones(official):
    """Ours and those that the official program never uses make up its whole state dict, at
    169,251,737 parameters."""
    model = load_official(official)
    ours = {official_name(name): tensor.shape for name, tensor in model.state_dict().items()}
    assert ours == {
        name: tensor.shape for name, tensor in official.items() if not UNUSED.fullmatch(name)
    }
    unused = sum(tensor.numel() for name, tensor in official.items() if UNUSED.fullmatch(name))
    assert sum(parameter.numel() for parameter in model.parameters()) + unused == 169_251_737


@pytest.mark.parametrize(
    ("clip_length", "width", "levels", "hints"),
    [
        (4, 256, 1, False),
        (6, 256, 2, True),
        (8, 512, 1, True),
        (8, 512, 2, False),
        (4, 512, 2, True),
        (6, 512, 1, False),
    ],
)
def test_network_is_inferred_from_shapes(clip_length, width, levels, hints):
    """Identities, d, levels, T and FD's hints follow from the shapes; DataParallel's prefix is
    taken off."""
    variant = whole_method(levels, feature=hints, logit=hints)
    donor = full_size_network(variant, 7, clip_length=clip_length, hta_width=width, empty=True)
    state = {f"module.{official_name(name)}": tensor for name, tensor in donor.state_dict().items()}
    with torch.device("meta"):
        output = load_official(state)(torch.empty(2, clip_length, 3, 256, 128))
    widths = {name: feature.shape[1] for name, feature in output.features.items()}
    assert widths == {
        "cnn": 2048,
        "vit": 768,
        "base": 2816,
        "spatial": 2816,
        "temporal": 2 * width,
        "all": 5632 + 2 * width,
    }
    assert output.clip["temporal"].logits.shape == (2, 7)
    assert list(output.hints) == (["cnn", "vit"] if hints else [])
    assert output.distill_logits == hints
