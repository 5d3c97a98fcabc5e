"""Progress: a live bar on a terminal, plain lines in a pipe or log. Lower floors call it; cli.py
creates it."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

Item = TypeVar("Item")
LINE_EVERY_S = 10.0


class Progress:
    """What a step prints while it works. `Progress()` without a console is silent."""

    def __init__(self, label: str = "", console: Console | None = None):
        self.label, self.console = label, console

    def say(self, message: str) -> None:
        """One line, prefixed with the step's label."""
        if self.console:
            self.console.print(
                Text(f"[{self.label}] {message}"), soft_wrap=not self.console.is_terminal
            )

    def track(self, items: Iterable[Item], total: int, unit: str) -> Iterator[Item]:
        """Yield `items`, printing how many of `total` are done."""
        advance = self.counter(total, unit)
        for item in items:
            yield item
            advance(1)

    def counter(self, total: int, unit: str) -> Callable[[int], None]:
        """A function to call with the number of units just done."""
        if self.console and self.console.is_terminal:
            return self._bar(total, unit)
        return self._lines(total, unit)

    def _bar(self, total: int, unit: str) -> Callable[[int], None]:
        bar = Bar(
            TextColumn(f"{self.label}: {{task.description}}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
        )
        task = bar.add_task(unit, total=total)
        bar.start()

        def advance(count: int) -> None:
            bar.advance(task, count)
            if bar.finished:
                bar.stop()

        return advance

    def _lines(self, total: int, unit: str) -> Callable[[int], None]:
        started = last = time.monotonic()
        done = 0

        def advance(count: int) -> None:
            nonlocal done, last
            done, now = done + count, time.monotonic()
            if done >= total or now - last >= LINE_EVERY_S:
                last = now
                self.say(f"{done:,}/{total:,} {unit}, {now - started:.1f} s")

        return advance
