"""The drawn people in the layout of MARS.

bbox_train/0001/0001C1T0001F001.jpg and so on, bbox_test/ likewise with distractors in 0000 and junk
in 00-1, and in info/ the frame names, the tracklets (first line, last line, identity, camera;
1-based, inclusive) and the queries.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dcct.walkers.entries import (
    Entry,
    first_at_each_camera,
    image,
    matlab,
    test_entries,
    train_entries,
)
from dcct.walkers.scene import JUNK, draw_tracklet

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec


def files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """Every file of the data set: path relative to its root, and content."""
    for part, entries in (("train", list(train_entries(spec))), ("test", list(test_entries(spec)))):
        for entry in entries:
            for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
                name = frame_name(entry, frame)
                yield f"bbox_{part}/{name[:4]}/{name}", image(pixels, "JPEG", spec.jpeg_quality)
        names = [
            frame_name(entry, frame) for entry in entries for frame in range(1, spec.frames + 1)
        ]
        yield f"info/{part}_name.txt", "".join(f"{name}\n" for name in names).encode("ascii")
        yield (
            f"info/tracks_{part}_info.mat",
            matlab(f"track_{part}_info", _rows(entries, spec.frames)),
        )
        if part == "test":
            yield "info/query_IDX.mat", matlab("query_IDX", _queries(entries))


def frame_name(entry: Entry, frame: int) -> str:
    label = "00-1" if entry.pid == JUNK else f"{entry.pid:04d}"
    return f"{label}C{entry.camera}T{entry.number:04d}F{frame:03d}.jpg"


def _rows(entries: list[Entry], frames: int) -> np.ndarray:
    """First and last line, identity and camera of every tracklet, int32 (N, 4)."""
    rows = [
        (frames * place + 1, frames * (place + 1), entry.pid, entry.camera)
        for place, entry in enumerate(entries)
    ]
    return np.array(rows, np.int32)


def _queries(entries: list[Entry]) -> np.ndarray:
    """1-based places of the first tracklet of every test identity at every camera, uint16 (1,
    Q)."""
    return np.array(
        [[entries.index(entry) + 1 for entry in first_at_each_camera(entries).values()]], np.uint16
    )
