"""Listing what lies in a data set's folders, sorted, with errors that name the folder."""

import json
import os
import stat
from pathlib import Path

import numpy as np

from dcct.errors import DataError

IMAGES = (".jpg", ".jpeg", ".png")


def folders_in(folder: Path) -> list[str]:
    """Names of the folders in a folder, sorted. Raises DataError when it is missing or has none."""
    found = sorted(entry.name for entry in _scan(folder) if entry.is_dir())
    if not found:
        raise DataError(f"{folder}: holds no folders: it is not what its layout says")
    return found


def images_in(folder: Path) -> list[str]:
    """Names of the images in a folder, sorted. Raises DataError when it is missing or has none."""
    found = sorted(entry.name for entry in _scan(folder) if entry.name.lower().endswith(IMAGES))
    if not found:
        raise DataError(f"{folder}: holds no images: restore it from the archive")
    return found


def read_json_list(path: Path) -> list:
    """A list from a JSON file."""
    need_file(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
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
            self._text = path.read_bytes().replace(b"\r", b"").strip(b"\n") + b"\n"
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from None
        if not self._text.isascii():
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


def need_file(path: Path) -> None:
    """Raises DataError when there is no such file, no right to look, or something else than a file,
    such as a pipe, which may never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise DataError(f"{path}: missing: the layout needs it") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise DataError(f"{path}: is no regular file: restore it from the archive")


def _scan(folder: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        raise DataError(f"{folder}: missing: the layout needs it") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed: {error.strerror}") from None
