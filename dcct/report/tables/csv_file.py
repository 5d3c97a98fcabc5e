"""The door for the tables' CSV files: rows of texts, and numbers in them, or one line."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from dcct.errors import DataError

MOST_BYTES = 50_000_000
"""Of a file."""


def read_rows(path: Path, then: str) -> list[dict[str, str]]:
    """Rows of a CSV, column → text. Raises DataError that ends with `then`, what to do, where the
    file cannot be read, a column stands twice, or a row has more or fewer cells than columns."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ValueError("it is no file")
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
        if len(set(header)) < len(header):
            raise ValueError("a column stands twice")
        return [dict(zip(header, row, strict=True)) for row in rows if row]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error}): {then}") from None


def number_in(row: Mapping[str, str], column: str, where: str) -> float:
    """A cell's number. Raises DataError where it holds none, naming the table as `where`."""
    try:
        number = float(row.get(column, ""))
        if not math.isfinite(number):
            raise ValueError
    except ValueError:
        raise DataError(
            f"{where}: {column}: {row.get(column, '')!r} is no number: have the table made again"
        ) from None
    return number
