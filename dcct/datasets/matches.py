"""Whether queries can be found at all: known from the labels, before anything is trained."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from dcct.config.dataset import Protocol
from dcct.datasets.tracklet import Tracklet


class Matches:
    """What a protocol leaves to be found of each query; tracklets are watched as they pass."""

    def __init__(self, protocol: Protocol):
        self._protocol = protocol
        self._queries: Counter[tuple[int, int]] = Counter()
        self._searched: dict[int, set[int]] = defaultdict(set)

    def watch(self, tracklets: Iterable[Tracklet]) -> Iterator[Tracklet]:
        """Yield them."""
        for tracklet in tracklets:
            split, pid, camid = tracklet.split, tracklet.pid, tracklet.camid
            if split == "query":
                self._queries[pid, camid] += 1
            if split == "gallery" or (split == "query" and self._protocol.gallery_includes_queries):
                self._searched[pid].add(camid)
            yield tracklet

    @property
    def queries(self) -> int:
        """How many there are."""
        return self._queries.total()

    @property
    def unmatched(self) -> int:
        """Queries for which nothing is left to be found: they count in no metric."""
        left_out = self._protocol.drop_same_camera
        return sum(
            number
            for (pid, camid), number in self._queries.items()
            if not self._searched[pid] - ({camid} if left_out else set())
        )
