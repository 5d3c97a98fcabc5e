"""A printed table: text in cells, with what stands above and below it. Markdown, LaTeX and HTML
print the same."""

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Text of a printed table. A cell may have several lines: what was found, then how sure it is,
    then the paper's.

    numeric: which columns stand to the right. groups: (heading, number of columns) above the
    headings, or none.
    """

    headings: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    groups: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of a file's tables: its heading, which may be empty, and the paragraphs below it."""

    heading: str
    grid: Grid
    notes: list[str]


def number(value: float, sign: bool = False) -> str:
    """One decimal; a true minus sign; a plus sign for differences; never −0.0. Empty where nothing
    was measured."""
    if pd.isna(value):
        return ""
    text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def probability(value: float) -> str:
    """A p-value with three decimals; never 0. Empty where nothing was measured."""
    if pd.isna(value):
        return ""
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
