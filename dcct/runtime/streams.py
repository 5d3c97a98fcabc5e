"""Standard streams that can be written to, whatever the command was started with."""

import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO


def ready_streams() -> None:
    """A stream that is closed becomes the null device, so that no file of ours takes its number; a
    character that the terminal's encoding lacks is escaped."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Lasting:
    """A stream whose reader may go away, or whose disk may fill: a long run does not end with its
    terminal, and what it would have said is lost."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()
