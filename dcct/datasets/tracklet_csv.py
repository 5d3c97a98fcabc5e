"""A manifest for other people's programs: one line of CSV a tracklet, with the paths of its
frames."""

import csv
from pathlib import Path

import pyarrow as pa

from dcct.datasets.listing import read_listing
from dcct.datasets.manifest import listing_of, read_manifest
from dcct.errors import DataError
from dcct.files import atomic, file_digest

COLUMNS = ("tracklet", "split", "pid", "camid", "frames")
"""Of the manifest; `paths` follows."""
SEPARATOR = "|"
"""Between paths: hardly any holds it, and one that does is refused."""


def write_csv(manifest: Path, listing: Path, path: Path) -> int:
    """Write the tracklets of a split in the manifest's order; return how many there are.

    paths: of the usable frames, in time order, relative to the data set's folder, `|` between them.
    Raises DataError where manifest and list of frames are not of one verification, or a path holds
    a `|`.
    """
    table = read_manifest(manifest)
    frames = pa.chunked_array(
        [batch["path"] for batch in read_listing(listing, ["path"])], pa.string()
    )
    if file_digest(listing) != listing_of(table):
        raise DataError(f"{manifest}: made from another {listing}: run `dcct manifest` again")
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow([*COLUMNS, "paths"])
        for row in table.to_pylist():
            paths = frames.slice(row["first_frame"], row["frames"]).to_pylist()
            if odd := [one for one in paths if SEPARATOR in one]:
                raise DataError(
                    f"{odd[0]}: a path with {SEPARATOR}, which stands between paths: rename it in"
                    " the data set, and verify it again"
                )
            lines.writerow([*(row[name] for name in COLUMNS), SEPARATOR.join(paths)])
    return len(table)
