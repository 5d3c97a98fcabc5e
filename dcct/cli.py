"""Where the command begins and ends: streams, signals, errors, and the only exit.

What takes long to import waits until signals are heard.
"""

import contextlib
import os
import sys

from dcct.errors import DcctError, is_out_of_memory, one_line
from dcct.runtime.signals import end_on_signals, ended_by, hear_no_more
from dcct.runtime.streams import ready_streams


def main() -> None:
    """Entry of the console script and of `python -m dcct`: an error that a user can fix is one line
    and status 1."""
    ready_streams()
    end_on_signals()
    status = 0
    try:
        _run()
    except BaseException as error:
        status = _told(error)
    hear_no_more()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        status = status or 1
        with contextlib.suppress(OSError):
            _complain(f"what was to be printed is lost: {error.strerror}")
    os._exit(status)  # everything is written; tearing torch down takes over a second


def _run() -> None:
    from dcct.command import app

    try:
        app()
    finally:
        from rich.console import Console

        with contextlib.suppress(OSError):
            Console().show_cursor()  # a progress bar that was cut short leaves it hidden


def _told(error: BaseException) -> int:
    """Say in one line what a user can do; return the exit status. A fault of ours is raised."""
    if ended := ended_by(error):
        _complain(f"{ended}: ended before it was done: run the same command again", everywhere=True)
        return ended.status
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        case DcctError():
            _complain(str(error), error.everywhere)
            return error.status
        case OSError():
            what = f"{error.filename or 'input or output'}: {error.strerror or error}"
            _complain(f"{what}: put this right and run the command again")
            return 1
        case MemoryError() | RuntimeError() if is_out_of_memory(error):
            what = str(error).partition("\n")[0] or "not enough memory"
            then = "of a run, set evaluation.batch_frames lower; then run the command again"
            _complain(f"{what}: end what else uses it, or name a smaller set or network; {then}")
            return 1
    raise error


def _complain(line: str, everywhere: bool = False) -> None:
    """everywhere: all processes of a training have this to say, and only the first of them does."""
    if everywhere and os.environ.get("RANK", "0") != "0":
        return
    from rich.console import Console

    escaped = one_line(line).replace("[", r"\[")
    Console(stderr=True).print(f"[bold red]error:[/] {escaped}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
