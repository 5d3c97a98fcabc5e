"""The cost table counts what the official program counts, less what it never uses; a budget follows
from it."""

import pytest
import torch

from dcct.config.configuration import Configuration
from dcct.config.load import load_variant, names_of
from dcct.config.profile import CnnBackbone
from dcct.config.variant import Backbones
from dcct.inference import cost as cost_module
from dcct.inference.budget import budget
from dcct.inference.cost import clip_milliseconds, cost_of, cost_sections
from dcct.inference.size import named_with_size
from dcct.models import full_size
from dcct.models.dcct import DCCT
from dcct.models.network import network_for


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


def test_parts_sum_to_the_total_for_every_variant(profile, root):
    """Whatever a variant has belongs to one part of the table."""
    for name in names_of("variants", root / "config/config.yaml"):
        variant = load_variant(name, root / "config/config.yaml")
        cost = cost_of(name, variant, profile.network, profile.clips, 5)
        assert cost.parameters == sum(cost.parts.values()) > 0


def test_module_that_no_part_foresees_is_a_part_itself(profile, root, monkeypatch):
    """A module of another kind, say one in HTA's place, cannot fall out of the sum."""

    class Extended(DCCT):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.gru_joint = torch.nn.Linear(10, 10)

    monkeypatch.setattr(cost_module, "network_for", Extended)
    variant = load_variant("cnn", root / "config/config.yaml")
    cost = cost_of("cnn", variant, profile.network, profile.clips, 5)
    assert cost.parts["gru"] == 110
    assert cost.parameters == sum(cost.parts.values())


def test_backbones_of_its_own_are_counted_where_the_profile_names_them(profile, root):
    """They have one size: not the paper's, and not that of a profile without the variant."""
    cnn = CnnBackbone(name="resnet18", max_pool=False, args={"layers": [1, 1, 1, 1]})
    plain = load_variant("cnn", root / "config/config.yaml")
    own = plain.model_copy(update={"network": Backbones(cnn=cnn)})
    with_own = profile.model_copy(update={"variants": ["wide"], "backbones": []})
    here, full = cost_sections({"cnn": plain, "wide": own}, with_own, 5)
    assert [cost["variant"] for cost in here["costs"]] == ["cnn", "wide"]
    assert [cost["variant"] for cost in full["costs"]] == ["cnn"]
    assert "with resnet18" in here["about"]
    here, _ = cost_sections({"cnn": plain, "wide": own}, profile, 5)
    assert [cost["variant"] for cost in here["costs"]] == ["cnn"]


def test_what_is_one_network_at_test_is_measured_once(profile, root, monkeypatch):
    """Distillation and whose backbone it was leave no trace at test: such variants share a
    number."""
    built = []
    monkeypatch.setattr(
        cost_module, "network_for", lambda *of: built.append(of) or network_for(*of)
    )
    names = ("dcct", "dcct-fd-ld", "cnn", "distilled-cnn", "dcct-sum")
    variants = {name: load_variant(name, root / "config/config.yaml") for name in names}
    found = clip_milliseconds(variants, profile, 5)
    assert found["dcct"] == found["dcct-fd-ld"] > 0
    assert found["cnn"] == found["distilled-cnn"] > 0
    assert len(built) == 3


def test_networks_are_named_with_their_size(profile):
    """One that is a fraction of timm's network of its name is said to be cut down."""
    small, full = (
        named_with_size([network.cnn, network.vit], clips)
        for network, clips in (
            (profile.network, profile.clips),
            (full_size.NETWORK, full_size.CLIPS),
        )
    )
    assert small == (
        "resnet18 cut down to 80k parameters and vit_base_patch16_224 cut down to 164k parameters"
    )
    assert full == "resnet50 of 23.5M parameters and vit_base_patch16_224 of 85.7M parameters"


def test_budget_of_the_official_recipe_on_mars(root):
    """400 epochs of 78 steps of 256 images; hours follow from operations; checkpointing adds a
    forward pass; what is not trained costs nothing."""

    def budgets(**training):
        configuration = Configuration(root / "config/paper.yaml")
        changes = {"training": configuration.profile.training.model_copy(update=training)}
        changes |= {"datasets": ["mars"], "variants": ["cnn", "untrained"]}
        configuration.profile = configuration.profile.model_copy(update=changes)
        return list(budget(configuration, 1e15, lambda message: None))

    (job,) = budgets()
    assert job.images == 400 * 78 * 256
    assert job.hours == pytest.approx(job.flops / 1e15 / 3600)
    assert budgets(checkpointing=["cnn"])[0].flops == pytest.approx(job.flops * 4 / 3)
