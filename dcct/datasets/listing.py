"""The list of a verified set's frames, in the order of its tracklets: path, length and MD5 of each.

Verification writes it, once per data set. Frame stores and the manifests of all splits follow its
order, so a frame is found by its place in the list. It is written and read in batches, whatever the
size of the set.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dcct.datasets.parquet import reading, refuse_missing
from dcct.errors import DataError
from dcct.files import atomic

SCHEMA_VERSION = b"1"
VERSION = b"dcct_listing"
FRAMES = pa.schema(
    [
        ("path", pa.string()),
        ("tracklet", pa.int32()),
        ("bytes", pa.int32()),
        ("md5", pa.binary(16)),
    ],
    metadata={VERSION: SCHEMA_VERSION},
)
BATCH = 20_000


class Frame(NamedTuple):
    """One row of the list."""

    path: str
    """Relative to the data set's root."""
    tracklet: int
    """Which of the listed tracklets, from 0."""
    length: int
    """In bytes."""
    md5: bytes
    """Of the file."""


@contextlib.contextmanager
def listing_writer(path: Path) -> Iterator[Callable[[Frame], None]]:
    """Yield a function that appends a frame; the file appears when all are written."""
    waiting: list[Frame] = []
    with atomic(path) as temporary, _writer(temporary) as writer:

        def flush() -> None:
            columns = [list(column) for column in zip(*waiting, strict=True)] or [[]] * len(FRAMES)
            writer.write_table(pa.table(columns, schema=FRAMES))
            waiting.clear()

        def append(frame: Frame) -> None:
            waiting.append(frame)
            if len(waiting) == BATCH:
                flush()

        yield append
        flush()


def read_listing(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield some columns in batches. Raises DataError when the file is missing, damaged or of
    another version."""
    with reading(path, "dcct verify", FRAMES) as file:
        if (file.schema_arrow.metadata or {}).get(VERSION) != SCHEMA_VERSION:
            raise DataError(f"{path}: written by another version of dcct: run `dcct verify` again")
        for batch in file.iter_batches(BATCH, columns=columns):
            for name in columns:
                refuse_missing(name, batch[name])
            yield batch


def listed_lengths(path: Path) -> np.ndarray:
    """Length in bytes of every frame (frames,)."""
    return np.concatenate(
        [
            np.zeros(0, np.int32),
            *(batch["bytes"].to_numpy() for batch in read_listing(path, ["bytes"])),
        ]
    )


def starts(path: Path) -> dict[str, tuple[int, int]]:
    """First listed frame of each tracklet → (its place in the list, how many frames are listed)."""
    firsts, places, total, last = [], [], 0, -1
    for batch in read_listing(path, ["path", "tracklet"]):
        tracklets = batch["tracklet"].to_numpy()
        changes = np.flatnonzero(np.diff(tracklets, prepend=last))
        firsts += batch["path"].take(pa.array(changes)).to_pylist()
        places += (total + changes).tolist()
        total, last = total + len(tracklets), tracklets[-1]
    ends = [*places[1:], total]
    return {
        first: (begin, end - begin) for first, begin, end in zip(firsts, places, ends, strict=True)
    }


def _writer(path: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, FRAMES, compression="zstd", use_dictionary=False)
