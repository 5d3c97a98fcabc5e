"""The two backbones, from timm, with one grid of P positions.

Shapes: N images (= B·T frames), C channels, H×W pixels, h×w grid, P = h·w positions.
"""

import timm
import torch
from torch import Tensor, nn

from dcct.config.profile import Backbone, CnnBackbone
from dcct.errors import ConfigError


class CNN(nn.Module):
    """A timm ResNet without its classifier; the last stage has stride 1 and is not dilated (paper: 16×8 of 256×128)."""

    def __init__(self, config: CnnBackbone):
        super().__init__()
        self.net = timm.create_model(config.name, num_classes=0, global_pool="", **config.args)
        keep_resolution(self.net, config)
        self.channels = self.net.num_features
        self.channels_last = False

    def use_channels_last(self) -> None:
        """Keep weights and maps in channels-last layout: same result to rounding, faster convolutions."""
        self.channels_last = True
        self.net.to(memory_format=torch.channels_last)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Images (N,3,H,W) → local features (N,P,C)."""
        if self.channels_last:
            x_NCHW = x_NCHW.contiguous(memory_format=torch.channels_last)
        return self.net.forward_features(x_NCHW).flatten(2).transpose(1, 2)


def keep_resolution(net: nn.Module, config: CnnBackbone) -> None:
    """Take the stride out of a timm ResNet's last stage, which `output_stride=16` would dilate, and the max-pool if
    the config says so."""
    for module in net.layer4[0].modules():
        if isinstance(module, nn.Conv2d | nn.AvgPool2d):
            module.stride = (1, 1)
    if not config.max_pool:
        net.maxpool = nn.Identity()


class ViT(nn.Module):
    """A timm vision transformer with class token and final norm, without classifier and camera embedding."""

    def __init__(self, config: Backbone, image_size: tuple[int, int]):
        super().__init__()
        self.net = timm.create_model(config.name, num_classes=0, img_size=image_size, **config.args)
        self.channels = self.net.num_features

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N,3,H,W) → class token (N,C) and patch tokens (N,P,C)."""
        x_NPC = self.net.forward_features(x_NCHW)
        return x_NPC[:, 0], x_NPC[:, 1:]


@torch.no_grad()
def check_grids(cnn: CNN, vit: ViT, image_size: tuple[int, int]) -> None:
    """Raise ConfigError unless both branches see the same positions: that equality lets them couple."""
    was_training, x_NCHW = cnn.training, torch.zeros(1, 3, *image_size)
    positions = cnn.eval()(x_NCHW).shape[1]
    cnn.train(was_training)
    if positions != vit.net.patch_embed.num_patches:
        raise ConfigError(
            f"network: the CNN has {positions} positions for {image_size[0]}×{image_size[1]} images, the ViT "
            f"{vit.net.patch_embed.num_patches}: choose strides and patch size that agree"
        )
