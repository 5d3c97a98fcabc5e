"""How the data at a place came to be: what `dcct source` wrote down when it put them there."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from dcct.errors import DataError
from dcct.files import load_json, write_json

FOLDER, FILE = ".sources", "record.json"
"""Below the archives, which are no part of the data: a folder for each set."""


class Record(BaseModel):
    """What was put in place, and from what."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    wanted: dict[str, Any]
    """The settings that decide it, and the code where it was drawn."""
    how: str
    """What was done."""
    archives: dict[str, dict[str, int | str]] = {}
    """Archives that were unpacked → their lengths and digests."""
    files: str
    """Fingerprint of the folder; empty of a link."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a run record says of it."""
        return self.model_dump(include={"how", "archives"}, exclude_defaults=True)


def record_file(archives: Path, root: Path) -> Path:
    """Where the record of what lies at `root` is kept."""
    return archives / FOLDER / root.name / FILE


def read_record(path: Path) -> Record | None:
    """The record, None where there is none. Raises DataError where it is damaged."""
    try:
        return Record.model_validate(load_json(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise DataError(f"{path}: is damaged: delete it, and run the same command again") from None


def write_record(path: Path, record: Record) -> None:
    """Write it whole, or not at all."""
    write_json(path, record.model_dump())


def fingerprint(root: Path) -> str:
    """Digest of path, length and time of change of every file below `root`: nobody has touched
    them while it is the same, and no file is read.

    It is a sum, in which no order matters, so that memory does not grow with the set.
    """
    total = 0
    for entry in _entries(root):
        status, name = entry.stat(follow_symlinks=False), os.path.relpath(entry.path, root)
        said = f"{name!a} {status.st_size} {status.st_mtime_ns}".encode()
        total += int.from_bytes(hashlib.sha256(said).digest())
    return f"{total % 2**256:064x}"


def _entries(folder: str | Path) -> Iterator[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _entries(entry.path)
                else:
                    yield entry
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}") from None
