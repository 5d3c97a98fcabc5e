"""What `snakemake --quiet` shows of a run in place of Snakemake's own lines and those of its steps:
how far it is, how long still, what runs, and what failed."""

import logging
import time
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dcct.errors import one_line
from dcct.runtime.pace import TARGETS, Pace, Running, kind_of

LINES = 50
"""About as many are written where there is no terminal."""
TAIL_BYTES = 2_000
"""Of a log, in which its last line is looked for."""


class Overview(logging.Handler):
    """Takes the records of Snakemake's logger, which tell events as its logger plugins get them: a
    live picture on a terminal, plain lines in a pipe."""

    def __init__(self, console: Console, pace: Pace):
        super().__init__(logging.INFO)
        self.console, self.pace, self.said = console, pace, 0
        self.live = Live(
            console=console, get_renderable=self._picture, refresh_per_second=2, transient=True
        )
        self._say(f"{pace.total} steps to run")
        if console.is_terminal:
            self.live.start()

    def emit(self, record: logging.LogRecord) -> None:
        said = record.__dict__
        match said.get("event"):
            case "job_info" if said["rule_name"] not in TARGETS:
                self.pace.running[said["jobid"]] = _running(said)
            case "job_finished":
                self.pace.finish(said["job_id"])
                self._line()
            case "job_error":
                self._failed(said["jobid"])

    def close(self) -> None:
        self.live.stop()
        super().close()

    def _line(self) -> None:
        """One in so many steps that there are no more than LINES lines."""
        share = LINES * self.pace.done.total() // max(self.pace.total, 1)
        if self.console.is_terminal or share <= self.said:
            return
        self.said = share
        running = ", ".join(one.name for one in self.pace.running.values())
        self._say(f"{self.pace}{'; now ' if running else ''}{running}")

    def _failed(self, job: int) -> None:
        if one := self.pace.running.pop(job, None):
            self._say(f"failed: {one.name}: {_last_line(one)}")
            self._say(f"  its log: {', '.join(map(str, one.logs))}")

    def _say(self, line: str) -> None:
        self.console.print(Text(line), soft_wrap=not self.console.is_terminal)

    def _picture(self) -> Group:
        """A bar for each kind of step that is on its way, and what running ones have said last."""
        bars = Table.grid(padding=(0, 2))
        running = list(self.pace.running.values())  # which changes while this is drawn
        begun = {one.kind for one in running}
        for kind, count in sorted(self.pace.steps.items()):
            done = self.pace.done[kind]
            if 0 < done < count or kind in begun:
                bars.add_row(kind, ProgressBar(count, done, width=30), f"{done}/{count}")
        now = [
            Text(f"{one.name}: {_last_line(one)}", overflow="ellipsis", no_wrap=True)
            for one in running
        ]
        return Group(bars, *now, Text(str(self.pace), style="bold"))


def _running(said: dict) -> Running:
    key = [name + value if value.isdigit() else value for name, value in said["wildcards"].items()]
    return Running(
        kind=kind_of(said["rule_name"]),
        name=f"{said['rule_name']} {'/'.join(key)}".strip(),
        logs=[Path(path) for path in said["log"]],
        since=time.monotonic(),
    )


def _last_line(step: Running) -> str:
    """What it has said last, without its name; nothing before it has said anything."""
    for path in step.logs:
        if path.is_file():
            with path.open("rb") as file:
                file.seek(max(path.stat().st_size - TAIL_BYTES, 0))
                lines = file.read().decode(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "")
            return one_line(last.removeprefix(f"[{step.name}] "))
    return ""
