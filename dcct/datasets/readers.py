"""On-disk layout → reader. A plain dict is all the registry there is."""

from collections.abc import Callable, Iterator
from pathlib import Path

from dcct.datasets import mars
from dcct.datasets.tracklet import Tracklet
from dcct.errors import DataError

READERS = {"mars": mars.read_tracklets}
"""layout → function from a root folder to an iterator of Tracklet."""
JUNK_COUNTERS = {"mars": mars.count_junk}
"""layout → function from a root folder to the number of tracklets that its reader drops as junk."""


def reader_of(layout: str) -> Callable[[Path], Iterator[Tracklet]]:
    """The reader of a layout. Raises DataError for a layout that can be planned but not yet read."""
    if layout not in READERS:
        raise DataError(f"layout {layout}: this version cannot read it yet: take the set out of the profile's datasets")
    return READERS[layout]
