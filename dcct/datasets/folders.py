"""Listing what lies in a data set's folders, in order, and reading its metadata, with errors that
name the folder or file."""

import codecs
import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dcct.errors import DataError
from dcct.files import load_json

IMAGES = (".jpg", ".jpeg", ".png")
ENDING = re.compile(r"\.(jpg|jpeg|png)$")
CLUTTER = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini", "@eadir"}
"""What systems put into folders unasked, in lower case."""
MOST_TEXT = 1 << 28
"""Bytes of a list: far more than any set has."""
PRINTED = bytes([*b"\t\n", *range(32, 127)])
"""What lists are written in."""


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is none of a data set's."""
    return name.startswith("._") or name.lower() in CLUTTER


def is_image(name: str) -> bool:
    """Whether a file of this name is a frame."""
    return name.lower().endswith(IMAGES)


def folders_in(folder: Path) -> list[str]:
    """Names of the folders in a folder, in the order of their numbers.

    Raises DataError when it is missing or has none, or two of one number.
    """
    found = in_order(folder, [entry.name for entry in entries_in(folder) if entry.is_dir()])
    if not found:
        raise DataError(f"{folder}: holds no folders: it is not what its layout says")
    return found


def images_in(folder: Path) -> list[str]:
    """Names of the images in a folder, in the order of their numbers: 1, 2, 10.

    Raises DataError when it is missing or has none, or two of one number.
    """
    entries = [entry for entry in entries_in(folder) if is_image(entry.name)]
    for entry in entries:
        if entry.is_dir():
            raise DataError(f"{entry.path}: is a folder that is named like an image: rename it")
    found = in_order(folder, [entry.name for entry in entries])
    if not found:
        raise DataError(f"{folder}: holds no images: restore it from the archive")
    return found


def in_order(folder: Path, names: Iterable[str]) -> list[str]:
    """Names in a folder, sorted by their numbers.

    Raises DataError at two that only differ in zeros, case, ending or in how an accent is written:
    the same thing twice.
    """
    found: dict[tuple, str] = {}
    for name in names:
        stem = re.sub(ENDING, "", unicodedata.normalize("NFC", name).lower())
        if (other := found.setdefault(tuple(numbered(stem)), name)) != name:
            first, second = sorted((name, other))
            raise DataError(
                f"{folder}: holds {first} and {second}: which is it? Rename or delete one"
            )
    return [found[key] for key in sorted(found)]


def entries_in(folder: Path) -> list[os.DirEntry]:
    """All that lies in a folder but hidden files and clutter."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _left_out(entry.name)]
    except FileNotFoundError:
        raise DataError(f"{folder}: missing: the layout needs it") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed: {error.strerror}") from None
    for entry in found:
        check_name(entry.path)
        if entry.is_symlink() and not os.path.exists(entry.path):
            raise DataError(f"{entry.path}: is a link that leads nowhere: put it right")
    return found


def numbered(name: str) -> list[str | int]:
    """A name as text and numbers in turn, by which names are sorted and compared."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def read_json_list(path: Path) -> list:
    """A list from a JSON file."""
    need_file(path)
    try:
        content = load_json(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON: {error}") from None
    if not isinstance(content, list):
        raise DataError(f"{path}: expected a list, found {type(content).__name__}")
    return content


class Lines:
    """Lines of an ASCII file without blank ones; `lines[a:b]` is a list of strings.

    Kept as one block of bytes: a list of a million names would take five times the memory.
    """

    def __init__(self, path: Path):
        need_file(path)
        try:
            content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from None
        self._text = content.replace(b"\r\n", b"\n").strip(b"\n") + b"\n"
        if self._text.translate(None, PRINTED):
            raise DataError(f"{path}: cannot be read: not ASCII text")
        while b"\n\n" in self._text:
            self._text = self._text.replace(b"\n\n", b"\n")
        ends = np.flatnonzero(np.frombuffer(self._text, np.uint8) == ord("\n"))
        self._starts = np.concatenate([[0], ends + 1])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, places: slice) -> list[str]:
        first, last, _ = places.indices(len(self))
        return (
            self._text[self._starts[first] : self._starts[max(first, last)]]
            .decode("ascii")
            .splitlines()
        )


def need_file(path: Path, most: int = MOST_TEXT) -> None:
    """Raises DataError when there is no such file, no right to look, something else of its name
    (a pipe would be waited for), or more than `most` bytes in it."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DataError(f"{path}: missing: the layout needs it") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        raise DataError(f"{path}: is no file of at most {most:,} bytes: restore it")


def check_name(path: str) -> None:
    """Raises DataError at a file's path that cannot be written down."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(f"{ascii(path)[1:-1]}: is not named in UTF-8: rename it") from None


def _left_out(name: str) -> bool:
    return name.startswith(".") or is_clutter(name)
