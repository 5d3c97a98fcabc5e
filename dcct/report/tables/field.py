"""Rows of the field's published numbers, how they are ordered, and how they are printed."""

from collections.abc import Iterable, Iterator
from itertools import chain, count

import pandas as pd

from dcct.config.field import Quoted
from dcct.config.table import BY_YEAR, Table
from dcct.report.tables.grid import RAISED, number

PUBLISHED = "published"
"""Status of a row that nobody here has run: its numbers are a source's."""
UNKNOWN, KNOWN = "unknown", "known"
"""In the column `protocol`: whether the source says how the numbers were made."""
UNSAID = "¶"
"""Marks a row whose source does not say by which protocol."""
NOT_VERIFIED = "–"


def shown_in(table: Table, field: Iterable[Quoted]) -> list[Quoted]:
    """Those of the field with a number for any column of a table, in its order: the latest, or the
    best on the first set, stands last, next to ours. Of equal ones the better is later."""
    if not table.field:
        return []
    first, metric = table.sets[0], table.metrics[0]
    asked = metric if table.field == BY_YEAR else table.field

    def place(one: Quoted) -> tuple[int, float]:
        year = one.method.year if table.field == BY_YEAR else 0
        return year, one.values.get(first, {}).get(asked, 0.0)

    def shown(one: Quoted) -> bool:
        return any(set(table.metrics) & set(one.values.get(name, ())) for name in table.sets)

    return sorted(filter(shown, field), key=place)


def field_row(one: Quoted, dataset: str) -> dict:
    """A method's row on a data set, be there a number of it on this one or none."""
    published, method = one.published, one.method
    numbers = one.values.get(dataset, {})
    return {
        "dataset": dataset,
        "trained_on": dataset,
        "method": one.name,
        "paper": one.paper,
        "title": one.name,
        "status": PUBLISHED,
        "venue": method.venue,
        "year": method.year,
        "kind": method.kind,
        "kind_source": published.kinds or published.source,
        "protocol": KNOWN if published.protocol else UNKNOWN,
        "published": published.source,
        **{f"{metric}_published": value for metric, value in numbers.items()},
    }


def is_published(frame: pd.DataFrame) -> pd.Series:
    """Which rows of a table are the field's."""
    return frame["status"] == PUBLISHED


def letters(frame: pd.DataFrame) -> dict[str, str]:
    """Source → its letter, in the order in which a reader meets them."""
    rows = frame[is_published(frame)]
    known = rows["kind"] != UNKNOWN
    sources = [*rows["published"], *rows.loc[known, "kind_source"]]
    return dict(zip(dict.fromkeys(sources), _raised(), strict=False))


def named(row: pd.Series, letter: dict[str, str]) -> str:
    """The name of a method, and below it where and when it appeared and of which kind it is."""
    mark = f" {UNSAID}" if row["protocol"] == UNKNOWN else ""
    kind = (
        f"{row['kind']}{letter[row['kind_source']]}" if row["kind"] != UNKNOWN else "kind unknown"
    )
    return f"{row['title']}{mark}\n{row['venue']} {row['year']}, {kind}"


def quoted(row: pd.Series, metric: str, letter: dict[str, str]) -> str:
    """A published number with the letter of its source."""
    value = number(row.get(f"{metric}_published", float("nan")))
    return f"{value}{letter[row['published']]}" if value else NOT_VERIFIED


def field_notes(frame: pd.DataFrame) -> Iterator[str]:
    """What stands below a table that has rows of the field."""
    rows = frame[is_published(frame)]
    if rows.empty:
        return
    sources = "; ".join(f"{letter} {source}" for source, letter in letters(frame).items())
    yield f"Numbers and kinds with a letter are quoted as their source prints them: {sources}."
    if (rows["protocol"] == UNKNOWN).any():
        yield (
            f"{UNSAID} The source does not say by which protocol (queries in the gallery, test"
            " clips, size of frames): methods differ in it, and their numbers with them."
        )
    yield f"{NOT_VERIFIED} Not verified: the source prints no number, or none was looked up."


def _raised() -> Iterator[str]:
    """Without end: after the last letter, two of each."""
    return chain.from_iterable([letter * times for letter in RAISED.values()] for times in count(1))
