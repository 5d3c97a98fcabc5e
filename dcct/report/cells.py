"""What a reader sees of a table: headings, cells as text, and sentences below. Markdown and LaTeX print the same."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.table import Published, Table

Cell = Callable[[pd.Series], str]


def number(value: float, sign: bool = False) -> str:
    """One decimal; a true minus sign; a plus sign for differences; never −0.0. Empty where nothing was measured."""
    if pd.isna(value):
        return ""
    text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Text of a printed table. numeric: which columns stand to the right."""

    headings: list[str]
    numeric: list[bool]
    rows: list[list[str]]


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


def heading(frame: pd.DataFrame, datasets: dict[str, Dataset]) -> str:
    """Of one data set's rows: its title, and what was trained on where that is another."""
    tested, trained = (datasets[frame[column].iloc[0]].title for column in ("dataset", "trained_on"))
    return tested if tested == trained else f"{tested}, trained on {trained}"


def published_grid(published: Published) -> Grid:
    """The paper's numbers, one row per benchmark; what was not verified says so."""
    rows = [
        [benchmark, *(number(metrics[name]) if name in metrics else "not verified" for name in PUBLISHED)]
        for benchmark, metrics in published.sets.items()
    ]
    return Grid(headings=["Benchmark", *PUBLISHED.values()], numeric=[False, True, True, True], rows=rows)


PUBLISHED = {"mAP": "mAP", "rank1": "Rank-1", "rank5": "Rank-5"}
WARNED = "†"
PUBLISHED_TITLE = "Published numbers of the paper's full method (not run here)"


def notes(table: Table, frame: pd.DataFrame, dataset: Dataset) -> list[str]:
    """Paragraphs below one data set's table: what the data are, what was measured, and what it cannot tell."""
    row, protocol = frame.iloc[0], dataset.protocol
    pooled = " in all splits together" if dataset.split_count > 1 else ""
    queries = (
        f"{frame['queries'].max():,} queries{pooled} ranked" if frame["queries"].notna().any() else "Queries ranked"
    )
    against = "queries and gallery together" if protocol.gallery_includes_queries else "the gallery"
    dropped = ", without tracklets of the query's own identity and camera" if protocol.drop_same_camera else ""
    if dataset.split_count > 1:
        half = f", first half = {protocol.first_half}" if protocol.first_half else ""
        run = max(frame["splits"].fillna(""), key=len) or "none"
        dropped += f"; splits {run} of {dataset.split_count}{half}"
    clips = "" if table.compare == "samplers" else f"; test clips: {row['sampler']}"
    measured = (
        f"In percent. {queries} against {against}{dropped}; cosine distance{clips}. In brackets: 95 % interval "
        f"from {row['bootstrap']:,} bootstrap resamples of the test identities."
    )
    covers = "An interval covers the choice of test identities, not that of the training seed"
    splits, seeds = frame["splits"].fillna("").str.contains(" ").any(), frame["seeds"].fillna(0).max() > 1
    over = "splits" if splits else "seeds"
    means = "splits and seeds" if splits and seeds else over
    certainty = (
        f"Values are means over {means}; ± is the standard deviation over {over}. {covers}."
        if splits or seeds
        else f"{covers}: one seed cannot rank variants whose intervals overlap."
    )
    warned = (
        f"{WARNED} Verification was told to go on although these data differ from what is expected: see its report."
    )
    return [
        *([warned] if (frame["verification"] == "warned").any() else []),
        f"{dataset.title}: {dataset.about.strip()}",
        measured,
        f"{certainty} The numbers describe these data and this profile's settings, not the paper's.",
    ]


def _text(column: str) -> Cell:
    return lambda row: "" if pd.isna(row[column]) else str(row[column])


def _title(column: str) -> Cell:
    """Marked where the data did not pass verification."""
    return lambda row: f"{row[column]} {WARNED}" if row["verification"] == "warned" else _text(column)(row)


def _count(column: str) -> Cell:
    return lambda row: "" if pd.isna(row[column]) else f"{row[column]:,}"


def _plain(column: str) -> Cell:
    return lambda row: number(row[column])


def _sure(column: str, sign: bool = False, gap: bool = False) -> Cell:
    """Value ± standard deviation over splits or seeds (if there are several) [95 % interval].

    gap: says so if nothing was run.
    """

    def cell(row: pd.Series) -> str:
        if gap and row["status"] == "not run":
            return "not run"
        value, low, high = (number(row[f"{column}{part}"], sign) for part in ("", "_low", "_high"))
        spread = "" if pd.isna(row[f"{column}_sd"]) else f" ± {number(row[f'{column}_sd'])}"
        return f"{value}{spread} [{low}, {high}]" if low else value

    return cell


def _seeds(row: pd.Series) -> str:
    """Seeds that were run: their number, or "2 of 3"; empty where there is none."""
    return _unfinished(row) or ("" if row["status"] == "not run" else _count("seeds")(row))


def _unfinished(row: pd.Series) -> str:
    return row["status"].removesuffix(" seeds") if " of " in row["status"] else ""


def _splits(row: pd.Series) -> str:
    """How many splits are averaged, where there are several."""
    count = len(str(row["splits"]).split())
    return str(count) if count > 1 else ""


def _each(column: str) -> Cell:
    return lambda row: "" if pd.isna(row[column]) else ", ".join(number(float(v), True) for v in row[column].split())


def _feature(row: pd.Series) -> str:
    return f"{row['feature']} (headline)" if row["headline"] else _text("feature")(row)


@dataclass(frozen=True)
class Column:
    """A printed column: its heading, its text for a row of the frame, and whether that is a number."""

    heading: str
    cell: Cell
    numeric: bool = True


_VARIANT = Column("Variant", _title("title"), numeric=False)
_UNFINISHED = Column("Seeds", _unfinished)
_SURE = [Column("mAP [95 %]", _sure("mAP", gap=True)), Column("Rank-1 [95 %]", _sure("rank1"))]
_SCORES = [
    *_SURE,
    Column("Rank-5", _plain("rank5")),
    Column("Rank-10", _plain("rank10")),
    Column("mINP", _plain("mINP")),
]
LAYOUT: dict[str, list[Column]] = {
    "variants": [
        _VARIANT,
        Column("Features", _text("feature"), numeric=False),
        Column("Splits", _splits),
        Column("Seeds", _seeds),
        *_SCORES,
        Column("Parameters", _count("parameters")),
        Column("Seconds", _count("seconds")),
    ],
    "features": [
        _VARIANT,
        Column("Features", _feature, numeric=False),
        Column("Dimensions", _count("dimensions")),
        _UNFINISHED,
        *_SCORES,
    ],
    "samplers": [
        _VARIANT,
        Column("Features", _text("feature"), numeric=False),
        Column("Test clips", _text("sampler"), numeric=False),
        _UNFINISHED,
        *_SURE,
        Column("mAP − begin [95 %]", _sure("mAP_minus_begin", sign=True)),
    ],
    "pairs": [
        Column("A", _title("a_title"), numeric=False),
        Column("B", _title("b_title"), numeric=False),
        _UNFINISHED,
        Column("mAP, A − B [95 %]", _sure("mAP_difference", sign=True, gap=True)),
        Column("each alone", _each("mAP_difference_each")),
        Column("Rank-1, A − B [95 %]", _sure("rank1_difference", sign=True)),
        Column("each alone", _each("rank1_difference_each")),
    ],
}
LAYOUT["cross"] = LAYOUT["variants"]
"""Kind of table → columns in print order."""
