"""Files written whole or not at all, read with a word on what to do when they cannot be, and
digested."""

import contextlib
import glob
import hashlib
import json
import math
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dcct.errors import DataError, DcctError


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; renamed over it on success, removed on failure. What
    killed processes left of the same file is removed too.

    Raises DcctError naming the path when the folder cannot be written or the disk is full, and
    where a link, a device or a folder lies at `path`, which is never replaced.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _refuse_to_replace(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_what_was_left(path)
        temporary.touch(exist_ok=False)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; renamed to it on success, removed on failure. What
    killed processes left of the same folder is removed too.

    Raises DcctError where anything lies at `path`, and when it cannot be written.
    """
    if os.path.lexists(path):
        raise DcctError(f"{path}: is there already: delete it, or name another")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_what_was_left(path)
        temporary.mkdir()
        yield temporary
        os.rename(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _refuse_to_replace(path: Path) -> None:
    """Raises DcctError where something lies that is no plain file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "no plain file"
        raise DcctError(f"{path}: is {what}, which is never replaced: name another file")


def _remove_what_was_left(path: Path) -> None:
    """Temporary files of processes that are no more."""
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        number = stale.name.split(".")[-2]
        if not (number.isdigit() and _runs(int(number))):
            _remove(stale)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # another user's
    with contextlib.suppress(OSError):  # where there is no /proc, it counts as running
        # after the name, which may hold anything; in containers nobody may wait for the dead
        return (
            Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2][1] != "Z"
        )
    return True


def cannot_write(path: Path, error: OSError) -> DcctError:
    """The error for a user whose disk or permissions kept `path` from being written."""
    return DcctError(
        f"{path}: cannot be written: {error.strerror or error} ({error.filename or path}): free the"
        " disk or put the permissions right, then run the same command again"
    )


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: object) -> None:
    """Write JSON atomically, keys in the order given."""
    write_text(path, json.dumps(content, indent=2) + "\n")


MOST_JSON = 200_000_000
"""Bytes of a file."""
DEEPEST = 40
"""Lists and mappings within each other."""


def read_json(path: Path, command: str) -> dict[str, Any]:
    """Read a JSON artefact, a mapping; DataError names the command that makes it when it is missing
    or damaged."""
    try:
        content = load_json(path)
        if not isinstance(content, dict):
            raise ValueError(f"it holds no mapping but {type(content).__name__}")
    except FileNotFoundError:
        raise DataError(f"{path}: missing: run `{command}` first") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}): delete it and run `{command}` again"
        ) from None
    return content


def load_json(path: Path) -> Any:
    """What a JSON file says. Raises OSError, or ValueError as parse_json and at what is no file, or
    too long for one of ours."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
        raise ValueError("it is no file")
    if state.st_size > MOST_JSON:
        raise ValueError(f"{state.st_size:,} bytes, more than {MOST_JSON:,}")
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str | bytes) -> Any:
    """The door for JSON: values that can be written down again, keys that stand once.

    Raises ValueError at what is no JSON (NaN and infinities are none, whatever Python says), and at
    what is deeper than DEEPEST.
    """
    try:
        found = json.loads(
            text, object_pairs_hook=_each_once, parse_float=_finite, parse_constant=_finite
        )
    except RecursionError:
        raise ValueError("too deep") from None
    layer = [found]
    for _ in range(DEEPEST):
        layer = [value for one in layer for value in _within(one)]
    if layer:
        raise ValueError(f"more than {DEEPEST} levels deep")
    json.dumps(found, ensure_ascii=False).encode()  # refuses halves of characters
    return found


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number")
    return number


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hex digest of a file's bytes."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except FileNotFoundError:
        raise DataError(f"{path}: missing: run the step that makes it again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def settings_digest(settings: dict) -> str:
    """Digest of JSON-able settings, independent of key order."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
