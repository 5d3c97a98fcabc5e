"""The paper's network at its full size, for use without a profile. config/paper.yaml says the same
(a test)."""

import contextlib
from pathlib import Path
from typing import Literal

import torch

from dcct.config.load import SHIPPED, check, load_variant
from dcct.config.profile import Backbone, Clips, CnnBackbone, Network, Weights
from dcct.config.variant import Distill, Hta, Variant, network_of, weights_of
from dcct.errors import ConfigError
from dcct.models.dcct import DCCT
from dcct.models.weights import load_pretrained

NETWORK = Network(
    cnn=CnnBackbone(name="resnet50", max_pool=True),
    vit=Backbone(name="vit_base_patch16_224", args={"drop_path_rate": 0.1}),
    hta_width=512,
)
CLIPS = Clips(length=8, height=256, width=128, decoded=False)
IDENTITIES = 625
"""Training identities of MARS."""
HUB = Weights(source="hub", cnn="tv_in1k", vit="orig_in21k_ft_in1k")
FILES = {"cnn": "resnet50-19c8e357.pth", "vit": "jx_vit_base_p16_224-80ecf9dd.pth"}
"""The official program's pretrained weights: file names that end in the first digits of their
SHA-256."""
PROFILE = SHIPPED / "paper.yaml"
"""Variants are looked up beside this file."""
SIZES = ("height", "width", "hta_width", "drop_path", "cnn", "vit")
"""Overrides of `build_model` beside the keys of a variant."""


def build_model(
    variant: str | dict,
    num_identities: int,
    *,
    clip_length: int = 8,
    pretrained: bool | str | Path = False,
    **overrides,
) -> DCCT:
    """The network of a variant at the paper's size: ResNet-50 and ViT-B/16 at 256×128 unless
    overridden.

    variant: a name in config/variants, or a mapping with such a file's keys (title and headline may
    be left out). num_identities: K. clip_length: T. pretrained: True for ImageNet weights through
    the Hugging Face hub, or a folder that holds the official files. overrides: keys of the variant
    (`cca=["self"]`), or `height`, `width`, `hta_width` (d), `drop_path`, and `cnn`, `vit`: mappings
    with a timm model's `name`, `args` and, for the CNN, `max_pool`. Weights that are not pretrained
    are drawn from torch's global generator. Raises ConfigError for unknown names and impossible
    values, DataError when pretrained weights cannot be had.
    """
    known = {*SIZES, *Variant.model_fields}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise ConfigError(
            f"build_model: unknown override {unknown[0]}; allowed: {', '.join(sorted(known))}"
        )
    if isinstance(variant, str):
        content = load_variant(variant, PROFILE).model_dump()
    else:
        content = {
            "title": "custom",
            "headline": "base",
            "cca": [],
            "hta": None,
            "distill": {"feature": False, "logit": False},
            **variant,
        }
    sizes = {name: overrides.pop(name) for name in SIZES if name in overrides}
    config = check({**content, **overrides}, Variant, "build_model: variant")
    model = full_size_network(config, num_identities, clip_length=clip_length, **sizes)
    if pretrained:
        weights = (
            HUB if pretrained is True else Weights(source="folder", folder=str(pretrained), **FILES)
        )
        for branch in config.branches:
            backbone, network = getattr(model, branch), network_of(config, NETWORK)
            load_pretrained(backbone, branch, network, weights_of(config, weights))
    return model


def whole_method(levels: Literal[1, 2], *, feature: bool, logit: bool) -> Variant:
    """The full network as the official program builds it, with the distillations that were on."""
    return Variant(
        title="DCCT",
        branches=["cnn", "vit"],
        cca=["self", "cross"],
        hta=Hta(levels=levels, gate=True),
        distill=Distill(feature=feature, logit=logit),
        headline="all",
    )


def full_size_network(
    variant: Variant,
    num_identities: int,
    *,
    clip_length: int = 8,
    empty: bool = False,
    drop_path: float = 0.1,
    **sizes,
) -> DCCT:
    """A network of the paper's size, with `sizes` overridden. empty: no memory for weights (torch's
    meta device)."""
    sizes.setdefault("vit", {"name": NETWORK.vit.name, "args": {"drop_path_rate": drop_path}})
    clips = {"length": clip_length} | {
        name: sizes.pop(name) for name in ("height", "width") if name in sizes
    }
    network = check(NETWORK.model_dump() | sizes, Network, "build_model")
    with torch.device("meta") if empty else contextlib.nullcontext():
        return DCCT(
            variant,
            network,
            check(CLIPS.model_dump() | clips, Clips, "build_model"),
            num_identities,
        )
