"""Layout → reader. A plain dict is all the registry there is."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from dcct.config.dataset import SPLITS
from dcct.datasets import duke, ilids, lsvid, mars, prid
from dcct.datasets.tracklet import Tracklet
from dcct.errors import DataError

Reader = Callable[[Path], Iterator[Tracklet]]


def reader_of(
    layout: str, split: int = 0, first_half: Literal["test", "train"] | None = None
) -> Reader:
    """The reader of a layout at one of its splits. first_half: what the first half of an iLIDS-VID
    split is.

    Raises DataError for a layout that is not known, or a split that it does not have.
    """
    if split >= SPLITS.get(layout, 1):
        raise DataError(
            f"layout {layout}: no split {split}; it has {SPLITS.get(layout, 1)}, counted from 0"
        )
    readers: dict[str, Reader] = {
        "mars": mars.read_tracklets,
        "dukemtmc-videoreid": duke.read_tracklets,
        "ilids-vid": partial(ilids.read_tracklets, split=split, first_half=first_half or "test"),
        "prid-2011": partial(prid.read_tracklets, split=split),
        "ls-vid": lsvid.read_tracklets,
    }
    if layout not in readers:
        raise DataError(f"layout {layout}: unknown; known: {', '.join(readers)}")
    return readers[layout]


def read_tracklets(name: str, root: str | Path, *, split: int = 0) -> Iterator[Tracklet]:
    """Yield a data set's tracklets without opening an image.

    name: mars, dukemtmc-videoreid, ilids-vid, prid-2011 or ls-vid. root: the folder that its
    archive unpacks to. split: 0 to 9 for iLIDS-VID and PRID-2011, 0 for the others. Raises
    DataError naming what is missing or odd.
    """
    return reader_of(name, split)(Path(root))


def count_junk(layout: str, root: Path) -> int:
    """Number of tracklets that a reader drops as junk; only MARS has any."""
    return mars.count_junk(root) if layout == "mars" else 0
