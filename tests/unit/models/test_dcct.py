"""The assembled network: every variant, one Output record, at small and at full size."""

from pathlib import Path

import pytest
import torch

from dcct.config.load import load_profile, load_variant, names_of
from dcct.errors import ConfigError
from dcct.models.dcct import DCCT

VARIANTS = names_of("variants", Path(__file__).parents[3] / "config/config.yaml")


def build(name, profile, identities=5):
    return DCCT(
        load_variant(name, "config/config.yaml"), profile.network, profile.clips, identities
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_computes_what_it_names_and_nothing_else(name, profile, root, monkeypatch):
    """Features, heads and hints follow from the variant's YAML; `all` concatenates base, spatial
    and temporal."""
    monkeypatch.chdir(root)
    variant = load_variant(name, "config/config.yaml")
    output = build(name, profile)(torch.randn(2, 4, 3, profile.clips.height, profile.clips.width))
    widths = {feature: value.shape[1] for feature, value in output.features.items()}
    expected = dict.fromkeys(variant.branches, 64)
    expected["base"] = sum(expected.values())
    if variant.cca:
        expected["spatial"] = 128
        if variant.hta:
            expected["temporal"] = round(128 * variant.hta.width_factor)
        expected["all"] = sum(
            expected[part] for part in ("base", "spatial", "temporal") if part in expected
        )
    assert widths == expected
    assert list(output.hints) == (["cnn", "vit"] if variant.distill.feature else [])
    assert output.distill_logits == variant.distill.logit
    assert output.frame[variant.branches[0]].logits.shape == (2, 4, 5)


def test_full_size_has_the_official_shapes(root, monkeypatch):
    """At 256×128 both branches have 128 positions, and the parameter count is the official one less
    what it never uses: the ViT's 1000-way classifier, and each temporal block's class token and
    output projection.
    """
    monkeypatch.chdir(root)
    profile = load_profile("config/paper.yaml")
    with torch.device("meta"):
        model = build("dcct-fd-ld", profile, identities=625)
        assert model.cnn(torch.empty(1, 3, 256, 128)).shape == (1, 128, 2048)
        assert model.vit(torch.empty(1, 3, 256, 128))[1].shape == (1, 128, 768)
    unused = (
        1000 * 768 + 1000 + 2 * sum(width + width * width + width for width in (512, 512, 1024))
    )
    assert sum(p.numel() for p in model.parameters()) == 169_251_737 - unused


def test_branches_whose_grids_differ_are_refused(profile, root, monkeypatch):
    """A patch size that gives the ViT another grid than the CNN is a config error."""
    monkeypatch.chdir(root)
    vit = profile.network.vit.model_copy(
        update={"args": {**profile.network.vit.args, "patch_size": 12}}
    )
    network = profile.network.model_copy(update={"vit": vit})
    with pytest.raises(ConfigError, match=r"the CNN has 6×3 positions .*the ViT 4×2: set .*: 8$"):
        DCCT(load_variant("coupled", "config/config.yaml"), network, profile.clips, 5)
