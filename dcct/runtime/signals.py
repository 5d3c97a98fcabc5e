"""Asking a training to stop: signals become a question that the loop puts to itself between two
steps."""

import contextlib
import signal
from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
"""What schedulers send before they take a machine back (SLURM: SIGTERM or SIGUSR1), and Ctrl-C."""


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], str | None]]:
    """Yield a function that names the signal that has asked to stop, if any.

    A second Ctrl-C interrupts at once. Handlers are put back at the end.
    """
    asked: list[str] = []

    def note(number: int, _frame: object) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(signal.Signals(number).name)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield lambda: asked[0] if asked else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
