"""The live picture of a run is drawn by a thread of its own."""

import io
import logging
import sys
import threading

from rich.console import Console

from dcct.runtime.overview import Overview
from dcct.runtime.pace import Pace

STEPS, AT_ONCE = 4000, 80


def test_steps_may_begin_and_end_while_it_is_drawn():
    """Else its thread dies, and the screen stands still while the run goes on."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    overview = Overview(console, Pace({"train": STEPS}))
    logger = logging.Logger("snakemake")
    logger.addHandler(overview)
    ended, failures = threading.Event(), []

    def draw():
        while not ended.is_set():
            try:
                console.render_lines(overview._picture())
            except RuntimeError as error:
                failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for first in range(0, STEPS, AT_ONCE):
            for number in range(first, first + AT_ONCE):
                said = {"rule_name": "train", "wildcards": {"seed": "1"}, "log": []}
                logger.info("", extra={"event": "job_info", "jobid": number, **said})
            for number in range(first, first + AT_ONCE):
                logger.info("", extra={"event": "job_finished", "job_id": number})
    finally:
        sys.setswitchinterval(interval)
        ended.set()
        thread.join()
        overview.close()
    assert not failures
    assert overview.pace.done.total() == STEPS
