"""Signals that end a command, which cleans up on its way out; and signals that ask a training to
stop: a question that the loop puts to itself between two steps."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, `kill` and schedulers, a terminal that is closed."""
STOPPING = (*ENDING, signal.SIGUSR1)
"""What schedulers send before they take a machine back (SLURM: SIGTERM or SIGUSR1) among them."""
AGAIN_S = 0.2


class EndedError(SystemExit):
    """A signal has ended the command. It leaves like any other exit, so that no library and no
    worker process takes it for a fault, and what is half made is removed on the way."""

    def __init__(self, number: int):
        self.number, self.status = number, 128 + number
        super().__init__(self.status)

    def __str__(self) -> str:
        return signal.Signals(self.number).name


def end_on_signals() -> None:
    """From now on a signal raises EndedError in the main thread, with a shell's status for it.

    Only the first one does; after it, a second Ctrl-C ends everything at once. What was ignored, as
    SIGHUP is under nohup, is ignored still.
    """
    for number in ENDING:
        if not _ignored(number):
            signal.signal(number, _end)
    sys.unraisablehook = _print_others


def hear_no_more() -> None:
    """The command ends anyway."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def ended_by(error: BaseException | None) -> EndedError | None:
    """The signal that an exception is, or that came before it."""
    while error:
        if isinstance(error, EndedError):
            return error
        error = error.__context__
    return None


def _end(number: int, _frame: FrameType | None) -> None:
    """Raise, again and again: callbacks of the interpreter and some libraries, while they are
    imported, drop whatever is raised in them. Never while that is on its way out, and cleans up."""
    for one in ENDING:
        signal.signal(one, signal.SIG_DFL if one == signal.SIGINT else signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda *_: _end(number, None))
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    if not ended_by(sys.exc_info()[1]):
        raise EndedError(number)


def _print_others(unraisable: "sys.UnraisableHookArgs") -> None:
    """What is dropped is printed, unless it will be raised again."""
    if not isinstance(unraisable.exc_value, EndedError):
        sys.__unraisablehook__(unraisable)


def _ignored(number: int) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN


def end_with_parent() -> None:
    """From now on this process, which multiprocessing started, ends at once when its parent is
    gone: killed, that one ends nobody, and a worker would wait for its next task for ever."""
    parent = multiprocessing.parent_process()
    assert parent

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Processes that are started meanwhile do not hear what a terminal sends to all, Ctrl-C and
    that it is closed: who started them ends them."""
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], str | None]]:
    """Yield a function that names the signal that has asked to stop, if any.

    A second Ctrl-C interrupts at once. Under nohup SIGHUP asks nothing. Handlers are put back at
    the end.
    """
    asked: list[str] = []

    def note(number: int, _frame: object) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(signal.Signals(number).name)

    heard = set(STOPPING)
    if _ignored(signal.SIGHUP):
        heard.remove(signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield lambda: asked[0] if asked else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
