"""The list of tracklets for other programs says what the reader says, or nothing is written."""

import csv
from pathlib import Path

import pytest

from dcct.config.dataset import Expected
from dcct.config.load import load_dataset
from dcct.datasets.manifest import write_manifest
from dcct.datasets.readers import read_tracklets, reader_of
from dcct.datasets.tracklet_csv import write_csv
from dcct.datasets.verify import verify
from dcct.errors import DataError
from dcct.runtime.progress import Progress


def listed(root: Path, layout: str, folder: Path) -> Path:
    """Verify a set and write its manifest into a folder; return the list of its frames."""
    config = load_dataset("walkers-test", Path(__file__).parents[3] / "config/test.yaml")
    config = config.model_copy(update={"layout": layout, "expected": Expected()})
    verify(config, root, folder / "frames.parquet", Progress())
    write_manifest(reader_of(layout)(root), folder / "frames.parquet", folder)
    return folder / "frames.parquet"


@pytest.mark.parametrize("layout", ["mars", "folders"])
def test_the_list_is_what_the_reader_says(drawn, tmp_path, layout):
    """Every tracklet with its labels, and the paths of its frames in order."""
    listing = listed(drawn / layout, layout, tmp_path)
    number = write_csv(tmp_path, listing, tmp_path / "tracklets.csv")
    with open(tmp_path / "tracklets.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["tracklet"]) for row in rows] == list(range(number))
    assert [
        (row["split"], int(row["pid"]), int(row["camid"]), tuple(row["paths"].split("|")))
        for row in rows
    ] == [
        (one.split, one.pid, one.camid, one.frames)
        for one in read_tracklets(layout, drawn / layout)
    ]
    assert all(int(row["frames"]) == len(row["paths"].split("|")) for row in rows)


def test_what_cannot_be_listed_is_refused(copied, tmp_path):
    """A path that holds what stands between paths, and frames of another verification than the
    manifest's: no file is left."""
    root, folder = copied("folders"), tmp_path / "made"
    listing = listed(root, "folders", folder)
    before = listing.read_bytes()
    (root / "train/0001/camera1/0001").rename(root / "train/0001/camera1/a|b")
    listed(root, "folders", folder)
    with pytest.raises(DataError, match=r"a\|b/.*: a path with \|"):
        write_csv(folder, listing, folder / "tracklets.csv")
    listing.write_bytes(before)
    with pytest.raises(DataError, match="run `dcct manifest` again"):
        write_csv(folder, listing, folder / "tracklets.csv")
    assert not list(folder.glob("*.csv*"))
