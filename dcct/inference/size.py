"""Backbones named with their size: a ResNet of a hundredth of its parameters is no ResNet-18."""

from collections.abc import Iterable

import timm
import torch
from torch import nn

from dcct.config.profile import Backbone, Clips, CnnBackbone
from dcct.models.backbones import CNN, ViT

CUT_DOWN = 0.5
"""Share of the parameters of timm's network of its name below which one is called so."""


def named_with_size(backbones: Iterable[Backbone], clips: Clips) -> str:
    """Backbones in words: "resnet18 cut down to 80k parameters and …".

    Counted without classifiers, and without memory for weights.
    """
    return " and ".join(_named(config, clips) for config in backbones)


def _named(config: Backbone, clips: Clips) -> str:
    size = (clips.height, clips.width)
    with torch.device("meta"):
        plain = _count(timm.create_model(config.name, num_classes=0))
        ours = CNN(config, size) if isinstance(config, CnnBackbone) else ViT(config, size)
        found = _count(ours.net)
    how = "cut down to" if found < CUT_DOWN * plain else "of"
    return f"{config.name} {how} {_short(found)} parameters"


def _count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def _short(count: int) -> str:
    return f"{count / 1e6:.1f}M" if count >= 1e6 else f"{count / 1e3:.0f}k"
