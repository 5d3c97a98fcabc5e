"""The drawn people in the layout of DukeMTMC-VideoReID, with what is odd in it.

{train,query,gallery}/0001/0001/0001_C1_F0001_X00012.jpg. Frame numbers have gaps; the gallery's
names are of the older style without underscores; distractors have identity numbers of their own and
D for X.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dcct.walkers.entries import Entry, first_at_each_camera, image, test_entries, train_entries
from dcct.walkers.scene import DISTRACTOR, JUNK, draw_tracklet

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

FIRST_DISTRACTOR = 7000
STEP = 12
"""Every twelfth frame of a video is kept, so frame n of a tracklet is frame 12·n of it."""


def files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """Every file of the data set: path relative to its root, and content."""
    tests = [entry for entry in test_entries(spec) if entry.pid != JUNK]
    queries = set(first_at_each_camera(tests).values())
    for entry in train_entries(spec):
        yield from _tracklet(spec, "train", entry)
    for entry in tests:
        yield from _tracklet(spec, "query" if entry in queries else "gallery", entry)


def _tracklet(spec: "WalkersSpec", split: str, entry: Entry) -> Iterator[tuple[str, bytes]]:
    stranger = entry.pid == DISTRACTOR
    pid = FIRST_DISTRACTOR + entry.number if stranger else entry.pid
    gap = "" if split == "gallery" else "_"
    for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
        number = frame + (frame > 2)  # frame 3 is missing from every tracklet
        parts = (
            f"{pid:04d}",
            f"C{entry.camera}",
            f"F{number:04d}",
            f"{'D' if stranger else 'X'}{number * STEP:05d}",
        )
        yield (
            f"{split}/{pid:04d}/{entry.number:04d}/{gap.join(parts)}.jpg",
            image(pixels, "JPEG", spec.jpeg_quality),
        )
