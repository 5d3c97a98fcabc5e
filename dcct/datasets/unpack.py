"""Unpacking an archive that may be damaged or hostile: nothing outside the folder, nothing bigger
than allowed, nothing half-written."""

import contextlib
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO
from unicodedata import normalize

from dcct.datasets.archive import AGAIN, BY_HAND, Entry, opened_archive, reading, shown
from dcct.datasets.folders import is_clutter
from dcct.errors import DataError
from dcct.files import cannot_write
from dcct.runtime.progress import Progress

CHUNK = 1 << 20
UNKEPT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no name may hold: control characters, and what bytes that are no UTF-8 become."""
MOST_NAME, MOST_PATH = 255, 1024
"""Bytes of a file's name, and of its path."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an archive may hold: a bomb is refused before anything is written."""

    bytes: int = 200 * 2**30
    """Of all files together."""
    files: int = 5_000_000
    """How many."""
    ratio: int = 100
    """Of these bytes to the archive's own, where they are more than a GiB: pictures are compressed
    already."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What there is for one archive."""

    archive: Path
    length: int
    """Of the archive, in bytes."""
    limits: Limits
    free: int
    """Bytes on the disk."""

    def check(self, files: int, total: int) -> None:
        """Raises DataError when so many files of so many bytes are too much."""
        what = f"{self.archive}: unpacks to {files:,} files of {total:,} bytes"
        most = self.limits
        if files > most.files or total > most.bytes:
            raise DataError(
                f"{what}, more than {most.files:,} and {most.bytes:,}: not what it should be"
            )
        if total > max(2**30, most.ratio * self.length):
            raise DataError(f"{what}, too many for its own {self.length:,}: not what it should be")
        if total > self.free:
            raise DataError(
                f"{self.archive}: unpacks to {total:,} bytes, but the disk has only"
                f" {self.free:,} free: make room"
            )


def unpack(archive: Path, folder: Path, progress: Progress, limits: Limits = Limits()) -> None:
    """Unpack a zip or tar archive into `folder`, which is made; what macOS and Windows add of their
    own is left out. On failure nothing stays in a folder that was empty.

    Raises DataError naming the archive, and the member that leads outside, is no plain file, stands
    there twice, or has a name that cannot be kept; or that the archive is damaged, in a format that
    is not known, or too big for `limits` or for the disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = set(folder.iterdir())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        with opened_archive(archive) as entries:
            length = archive.stat().st_size
            room = Room(archive=archive, length=length, limits=limits, free=free)
            members = _checked(entries, room)
            for path, entry in progress.track(members, len(members), "files unpacked"):
                _write(entry, folder / path, archive)
    except BaseException:
        if not before:
            for made in folder.iterdir():
                shutil.rmtree(made, ignore_errors=True) if made.is_dir() else made.unlink()
        raise


def _checked(entries: Iterable[Entry], room: Room) -> list[tuple[Path, Entry]]:
    """Files with their paths below the folder. The libraries would leave out or put elsewhere what
    leads outside; such an archive is refused as a whole."""
    found: list[tuple[Path, Entry]] = []
    files: set[str] = set()
    above: set[Path] = set()
    total = 0
    for number, entry in enumerate(entries, start=1):
        total += entry.size
        room.check(number, total)
        path = _path_of(entry.name, room.archive)
        if any(is_clutter(part) for part in path.parts):
            continue
        if path.parent not in above:
            above |= {path.parent, *path.parent.parents}
        if entry.open is None:
            above.add(path)
        elif not path.parts:
            raise DataError(f"{room.archive}: {shown(entry.name)}: names no file: {AGAIN}")
        elif _key(path) in files:
            said = f"{room.archive}: {shown(entry.name)}"
            raise DataError(f"{said}: is in it twice, or in another case: {BY_HAND}")
        else:
            files.add(_key(path))
            found.append((path, entry))
    if both := files & {_key(folder) for folder in above}:
        raise DataError(f"{room.archive}: {shown(min(both))}: is both file and folder: {BY_HAND}")
    if not found:
        raise DataError(f"{room.archive}: holds no files: {AGAIN}")
    return found


def _path_of(name: str, archive: Path) -> Path:
    """Where a member goes, relative to the folder."""
    said, parts = f"{archive}: {shown(name)}", [part for part in name.split("/") if part != "."]
    if name.startswith("/") or ".." in parts or re.match("[A-Za-z]:", name):
        raise DataError(
            f"{said}: would be written outside the folder: the archive is not to be trusted"
        )
    if UNKEPT.search(name):
        raise DataError(f"{said}: has a name that is no plain text: {BY_HAND}")
    lengths = [len(part.encode()) for part in parts]
    if max(lengths, default=0) > MOST_NAME or sum(lengths) > MOST_PATH:
        raise DataError(f"{said}: has too long a name: {BY_HAND}")
    return Path(*parts)


def _key(path: Path) -> str:
    """Alike for paths that some disk takes for the same."""
    return normalize("NFC", path.as_posix()).casefold()


def _write(entry: Entry, path: Path, archive: Path) -> None:
    assert entry.open
    with reading(archive), entry.open() as source, _writing(path, archive) as file:
        written = 0
        while chunk := _read(source, archive):
            written += file.write(chunk)
        if written != entry.size:
            raise DataError(f"{archive}: {shown(entry.name)}: damaged archive: cut off: {AGAIN}")


def _read(source: IO[bytes], archive: Path) -> bytes:
    with reading(archive):
        return source.read(CHUNK)


@contextlib.contextmanager
def _writing(path: Path, archive: Path) -> Iterator[BinaryIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            yield file
    except FileExistsError:
        raise DataError(f"{archive}: {path}: another archive holds it too: {BY_HAND}") from None
    except OSError as error:
        raise cannot_write(path, error) from error
