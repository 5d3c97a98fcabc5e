"""Training batches: P×K, and a pure function of (seed, epoch, index)."""

import numpy as np
import pytest
import torch

from dcct.clips.loader import TrainingClips, epoch_batches, load_batches
from dcct.config.profile import Extras
from dcct.errors import ConfigError


def clips(tiny, profile, seed, **changes) -> TrainingClips:
    training = profile.training.model_copy(update={"random_erasing": 0.5} | changes)
    return TrainingClips(tiny.frames, tiny.manifest, profile.clips, training, seed)


def test_batches_hold_p_identities_and_k_tracklets():
    """Each batch has P identities × K tracklets, each identity once an epoch, the last partial
    batch dropped."""
    labels = np.array([-1, *np.repeat(np.arange(10), 3), -1])
    batches = epoch_batches(labels, 4, 2, seed=0, epoch=0)
    chosen = [[labels[tracklet] for _, _, tracklet in batch] for batch in batches]
    assert [len(set(batch)) for batch in chosen] == [4, 4]
    assert all(batch.count(label) == 2 for batch in chosen for label in batch)
    assert len({label for batch in chosen for label in batch}) == 8


def test_identity_with_too_few_tracklets_is_drawn_with_replacement():
    """One tracklet, K = 4: it stands four times in the batch."""
    batches = epoch_batches(np.array([0, 1]), 2, 4, seed=0, epoch=0)
    assert sorted(tracklet for _, _, tracklet in batches[0]) == [0, 0, 0, 0, 1, 1, 1, 1]


def test_worker_count_changes_no_batch(tiny, profile):
    """0, 1 and 3 processes and 3 threads give bit-identical clips, augmentation and labels."""
    everything = Extras(sampling="segments", flip=0.5, pad_crop=3)
    settings = [{"workers": workers} for workers in (0, 1, 3)] + [
        {"workers": 3, "loader": "threads"}
    ]
    epochs = [
        list(load_batches(clips(tiny, profile, 3, extras=everything, **one), range(5, 7)))
        for one in settings
    ]
    for batches in zip(*epochs, strict=True):
        for parts in zip(*batches, strict=True):
            assert all(torch.equal(parts[0], part) for part in parts[1:])


def test_epochs_and_seeds_differ(tiny, profile):
    """Another epoch, or another seed, draws other clips."""

    def first(seed, epoch):
        return next(load_batches(clips(tiny, profile, seed), range(epoch, epoch + 1)))[0]

    assert torch.equal(first(0, 0), first(0, 0))
    assert not torch.equal(first(0, 0), first(0, 1))
    assert not torch.equal(first(0, 0), first(1, 0))


def test_too_few_identities_for_a_batch_are_refused_at_once(tiny, profile):
    """Before a batch is asked for: an epoch of no batches would train nothing and say nothing."""
    with pytest.raises(ConfigError, match=r"training\.identities: 99 a batch.* choose fewer"):
        load_batches(clips(tiny, profile, 0, identities=99), range(1))


def test_small_shared_memory_is_refused_at_once(tiny, profile, small_disk, monkeypatch):
    """Processes that would die for want of it are not started; threads need none."""
    monkeypatch.setattr("dcct.clips.loader.SHARED_MEMORY", small_disk.folder)
    for loader in ("processes", "threads"):
        training = profile.training.model_copy(update={"workers": 2, "loader": loader})
        dataset = TrainingClips(tiny.frames, tiny.manifest, profile.clips, training, 0)
        if loader == "processes":
            with pytest.raises(ConfigError, match=r"MiB are free: set training\.loader: threads"):
                load_batches(dataset, range(1))
        else:
            assert len(next(load_batches(dataset, range(1)))) == 3
