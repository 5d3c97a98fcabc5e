"""The manifest of one split: a parquet file that says which tracklets, identities and cameras it
has.

tracklets.parquet: tracklet (row number), split, pid, label (training identities relabelled 0..N-1
in sorted order, −1 elsewhere), camid, first_frame (place in the list of the set's verified frames,
hence in its frame store), frames. Everything downstream reads the manifest and never a data set's
own metadata.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dcct.datasets.listing import starts
from dcct.datasets.parquet import read_parquet
from dcct.datasets.tracklet import Tracklet, checked, digested
from dcct.errors import DataError
from dcct.files import atomic, file_digest

SCHEMA_VERSION = b"2"
VERSION, LISTING, VERIFICATION = b"dcct_manifest", b"dcct_listing_sha256", b"dcct_verification"
TRACKLETS = pa.schema(
    [
        ("tracklet", pa.int32()),
        ("split", pa.string()),
        ("pid", pa.int32()),
        ("label", pa.int32()),
        ("camid", pa.int16()),
        ("first_frame", pa.int64()),
        ("frames", pa.int32()),
    ],
    metadata={VERSION: SCHEMA_VERSION},
)


def write_manifest(
    tracklets: Iterable[Tracklet],
    listing: Path,
    folder: Path,
    verification: str = "passed",
    expected: str | None = None,
) -> None:
    """Write folder/tracklets.parquet from a reader's tracklets and the list of verified frames.

    verification: "passed" or "warned"; in the second case frames that are not listed are left out,
    and tracklets of which none is. expected: digest of the tracklets as they were verified. Raises
    DataError when one is not as it was.
    """
    listed, rows, digest = starts(listing), [], hashlib.sha256()
    for tracklet in checked(digested(tracklets, digest)):
        place, length = next(
            (listed[frame] for frame in tracklet.frames if frame in listed), (0, 0)
        )
        if length != len(tracklet.frames) and verification == "passed":
            raise DataError(
                f"{tracklet.frames[0]}: its tracklet is not as it was verified: run `dcct verify`"
                " again"
            )
        if length:
            rows.append((tracklet.split, tracklet.pid, tracklet.camid, place, length))
    if expected not in (None, digest.hexdigest()):
        raise DataError(
            f"{listing}: the metadata have changed since they were verified: run `dcct verify`"
            " again"
        )
    if not rows:
        raise DataError(f"{listing}: no frame is left of this split: restore the data set")
    labels = {
        pid: label
        for label, pid in enumerate(sorted({pid for split, pid, *_ in rows if split == "train"}))
    }
    split, pid, camid, first, frames = (list(column) for column in zip(*rows, strict=True))
    label = [labels[one] if part == "train" else -1 for part, one in zip(split, pid, strict=True)]
    table = pa.table([range(len(rows)), split, pid, label, camid, first, frames], schema=TRACKLETS)
    marks = {LISTING: file_digest(listing), VERIFICATION: verification}
    write_parquet(
        folder / "tracklets.parquet", table.replace_schema_metadata({**TRACKLETS.metadata, **marks})
    )


def write_parquet(path: Path, table: pa.Table, *, dictionary: bool = True) -> None:
    """Write a parquet file atomically, with the same bytes for the same table.

    dictionary: False for values that seldom repeat, whose dictionary would cost time and memory.
    """
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=dictionary)


def identities_in(folder: Path) -> int:
    """How many training identities a manifest lists. Raises DataError where there is none."""
    found = int(read_manifest(folder)["label"].to_numpy().max()) + 1
    if not found:
        raise DataError(
            f"{folder}: lists nobody to train on: such a set can only be tested on: name it as"
            " `test` under `cross`, and one that is trained on under `datasets`"
        )
    return found


def read_manifest(folder: Path) -> pa.Table:
    """The tracklets of a manifest. Raises DataError when it is missing, damaged or of another
    version."""
    path = folder / "tracklets.parquet"
    table = read_parquet(path, "dcct manifest", TRACKLETS)
    if (table.schema.metadata or {}).get(VERSION) != SCHEMA_VERSION:
        raise DataError(f"{path}: written by another version of dcct: run `dcct manifest` again")
    return table


def listing_of(manifest: pa.Table) -> str:
    """SHA-256 of the list of verified frames, with their digests, behind a manifest."""
    return manifest.schema.metadata[LISTING].decode()


def verification_of(manifest: pa.Table) -> str:
    """Whether the data behind a manifest "passed" verification or only "warned"."""
    return (manifest.schema.metadata or {}).get(VERIFICATION, b"passed").decode()
