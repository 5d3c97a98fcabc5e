"""The two backbones, from timm, with one grid of P positions.

Shapes: N images (= B·T frames), C channels, H×W pixels, h×w grid, P = h·w positions.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import timm
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from dcct.config.profile import Backbone, CnnBackbone
from dcct.errors import ConfigError


class CNN(nn.Module):
    """A timm ResNet without its classifier; the last stage has stride 1 and is not dilated (paper:
    16×8 of 256×128)."""

    def __init__(self, config: CnnBackbone):
        super().__init__()
        self.net = timm.create_model(config.name, num_classes=0, global_pool="", **config.args)
        keep_resolution(self.net, config)
        self.channels = self.net.num_features
        self.channels_last = self.checkpointing = False

    def use_channels_last(self) -> None:
        """Keep weights and maps in channels-last layout: same result to rounding, faster
        convolutions."""
        self.channels_last = True
        self.net.to(memory_format=torch.channels_last)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Images (N,3,H,W) → local features (N,P,C)."""
        if self.channels_last:
            x_NCHW = x_NCHW.contiguous(memory_format=torch.channels_last)
        if self.checkpointing and self.training:
            x_NCHW = self._forward_in_blocks(x_NCHW)
        else:
            x_NCHW = self.net.forward_features(x_NCHW)
        return x_NCHW.flatten(2).transpose(1, 2)

    def _forward_in_blocks(self, x_NCHW: Tensor) -> Tensor:
        """net.forward_features, keeping only what lies between blocks."""
        net = self.net
        x_NCHW = net.maxpool(net.act1(net.bn1(net.conv1(x_NCHW))))
        for block in [*net.layer1, *net.layer2, *net.layer3, *net.layer4]:
            contexts = partial(_recomputing, block)
            x_NCHW = checkpoint(block, x_NCHW, use_reentrant=False, context_fn=contexts)
        return x_NCHW


def _recomputing(block: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    """Contexts of a block's forward pass and of its repetition, which must not move BatchNorm's
    running statistics once more."""

    @contextmanager
    def without_statistics() -> Iterator[None]:
        norms = [module for module in block.modules() if isinstance(module, _BatchNorm)]
        before = [(norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]
        for norm in norms:
            norm.momentum = 0.0
        try:
            yield
        finally:  # torch leaves the repetition by an exception once it has all it needs
            for norm, (momentum, count) in zip(norms, before, strict=True):
                norm.momentum = momentum
                norm.num_batches_tracked.copy_(count)

    return nullcontext(), without_statistics()


def keep_resolution(net: nn.Module, config: CnnBackbone) -> None:
    """Take the stride out of a timm ResNet's last stage, which `output_stride=16` would dilate, and
    the max-pool if the config says so."""
    for module in net.layer4[0].modules():
        if isinstance(module, nn.Conv2d | nn.AvgPool2d):
            module.stride = (1, 1)
    if not config.max_pool:
        net.maxpool = nn.Identity()


class ViT(nn.Module):
    """A timm vision transformer with class token and final norm, without classifier and camera
    embedding."""

    def __init__(self, config: Backbone, image_size: tuple[int, int]):
        super().__init__()
        self.net = timm.create_model(config.name, num_classes=0, img_size=image_size, **config.args)
        self.channels = self.net.num_features
        self.checkpointing = False

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N,3,H,W) → class token (N,C) and patch tokens (N,P,C)."""
        self.net.set_grad_checkpointing(self.checkpointing)
        x_NPC = self.net.forward_features(x_NCHW)
        return x_NPC[:, 0], x_NPC[:, 1:]


@torch.no_grad()
def check_grids(cnn: CNN, vit: ViT, image_size: tuple[int, int]) -> None:
    """Raise ConfigError unless both branches see the same positions: that equality lets them
    couple."""
    was_training, x_NCHW = cnn.training, torch.zeros(1, 3, *image_size)
    positions = cnn.eval()(x_NCHW).shape[1]
    cnn.train(was_training)
    if positions != vit.net.patch_embed.num_patches:
        raise ConfigError(
            f"network: the CNN has {positions} positions for {image_size[0]}×{image_size[1]}"
            f" images, the ViT {vit.net.patch_embed.num_patches}: choose strides and patch size"
            " that agree"
        )
