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

    kind: str
    """See kind_of."""
    name: str
    logs: list[Path]
    since: float
    """Seconds of the monotonic clock."""


class Pace:
    """Of the steps of one run."""

    def __init__(self, steps: dict[str, int], long: Collection[str] = ()):
        """steps: rule → how many are to be run. long: kinds whose time that of others does not
        tell."""
        self.steps: Counter[str] = Counter()
        for rule in steps.keys() - TARGETS:
            self.steps[kind_of(rule)] += steps[rule]
        self.long = self.steps.keys() & set(long)
        self.total = self.steps.total()
        # a live picture reads them while they change: they never grow
        self.done: Counter[str] = Counter(dict.fromkeys(self.steps, 0))
        self.seconds: dict[str, float] = dict.fromkeys(self.steps, 0.0)
        self.running: dict[int, Running] = {}
        self.began = time.monotonic()

    def finish(self, job: int) -> None:
        if one := self.running.pop(job, None):
            took = time.monotonic() - one.since
            self.done[one.kind] += 1
            self.seconds[one.kind] += took

    def left(self) -> float | None:
        """Seconds until the end, by what steps of each kind have taken so far; None before
        each long kind has an example, and where none is long, half of what is left."""
        left = {kind: count - self.done[kind] for kind, count in self.steps.items()}
        known = [kind for kind in self.steps if self.done[kind]]
        seen = sum(left[kind] for kind in known)
        if not known or (self.long - set(known) if self.long else 2 * seen < sum(left.values())):
            return None
        short = [kind for kind in known if kind not in self.long]
        usual = sum(self.seconds[kind] for kind in short) / max(sum(self.done[k] for k in short), 1)
        each = {
            kind: self.seconds[kind] / self.done[kind] if kind in known else usual for kind in left
        }
        now = time.monotonic()
        begun = [(each[one.kind], now - one.since) for one in list(self.running.values())]
        still = sum(count * each[kind] for kind, count in left.items())
        still -= sum(min(expected, passed) for expected, passed in begun)
        busy = sum(self.seconds.values()) + sum(passed for _, passed in begun)
        return still / max(busy / (now - self.began), 1)

    def __str__(self) -> str:
        """In one line: time, steps, time left."""
        left = self.left()
        still = f", about {_clock(left)} left" if left is not None else ""
        steps = f"{self.done.total()} of {self.total} steps"
        return f"{_clock(time.monotonic() - self.began)}  {steps}{still}"


def kind_of(rule: str) -> str:
    """What rules of one kind of step have in common: draw, of draw_cmc."""
    return rule.partition("_")[0]


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
