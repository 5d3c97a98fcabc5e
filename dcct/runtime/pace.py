"""How far a run of many steps is, and how long it still takes."""

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

TARGETS = {"all", "total"}
"""What Snakemake counts beside steps."""


@dataclass(frozen=True)
class Running:
    """A step that has begun."""

    rule: str
    name: str
    logs: list[Path]
    since: float
    """Seconds of the monotonic clock."""


class Pace:
    """Of the steps of one run."""

    def __init__(self, steps: dict[str, int], long: Collection[str] = ()):
        """steps: rule → how many are to be run. long: rules whose time that of others does not
        tell."""
        self.steps = {rule: count for rule, count in steps.items() if rule not in TARGETS}
        self.long = [rule for rule in self.steps if rule in long]
        self.total = sum(self.steps.values())
        self.done: Counter[str] = Counter()
        self.seconds: dict[str, float] = {}
        self.running: dict[int, Running] = {}
        self.began = time.monotonic()

    def finish(self, job: int) -> None:
        if one := self.running.pop(job, None):
            took = time.monotonic() - one.since
            self.done[one.rule] += 1
            self.seconds[one.rule] = self.seconds.get(one.rule, 0) + took

    def left(self) -> float | None:
        """Seconds until the end, by what steps of each rule have taken so far; None before each
        long rule has finished one."""
        if not self.done or any(rule not in self.seconds for rule in self.long):
            return None
        short = [rule for rule in self.seconds if rule not in self.long]
        usual = sum(self.seconds[rule] for rule in short) / max(sum(self.done[r] for r in short), 1)
        still = sum(
            (count - self.done[rule]) * self._each(rule, usual)
            for rule, count in self.steps.items()
        )
        now = time.monotonic()
        begun = sum(now - one.since for one in self.running.values())
        at_once = (sum(self.seconds.values()) + begun) / (now - self.began)
        return max(still - begun, 0) / max(at_once, 1)

    def _each(self, rule: str, usual: float) -> float:
        return self.seconds[rule] / self.done[rule] if self.done[rule] else usual

    def __str__(self) -> str:
        """In one line: time, steps, time left."""
        left = self.left()
        still = f", about {_clock(left)} left" if left is not None else ""
        steps = f"{self.done.total()} of {self.total} steps"
        return f"{_clock(time.monotonic() - self.began)}  {steps}{still}"


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
