"""A printed table: text in cells, with what stands above and below it. Markdown, LaTeX, HTML and
the page print the same."""

from dataclasses import dataclass, field
from itertools import zip_longest

import pandas as pd

RAISED = dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))
"""Letter → the same as a mark of a footnote: Unicode raises all but q."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Text of a printed table. A cell may have several lines: what was found, then how sure it is,
    then the paper's."""

    headings: list[str]
    """Of the columns."""
    numeric: list[bool]
    """Which columns stand to the right."""
    rows: list[list[str]]
    """Cells."""
    groups: list[tuple[str, int]] = field(default_factory=list)
    """(Heading, number of columns) above the headings, or none."""

    @property
    def whole_headings(self) -> list[str]:
        """Headings with those of their groups, where there is no line for these."""
        groups = [name for name, count in self.groups for _ in range(count)]
        pairs = zip_longest(groups, self.headings, fillvalue="")
        return [f"{group} {heading}".strip() for group, heading in pairs]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of a document's tables."""

    heading: str
    """May be empty."""
    grid: Grid
    """The table."""
    notes: list[str]
    """Paragraphs below it."""
    detail: bool = False
    """What stands above says it in short: the page shows its heading alone until it is opened."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """All that is printed of a table's CSV."""

    title: str
    """Heading of the whole."""
    about: str
    """What it shows, in a sentence or two."""
    parts: list[Part]
    """In order."""


def number(value: float, sign: bool = False) -> str:
    """One decimal; a true minus sign; a plus sign for differences; never −0.0. Empty where nothing
    was measured."""
    if pd.isna(value):
        return ""
    text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def probability(value: float | None) -> str:
    """A p-value with three decimals; never 0. Empty where nothing was measured."""
    if pd.isna(value):
        return ""
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
