"""Writes the data set as files in the MARS layout.

bbox_train/0001/0001C1T0001F001.jpg and so on, bbox_test/ likewise with distractors in 0000 and junk in 00-1,
and in info/ the frame names, the tracklets (first line, last line, identity, camera; 1-based, inclusive) and
the queries.
"""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image
from scipy.io import savemat

from dcct.datasets.walkers.scene import DISTRACTOR, JUNK, draw_tracklet
from dcct.errors import DcctError

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

_MAT_HEADER = b"MATLAB 5.0 MAT-file, written by walkers".ljust(116)  # savemat writes the time of day here


class Entry(NamedTuple):
    """One tracklet: the arguments of draw_tracklet, which are also the numbers in its file names."""

    pid: int
    camera: int
    number: int

    def frame_name(self, frame: int) -> str:
        label = "00-1" if self.pid == JUNK else f"{self.pid:04d}"
        return f"{label}C{self.camera}T{self.number:04d}F{frame:03d}.jpg"


def write(root: Path, spec: "WalkersSpec", advance: Callable[[int], object] | None = None) -> None:
    """Write the whole data set to `root`, which appears only when it is complete.

    advance: called with the number of frames just written. What a killed run left in `root`.partial is removed.
    Raises DcctError when `root` holds anything, or cannot be written.
    """
    root = Path(root)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DcctError(f"{root}: exists and is not empty: remove it or name another folder to write walkers to")
    partial = root.with_name(root.name + ".partial")
    try:
        if partial.exists():
            shutil.rmtree(partial)
        folders = set()
        for name, content in files(spec):
            path = partial / name
            if path.parent not in folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                folders.add(path.parent)
            path.write_bytes(content)
            if advance and name.endswith(".jpg"):
                advance(1)
        partial.replace(root)
    except OSError as error:
        raise DcctError(
            f"{error.filename or root}: cannot be written: {error.strerror}: free the disk or mend the "
            "permissions, then run the same command again"
        ) from error


def files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """Every file of the data set: path relative to its root, and content."""
    for part, entries in (("train", list(train_entries(spec))), ("test", list(test_entries(spec)))):
        for entry in entries:
            for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
                name = entry.frame_name(frame)
                yield f"bbox_{part}/{name[:4]}/{name}", _jpeg(pixels, spec.jpeg_quality)
        names = [entry.frame_name(frame) for entry in entries for frame in range(1, spec.frames + 1)]
        yield f"info/{part}_name.txt", "".join(f"{name}\n" for name in names).encode("ascii")
        yield f"info/tracks_{part}_info.mat", _mat(f"track_{part}_info", _rows(entries, spec.frames))
        if part == "test":
            yield "info/query_IDX.mat", _mat("query_IDX", _queries(entries))


def train_entries(spec: "WalkersSpec") -> Iterator[Entry]:
    """Tracklets for training in the order of train_name.txt."""
    for pid in range(1, spec.train_ids + 1):
        yield from _entries_of(spec, pid)


def test_entries(spec: "WalkersSpec") -> Iterator[Entry]:
    """Tracklets for testing in the order of test_name.txt: junk, distractors, identities."""
    for pid, count in ((JUNK, spec.junk), (DISTRACTOR, spec.distractors)):
        for number in range(count):
            yield Entry(pid, number % spec.cameras + 1, number + 1)
    for pid in range(spec.train_ids + 1, spec.train_ids + spec.test_ids + 1):
        yield from _entries_of(spec, pid)


def _entries_of(spec: "WalkersSpec", pid: int) -> Iterator[Entry]:
    """An identity's tracklets, numbered through all its cameras."""
    for number in range(spec.cameras * spec.tracklets_per_camera):
        yield Entry(pid, number // spec.tracklets_per_camera + 1, number + 1)


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="JPEG", quality=quality)
    return content.getvalue()


def _rows(entries: list[Entry], frames: int) -> np.ndarray:
    """First and last line, identity and camera of every tracklet, int32 (N, 4)."""
    rows = [(frames * place + 1, frames * (place + 1), entry.pid, entry.camera) for place, entry in enumerate(entries)]
    return np.array(rows, np.int32)


def _queries(entries: list[Entry]) -> np.ndarray:
    """1-based places of the first tracklet of every test identity at every camera, uint16 (1, Q)."""
    first = {}
    for place, entry in enumerate(entries, start=1):
        if entry.pid not in (JUNK, DISTRACTOR):
            first.setdefault((entry.pid, entry.camera), place)
    return np.array([list(first.values())], np.uint16)


def _mat(name: str, matrix: np.ndarray) -> bytes:
    """A MATLAB file of one matrix, with the same bytes for the same numbers."""
    content = io.BytesIO()
    savemat(content, {name: matrix}, do_compression=False)
    return _MAT_HEADER + content.getvalue()[len(_MAT_HEADER) :]
