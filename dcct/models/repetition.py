"""Checkpointed blocks are computed once more in the backward pass: BatchNorm's running statistics
must not move once more."""

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Statistics:
    """Holds the running statistics of a network's BatchNorms still, except within `with`."""

    def __init__(self, net: nn.Module):
        self.moving = False
        self.kept: dict[_BatchNorm, tuple[float | None, Tensor | None]] = {}
        for norm in net.modules():
            if isinstance(norm, _BatchNorm):
                norm.register_forward_pre_hook(self._before)
                # torch leaves the repetition by an exception once it has all it needs
                norm.register_forward_hook(self._after, always_call=True)

    def __enter__(self) -> None:
        self.moving = True

    def __exit__(self, *_) -> None:
        self.moving = False

    def _before(self, norm: _BatchNorm, _) -> None:
        if not self.moving:
            count = norm.num_batches_tracked
            self.kept[norm] = norm.momentum, None if count is None else count.clone()
            norm.momentum = 0.0

    def _after(self, norm: _BatchNorm, *_) -> None:
        if norm in self.kept:
            norm.momentum, count = self.kept.pop(norm)
            if norm.num_batches_tracked is not None and count is not None:
                norm.num_batches_tracked.copy_(count)
