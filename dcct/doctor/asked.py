"""Other programs, asked with a limit on their time: a driver that hangs must not hang us."""

import subprocess
import time
from contextlib import suppress


class Asked:
    """A command that runs while others are asked.

    words: the command; in this folder, without standard input. seconds: how long it may take.
    """

    def __init__(self, *words: str, seconds: float):
        self.words, self.seconds = words, seconds
        self.installed, self.late, self.said, self.complaint = True, False, "", ""
        self._ends = time.monotonic() + seconds
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except OSError:
            self.installed = False

    def answer(self) -> str | None:
        """What it prints; None where it is not installed, late, or ends with another status than 0:
        `complaint` is then the last line that says why."""
        if not self.installed:
            self.complaint = f"{self.words[0]} is not installed"
            return None
        try:
            left = max(0.0, self._ends - time.monotonic())
            self.said, errors = self._process.communicate(timeout=left)
        except subprocess.TimeoutExpired:
            self.late, self.complaint = True, f"no answer within {self.seconds:.0f} s"
            with suppress(OSError):
                self._process.kill()  # and no wait: what hangs in a driver cannot be killed
            return None
        if self._process.returncode == 0:
            return self.said
        lines = errors.strip().splitlines() or [f"exit status {self._process.returncode}"]
        self.complaint = lines[-1].strip()
        return None
