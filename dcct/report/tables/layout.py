"""A column of a table, and the grid that columns make of a frame."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pandas as pd

from dcct.config.table import Kind
from dcct.errors import DataError
from dcct.report.tables import cells
from dcct.report.tables.cells import Cell
from dcct.report.tables.grid import Grid

if TYPE_CHECKING:
    from dcct.report.tables.results import Result

Kinds = tuple[Kind, ...]
EVERY: Kinds = get_args(Kind)
FORMULA = re.compile(r"[=@\t\r]|[-+].*[(|!]", re.DOTALL)
"""A text that a spreadsheet would compute, and that could call something: "+ CCA" cannot."""
ENDS = ("_low", "_high", "_sd", "_low_identities", "_high_identities")
"""What follows a name in those of its interval, its standard deviation, and its interval over test
identities alone."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table's CSV."""

    name: str
    """In the CSV."""
    kinds: Kinds = EVERY
    """Kinds of table in which it stands."""
    dtype: str = "str"
    """Of the frame."""
    estimated: bool = False
    """It is followed by the ends of its 95 % interval, its standard deviation over splits or seeds,
    and the ends of its interval over test identities alone: ENDS."""
    key: bool = False
    """Its value is part of what names a row."""
    heading: str = ""
    """Where it is printed; without one it is not."""
    printed: Kinds = EVERY
    """Kinds in which it is printed, if it stands there."""
    cell: Cell = cells.text
    """Its text in print."""
    numeric: bool = True
    """In print it stands to the right."""
    of_run: Callable[["Result"], str] | None = None
    """Where it says how a row came to be: its value of each of the row's runs; what they share
    stands once."""
    setting: bool = False
    """Runs in which it differs were made with other settings."""
    timed: bool = False
    """It may differ between equal runs."""

    @property
    def names(self) -> list[str]:
        """In the CSV, with its interval's."""
        return [f"{self.name}{end}" for end in ("", *ENDS)] if self.estimated else [self.name]


def grid(columns: Sequence[Column], frame: pd.DataFrame) -> Grid:
    """The cells of one data set's rows; columns that are empty in every row are left out."""
    rows = [[column.cell(row, column.name) for column in columns] for _, row in frame.iterrows()]
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    return Grid(
        headings=[columns[place].heading for place in kept],
        numeric=[columns[place].numeric for place in kept],
        rows=[[row[place] for place in kept] for row in rows],
    )


def as_csv(frame: pd.DataFrame, float_format: str | None = None) -> str:
    """A frame as CSV, in which no text is a formula to a program of spreadsheets."""
    guarded = frame.apply(_each_text, function=_guarded)
    return guarded.to_csv(index=False, float_format=float_format, lineterminator="\n")


def _guarded(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def _plain(text: str) -> str:
    return text[1:] if text[:1] == "'" and FORMULA.match(text[1:]) else text


def _each_text(column: pd.Series, function: Callable[[str], str]) -> pd.Series:
    if not any(isinstance(value, str) for value in column):
        return column
    return column.map(lambda value: function(value) if isinstance(value, str) else value)


def read_csv(path: Path, dtypes: dict[str, str]) -> pd.DataFrame:
    """A CSV of ours. Raises DataError where it cannot be read."""
    try:
        frame = pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""])
        return frame.apply(_each_text, function=_plain)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as CSV ({error}): delete it and make it again"
        ) from None
