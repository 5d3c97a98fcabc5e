"""One process at a time in a work folder."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from dcct.files import cannot_write, write_text

LOCK, HOLDER = "lock", "process"


@contextlib.contextmanager
def only_one(folder: Path, waiting: Callable[[str], None]) -> Iterator[bool]:
    """Hold a lock on a work folder: a training orphaned by a killed workflow must end before
    another starts.

    Yields whether it had to wait for another process.
    """
    lock, holder, waited = FileLock(folder / LOCK), folder / HOLDER, False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        number = holder.read_text(errors="replace") if holder.is_file() else "another"
        waiting(f"process {number} is making this already: waiting until it ends")
        waited = True
        while not lock.is_locked:
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # the other takes its folder away
                lock.acquire()
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        write_text(holder, str(os.getpid()))
        yield waited
    finally:
        lock.release()
