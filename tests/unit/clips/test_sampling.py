"""Clip sampling: the official index rules, for every length."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dcct.clips.sampling import TRAINING_SAMPLERS, begin_interval, dense, random_segments

LENGTHS, CLIPS = st.integers(1, 2000), st.sampled_from([4, 6, 8])


@given(
    length=LENGTHS,
    clip=CLIPS,
    seed=st.integers(0, 99),
    sampler=st.sampled_from(["interval", "whole-interval"]),
)
def test_random_interval_takes_one_frame_of_each_run(length, clip, seed, sampler):
    """With stride s, consecutive positions lie in consecutive runs of s frames; short tracklets
    give sorted draws."""
    positions = TRAINING_SAMPLERS[sampler](length, clip, np.random.default_rng(seed))
    assert positions.min() >= 0
    assert positions.max() < length
    assert (np.diff(positions) >= 0).all()
    if length >= clip:
        stride = next(s for s in (8, 4, 2, 1) if clip * s <= length)
        assert len(set(positions.tolist())) == clip
        assert positions.max() - positions.min() < clip * stride


@given(length=LENGTHS, clip=CLIPS, seed=st.integers(0, 99))
def test_random_segments_takes_one_frame_of_each_part(length, clip, seed):
    """T equal parts, one frame from each, in order; short tracklets give sorted draws with
    replacement."""
    positions = random_segments(length, clip, np.random.default_rng(seed))
    assert (np.diff(positions) >= 0).all()
    assert positions.max() < length
    if length >= clip:
        bounds = [(part * length // clip, (part + 1) * length // clip) for part in range(clip)]
        assert all(
            low <= position < high for position, (low, high) in zip(positions, bounds, strict=True)
        )


@given(length=LENGTHS, clip=CLIPS)
def test_begin_interval_is_evenly_spaced_from_the_start(length, clip):
    """Positions 0, s, 2s with the largest s of T, T/2, T/4, T/8 that fits, else cyclic
    repetition."""
    positions = begin_interval(length, clip)
    fitting = [
        s for s in (clip, clip // 2, clip // 4, clip // 8) if s and s * (clip - 1) + 1 <= length
    ]
    expected = [i * fitting[0] if fitting else i % length for i in range(clip)]
    assert positions.tolist() == expected


@given(
    length=LENGTHS,
    clip=CLIPS,
    cap=st.sampled_from([3, 200]),
    window=st.sampled_from(["clips", "frames"]),
)
def test_dense_clips_share_no_frame(length, clip, cap, window):
    """k = length // T interleaved clips, none overlapping, at most `cap`, all inside the tracklet:
    consecutive clips that span it, or all those of a window of frames."""
    positions = dense(length, clip, cap, np.random.default_rng(0), window)
    assert positions.shape == (max(1, min(length // clip, cap)), clip)
    assert positions.max() < length
    if length > clip:
        stride = len(positions) if window == "frames" else length // clip
        assert len(np.unique(positions)) == positions.size
        assert (np.diff(positions, axis=1) == stride).all()
        assert (np.diff(positions, axis=0) == 1).all()
