"""The layouts that can be read: a plain dict is all the registry there is."""

from collections.abc import Callable, Iterator
from functools import partial
from inspect import signature
from pathlib import Path

from dcct.config.dataset import Protocol
from dcct.datasets import duke, folder_layout, ilids, lsvid, mars, prid
from dcct.datasets.tracklet import Tracklet
from dcct.errors import DataError

Reader = Callable[[Path], Iterator[Tracklet]]
LAYOUTS: dict[str, Callable[..., Iterator[Tracklet]]] = {
    "mars": mars.read_tracklets,
    "dukemtmc-videoreid": duke.read_tracklets,
    "ilids-vid": ilids.read_tracklets,
    "prid-2011": prid.read_tracklets,
    "ls-vid": lsvid.read_tracklets,
    "folders": folder_layout.read_tracklets,
}
"""Layout → its reader: of a root folder, of `split` if it has several, and of what the protocol
says of reading (Protocol.reading) if it asks for that."""


def reader_of(layout: str, split: int = 0, protocol: Protocol | None = None) -> Reader:
    """The reader of a layout at one of its splits, as the protocol says where it says anything.

    Raises DataError for a layout that is not known, or a split where there is only one.
    """
    if layout not in LAYOUTS:
        raise DataError(f"layout {layout}: unknown; known: {', '.join(LAYOUTS)}")
    read = LAYOUTS[layout]
    known = signature(read).parameters
    if split and "split" not in known:
        raise DataError(f"layout {layout}: no split {split}; it has 1, counted from 0")
    options = {"split": split, **(protocol.reading if protocol else {})}
    return partial(read, **{name: value for name, value in options.items() if name in known})


def read_tracklets(name: str, root: str | Path, *, split: int = 0) -> Iterator[Tracklet]:
    """Yield a data set's tracklets without opening an image.

    name: mars, dukemtmc-videoreid, ilids-vid, prid-2011 or ls-vid; folders for data of your own.
    root: the folder that its archive unpacks to, or in which yours lie. split: 0 to 9 for iLIDS-VID
    and PRID-2011, 0 for the others. Raises DataError naming what is missing or odd.
    """
    return reader_of(name, split)(Path(root))


def count_junk(layout: str, root: Path) -> int:
    """Number of tracklets that a reader drops as junk; only MARS has any."""
    return mars.count_junk(root) if layout == "mars" else 0


def numbers_of(layout: str, root: Path) -> dict[str, dict[str, int]]:
    """Identities and cameras → their names → the numbers that a reader gave them; nothing where
    the set has numbers itself."""
    if layout != "folders":
        return {}
    return dict(zip(("identities", "cameras"), folder_layout.numbers_of(root), strict=True))
