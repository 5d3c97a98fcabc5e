"""One pass of clips through a network: every feature set, averaged over the clips of each tracklet.

A batch holds clips of many tracklets, however long each is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from dcct.clips.loader import leave_signals_to_the_main_process
from dcct.clips.transforms import to_input
from dcct.models.device import autocast

ClipOfGroup = tuple[torch.Tensor, int]
"""A clip, uint8 (T,H,W,3), and the number of the tracklet whose mean it is part of."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """How clips go through a network. batch: clips at a time. workers: processes that load them."""

    device: str
    precision: str
    batch: int
    workers: int = 0


@torch.inference_mode()
def mean_features(
    network: nn.Module,
    dataset: Dataset[ClipOfGroup] | Sequence[ClipOfGroup],
    groups: Sequence[int],
    how: Pass,
    advance: Callable[[int], None] = lambda clips: None,
) -> dict[str, np.ndarray]:
    """Feature set → (G,C), the mean of each group's clips, summed in float64.

    groups: the group of every clip, 0 to G − 1. advance: called with the clips just done.
    """
    loader = DataLoader(
        dataset,  # type: ignore[arg-type]  # a list is one, too
        batch_size=min(len(groups), how.batch),
        num_workers=how.workers,
        pin_memory=how.device.startswith("cuda"),
        worker_init_fn=leave_signals_to_the_main_process if how.workers else None,
    )
    counts = torch.bincount(torch.tensor(groups)).unsqueeze(1)
    sums: dict[str, torch.Tensor] = {}
    for batch, group in loader:
        with autocast(how.device.partition(":")[0], how.precision):
            output = network(to_input(batch.to(how.device, non_blocking=True)))
        for name, feature in output.features.items():
            total = sums.setdefault(
                name, torch.zeros(len(counts), feature.shape[1], dtype=torch.float64)
            )
            total.index_add_(0, group, feature.double().cpu())
        advance(len(group))
    return {name: (total / counts).float().numpy() for name, total in sums.items()}
