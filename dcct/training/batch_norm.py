"""BatchNorm whose statistics run over the batches of all processes, so that N processes see what
one would."""

import torch
import torch.distributed as dist
from timm.layers import convert_sync_batchnorm
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dcct.errors import ConfigError


def share_statistics(model: nn.Module) -> None:
    """Make every BatchNorm below `model` average over all processes, in place; names and state stay
    the same.

    On GPUs they become torch's SyncBatchNorm, which exists nowhere else; elsewhere ours.
    """
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _BatchNorm):
                if child.weight.is_cuda:
                    setattr(parent, name, convert_sync_batchnorm(child))
                elif type(child) in (nn.BatchNorm1d, nn.BatchNorm2d):
                    setattr(parent, name, SharedBatchNorm(child))
                else:
                    raise ConfigError(
                        f"training.processes: {type(child).__name__} of this network cannot average"
                        " over several processes on a CPU: use one process, or GPUs"
                    )


class _SumOfAll(torch.autograd.Function):
    """Sum of a tensor over all processes; so is the sum's gradient, since every process's loss
    depends on it."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _SumOfAll.forward(ctx, gradient)


class SharedBatchNorm(_BatchNorm):
    """BatchNorm of x (N,C) or (N,C,H,W) over the x of all processes, which have the same shape.

    Parameters and buffers are those of the BatchNorm that it replaces.
    """

    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, replaced: _BatchNorm):
        super().__init__(replaced.num_features, replaced.eps, replaced.momentum)
        self._parameters, self._buffers = replaced._parameters, replaced._buffers
        self.train(replaced.training)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions will do."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        channels = [1, -1] + [1] * (x.dim() - 2)
        others = [dimension for dimension in range(x.dim()) if dimension != 1]
        count = x.numel() // x.shape[1] * dist.get_world_size()
        mean_C = _SumOfAll.apply(x.sum(others)) / count
        centred = x - mean_C.view(channels)
        variance_C = _SumOfAll.apply(centred.square().sum(others)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean_C, self.momentum)
            self.running_var.lerp_(variance_C * count / (count - 1), self.momentum)
            self.num_batches_tracked += 1
        scale_C = self.weight * (variance_C + self.eps).rsqrt()
        return centred * scale_C.view(channels) + self.bias.view(channels)
