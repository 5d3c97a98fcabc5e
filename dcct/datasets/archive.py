"""What a zip or tar archive holds, read strictly: Python's libraries take what they cannot read for
the end, and do not say it."""

import contextlib
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from dcct.errors import DataError, DcctError

AGAIN = "delete it and run the same command again, or put a whole one there"
NO_FILE = "is a link or a device, or sparse: data sets hold only plain files"
BY_HAND = "unpack it by hand, and name its folder under `path` in the set's config file"
PLAIN_METHODS = (
    *(zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
    *(zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA),
)
ZIP_BEGINS = (b"PK\3\4", b"PK\5\6")
ENCRYPTED, END, END_LENGTH, NO_COUNT = 0x2041, b"PK\5\6", 22, 0xFFFF
"""Of zip: flags that say so; the record at its end, its length, and what it says for "too many"."""
UNIX = (3, 19)
"""Systems whose zip programs note what kind of file a member is."""
MOST_HEADER, MOST_PADDING = 1 << 20, 1 << 24
"""Of tar: longest name or other extension, and most zeros at its end, in bytes."""
EXTENSIONS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)


class Entry(NamedTuple):
    """A file in an archive, or a folder."""

    name: str
    """As it stands there, with / for each backslash."""
    size: int
    """Unpacked, in bytes."""
    open: Callable[[], IO[bytes]] | None
    """Opens it to be read; None of a folder."""


@contextlib.contextmanager
def opened_archive(archive: Path) -> Iterator[Iterator[Entry]]:
    """Open a zip or tar archive of any compression and yield its entries, to be gone through once
    before any of them is opened.

    Raises DataError where it is neither or damaged, and, as entries are taken, at one that is no
    plain file or folder, or that cannot be read.
    """
    with reading(archive):
        with open(archive, "rb") as file:
            begins_as_zip = file.read(4) in ZIP_BEGINS
        if begins_as_zip or not _is_tar(archive):
            if not zipfile.is_zipfile(archive):
                raise DataError(
                    f"{archive}: is neither a zip nor a tar archive: {AGAIN}; or {BY_HAND}"
                )
            with zipfile.ZipFile(archive) as opened:
                yield _zip_entries(opened, archive)
        else:
            with tarfile.open(archive, tarinfo=_Header) as opened:
                yield _tar_entries(opened, archive)


@contextlib.contextmanager
def reading(archive: Path) -> Iterator[None]:
    """Make DataError of whatever the libraries raise at bytes that are no archive."""
    try:
        yield
    except DcctError:
        raise
    except Exception as error:  # zlib.error, LZMAError, EOFError, struct.error, MemoryError, …
        if isinstance(error, OSError) and error.errno:
            raise DataError(f"{archive}: cannot be read: {error.strerror}") from None
        line = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{archive}: damaged archive ({line}): {AGAIN}") from None


def _zip_entries(opened: zipfile.ZipFile, archive: Path) -> Iterator[Entry]:
    _check_zip_ends(opened, archive)
    for info in opened.infolist():
        name, said = info.orig_filename.replace("\\", "/"), f"{archive}: {shown(info.filename)}"
        mode = info.external_attr >> 16 if info.create_system in UNIX else 0
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DataError(f"{said}: {NO_FILE}")
        if info.flag_bits & ENCRYPTED:
            raise DataError(f"{said}: has a password: {BY_HAND}")
        if info.compress_type not in PLAIN_METHODS:
            names = zipfile.compressor_names  # type: ignore[attr-defined]
            kind = names.get(info.compress_type, f"method {info.compress_type}")
            raise DataError(f"{said}: is compressed by {kind}: {BY_HAND}")
        folder = name.endswith("/") or stat.S_ISDIR(mode)
        yield Entry(name, info.file_size, None if folder else partial(opened.open, info))


def _check_zip_ends(opened: zipfile.ZipFile, archive: Path) -> None:
    """Nothing before its first member or behind its end, where another archive could be, and all
    of its list is read."""
    with open(archive, "rb") as file:
        file.seek(-END_LENGTH - len(opened.comment), 2)
        end = file.read(END_LENGTH)
    first = min((info.header_offset for info in opened.infolist()), default=0)
    if not end.startswith(END) or first != 0:
        raise DataError(f"{archive}: holds something beside the zip archive: {AGAIN}")
    claimed = int.from_bytes(end[10:12], "little")
    if claimed not in (NO_COUNT, len(opened.infolist())):
        found = len(opened.infolist())
        raise DataError(f"{archive}: lists {found:,} of {claimed:,} members: damaged: {AGAIN}")


class _Header(tarfile.TarInfo):
    """A member's header; a bad one is an error, wherever it stands."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0 or (header.type in EXTENSIONS and header.size > MOST_HEADER):
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header

    @classmethod
    def fromtarfile(cls, tarfile_):
        try:
            header = super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error} at byte {tarfile_.offset:,}") from None
        if header.size < 0 or tarfile_.offset <= header.offset:
            raise tarfile.ReadError("a header of negative length")
        return header


def _is_tar(archive: Path) -> bool:
    try:
        tarfile.open(archive, tarinfo=_Header).close()
    except tarfile.ReadError:
        return False
    return True


def _tar_entries(opened: tarfile.TarFile, archive: Path) -> Iterator[Entry]:
    for header in opened:
        name = header.name.replace("\\", "/")
        if header.isdir():
            yield Entry(f"{name}/", 0, None)
        elif header.isfile() and not header.issparse():
            yield Entry(name, header.size, partial(_file_in, opened, header))
        else:
            raise DataError(f"{archive}: {shown(name)}: {NO_FILE}")
    file, padding = opened.fileobj, 0
    assert file is not None
    file.seek(opened.offset)
    while rest := file.read(MOST_HEADER):  # to the end, where a compression has its checksum
        padding += len(rest)
        if rest.strip(b"\0") or padding > MOST_PADDING:
            raise DataError(f"{archive}: goes on after its end: {AGAIN}")


def _file_in(opened: tarfile.TarFile, header: tarfile.TarInfo) -> IO[bytes]:
    file = opened.extractfile(header)
    assert file is not None  # no link, no folder
    return file


def shown(name: str) -> str:
    """A member's name in a line that is to be read."""
    return name if name.isprintable() and len(name) < 300 else ascii(name)[1:-1][:300]
