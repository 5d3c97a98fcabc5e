"""Which tracklets the drawn set has, and how a picture or a matrix becomes a file, the same bytes
each time."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image
from scipy.io import savemat

from dcct.walkers.scene import DISTRACTOR, JUNK

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

_MAT_HEADER = b"MATLAB 5.0 MAT-file, written by walkers".ljust(
    116
)  # savemat writes the time of day here


class Entry(NamedTuple):
    """One tracklet: the arguments of draw_tracklet, which are also the numbers in its file
    names."""

    pid: int
    """Identity, from 1; DISTRACTOR or JUNK."""
    camera: int
    """From 1."""
    number: int
    """From 1, through all cameras."""


def train_entries(spec: "WalkersSpec") -> Iterator[Entry]:
    """Tracklets for training in the order of train_name.txt."""
    for pid in range(1, spec.train_ids + 1):
        yield from identity_entries(spec, pid)


def test_entries(spec: "WalkersSpec") -> Iterator[Entry]:
    """Tracklets for testing in the order of test_name.txt: junk, distractors, identities."""
    for pid, count in ((JUNK, spec.junk), (DISTRACTOR, spec.distractors)):
        for number in range(count):
            yield Entry(pid, number % spec.cameras + 1, number + 1)
    for pid in range(spec.train_ids + 1, spec.train_ids + spec.test_ids + 1):
        yield from identity_entries(spec, pid)


def identity_entries(spec: "WalkersSpec", pid: int) -> Iterator[Entry]:
    """An identity's tracklets, numbered through all its cameras."""
    for number in range(spec.cameras * spec.tracklets_per_camera):
        yield Entry(pid, number // spec.tracklets_per_camera + 1, number + 1)


def first_at_each_camera(entries: list[Entry]) -> dict[tuple[int, int], Entry]:
    """(identity, camera) → its first tracklet: the query, where a layout has queries. None for
    junk."""
    first: dict[tuple[int, int], Entry] = {}
    for entry in entries:
        if entry.pid not in (JUNK, DISTRACTOR):
            first.setdefault((entry.pid, entry.camera), entry)
    return first


def image(pixels: np.ndarray, kind: str, quality: int) -> bytes:
    """A picture as a file. kind: JPEG or PNG; quality matters to JPEG alone."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format=kind, quality=quality)
    return content.getvalue()


def matlab(name: str, matrix: np.ndarray) -> bytes:
    """A MATLAB file of one matrix, with the same bytes for the same numbers."""
    content = io.BytesIO()
    savemat(content, {name: matrix}, do_compression=False)
    return _MAT_HEADER + content.getvalue()[len(_MAT_HEADER) :]
