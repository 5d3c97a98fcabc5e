"""Which frames make a clip: pure index maths, as in the official program.

Training draws a new clip of every tracklet at every epoch (random_interval), a pure function of its
generator. Test clips are drawn once into parquet: begin (one clip), dense (the whole tracklet in
interleaved clips), and two that ask whether time order is used: repeated (one frame of the begin
clip, T times) and shuffled (the begin clip, permuted).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from dcct.datasets.manifest import read_manifest, write_parquet
from dcct.seeding import Stream, generator

TRAIN_STRIDES = (8, 4, 2, 1)
SAMPLING_SEED = 0
CLIPS = pa.schema(
    [
        ("sampler", pa.string()),
        ("tracklet", pa.int32()),
        ("clip", pa.int32()),
        ("positions", pa.list_(pa.int32())),
    ]
)


def random_interval(length: int, clip_length: int, draw: np.random.Generator) -> np.ndarray:
    """Training clip: T positions (T,), one from each of T consecutive runs of s frames, from a
    random start.

    s is the largest of 8, 4, 2, 1 with T·s ≤ length. A tracklet shorter than T gives T draws with
    replacement, sorted.
    """
    for stride in TRAIN_STRIDES:
        if clip_length * stride <= length:
            start = draw.integers(length - clip_length * stride + 1)
            return start + stride * np.arange(clip_length) + draw.integers(stride, size=clip_length)
    return np.sort(draw.integers(length, size=clip_length))


def random_segments(length: int, clip_length: int, draw: np.random.Generator) -> np.ndarray:
    """Training clip: T positions (T,), one from each of T equal parts of the tracklet; shorter: as
    random_interval.

    Restricted random sampling (Li et al., CVPR 2018); the official program does not do it.
    """
    if length < clip_length:
        return np.sort(draw.integers(length, size=clip_length))
    ends = length * np.arange(clip_length + 1) // clip_length
    return draw.integers(ends[:-1], ends[1:])


TRAINING_SAMPLERS = {"interval": random_interval, "segments": random_segments}


def begin_interval(length: int, clip_length: int) -> np.ndarray:
    """Test clip: positions 0, s, 2s, … (T,) with the largest s of T, T//2, T//4, T//8 that fits;
    else cyclic."""
    for stride in (clip_length, clip_length // 2, clip_length // 4, clip_length // 8):
        if stride and stride * (clip_length - 1) + 1 <= length:
            return stride * np.arange(clip_length)
    return np.arange(clip_length) % length


def dense(length: int, clip_length: int, clip_cap: int, draw: np.random.Generator) -> np.ndarray:
    """Test clips of a whole tracklet: positions (k, T), clip i taking i, i+k, i+2k, … with k =
    length // T.

    More than `clip_cap` clips are cut to a random window of clip_cap·T frames; a tracklet of at
    most T frames gives one cyclic clip.
    """
    if length <= clip_length:
        return np.arange(clip_length)[None] % length
    count, start = length // clip_length, 0
    if count > clip_cap:
        count = clip_cap
        start = int(draw.integers(length - count * clip_length + 1))
    return start + np.arange(count)[:, None] + count * np.arange(clip_length)[None]


def test_clips(
    sampler: str, tracklet: int, length: int, clip_length: int, clip_cap: int
) -> np.ndarray:
    """Positions (clips, T) of one test tracklet under the named sampler."""
    if sampler == "dense":
        return dense(
            length, clip_length, clip_cap, generator(SAMPLING_SEED, Stream.DENSE_WINDOW, tracklet)
        )
    clip = begin_interval(length, clip_length)
    if sampler == "repeated":
        clip = np.full(clip_length, clip[0])
    elif sampler == "shuffled":
        clip = generator(SAMPLING_SEED, Stream.FRAME_SHUFFLE, tracklet).permutation(clip)
    return clip[None]


def write_test_clips(
    manifest: Path, path: Path, samplers: Sequence[str], clip_length: int, clip_cap: int
) -> None:
    """Draw every sampler's clips of all query and gallery tracklets into one parquet file."""
    rows = []
    for tracklet in read_manifest(manifest).to_pylist():
        if tracklet["split"] == "train":
            continue
        for sampler in samplers:
            clips = test_clips(
                sampler, tracklet["tracklet"], tracklet["frames"], clip_length, clip_cap
            )
            rows += [
                (sampler, tracklet["tracklet"], number, clip.tolist())
                for number, clip in enumerate(clips)
            ]
    write_parquet(
        path, pa.table([list(column) for column in zip(*rows, strict=True)], schema=CLIPS)
    )
