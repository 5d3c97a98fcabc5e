"""The live picture of a run is drawn by a thread of its own."""

import io
import logging
import sys
import threading

from rich.console import Console

from dcct.runtime.overview import Overview
from dcct.runtime.pace import Pace

STEPS = 1000


def test_steps_may_begin_and_end_while_it_is_drawn():
    """Else its thread dies, and the screen stands still while the run goes on."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    overview = Overview(console, Pace({"train": STEPS, "draw_cmc": STEPS}, ["train"]))
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
        for number in range(STEPS):
            for rule in ("train", "draw_cmc"):
                said = {"rule_name": rule, "wildcards": {"seed": "1"}, "log": []}
                logger.info("", extra={"event": "job_info", "jobid": (rule, number), **said})
            for rule in ("train", "draw_cmc"):
                logger.info("", extra={"event": "job_finished", "job_id": (rule, number)})
    finally:
        sys.setswitchinterval(interval)
        ended.set()
        thread.join()
        overview.close()
    assert not failures
    assert overview.pace.done.total() == 2 * STEPS
