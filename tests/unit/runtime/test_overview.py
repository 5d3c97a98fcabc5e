"""A run's overview harms neither the terminal nor the run."""

import io
import logging
from pathlib import Path
from typing import TextIO, cast

import pytest
from rich.console import Console

from dcct.runtime.overview import Overview
from dcct.runtime.pace import Pace
from dcct.runtime.streams import Lasting


def failed(console: Console, log: str) -> None:
    """Show a run of one step, which fails."""
    overview = Overview(console, Pace({"train": 1}))
    job = {"rule_name": "train", "jobid": 1, "wildcards": {}, "log": [log]}
    for event in ("job_info", "job_error"):
        overview.emit(logging.makeLogRecord({"event": event, **job}))
    overview.close()


@pytest.mark.parametrize("terminal", [False, True])
def test_a_log_cannot_take_over_a_terminal(terminal, tmp_path):
    """What a step has said last is shown with its control characters escaped."""
    (tmp_path / "log").write_text("\x1b]0;mine\x07 over\r\x9b2J\n")
    shown = io.StringIO()
    failed(Console(file=shown, force_terminal=terminal, width=200), str(tmp_path / "log"))
    assert "\\x1b]0;mine\\x07 over" in shown.getvalue()
    assert not any(one in shown.getvalue() for one in ("\x1b]", "\x07", "\x9b"))


@pytest.mark.parametrize("terminal", [False, True])
def test_a_run_goes_on_without_its_terminal(terminal, tmp_path):
    """Where nothing more can be written, nothing is raised."""
    full = Path("/dev/full").open("w", buffering=1)  # never closed: that would write again
    lasting = cast(TextIO, Lasting(full))
    failed(Console(file=lasting, force_terminal=terminal), str(tmp_path / "log"))
