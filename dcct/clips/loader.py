"""Batches of training clips: P identities × K tracklets, every draw a pure function of (seed, epoch, index)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from dcct.clips.frames import FrameStore
from dcct.clips.sampling import random_interval
from dcct.clips.transforms import erasing_box
from dcct.config.profile import Clips, Training
from dcct.datasets.manifest import read_manifest
from dcct.streams import Stream, generator

Index = tuple[int, int, int]
"""(epoch, place in the epoch, tracklet): all that an item depends on beside the seed."""


class TrainingClips(Dataset):
    """Clips of the training split. Item: uint8 clip (T,H,W,3), box to erase (4,), label."""

    def __init__(self, frames: Path, manifest: Path, clips: Clips, erasing: float, seed: int):
        self.store, self.clips, self.erasing, self.seed = FrameStore(frames, manifest), clips, erasing, seed
        table = read_manifest(manifest)
        self.lengths, self.labels = table["frames"].to_numpy(), table["label"].to_numpy()

    @property
    def num_identities(self) -> int:
        return int(self.labels.max()) + 1

    def __getitem__(self, index: Index) -> tuple[torch.Tensor, torch.Tensor, int]:
        epoch, place, tracklet = index
        draw = generator(self.seed, Stream.CLIP_FRAMES, epoch, place)
        positions = random_interval(int(self.lengths[tracklet]), self.clips.length, draw)
        clip = self.store.read(tracklet, positions, self.clips.height, self.clips.width)
        box = erasing_box(
            self.clips.height, self.clips.width, self.erasing, generator(self.seed, Stream.RANDOM_ERASING, epoch, place)
        )
        return torch.from_numpy(clip), torch.tensor(box), int(self.labels[tracklet])


def epoch_batches(labels: np.ndarray, identities: int, tracklets: int, seed: int, epoch: int) -> list[list[Index]]:
    """One pass over the training identities in random order, `tracklets` each, in batches of `identities`.

    labels: (tracklets of the manifest,), −1 outside the training split. An identity with fewer tracklets is drawn with
    replacement; the last partial batch is dropped (official sampler).
    """
    order = generator(seed, Stream.IDENTITY_ORDER, epoch).permutation(int(labels.max()) + 1)
    batches = []
    for first in range(0, len(order) - identities + 1, identities):
        chosen: list[int] = []
        for label in order[first : first + identities]:
            own = np.flatnonzero(labels == label)
            draw = generator(seed, Stream.TRACKLET_CHOICE, epoch, int(label))
            chosen += draw.choice(own, size=tracklets, replace=len(own) < tracklets).tolist()
        base = len(batches) * identities * tracklets
        batches.append([(epoch, base + place, tracklet) for place, tracklet in enumerate(chosen)])
    return batches


def load_epoch(dataset: TrainingClips, training: Training, epoch: int) -> Iterator[tuple[torch.Tensor, ...]]:
    """Yield batches (clips uint8 (B,T,H,W,3), boxes (B,4), labels (B,)) of one epoch."""
    batches = epoch_batches(dataset.labels, training.identities, training.tracklets, dataset.seed, epoch)
    return iter(
        DataLoader(
            dataset,
            batch_sampler=batches,
            num_workers=training.workers,
            pin_memory=training.device == "cuda",
            generator=torch.Generator(),
        )
    )
