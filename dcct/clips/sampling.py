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

from dcct.config.dataset import Window
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

    s is the largest of 8, 4, 2, 1 with T·s ≤ length. As in the official program, the last start
    that would fit is never drawn, unless it is the only one. A tracklet shorter than T gives T
    draws with replacement, sorted.
    """
    return _interval(length, clip_length, draw, left_out=1)


def random_whole_interval(length: int, clip_length: int, draw: np.random.Generator) -> np.ndarray:
    """Training clip: random_interval, whose start may be the last one that fits too."""
    return _interval(length, clip_length, draw, left_out=0)


def _interval(
    length: int, clip_length: int, draw: np.random.Generator, left_out: int
) -> np.ndarray:
    for stride in TRAIN_STRIDES:
        if clip_length * stride <= length:
            starts = length - clip_length * stride + 1 - left_out
            start = draw.integers(max(1, starts))
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


TRAINING_SAMPLERS = {
    "interval": random_interval,
    "whole-interval": random_whole_interval,
    "segments": random_segments,
}


def begin_interval(length: int, clip_length: int) -> np.ndarray:
    """Test clip: positions 0, s, 2s, … (T,) with the largest s of T, T//2, T//4, T//8 that fits;
    else cyclic."""
    for stride in (clip_length, clip_length // 2, clip_length // 4, clip_length // 8):
        if stride and stride * (clip_length - 1) + 1 <= length:
            return stride * np.arange(clip_length)
    return np.arange(clip_length) % length


def dense(
    length: int,
    clip_length: int,
    clip_cap: int,
    draw: np.random.Generator,
    clip_window: Window = "clips",
) -> np.ndarray:
    """Test clips of a whole tracklet: positions (k, T), clip i taking i, i+k, i+2k, … with k =
    length // T; the last length mod T frames are in none.

    Of more than `clip_cap` clips, a random run of clip_cap consecutive ones is kept, each of which
    still spans the whole tracklet. As in the official program, the last such run is never drawn, so
    that with one clip too many the first run is kept. clip_window "frames": the tracklet is cut to
    a random window of clip_cap·T frames instead. A tracklet of at most T frames gives one cyclic
    clip.
    """
    if length <= clip_length:
        return np.arange(clip_length)[None] % length
    count = stride = length // clip_length
    start = 0
    if count > clip_cap and clip_window == "frames":
        count = stride = clip_cap
        start = int(draw.integers(length - count * clip_length + 1))
    elif count > clip_cap:
        count = clip_cap
        start = int(draw.integers(stride - count))
    return start + np.arange(count)[:, None] + stride * np.arange(clip_length)[None]


def test_clips(
    sampler: str,
    tracklet: int,
    length: int,
    clip_length: int,
    clip_cap: int,
    clip_window: Window,
) -> np.ndarray:
    """Positions (clips, T) of one test tracklet under the named sampler."""
    if sampler == "dense":
        draw = generator(SAMPLING_SEED, Stream.DENSE_WINDOW, tracklet)
        return dense(length, clip_length, clip_cap, draw, clip_window)
    clip = begin_interval(length, clip_length)
    if sampler == "repeated":
        clip = np.full(clip_length, clip[0])
    elif sampler == "shuffled":
        clip = generator(SAMPLING_SEED, Stream.FRAME_SHUFFLE, tracklet).permutation(clip)
    return clip[None]


def write_test_clips(
    manifest: Path,
    path: Path,
    samplers: Sequence[str],
    clip_length: int,
    clip_cap: int,
    clip_window: Window,
) -> None:
    """Draw every sampler's clips of all query and gallery tracklets into one parquet file."""
    rows = []
    for tracklet in read_manifest(manifest).to_pylist():
        if tracklet["split"] == "train":
            continue
        for sampler in samplers:
            of = sampler, tracklet["tracklet"], tracklet["frames"]
            clips = test_clips(*of, clip_length, clip_cap, clip_window)
            rows += [
                (sampler, tracklet["tracklet"], number, clip.tolist())
                for number, clip in enumerate(clips)
            ]
    write_parquet(
        path, pa.table([list(column) for column in zip(*rows, strict=True)], schema=CLIPS)
    )
