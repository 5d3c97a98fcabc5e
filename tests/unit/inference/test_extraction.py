"""Features: one pass over all clips, whatever interrupts it and however many processes share it."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from dcct.clips.frames import FrameStore
from dcct.clips.transforms import to_input
from dcct.errors import LostProcessError
from dcct.evaluation.features import feature_sets, made_by
from dcct.inference.extraction import extract, extract_shards, trained_model
from dcct.runtime.progress import Progress


def test_dense_features_are_the_mean_of_clip_by_clip_features(job, tmp_path):
    """To 1e-6, every feature set, with clips of several tracklets in a batch."""
    one = job("dcct")
    extract(one, tmp_path / "features.parquet", Progress())
    made, clips = pq.read_table(tmp_path / "features.parquet"), pq.read_table(one.clips).to_pylist()
    found, store, sizes = (
        feature_sets(made),
        FrameStore(one.frames, one.manifest),
        one.profile.clips,
    )
    how = sizes.height, sizes.width, sizes.test_resize
    model = trained_model(one.variant, one.profile, one.manifest, one.checkpoint)
    keys = list(zip(made["sampler"].to_pylist(), made["tracklet"].to_pylist(), strict=True))
    assert len(keys) == len({(clip["sampler"], clip["tracklet"]) for clip in clips})
    for row, key in enumerate(keys[::5]):
        own = [clip["positions"] for clip in clips if (clip["sampler"], clip["tracklet"]) == key]
        assert len(own) == (2 if key[0] == "dense" else 1)
        alone = []
        for positions in own:
            pixels = torch.from_numpy(store.read(key[1], np.array(positions), *how))
            with torch.inference_mode():
                alone.append(model(to_input(pixels[None])).features)
        for name, values in found.items():
            expected = torch.stack([one[name][0] for one in alone]).mean(0).numpy()
            assert np.abs(values[5 * row] - expected).max() < 1e-6


@pytest.mark.parametrize("processes", [1, 2])
def test_interrupted_and_shared_extraction_gives_the_same_bytes(job, tmp_path, processes):
    """Two shards are there already; one process, or two of which each takes every other shard, do
    the rest."""
    extract(job("dcct"), tmp_path / "at-once.parquet", Progress())
    rest = job("dcct", work=tmp_path / "again", training={"processes": processes})
    extract_shards(rest, [0, 2])
    kept = rest.shard(2).stat().st_mtime_ns
    frames = extract(rest, tmp_path / "rest.parquet", Progress())
    assert rest.shard(2).stat().st_mtime_ns == kept
    assert len(list(rest.work.iterdir())) > 4
    assert frames == len(pq.read_table(rest.clips)) * rest.profile.clips.length
    assert (tmp_path / "rest.parquet").read_bytes() == (tmp_path / "at-once.parquet").read_bytes()


def test_a_killed_process_is_one_line(job, tmp_path, monkeypatch):
    """Memory runs out, say: whole shards stay, nothing else does."""
    monkeypatch.setattr("dcct.inference.extraction.extract_shards", _die)
    with pytest.raises(LostProcessError, match="go on after the last whole shard"):
        extract(job("dcct", training={"processes": 2}), tmp_path / "features.parquet", Progress())
    assert not (tmp_path / "features.parquet").exists()


def _die(*_arguments):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


def test_a_backbone_alone_runs_its_own_network_alone(job, tmp_path):
    """Taken out of a whole network's checkpoint, it gives what that network says of the branch."""
    whole, alone = job("dcct-fd-ld"), job("distilled-vit", work=tmp_path / "alone")
    model = trained_model(alone.variant, alone.profile, alone.manifest, alone.checkpoint)
    assert model.cnn is None
    assert not [
        name for name, _ in model.named_parameters() if not name.startswith(("vit.", "head_vit."))
    ]
    for one, name in ((whole, "whole"), (alone, "alone")):
        extract(one, tmp_path / f"{name}.parquet", Progress())
    sets = [
        feature_sets(pq.read_table(tmp_path / f"{name}.parquet"))["vit"]
        for name in ("whole", "alone")
    ]
    assert np.abs(sets[0] - sets[1]).max() < 1e-6


def test_half_precision_is_near_and_says_so(job, tmp_path):
    """bf16 features point where fp32 ones do; both are kept as fp32, and the file says which they
    are."""
    paths = {precision: tmp_path / f"{precision}.parquet" for precision in ("fp32", "bf16")}
    for precision, path in paths.items():
        extract(
            job("dcct", work=tmp_path / precision, evaluation={"precision": precision}),
            path,
            Progress(),
        )
        assert made_by(path)["precision"] == precision
    sets = [feature_sets(pq.read_table(path)) for path in paths.values()]
    for name, full in sets[0].items():
        half = sets[1][name]
        cosine = (full * half).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(half, axis=1)
        assert half.dtype == np.float32
        assert 0.99 < cosine.min() < 1
