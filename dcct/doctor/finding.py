"""One thing that was looked at: how it stands, and the next command where it should stand
otherwise."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["wrong", "hint", "ok"]
ORDER: tuple[State, ...] = ("wrong", "hint", "ok")
"""What is wrong is read first."""
GB = 10**9


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report."""

    about: str
    """What was looked at."""
    state: State
    """wrong: the run does not start, or cannot end; hint: it can, but look at this."""
    says: str
    """What is there."""
    next: str = ""
    """What to do: a command, or by hand; empty where nothing is to be done."""
    place: Path | None = None
    """A path that it names, if any."""


def ok(about: str, says: str, place: Path | None = None) -> Finding:
    return Finding(about=about, state="ok", says=says, place=place)


def hint(about: str, says: str, then: str = "") -> Finding:
    return Finding(about=about, state="hint", says=says, next=then)


def wrong(about: str, says: str, then: str = "", place: Path | None = None) -> Finding:
    return Finding(about=about, state="wrong", says=says, next=then, place=place)
