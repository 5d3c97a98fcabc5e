"""What a reader sees of a table: headings, and rows of a frame as cells of text."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.table import Table
from dcct.report.tables.grid import Grid, number, probability
from dcct.report.tables.published import PUBLISHABLE
from dcct.report.tables.rows import NOT_RUN

Cell = Callable[[pd.Series], str]
NAMES = {
    "mAP": "mAP",
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "rank20": "Rank-20",
    "mINP": "mINP",
}
"""Metric → its name in headings."""
WARNED = "†"
UNLIKE = "‡"
"""Marks a row that was not made as the published numbers were."""


@dataclass(frozen=True)
class Column:
    """A printed column: its heading, its text for a row of the frame, and whether that is a
    number."""

    heading: str
    cell: Cell
    numeric: bool = True


def grid(table: Table, frame: pd.DataFrame) -> Grid:
    """The cells of one data set's rows; columns that are empty in every row are left out."""
    rows = [[column.cell(row) for column in LAYOUT[table.compare]] for _, row in frame.iterrows()]
    kept = [number for number in range(len(rows[0])) if any(row[number] for row in rows)]
    columns = [LAYOUT[table.compare][number] for number in kept]
    return Grid(
        headings=[column.heading for column in columns],
        numeric=[column.numeric for column in columns],
        rows=[[row[number] for number in kept] for row in rows],
    )


def wide_grid(table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset]) -> Grid:
    """One row per variant, a group of columns per data set."""
    cells = [_score(metric, marked=True) for metric in table.metrics]
    parts = [[row for _, row in frame[frame["dataset"] == name].iterrows()] for name in table.sets]
    return Grid(
        groups=[("", 1), *((datasets[name].title, len(cells)) for name in table.sets)],
        headings=["Variant", *([NAMES[metric] for metric in table.metrics] * len(parts))],
        numeric=[False, *([True] * len(cells) * len(parts))],
        rows=[
            [across[0]["title"], *(cell(row) for row in across for cell in cells)]
            for across in zip(*parts, strict=True)
        ],
    )


def heading(frame: pd.DataFrame, datasets: dict[str, Dataset]) -> str:
    """Of one data set's rows: its title, and what was trained on where that is another."""
    tested, trained = (
        datasets[frame[column].iloc[0]].title for column in ("dataset", "trained_on")
    )
    return tested if tested == trained else f"{tested}, trained on {trained}"


def _text(column: str) -> Cell:
    return lambda row: "" if pd.isna(row[column]) else str(row[column])


def _marks(row: pd.Series) -> str:
    """Of data that did not pass verification, and of a row that was not made as the published
    numbers were."""
    unlike = "unlike_published" in row and bool(_text("unlike_published")(row))
    marks = WARNED * (row["verification"] == "warned") + UNLIKE * unlike
    return f" {marks}" if marks else ""


def _title(column: str) -> Cell:
    return lambda row: f"{_text(column)(row)}{_marks(row)}"


def _count(column: str) -> Cell:
    return lambda row: "" if pd.isna(row[column]) else f"{row[column]:,}"


def _sure(column: str, sign: bool = False) -> Cell:
    """Value ± standard deviation over splits or seeds (if there are several), and below it the 95 %
    interval."""

    def cell(row: pd.Series) -> str:
        if row["status"] == NOT_RUN:
            return NOT_RUN
        value, low, high = (number(row[f"{column}{part}"], sign) for part in ("", "_low", "_high"))
        spread = "" if pd.isna(row[f"{column}_sd"]) else f" ± {number(row[f'{column}_sd'])}"
        return f"{value}{spread}\n[{low}, {high}]" if low else value

    return cell


def _score(metric: str, marked: bool = False) -> Cell:
    """A metric as above, and below it the paper's number and ours minus it, where published numbers
    apply.

    marked: with the row's marks, and what is unfinished of it.
    """

    def cell(row: pd.Series) -> str:
        ours, *below = _sure(metric)(row).split("\n")
        if marked:
            ours, below = (
                f"{ours}{_marks(row)}",
                [*below, *([row["status"]] if _unfinished(row) else [])],
            )
        if not pd.isna(row["published"]) and metric in PUBLISHABLE:
            below.append(_paper(row, metric))
        return "\n".join([ours, *below])

    return cell


def _paper(row: pd.Series, metric: str) -> str:
    value, difference = (
        number(row[f"{metric}_published"]),
        number(row[f"{metric}_minus_published"], True),
    )
    if not value:
        return "paper: not verified"
    return f"paper {value} ({difference})" if difference else f"paper {value}"


def _seeds(row: pd.Series) -> str:
    """Seeds that were run: their number, or "2 of 3"; empty where there is none."""
    return _unfinished(row) or ("" if row["status"] == NOT_RUN else _count("seeds")(row))


def _unfinished(row: pd.Series) -> str:
    return row["status"].removesuffix(" seeds") if " of " in row["status"] else ""


def _splits(row: pd.Series) -> str:
    """How many splits are averaged, where there are several."""
    count = len(str(row["splits"]).split())
    return str(count) if count > 1 else ""


def _each(column: str) -> Cell:
    return lambda row: (
        ""
        if pd.isna(row[column])
        else ", ".join(number(float(v), True) for v in row[column].split())
    )


def _p(column: str) -> Cell:
    return lambda row: probability(row[column])


def _feature(row: pd.Series) -> str:
    return f"{row['feature']} (headline)" if row["headline"] else _text("feature")(row)


def _scores(cell: Callable[[str], Cell], *metrics: str) -> list[Column]:
    return [Column(f"{NAMES[metric]} [95 %]", cell(metric)) for metric in metrics]


def _variants(cell: Callable[[str], Cell]) -> list[Column]:
    return [
        _VARIANT,
        Column("Features", _text("feature"), numeric=False),
        Column("Splits", _splits),
        Column("Seeds", _seeds),
        *_scores(cell, *_FIVE),
        Column("Parameters", _count("parameters")),
        Column("Seconds", _count("seconds")),
    ]


_VARIANT = Column("Variant", _title("title"), numeric=False)
_UNFINISHED = Column("Seeds", _unfinished)
_FIVE = ("mAP", "rank1", "rank5", "rank10", "mINP")
LAYOUT: dict[str, list[Column]] = {
    "variants": _variants(_score),
    "cross": _variants(_sure),
    "features": [
        _VARIANT,
        Column("Features", _feature, numeric=False),
        Column("Dimensions", _count("dimensions")),
        _UNFINISHED,
        *_scores(_sure, *_FIVE),
    ],
    "samplers": [
        _VARIANT,
        Column("Features", _text("feature"), numeric=False),
        Column("Test clips", _text("sampler"), numeric=False),
        _UNFINISHED,
        *_scores(_sure, "mAP", "rank1"),
        Column("mAP − begin [95 %]", _sure("mAP_minus_begin", sign=True)),
    ],
    "pairs": [
        Column("A", _title("a_title"), numeric=False),
        Column("B", _title("b_title"), numeric=False),
        _UNFINISHED,
        Column("mAP, A − B [95 %]", _sure("mAP_difference", sign=True)),
        Column("p", _p("mAP_difference_p")),
        Column("each alone", _each("mAP_difference_each")),
        Column("Rank-1, A − B [95 %]", _sure("rank1_difference", sign=True)),
        Column("p", _p("rank1_difference_p")),
        Column("each alone", _each("rank1_difference_each")),
    ],
}
"""Kind of table → columns in print order; tables of several data sets side by side have a grid of
their own."""
