"""On-disk layout → reader. A plain dict is all the registry there is."""

from dcct.datasets import mars

READERS = {"mars": mars.read_tracklets}
"""layout → function from a root folder to an iterator of Tracklet."""
JUNK_COUNTERS = {"mars": mars.count_junk}
"""layout → function from a root folder to the number of tracklets that its reader drops as junk."""
