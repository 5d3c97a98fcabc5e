"""The public interface: every variant at full size, and what it refuses."""

import subprocess
import sys

import pytest
import torch

import dcct
from dcct.config.load import load_profile, load_variant, names_of
from dcct.models import full_size

PAPER = full_size.PROFILE
CNN = {"layers": [1] * 4, "channels": [8] * 4, "stem_type": "deep", "stem_width": 8}
VIT = {"patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2}
FEATURES = {"cnn": 2048, "vit": 768, "base": 2816, "spatial": 2816, "temporal": 1024}


@pytest.mark.parametrize("name", names_of("variants", PAPER))
def test_every_variant_at_full_size(name):
    """Each YAML builds at the paper's size and computes the features that its parts imply."""
    variant = load_variant(name, PAPER)
    with torch.device("meta"):
        output = dcct.build_model(name, 625)(torch.empty(2, 8, 3, 256, 128))
    expected = {branch: FEATURES[branch] for branch in variant.branches}
    expected["base"] = sum(expected.values())
    if variant.cca:
        expected["spatial"] = FEATURES["spatial"]
        if variant.hta:
            expected["temporal"] = int(FEATURES["temporal"] * variant.hta.width_factor)
        expected["all"] = sum(
            expected[part] for part in ("base", "spatial", "temporal") if part in expected
        )
    assert {feature: value.shape[1] for feature, value in output.features.items()} == expected


def test_full_size_is_what_the_paper_profile_says():
    """The sizes in code and in config/paper.yaml are the same."""
    profile = load_profile(PAPER)
    assert (profile.network, profile.clips, profile.weights) == (
        full_size.NETWORK,
        full_size.CLIPS,
        full_size.HUB,
    )


def test_mapping_and_overrides():
    """A mapping is a variant too; sizes and parts can be overridden."""
    with torch.device("meta"):
        model = dcct.build_model(
            {"branches": ["cnn", "vit"], "cca": ["self"]}, 5, clip_length=4, cca=["cross"]
        )
        output = model(torch.empty(2, 4, 3, 256, 128))
    assert list(output.features) == ["cnn", "vit", "base", "spatial", "all"]
    assert model.cca_cnn.self_attention is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"variant": "resnet"}, "unknown variant 'resnet'; known: cca"),
        ({"variant": "dcct", "depth": 3}, "unknown override depth; allowed: backbone_of"),
        ({"variant": "dcct", "cca": ["both"]}, "variant: cca.0: Input should be 'self' or 'cross'"),
        (
            {"variant": "dcct", "vit": {"name": "vit_base_patch32_224"}},
            "16×8 positions for 256×128 images, the ViT 8×4: set network.vit.args.patch_size: 16",
        ),
        (
            {"variant": "cnn", "pretrained": "/nowhere"},
            "/nowhere/resnet50-19c8e357.pth: no such file",
        ),
    ],
)
def test_impossible_models_are_refused(arguments, complaint):
    """One line says what is wrong and what is allowed."""
    with torch.device("meta"), pytest.raises(dcct.DcctError) as caught:
        dcct.build_model(num_identities=5, **arguments)
    assert complaint in str(caught.value)


def test_objective_names_every_term():
    """The full method has twelve terms beside the sum; λ scales only distillation."""
    model = dcct.build_model(
        "dcct-fd-ld",
        5,
        clip_length=2,
        height=48,
        width=24,
        hta_width=16,
        cnn={"name": "resnet18", "max_pool": False, "args": CNN},
        vit={"name": "vit_base_patch16_224", "args": VIT},
    )
    output, pids = model(torch.randn(4, 2, 3, 48, 24)), torch.tensor([0, 0, 3, 3])
    terms = dcct.Objective("mean")(output, pids)
    pairs = [f"frame_{{}}_{branch}" for branch in ("cnn", "vit")]
    pairs += [f"clip_{{}}_{head}" for head in ("spatial_cnn", "spatial_vit", "temporal")]
    expected = {pair.format(kind) for pair in pairs for kind in ("ce", "triplet")}
    assert terms.keys() == {"loss", "distill_feature", "distill_logit"} | expected
    without = dcct.Objective("mean", distill_weight=0)(output, pids)
    distillation = terms["distill_feature"] + terms["distill_logit"]
    torch.testing.assert_close(terms["loss"] - without["loss"], distillation)


def test_import_needs_no_torch():
    """Names are resolved when they are used."""
    code = (
        "import sys, dcct; assert 'torch' not in sys.modules; dcct.Objective; assert 'torch' in"
        " sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'modell'"):
        getattr(dcct, "modell")  # noqa: B009
