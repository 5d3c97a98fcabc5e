"""What is printed of a table: a part per data set, or one in which data sets stand side by side."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.table import Shown, Table
from dcct.errors import DataError
from dcct.evaluation.slips import RIGHT, SLIPS
from dcct.pipeline.pipeline import Pipeline
from dcct.report.tables.cells import NAMES, marked_score
from dcct.report.tables.columns import DTYPES, csv_names, printed_columns
from dcct.report.tables.field import PUBLISHED, letters, named, quoted
from dcct.report.tables.grid import Document, Grid, Part
from dcct.report.tables.layout import grid, read_csv
from dcct.report.tables.notes import OF_NO_TABLE, foreign_notes, notes, tested_in, wide_notes
from dcct.report.tables.slip_parts import slip_parts


def read_table(pipeline: Pipeline, name: str, path: Path) -> Document:
    """A table of the profile as it is printed, from its CSV. Raises DataError at a CSV that is not
    what this package writes."""
    table, again = pipeline.table(name), pipeline.job("tabulate", name).again
    frame = read_csv(path, DTYPES)
    if list(frame.columns) != csv_names(table.compare):
        raise DataError(f"{path}: has other columns than this version writes: run `{again}` again")
    if _has_other_rows(frame, table, pipeline.parts(name)):
        raise DataError(f"{path}: has other rows than this version writes: run `{again}` again")
    published = pipeline.published(table.published) if table.published else None
    datasets = {
        one: pipeline.dataset(one)
        for column in ("dataset", "trained_on")
        for one in frame[column].unique()
    }
    if table.compare == "sets":
        below = wide_notes(table, frame, datasets, published)
        parts = [Part(heading="", grid=wide_grid(table, frame, datasets), notes=below)]
    elif table.compare == "slips":
        of_sets = frame.groupby("dataset", sort=False)
        parts = [part for name, rows in of_sets for part in slip_parts(table, rows, datasets[name])]
    else:
        parts = [
            Part(
                heading=_heading(datasets[dataset].title, datasets[trained_on].title),
                grid=grid(printed_columns(table.compare), rows),
                notes=notes(table, rows, datasets[dataset], published, tested_in(frame)),
            )
            for (dataset, trained_on), rows in frame.groupby(["dataset", "trained_on"], sort=False)
        ]
    below = foreign_notes(pipeline.variant(name) for name in table.variants)
    if pipeline.unnamed(name):
        below = [OF_NO_TABLE, *below]
    parts = [replace(part, notes=[*part.notes, *below]) for part in parts]
    return Document(title=table.title, about=" ".join(table.about.split()), parts=parts)


def _has_other_rows(frame: pd.DataFrame, table: Table, parts: list[Shown]) -> bool:
    """Whether a row is of no data set or slip of this table, or sets that stand side by side do not
    have the same rows."""
    places = list(zip(frame["dataset"], frame["trained_on"], strict=True))
    known = [(one.dataset, one.trained_on) for one in parts]
    lengths = {places.count(one) for one in known}
    uneven = table.compare == "sets" and (len(lengths) > 1 or 0 in lengths)
    slips = set(frame["slip"]) if table.compare == "slips" else set()
    return bool(set(places) - set(known) or slips - {RIGHT, *SLIPS}) or uneven


def wide_grid(table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset]) -> Grid:
    """One row per method of the field and per variant, a group of columns per data set."""
    metrics, sets = table.metrics, table.sets
    by_set = [[row for _, row in frame[frame["dataset"] == name].iterrows()] for name in sets]
    letter = letters(frame)

    def cells(across: tuple[pd.Series, ...]) -> list[str]:
        places = [(row, name) for row in across for name in metrics]
        if across[0]["status"] == PUBLISHED:
            return [named(across[0], letter), *(quoted(*place, letter) for place in places)]
        return [across[0]["title"], *(marked_score(*place) for place in places)]

    return Grid(
        groups=[("", 1), *((datasets[name].title, len(metrics)) for name in sets)],
        headings=["Variant", *([NAMES[metric] for metric in metrics] * len(sets))],
        numeric=[False, *([True] * len(metrics) * len(sets))],
        rows=[cells(across) for across in zip(*by_set, strict=True)],
    )


def _heading(tested: str, trained: str) -> str:
    """Of one data set's rows: its title, and what was trained on where that is another."""
    return tested if tested == trained else f"{tested}, trained on {trained}"
