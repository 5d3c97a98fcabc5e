"""Backbones of a variant's own: trained, resumed, evaluated and exported like the profile's."""

import json

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from dcct.clips.sampling import write_test_clips
from dcct.config.label import CHECKPOINT
from dcct.config.load import load_variant
from dcct.config.profile import Backbone, CnnBackbone, Weights
from dcct.config.variant import Backbones, weights_of
from dcct.errors import ConfigError
from dcct.evaluation.features import feature_sets
from dcct.inference.export import export_backbone
from dcct.inference.extraction import Extraction, extract, trained_model
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.training import loop
from dcct.training.setup import initial_model

SMALL = {"embed_dim": 32, "depth": 2, "num_heads": 2, "drop_path_rate": 0.2}


def cnn(name, **args):
    return CnnBackbone(name=name, max_pool=True, args=args)


OWN = {
    "convnext-pooled": Backbones(
        cnn=cnn("convnext_atto", depths=[1, 1, 1, 1], dims=[8, 16, 32, 64]),
        vit=Backbone(name="vit_medium_patch16_reg4_gap_256", args=SMALL | {"patch_size": [16, 24]}),
    ),
    "regnet-registers": Backbones(
        cnn=cnn("regnety_002", depth=7, w0=8, wa=10.0, wm=2.0, stem_width=8),
        vit=Backbone(name="vit_small_patch14_reg4_dinov2", args=SMALL | {"patch_size": [16, 12]}),
    ),
    "resnetv2-distilled": Backbones(
        cnn=cnn("resnetv2_50", layers=[1, 1, 1, 1], channels=[16, 32, 64, 64], stem_chs=8),
        vit=Backbone(name="deit_tiny_distilled_patch16_224", args=SMALL | {"patch_size": [16, 12]}),
    ),
}
"""Three families, each with another kind of transformer: class token and registers, pooling and
registers, two tokens."""


def fit(run, folder):
    return loop.fit(run, folder, View(Progress()))


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_any_backbones_train_resume_evaluate_and_export(own, run, tiny, root, tmp_path):
    """Gone on with after an epoch, a training ends with the bytes of one at once; its features are
    whole; each backbone alone passes the export's own check."""

    def started(epochs, work):
        found = run("dcct-fd-ld", epochs=epochs, work=work, checkpointing=["cnn", "vit"])
        found.variant = found.variant.model_copy(update={"network": own})
        return found

    fit(started(2, "calm"), tmp_path / "calm")
    fit(started(1, "work"), tmp_path / "first")
    whole = started(2, "work")
    fit(whole, tmp_path / "out")
    checkpoint = tmp_path / "out" / CHECKPOINT
    assert checkpoint.read_bytes() == (tmp_path / "calm" / CHECKPOINT).read_bytes()

    clips, profile = tmp_path / "clips.parquet", whole.profile
    write_test_clips(tiny.manifest, clips, ["begin"], profile.clips.length, 200, "clips")
    job = Extraction(
        variant=whole.variant,
        profile=profile,
        samplers=("begin",),
        clips=clips,
        frames=tiny.frames,
        manifest=tiny.manifest,
        trained_on=tiny.manifest,
        checkpoint=checkpoint,
        work=tmp_path / "shards",
        digests={},
    )
    extract(job, tmp_path / "features.parquet", Progress())
    sets = feature_sets(pq.read_table(tmp_path / "features.parquet"))
    assert sets["base"].shape[1] == 64 + 32
    assert all((values == values).all() for values in sets.values())

    for branch in ("cnn", "vit"):
        alone = load_variant(f"distilled-{branch}", root / "config/config.yaml")
        part = Backbones(**{branch: getattr(own, branch)})
        alone = alone.model_copy(update={"network": part})
        model = trained_model(alone, profile, tiny.manifest, checkpoint)
        distance = export_backbone(model, profile.network, profile.clips, "x", tmp_path / branch)
        assert distance < 1e-4
        made = json.loads((tmp_path / branch / "config.json").read_text())
        assert made["architecture"] == getattr(own, branch).name


def test_own_backbone_starts_from_the_same_stream_as_the_profiles(run, tiny):
    """The profile's network, named by the variant itself, starts with the same weights; another
    one starts with others; the other branch is the weights step's."""
    plain = run("dcct")
    same = run("dcct")
    same.variant = same.variant.model_copy(
        update={"network": Backbones(cnn=plain.profile.network.cnn)}
    )
    expected, found = (initial_model(one, 5).state_dict() for one in (plain, same))
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    other = run("dcct")
    own = cnn("resnet18", layers=[1, 1, 1, 1], channels=[8, 16, 32, 64]).model_copy(
        update={"max_pool": False}
    )
    other.variant = other.variant.model_copy(update={"network": Backbones(cnn=own)})
    found = initial_model(other, 5).state_dict()
    assert found["cnn.net.conv1.weight"].shape == (64, 3, 7, 7)
    vit = load_file(tiny.weights / "vit.safetensors")
    assert all(torch.equal(found[f"vit.net.{name}"], value) for name, value in vit.items())


def test_pretrained_weights_of_its_own_are_named_by_the_variant(run):
    """Its tag stands in the profile's place; without one, nothing is drawn from the seed."""
    hub = Weights(source="hub", cnn="a1_in1k", vit="augreg_in1k")
    own = Backbones(cnn=cnn("convnext_atto"), weights={"cnn": "d2_in1k"})
    variant = run("dcct").variant.model_copy(update={"network": own})
    found = weights_of(variant, hub)
    assert (found.cnn, found.vit) == ("d2_in1k", "augreg_in1k")
    unnamed = variant.model_copy(update={"network": own.model_copy(update={"weights": {}})})
    with pytest.raises(ConfigError, match=r"network\.weights\.cnn is missing"):
        weights_of(unnamed, hub)
