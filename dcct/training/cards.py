"""A batch spread over several cards as the official program spreads it, computed on any number.

That program wraps its model in DataParallel, on two cards by default. Each card sees an equal part
of the batch and normalises it by that part's own statistics; the running statistics are those of
the first card's parts alone. The losses see the whole batch, but FD, which is computed on the cards
and then averaged (losses.feature_distillation).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dcct.models.dcct import Output, joined
from dcct.models.network import AnyNetwork


class Cards(nn.Module):
    """A network whose batch is spread over `count` cards. What goes in and comes out is the whole
    batch; there is one set of weights, and the cards take their turns."""

    def __init__(self, model: AnyNetwork, count: int, first: bool):
        """count: of those that this process plays. first: whether the first of all is among
        them."""
        super().__init__()
        self.model, self.count, self.first = model, count, first

    def forward(self, clips_BTCHW: Tensor) -> Output:
        parts = []
        for number, part in enumerate(clips_BTCHW.chunk(self.count)):
            with running_statistics(self.model, kept=self.first and number == 0):
                parts.append(self.model(part))
        return joined(parts)


@contextmanager
def running_statistics(model: nn.Module, *, kept: bool) -> Iterator[None]:
    """Whether BatchNorm adds what it sees to its running statistics."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.track_running_stats = kept
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
