"""The manifest: two parquet files that say which frames, tracklets, identities and cameras a verified set has.

tracklets.parquet: tracklet (row number), split, pid, label (training identities relabelled 0..N-1 in sorted order, −1
elsewhere), camid, first_frame, frames. frames.parquet: path, in tracklet order. Everything downstream reads the
manifest and never a data set's own metadata.
"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dcct.datasets.tracklet import Tracklet, check_tracklets
from dcct.errors import DataError
from dcct.receipt import atomic

SCHEMA_VERSION = b"1"
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
    metadata={b"dcct_manifest": SCHEMA_VERSION},
)
FRAMES = pa.schema([("path", pa.string())], metadata={b"dcct_manifest": SCHEMA_VERSION})


def write_manifest(tracklets: Iterable[Tracklet], folder: Path) -> None:
    """Check a reader's tracklets and write folder/tracklets.parquet and folder/frames.parquet."""
    tracklets = check_tracklets(tracklets)
    labels = {pid: label for label, pid in enumerate(sorted({t.pid for t in tracklets if t.split == "train"}))}
    rows, paths = [], []
    for number, tracklet in enumerate(tracklets):
        label = labels[tracklet.pid] if tracklet.split == "train" else -1
        rows.append((number, tracklet.split, tracklet.pid, label, tracklet.camid, len(paths), len(tracklet.frames)))
        paths.extend(tracklet.frames)
    columns = [list(column) for column in zip(*rows, strict=True)]
    write_parquet(folder / "tracklets.parquet", pa.table(columns, schema=TRACKLETS))
    write_parquet(folder / "frames.parquet", pa.table([paths], schema=FRAMES))


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a parquet file atomically, with the same bytes for the same table."""
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_manifest(folder: Path) -> pa.Table:
    """The tracklets of a manifest. Raises DataError when it is missing or of another schema version."""
    path = folder / "tracklets.parquet"
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise DataError(f"{path}: missing: run `dcct manifest` first") from None
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read ({error}): run `dcct manifest` again") from None
    if (table.schema.metadata or {}).get(b"dcct_manifest") != SCHEMA_VERSION:
        raise DataError(f"{path}: written by another version of dcct: run `dcct manifest` again")
    return table


def count(tracklets: list[Tracklet]) -> dict[str, int]:
    """The counts that config/datasets/*.yaml expects, except junk, which readers drop."""

    def of(*splits):
        return [t for t in tracklets if t.split in splits]

    return {
        "train_ids": len({t.pid for t in of("train")}),
        "train_tracklets": len(of("train")),
        "train_frames": sum(len(t.frames) for t in of("train")),
        "query_ids": len({t.pid for t in of("query")}),
        "query_tracklets": len(of("query")),
        "gallery_tracklets": len(of("gallery")),
        "distractor_tracklets": sum(t.pid == 0 for t in of("gallery")),
        "cameras": len({t.camid for t in tracklets}),
    }
