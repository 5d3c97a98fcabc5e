"""What lies in a data set's folder: every frame read once, digested and decoded, and DVC's digest of the whole.

Digests are kept in a temporary database on disk, so that memory does not grow with the set. Images are decoded by as
many threads as there are cores: Pillow and hashlib let go of Python's lock.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.listing import Frame
from dcct.errors import DataError, DcctError
from dcct.receipt import file_digest

BATCH = 256
Listed = tuple[str, int]
"""Path of a frame and its tracklet's number."""


class Contents:
    """MD5 of every file below `root` that was looked at, by path relative to it. Use as a context manager."""

    def __init__(self, root: Path):
        self.root = root
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        self._files = sqlite3.connect("")  # a temporary file, removed when it is closed
        self._files.execute("PRAGMA journal_mode = OFF")
        self._files.execute("CREATE TABLE file (path TEXT PRIMARY KEY, md5 TEXT NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> "Contents":
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._files.close()

    def inspect(self, frames: Iterable[Listed]) -> Iterator[Frame | str]:
        """Yield every frame in order, or one line that says why it cannot be used.

        Raises DataError at a frame of two tracklets, DcctError when the temporary database cannot be written.
        """
        frames = iter(frames)
        while batch := list(islice(frames, BATCH)):
            for frame in self._pool.map(partial(_inspect, self.root), batch):
                if isinstance(frame, Frame):
                    self._add(frame.path, frame.md5.hex(), twice="belongs to two tracklets: the metadata are wrong")
                yield frame

    def add_others(self) -> None:
        """Digest every file that is no inspected frame: metadata, junk, people outside the protocol."""
        others = (path for path in _files_below(self.root) if self.md5_of(path) is None)
        while batch := list(islice(others, BATCH)):
            digests = self._pool.map(lambda path: file_digest(self.root / path, "md5"), batch)
            for path, digest in zip(batch, digests, strict=True):
                self._add(path, digest, twice="is listed twice in its folder")

    def md5_of(self, path: str) -> str | None:
        """MD5 of a file, None if it was not looked at."""
        row = self._files.execute("SELECT md5 FROM file WHERE path = ?", (path,)).fetchone()
        return row and row[0]

    def paths(self) -> Iterator[str]:
        """All paths, sorted."""
        return (path for (path,) in self._files.execute("SELECT path FROM file ORDER BY path"))

    def __len__(self) -> int:
        return self._files.execute("SELECT count(*) FROM file").fetchone()[0]

    def digest(self, prefix: str = "") -> str:
        """DVC's digest of a folder with these files below `prefix`: MD5 of the sorted JSON list of MD5s and paths."""
        found, separator = hashlib.md5(b"[", usedforsecurity=False), ""
        for path, md5 in self._files.execute("SELECT path, md5 FROM file ORDER BY path"):
            found.update((separator + json.dumps({"md5": md5, "relpath": prefix + path})).encode())
            separator = ", "
        found.update(b"]")
        return found.hexdigest() + ".dir"

    def _add(self, path: str, md5: str, twice: str) -> None:
        try:
            self._files.execute("INSERT INTO file VALUES (?, ?)", (path, md5))
        except sqlite3.IntegrityError:
            raise DataError(f"{self.root / path}: {twice}") from None
        except sqlite3.OperationalError as error:
            raise DcctError(f"temporary folder: {error}: free its disk, or name another one with TMPDIR") from None


def _inspect(root: Path, listed: Listed) -> Frame | str:
    path, tracklet = listed
    try:
        content = read_image_bytes(root / path)
        decode(content, str(root / path))
    except DataError as error:
        return str(error)
    return Frame(path, tracklet, len(content), hashlib.md5(content, usedforsecurity=False).digest())


def _files_below(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root, onerror=_cannot_list):
        for name in names:
            path = Path(folder, name)
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _cannot_list(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be listed: {error.strerror}")
