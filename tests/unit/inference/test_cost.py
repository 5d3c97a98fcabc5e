"""The cost table counts what the official program counts, less what it never uses; a budget follows
from it."""

import pytest

from dcct.config.load import load_dataset, load_profile, load_variant
from dcct.inference.budget import job_of
from dcct.inference.cost import cost_of
from dcct.models import full_size


def test_full_network_and_the_official_count(root):
    """The full network uses 162,443,185 parameters; with those never used it is the official 166.37
    M."""
    variant = load_variant("dcct", root / "config/paper.yaml")
    cost = cost_of("dcct", variant, full_size.NETWORK, full_size.CLIPS, full_size.IDENTITIES)
    assert cost.parameters == sum(cost.parts.values()) == 162_443_185
    assert round((cost.parameters + cost.unused) / 1e6, 2) == 166.37


def test_operations_of_the_vit_are_those_of_its_formula(root):
    """ViT-B/16 on 128 patches and a class token, counted by hand: two for each multiplication and
    addition."""
    variant = load_variant("vit", root / "config/paper.yaml")
    tokens, patches, width = 129, 128, 768
    block = tokens * 12 * width**2 + 2 * tokens**2 * width
    by_hand = 2 * (patches * width * 3 * 16 * 16 + 12 * block)
    found = cost_of("vit", variant, full_size.NETWORK, full_size.CLIPS, full_size.IDENTITIES).flops
    assert found == pytest.approx(by_hand, rel=0.001)


def test_budget_of_the_official_recipe_on_mars(root):
    """400 epochs of 78 steps of 256 images; hours follow from operations; checkpointing adds a
    forward pass."""
    profile = load_profile(root / "config/paper.yaml")
    arguments = ("mars", load_dataset("mars", root / "config/paper.yaml"), 1, "cnn")
    variant = load_variant("cnn", root / "config/paper.yaml")
    job = job_of(*arguments, variant, profile, 1e15)
    assert job.images == 400 * 78 * 256
    assert job.hours == pytest.approx(job.flops / 1e15 / 3600)
    again = profile.model_copy(
        update={"training": profile.training.model_copy(update={"checkpointing": ["cnn"]})}
    )
    assert job_of(*arguments, variant, again, 1e15).flops == pytest.approx(job.flops * 4 / 3)
    untrained = load_variant("untrained", root / "config/paper.yaml")
    assert job_of(*arguments, untrained, profile, 1e15) is None
