"""What lies in a data set's folder: every frame read once, digested and decoded, and DVC's digest
of the whole.

Digests are kept in a temporary database on disk, so that memory does not grow with the set. Images
are decoded by as many threads as there are cores: Pillow and hashlib let go of Python's lock.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from dcct.datasets.folders import check_name
from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.listing import Frame
from dcct.errors import DataError, DcctError
from dcct.files import file_digest

BATCH, CHUNK = 1024, 32
"""Files that are under way at once, and how many of them one thread takes at a time."""
Listed = tuple[str, int]
"""Path of a frame and its tracklet's number."""
Entry = tuple[str, str]
"""Path of a file and its MD5."""
Item = TypeVar("Item")
Found = TypeVar("Found")


class Contents:
    """MD5 of every file below `root` that was read, by path relative to it. Use as a context
    manager.

    Raises DcctError on leaving when the temporary database could not be written.
    """

    def __init__(self, root: Path):
        self.root = root
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        self._files = sqlite3.connect("")  # a temporary file, removed when it is closed
        self._files.execute("PRAGMA journal_mode = OFF")
        self._files.execute(
            "CREATE TABLE file (path TEXT PRIMARY KEY, md5 TEXT, times INTEGER) WITHOUT ROWID"
        )

    def __enter__(self) -> "Contents":
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._files.close()
        if isinstance(error, sqlite3.OperationalError):
            raise DcctError(
                f"temporary folder: {error}: free its disk, or name another one with TMPDIR"
            ) from None

    def inspect(self, frames: Iterable[Listed]) -> Iterator[Frame | str]:
        """Yield every frame in order, or one line that says why it cannot be used.

        Raises DataError, after the last one, at a frame of two tracklets.
        """
        for found in self._in_threads(_inspect, frames):
            self._add(
                [(frame.path, frame.md5.hex()) for frame in found if isinstance(frame, Frame)]
            )
            yield from found
        twice = self._files.execute("SELECT path FROM file WHERE times > 1 LIMIT 1").fetchone()
        if twice:
            raise DataError(
                f"{self.root / twice[0]}: belongs to two tracklets: the metadata are wrong"
            )

    def add_others(self) -> None:
        """Digest every file that is no inspected frame: metadata, junk, people outside the
        protocol."""
        self._files.execute("CREATE TABLE found (path TEXT)")
        self._files.executemany(
            "INSERT INTO found VALUES (?)", ((path,) for path in _files_below(self.root))
        )
        others = self._files.execute("SELECT path FROM found EXCEPT SELECT path FROM file")
        for found in self._in_threads(_digest, (path for (path,) in others)):
            self._add(found)

    def md5_of(self, path: str) -> str | None:
        """MD5 of a file, None if there is none."""
        row = self._files.execute("SELECT md5 FROM file WHERE path = ?", (path,)).fetchone()
        return row and row[0]

    def paths(self) -> Iterator[str]:
        """All paths, sorted."""
        return (path for (path,) in self._files.execute("SELECT path FROM file ORDER BY path"))

    def __len__(self) -> int:
        return self._files.execute("SELECT count(*) FROM file").fetchone()[0]

    def digest(self, prefix: str = "") -> str:
        """DVC's digest of a folder with these files below `prefix`: MD5 of the sorted JSON list of
        MD5s and paths."""
        found, separator = hashlib.md5(b"[", usedforsecurity=False), ""
        for path, md5 in self._files.execute("SELECT path, md5 FROM file ORDER BY path"):
            found.update(
                f'{separator}{{"md5": "{md5}", "relpath": {json.dumps(prefix + path)}}}'.encode()
            )
            separator = ", "
        found.update(b"]")
        return found.hexdigest() + ".dir"

    def _in_threads(
        self, work: Callable[[Path, Item], Found], items: Iterable[Item]
    ) -> Iterator[list[Found]]:
        """Yield results in order, batch by batch; the next batch is under way while one is
        taken."""
        remaining = iter(items)
        under_way: Iterator[list[Found]] = iter(())
        while batch := list(islice(remaining, BATCH)):
            chunks = [batch[start : start + CHUNK] for start in range(0, len(batch), CHUNK)]
            started = self._pool.map(
                lambda chunk: [work(self.root, item) for item in chunk], chunks
            )
            yield list(chain.from_iterable(under_way))
            under_way = started
        yield list(chain.from_iterable(under_way))

    def _add(self, entries: list[Entry]) -> None:
        self._files.executemany(
            "INSERT INTO file VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1", entries
        )


def _inspect(root: Path, listed: Listed) -> Frame | str:
    path, tracklet = listed
    try:
        content = read_image_bytes(root / path)
        decode(content, str(root / path))
    except DataError as error:
        return str(error)
    return Frame(path, tracklet, len(content), hashlib.md5(content, usedforsecurity=False).digest())


def _digest(root: Path, path: str) -> Entry:
    return path, file_digest(root / path, "md5")


def _files_below(root: Path, inside: str = "", above: frozenset = frozenset()) -> Iterator[str]:
    """Paths relative to `root` of all files in it; links are followed, but not back into a folder
    `above`.

    Raises DataError at what is neither file nor folder, or has a name that cannot be written down.
    """
    try:
        status = os.stat(root / inside)
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        with os.scandir(root / inside) as entries:
            for entry in entries:
                check_name(entry.path)
                if entry.is_dir():
                    yield from _files_below(root, f"{inside}{entry.name}/", above | {here})
                elif entry.is_file():
                    yield inside + entry.name
                else:
                    raise DataError(f"{entry.path}: is no file, or a link to none: delete it")
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}") from None
