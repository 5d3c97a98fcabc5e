"""Unpacking an archive that may be damaged or hostile: nothing outside the folder, nothing bigger
than allowed."""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dcct.errors import DataError
from dcct.files import cannot_write
from dcct.runtime.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an archive may hold: a bomb is refused before anything is written."""

    bytes: int = 200 * 2**30
    """Of all files together."""
    files: int = 5_000_000
    """How many."""


class Member(NamedTuple):
    """A file in an archive."""

    name: str
    """Its path in it."""
    size: int
    """Unpacked, in bytes."""
    extract: Callable[[Path], object]
    """Unpack it into a folder."""


def unpack(archive: Path, folder: Path, progress: Progress, limits: Limits = Limits()) -> None:
    """Unpack a zip or tar archive into `folder`, which is made.

    Raises DataError naming the archive, and the member that is absolute, climbs with `..`, or is a
    link or a device; or that the archive is damaged, or too big for `limits` or for the disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _open(archive) as opened:
            members = list(_members(opened, archive))
            _check(members, archive, limits, shutil.disk_usage(folder).free)
            for member in progress.track(members, len(members), "files unpacked"):
                member.extract(folder)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(f"{archive}: damaged archive ({error}): fetch it again") from None
    except OSError as error:
        raise cannot_write(folder, error) from error


def _open(archive: Path) -> zipfile.ZipFile | tarfile.TarFile:
    if zipfile.is_zipfile(archive):
        return zipfile.ZipFile(archive)
    if tarfile.is_tarfile(archive):
        opened = tarfile.open(archive)
        # Python before 3.11.4 has no filters; what they would refuse, _check does.
        opened.extraction_filter = getattr(tarfile, "data_filter", None)
        return opened
    raise DataError(f"{archive}: is neither a zip nor a tar archive: fetch it again")


def _members(opened: zipfile.ZipFile | tarfile.TarFile, archive: Path) -> Iterator[Member]:
    """Each file. Raises DataError at anything that is neither file nor folder."""
    if isinstance(opened, zipfile.ZipFile):
        for info in opened.infolist():
            if info.external_attr >> 28 == 0xA:
                raise DataError(f"{archive}: {info.filename}: is a link: data sets hold only files")
            if not info.is_dir():
                yield Member(info.filename, info.file_size, partial(opened.extract, info))
    else:
        for header in opened:
            if not (header.isfile() or header.isdir()):
                raise DataError(
                    f"{archive}: {header.name}: is a link or a device: data sets hold only files"
                )
            if header.isfile():
                extract = partial(opened.extract, header, set_attrs=False)
                yield Member(header.name, header.size, extract)


def _check(members: list[Member], archive: Path, limits: Limits, free: int) -> None:
    """The libraries would leave out what leads outside; such an archive is refused as a whole."""
    for name, *_ in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise DataError(
                f"{archive}: {name}: would be written outside the folder: the archive is not to be"
                " trusted"
            )
    total = sum(member.size for member in members)
    if len(members) > limits.files or total > limits.bytes:
        raise DataError(
            f"{archive}: unpacks to {len(members):,} files of {total:,} bytes, more than"
            f" {limits.files:,} and {limits.bytes:,}: not what it should be"
        )
    if total > free:
        raise DataError(
            f"{archive}: unpacks to {total:,} bytes, but the disk has only {free:,} free: make room"
        )
