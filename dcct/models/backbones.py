"""The two backbones, any that timm has, with one grid of P positions.

Shapes: N images (= B·T frames), C channels, H×W pixels, h×w grid, P = h·w positions, L tokens: a
prefix (class token, registers), then P patches.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import timm
import torch
from torch import Tensor, nn

from dcct.config.profile import Backbone, CnnBackbone
from dcct.errors import ConfigError
from dcct.models.last_stage import Changes, keep_resolution
from dcct.models.repetition import Statistics

OTHER = "choose another network or args, or another clips.height and clips.width"


class TimmNet(nn.Module):
    """A network of timm without its classifier."""

    net: Any
    """The network; timm declares no types of what it builds."""
    channels: int
    """C."""
    grid: tuple[int, int]
    """(h,w)."""

    def __init__(self, branch: str, config: Backbone, **arguments: Any):
        super().__init__()
        arguments |= config.args
        self.where, self._checkpointing = f"network.{branch}: {config.name}", False
        if not timm.is_model(config.name):  # hf-hub: and local-dir: would take it from elsewhere
            raise ConfigError(
                f"{self.where}: timm cannot build it (Unknown model): choose a name of"
                " timm.list_models()"
            )
        what = f"timm cannot build it with {config.args or 'no args'}"
        with self._refused(what, "choose args that it takes"):
            self.net = timm.create_model(config.name, num_classes=0, **arguments)
            if not all(0 <= rate <= 1 for rate in _drop_rates(self.net)):
                raise ValueError("a drop rate is no probability")

    @property
    def checkpointing(self) -> bool:
        """Whether only what lies between blocks is kept, and the rest computed again."""
        return self._checkpointing

    @checkpointing.setter
    def checkpointing(self, enabled: bool) -> None:
        with self._refused("timm cannot checkpoint it", "take it out of training.checkpointing"):
            self.net.set_grad_checkpointing(enabled)
        self._checkpointing = enabled

    @contextmanager
    def _refused(self, what: str, advice: str = OTHER) -> Iterator[None]:
        """Networks raise whatever they meet, over many lines: it becomes one of ours."""
        try:
            yield
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"{self.where}: {what} ({type(error).__name__}: {reason}): {advice}"
            ) from None


def _drop_rates(net: nn.Module) -> list[float]:
    """Of whole paths and blocks, which timm does not check and only a training would notice."""
    return [vars(module).get("drop_prob") or 0.0 for module in net.modules()]


class CNN(TimmNet):
    """A network with a spatial map: all of it that stands before the classifier, but the pooling.
    The last stage has stride 1 and is not dilated (paper: 16×8 of 256×128)."""

    def __init__(self, config: CnnBackbone, image_size: tuple[int, int]):
        super().__init__("cnn", config, global_pool="")
        self.channels_last = False
        self.statistics: Statistics | None = None
        self.changes: Changes = {}
        if not config.max_pool:
            if not hasattr(self.net, "maxpool"):
                raise ConfigError(
                    f"{self.where}: has no stem max-pool to leave out: max_pool: true"
                )
            self.net.maxpool = nn.Identity()
        self.net.eval()
        with self._refused(f"cannot take {_by(image_size)} images"), torch.no_grad():
            if "output_stride" not in config.args:
                self.changes = keep_resolution(self.net)
            x_NCHW = self.map(torch.zeros(1, 3, *image_size))
        self.net.train()
        self.channels = getattr(self.net, "head_hidden_size", self.net.num_features)
        if x_NCHW.dim() != 4 or x_NCHW.shape[1] != self.channels:
            raise ConfigError(f"{self.where}: has no map (N,C,h,w): choose a convolutional network")
        height, width = x_NCHW.shape[2:]
        self.grid = (height, width)

    def use_channels_last(self) -> None:
        """Keep weights and maps in channels-last layout: same result to rounding, faster
        convolutions."""
        self.channels_last = True
        self.net.to(memory_format=torch.channels_last)

    def map(self, x_NCHW: Tensor) -> Tensor:
        """Images (N,3,H,W) → map (N,C,h,w)."""
        if self.channels_last:
            x_NCHW = x_NCHW.contiguous(memory_format=torch.channels_last)
        if self.checkpointing and self.statistics is None:
            self.statistics = Statistics(self.net)
        with self.statistics or nullcontext():
            return self.net(x_NCHW)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Images (N,3,H,W) → local features (N,P,C)."""
        return self.map(x_NCHW).flatten(2).transpose(1, 2)


class ViT(TimmNet):
    """A transformer over one grid of patches, with final norm, without classifier and camera
    embedding. prefix: tokens that are no positions."""

    def __init__(self, config: Backbone, image_size: tuple[int, int]):
        super().__init__("vit", config, img_size=image_size)
        net, self.channels = self.net.eval(), self.net.num_features
        self.prefix = getattr(net, "num_prefix_tokens", 0)
        height, width = getattr(getattr(net, "patch_embed", None), "grid_size", None) or (0, 0)
        self.grid = (height, width)
        with self._refused(f"cannot take {_by(image_size)} images"), torch.no_grad():
            shapes = [tuple(x.shape) for x in self(torch.zeros(1, 3, *image_size))]
        net.train()
        if shapes != [(1, self.channels), (1, self.grid[0] * self.grid[1], self.channels)]:
            raise ConfigError(
                f"{self.where}: has no tokens of one patch grid, or no class token or"
                " pooling: choose a plain vision transformer"
            )

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N,3,H,W) → class token (N,C), timm's pooling where there is none, and patch
        tokens (N,P,C)."""
        x_NLC = self.net.forward_features(x_NCHW)
        return self.net.forward_head(x_NLC, pre_logits=True), x_NLC[:, self.prefix :]


def check_grids(cnn: CNN, vit: ViT, image_size: tuple[int, int]) -> None:
    """Raise ConfigError unless both branches see the same positions: that equality lets them
    couple."""
    if cnn.grid == vit.grid:
        return
    patch = [pixels // cells for pixels, cells in zip(image_size, cnn.grid, strict=True)]
    advice = "another clips.height, clips.width or CNN"
    if cnn.grid == tuple(pixels // side for pixels, side in zip(image_size, patch, strict=True)):
        advice = f"network.vit.args.patch_size: {patch[0] if patch[0] == patch[1] else patch}"
    raise ConfigError(
        f"network: the CNN has {_by(cnn.grid)} positions for {_by(image_size)} images, the ViT"
        f" {_by(vit.grid)}: set {advice}"
    )


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
