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
        self.long = self.steps.keys() & set(long)
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
        """Seconds until the end, by what steps of each rule have taken so far; None before half of
        what is left, and each long rule, has an example."""
        left = {rule: count - self.done[rule] for rule, count in self.steps.items()}
        known = sum(count for rule, count in left.items() if rule in self.seconds)
        if not self.done or 2 * known < sum(left.values()) or self.long - self.seconds.keys():
            return None
        short = [rule for rule in self.seconds if rule not in self.long]
        usual = sum(self.seconds[rule] for rule in short) / max(sum(self.done[r] for r in short), 1)
        each = {rule: self.seconds.get(rule, usual) / max(self.done[rule], 1) for rule in left}
        now = time.monotonic()
        begun = [(each[one.rule], now - one.since) for one in self.running.values()]
        still = sum(count * each[rule] for rule, count in left.items())
        still -= sum(min(expected, passed) for expected, passed in begun)
        busy = sum(self.seconds.values()) + sum(passed for _, passed in begun)
        return still / max(busy / (now - self.began), 1)

    def __str__(self) -> str:
        """In one line: time, steps, time left."""
        left = self.left()
        still = f", about {_clock(left)} left" if left is not None else ""
        steps = f"{self.done.total()} of {self.total} steps"
        return f"{_clock(time.monotonic() - self.began)}  {steps}{still}"


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
