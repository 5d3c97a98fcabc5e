"""One Tracklet record for every data set, and the invariants that each reader's output must
keep."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from dcct.errors import DataError

Split = Literal["train", "query", "gallery"]
JUNK, DISTRACTOR = -1, 0
LARGEST_PID, LARGEST_CAMERA = 2**31 - 1, 2**15 - 1
"""What a manifest can hold; cameras count from 1, in some sets from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracklet:
    """Consecutive frames of one person seen by one camera."""

    split: Split
    """Which part of the protocol it belongs to."""
    pid: int
    """The data set's identity number; DISTRACTOR for people who are nobody's match."""
    camid: int
    """Camera, 0-based; −1 where the data set itself counts from 0."""
    frames: tuple[str, ...]
    """Paths relative to the data set's root, in time order."""


def checked(tracklets: Iterable[Tracklet]) -> Iterator[Tracklet]:
    """Yield the tracklets, checking what every protocol relies on.

    Raises DataError at an empty tracklet, at junk, at numbers that no manifest can hold, and, after
    the last one, at an identity in train and in test.
    """
    pids: dict[Split, set[int]] = {"train": set(), "query": set(), "gallery": set()}
    for number, tracklet in enumerate(tracklets):
        where = (
            f"{tracklet.split} tracklet {number} (identity {tracklet.pid}, camera"
            f" {tracklet.camid + 1})"
        )
        if not tracklet.frames:
            raise DataError(f"{where} has no frames")
        if tracklet.pid == JUNK:
            raise DataError(f"{where} is junk: readers must drop it")
        if not 0 <= tracklet.pid <= LARGEST_PID or not -1 <= tracklet.camid < LARGEST_CAMERA:
            raise DataError(f"{where}: there is no such identity or camera: the metadata are wrong")
        pids[tracklet.split].add(tracklet.pid)
        yield tracklet
    shared = pids["train"] & (pids["query"] | pids["gallery"])
    if shared:
        raise DataError(f"identities {sorted(shared)[:5]} are in train and in test")


def digested(tracklets: Iterable[Tracklet], digest: "hashlib._Hash") -> Iterator[Tracklet]:
    """Yield the tracklets, adding all that each says to a digest."""
    for tracklet in tracklets:
        said = (tracklet.split, tracklet.pid, tracklet.camid, tracklet.frames)
        digest.update(repr(said).encode())
        yield tracklet


def count(tracklets: Iterable[Tracklet]) -> dict[str, int]:
    """The counts that config/datasets/*.yaml expects, except junk, which readers drop; and all
    frames."""
    numbers: dict[Split, int] = {"train": 0, "query": 0, "gallery": 0}
    pids: dict[Split, set[int]] = {split: set() for split in numbers}
    cameras, frames, train_frames, distractors = set(), 0, 0, 0
    for tracklet in tracklets:
        numbers[tracklet.split] += 1
        pids[tracklet.split].add(tracklet.pid)
        cameras.add(tracklet.camid)
        frames += len(tracklet.frames)
        train_frames += len(tracklet.frames) * (tracklet.split == "train")
        distractors += tracklet.split == "gallery" and tracklet.pid == DISTRACTOR
    return {
        "train_ids": len(pids["train"]),
        "train_tracklets": numbers["train"],
        "train_frames": train_frames,
        "query_ids": len(pids["query"]),
        "query_tracklets": numbers["query"],
        "gallery_tracklets": numbers["gallery"],
        "test_tracklets": numbers["query"] + numbers["gallery"],
        "distractor_tracklets": distractors,
        "cameras": len(cameras),
        "frames": frames,
    }
