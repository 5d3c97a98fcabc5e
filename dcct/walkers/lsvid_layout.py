"""The drawn people in the layout of LS-VID.

tracklet_{train,test}/0001/0001_01_01_0001_001.jpg (identity, sequence, camera, tracklet, frame),
the lists of path prefixes with identities, and the queries in HDF5.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import h5py
import numpy as np

from dcct.walkers.entries import Entry, first_at_each_camera, image, test_entries, train_entries
from dcct.walkers.scene import JUNK, draw_tracklet

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec


def files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """Every file of the data set: path relative to its root, and content."""
    tests = [entry for entry in test_entries(spec) if entry.pid != JUNK]
    for part, entries in (("train", list(train_entries(spec))), ("test", tests)):
        for entry in entries:
            for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
                yield (
                    f"{_prefix(part, entry)}{frame:03d}.jpg",
                    image(pixels, "JPEG", spec.jpeg_quality),
                )
        lines = "".join(f"{_prefix(part, entry)} {entry.pid}\n" for entry in entries)
        yield f"list_sequence/list_seq_{part}.txt", lines.encode("ascii")
    queries = [tests.index(entry) + 1 for entry in first_at_each_camera(tests).values()]
    yield "test/data/info_test.mat", _hdf5("query", np.array([queries], np.float64))


def _prefix(part: str, entry: Entry) -> str:
    pid, camera, number = entry
    return f"tracklet_{part}/{pid:04d}/{pid:04d}_01_{camera:02d}_{number:04d}_"


def _hdf5(name: str, matrix: np.ndarray) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset(name, data=matrix, track_times=False)
    return content.getvalue()
