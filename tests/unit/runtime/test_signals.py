"""Signals that end a command."""

import signal
import subprocess
import sys
import time
from functools import partial

import pytest

HALF = """
import signal, sys
from pathlib import Path
from dcct.files import atomic
from dcct.runtime.signals import end_on_signals

end_on_signals()
with atomic(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    signal.raise_signal(int(sys.argv[2]))
"""
SWALLOWED = """
import signal, time
from dcct.runtime.signals import end_on_signals

class Collected:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

end_on_signals()
Collected()
time.sleep(20)
"""


def start(*command: str, number: int = signal.SIGTERM, handler=signal.SIG_DFL) -> subprocess.Popen:
    """As from a terminal, whatever the suite was started with."""
    prepare, pipe = partial(signal.signal, number, handler), subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *command], stdout=pipe, stderr=pipe, text=True, preexec_fn=prepare
    )


@pytest.mark.parametrize(
    ("name", "seconds"), [("SIGINT", 0.3), ("SIGTERM", 1.0), ("SIGHUP", 2.0), ("SIGTERM", 3.0)]
)
def test_a_command_is_ended_at_any_moment_by_one_line(root, name, seconds):
    """While it starts, or imports torch, or works: at once, with a shell's status."""
    number = getattr(signal, name)
    profile = str(root / "config/paper.yaml")
    process = start("-m", "dcct", "check", "--configfile", profile, number=number)
    time.sleep(seconds)
    process.send_signal(number)
    said = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert said == ("", f"error: {name}: ended before it was done: run the same command again\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_nothing_half_written_stays(tmp_path, name):
    """What a signal interrupts is cleaned up as after an error."""
    number = getattr(signal, name)
    process = start("-c", HALF, str(tmp_path / "a"), str(int(number)), number=number)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 128 + number
    assert not list(tmp_path.iterdir())


def test_a_signal_in_a_callback_is_not_lost():
    """The interpreter swallows what a finaliser raises; the process ends all the same, silently."""
    process = start("-c", SWALLOWED)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 128 + signal.SIGTERM


def test_what_nohup_ignores_stays_ignored(tmp_path):
    """A command outlives its terminal."""
    number = signal.SIGHUP
    process = start(
        "-c", HALF, str(tmp_path / "a"), str(int(number)), number=number, handler=signal.SIG_IGN
    )
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert (tmp_path / "a").read_text() == "half"
