"""One Tracklet record for every data set, and the invariants that each reader's output must keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dcct.errors import DataError

Split = Literal["train", "query", "gallery"]
JUNK, DISTRACTOR = -1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracklet:
    """Consecutive frames of one person seen by one camera.

    pid: the data set's own identity number (DISTRACTOR for people who are nobody's match). camid: 0-based.
    frames: paths relative to the data set's root, in time order.
    """

    split: Split
    pid: int
    camid: int
    frames: tuple[str, ...]


def check_tracklets(tracklets: Iterable[Tracklet]) -> list[Tracklet]:
    """Return the tracklets as a list after checking what every protocol relies on.

    Raises DataError at an empty tracklet, junk, a frame used twice within a split, or an identity in train and test.
    """
    checked, owner, pids = [], {}, {"train": set(), "query": set(), "gallery": set()}
    for number, tracklet in enumerate(tracklets):
        where = f"{tracklet.split} tracklet {number} (identity {tracklet.pid}, camera {tracklet.camid + 1})"
        if not tracklet.frames:
            raise DataError(f"{where} has no frames")
        if tracklet.pid == JUNK:
            raise DataError(f"{where} is junk: readers must drop it")
        for frame in tracklet.frames:
            if owner.setdefault((tracklet.split, frame), number) != number:
                raise DataError(f"{frame} belongs to {where} and to tracklet {owner[tracklet.split, frame]}")
        pids[tracklet.split].add(tracklet.pid)
        checked.append(tracklet)
    shared = pids["train"] & (pids["query"] | pids["gallery"])
    if shared:
        raise DataError(f"identities {sorted(shared)[:5]} are in train and in test")
    return checked
