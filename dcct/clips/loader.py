"""Batches of training clips: P identities × K tracklets, every draw a pure function of (seed,
epoch, index)."""

import shutil
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from dcct.clips.frames import FrameStore
from dcct.clips.sampling import TRAINING_SAMPLERS
from dcct.clips.transforms import augmentation
from dcct.config.profile import Clips, Training
from dcct.datasets.manifest import read_manifest
from dcct.errors import ConfigError
from dcct.runtime.signals import STOPPING
from dcct.seeding import Stream, generator

BATCHES_AHEAD = 2
"""Of each worker."""
SHARED_MEMORY = Path("/dev/shm")
Index = tuple[int, int, int]
"""(epoch, place in the epoch, tracklet): all that an item depends on beside the seed."""
Item = tuple[torch.Tensor, torch.Tensor, int]
"""Clip uint8 (T,H,W,3), what is done to it (AUGMENTED), label."""


class TrainingClips(Dataset[Item]):
    """Clips of the training split."""

    def __init__(self, frames: Path, manifest: Path, clips: Clips, training: Training, seed: int):
        self.store, self.clips, self.training, self.seed = (
            FrameStore(frames, manifest),
            clips,
            training,
            seed,
        )
        table = read_manifest(manifest)
        self.lengths, self.labels = table["frames"].to_numpy(), table["label"].to_numpy()

    @property
    def num_identities(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.num_identities // self.training.identities

    def __getitem__(self, index: Index) -> Item:
        epoch, place, tracklet = index
        draw = generator(self.seed, Stream.CLIP_FRAMES, epoch, place)
        height, width = self.clips.height, self.clips.width
        sample = TRAINING_SAMPLERS[self.training.extras.sampling]
        positions = sample(int(self.lengths[tracklet]), self.clips.length, draw)
        clip = self.store.read(tracklet, positions, height, width, self.clips.train_resize)
        augmented = augmentation(height, width, self.training, self.seed, epoch, place)
        return torch.from_numpy(clip), torch.tensor(augmented), int(self.labels[tracklet])


def epoch_batches(
    labels: np.ndarray, identities: int, tracklets: int, seed: int, epoch: int
) -> list[list[Index]]:
    """One pass over the training identities in random order, `tracklets` each, in batches of
    `identities`.

    labels: (tracklets of the manifest,), −1 outside the training split. An identity with fewer
    tracklets is drawn with replacement; the last partial batch is dropped (official sampler).
    """
    order = generator(seed, Stream.IDENTITY_ORDER, epoch).permutation(int(labels.max()) + 1)
    batches: list[list[Index]] = []
    for first in range(0, len(order) - identities + 1, identities):
        chosen: list[int] = []
        for label in order[first : first + identities]:
            known = np.flatnonzero(labels == label)
            draw = generator(seed, Stream.TRACKLET_CHOICE, epoch, int(label))
            chosen += draw.choice(known, size=tracklets, replace=len(known) < tracklets).tolist()
        base = len(batches) * identities * tracklets
        batches.append([(epoch, base + place, tracklet) for place, tracklet in enumerate(chosen)])
    return batches


def load_batches(
    dataset: TrainingClips, epochs: range, first: int = 0, part: slice = slice(None)
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Batches (clips uint8 (B,T,H,W,3), augmentation (B,7), labels (B,)) of these epochs, one after
    the other.

    first: batches of the first epoch to leave out. part: which of every batch's clips are wanted.
    Workers start once and read ahead into the next epoch. Raises ConfigError, at once, where the
    identities do not fill a batch.
    """
    training = dataset.training
    if not dataset.steps:
        raise ConfigError(
            f"training.identities: {training.identities} a batch, but the set has only "
            f"{dataset.num_identities} training identities: choose fewer"
        )
    shape = training.identities, training.tracklets, dataset.seed
    every = chain.from_iterable(epoch_batches(dataset.labels, *shape, epoch) for epoch in epochs)
    batches = (batch[part] for batch in islice(every, first, None))
    if training.workers and training.loader == "processes":
        count = len(range(training.identities * training.tracklets)[part])
        need_shared_memory(dataset.clips, training.workers, count)
    if training.workers and training.loader == "threads":
        return _load_in_threads(dataset, batches, training.workers)
    return iter(
        DataLoader(
            dataset,
            batch_sampler=batches,
            num_workers=training.workers,
            pin_memory=training.device == "cuda",
            generator=torch.Generator(),
            worker_init_fn=leave_signals_to_the_main_process if training.workers else None,
        )
    )


def need_shared_memory(sizes: Clips, workers: int, clips: int) -> None:
    """Raises ConfigError where batches of so many clips, which worker processes hand over in shared
    memory, will not fit there: they would hang or die. Docker gives 64 MB."""
    if not SHARED_MEMORY.is_dir():
        return
    batch = clips * sizes.length * sizes.height * sizes.width * 3
    needed, free = (workers * BATCHES_AHEAD + 1) * batch, shutil.disk_usage(SHARED_MEMORY).free
    if needed > free:
        raise ConfigError(
            f"training.workers: {workers} processes hand over up to {needed / 2**20:,.1f} MiB in"
            f" {SHARED_MEMORY}, where {free / 2**20:,.1f} MiB are free: set training.loader:"
            " threads, which needs none, or workers: 0, or give it more (docker run --shm-size)"
        )


def _load_in_threads(
    dataset: TrainingClips, batches: Iterable[list[Index]], workers: int
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Batches in order, BATCHES_AHEAD of them under way."""
    pool = ThreadPoolExecutor(workers)
    waiting: deque[list[Future[Item]]] = deque()
    try:
        for batch in batches:
            waiting.append([pool.submit(dataset.__getitem__, index) for index in batch])
            if len(waiting) > BATCHES_AHEAD:
                yield _collated(waiting.popleft())
        while waiting:
            yield _collated(waiting.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collated(items: list[Future[Item]]) -> tuple[torch.Tensor, ...]:
    return tuple(default_collate([item.result() for item in items]))


def leave_signals_to_the_main_process(_worker: int) -> None:
    """A terminal and a scheduler signal the whole group: the main process saves its state and then
    ends its workers."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
