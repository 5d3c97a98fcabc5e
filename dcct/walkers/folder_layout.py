"""The drawn people in the layout `folders`, in which one's own data lie.

{train,query,gallery}/0001/camera1/0001/0001.jpg, and distractors in gallery/distractor.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dcct.walkers.entries import Entry, first_at_each_camera, image, test_entries, train_entries
from dcct.walkers.scene import DISTRACTOR, JUNK, draw_tracklet

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec


def files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """Every file of the data set: path relative to its root, and content."""
    tests = [entry for entry in test_entries(spec) if entry.pid != JUNK]
    queries = set(first_at_each_camera(tests).values())
    parts = [("train", entry) for entry in train_entries(spec)]
    parts += [("query" if entry in queries else "gallery", entry) for entry in tests]
    for part, entry in parts:
        for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
            path = f"{part}/{_folder(entry)}/{frame:04d}.jpg"
            yield path, image(pixels, "JPEG", spec.jpeg_quality)


def _folder(entry: Entry) -> str:
    person = "distractor" if entry.pid == DISTRACTOR else f"{entry.pid:04d}"
    return f"{person}/camera{entry.camera}/{entry.number:04d}"
