"""Tables of finished results: a data frame, its CSV, and what is printed of that.

Numbers are percent with four decimals in the frame and the CSV; what is printed rounds those to
one. The CSV is the record: print and page are made from it.
"""

from pathlib import Path

import pandas as pd

from dcct.config.label import row_of
from dcct.evaluation.protocol import DISTANCE
from dcct.evaluation.spread import holm
from dcct.evaluation.verdict import verdict
from dcct.files import write_text
from dcct.pipeline.pipeline import Pipeline
from dcct.report.tables.cells import YOURS
from dcct.report.tables.columns import DTYPES, csv_names
from dcct.report.tables.field import field_row, shown_in
from dcct.report.tables.layout import as_csv
from dcct.report.tables.parts import read_table
from dcct.report.tables.printing import write_printed
from dcct.report.tables.published import paper_on
from dcct.report.tables.results import load_results, load_slips
from dcct.report.tables.rows import Finished, rows_of
from dcct.report.tables.slips import slip_rows

SINGLE_P = "_p_single"
"""How the name of a p-value ends that is of one comparison alone."""


def write_table(pipeline: Pipeline, name: str, folder: Path) -> None:
    """Write folder/name.csv, .md, .tex and .html of a table of the profile."""
    path = folder / f"{name}.csv"
    write_text(path, csv_text(tabulate(pipeline, name)))
    write_printed(read_table(pipeline, name, path), path)


def tabulate(pipeline: Pipeline, name: str) -> pd.DataFrame:
    """One row per data set and row of the table; what was not run is a row whose status says so.
    Above them stand the methods of the field, where the table shows these.

    Rows of `compare: cross` stand once per pair of data sets of the profile's cross. Only runs of
    variants that the table names are read, on the data sets that it shows.

    Raises DataError at damaged metrics.
    """
    table, profile = pipeline.table(name), pipeline.profile
    rows, field = [], shown_in(table, pipeline.field)
    for of_set in pipeline.parts(name):
        shared = {
            "dataset": of_set.dataset,
            "trained_on": of_set.trained_on,
            **pipeline.dataset(of_set.dataset).protocol.model_dump(),
            "clip_length": profile.clips.length,
            "distance": DISTANCE,
            "bootstrap": profile.evaluation.bootstrap,
        }
        finished = finished_on(pipeline, name, of_set.dataset, of_set.runs)
        rows += [field_row(one, of_set.dataset) for one in field]
        made = (
            slip_rows(table.variants, finished)
            if table.compare == "slips"
            else rows_of(table, of_set.rows, finished)
        )
        rows += [shared | row for row in made]
    names = csv_names(table.compare)
    numbers = {column: DTYPES[column] for column in names if DTYPES[column] != "str"}
    return _judged(_corrected(pd.DataFrame(rows, columns=names).astype(numbers))).round(4)


def _corrected(frame: pd.DataFrame) -> pd.DataFrame:
    """With p-values for which all comparisons of the table hold together."""
    single = [name for name in map(str, frame.columns) if name.endswith(SINGLE_P)]
    tested = [(row, name) for name in single for row in frame.index[frame[name].notna()]]
    for (row, name), p_value in zip(
        tested, holm([float(frame[name][row]) for row, name in tested]), strict=True
    ):
        frame.at[row, name.removesuffix("_single")] = p_value
    return frame


def _judged(frame: pd.DataFrame) -> pd.DataFrame:
    """With the verdict on each claim for which several trainings were run."""
    if "verdict" in frame:
        frame["verdict"] = frame["verdict"].astype(object)
        deciding = ["effect", "effect_low", "effect_high", "effect_p", "smallest"]
        for row in frame.index[frame[deciding].notna().all(axis=1)]:
            frame.at[row, "verdict"] = verdict(*frame.loc[row, deciding].tolist())
    return frame


def finished_on(pipeline: Pipeline, name: str, dataset: str, labels: list[str]) -> Finished:
    """What a table's rows on a data set are made from. labels: of the runs."""
    table, profile, config = pipeline.table(name), pipeline.profile, pipeline.dataset(dataset)
    published = pipeline.published(table.published) if table.published else None
    results = load_results(pipeline, dataset, labels)
    slips = load_slips(pipeline, dataset) if table.compare == "slips" else {}
    claims = pipeline.claims(table.claims).claims if table.claims else {}
    variants = {name: pipeline.variant(name) for name in [*table.variants, *labels]}
    for yours in pipeline.unnamed(name):
        title = f"{variants[yours].title} {YOURS}"
        variants[yours] = variants[yours].model_copy(update={"title": title})
    return Finished(
        variants=variants,
        runs={row_of(label): runs for label, runs in results.items()},
        epochs=profile.training.epochs,
        splits=len(pipeline.splits(dataset)),
        seeds=len(profile.seeds),
        sampler=profile.evaluation.samplers[0],
        resamples=profile.evaluation.bootstrap,
        claims=claims,
        verdicts=len(claims) * len(pipeline.parts(name)),
        paper=paper_on(published, dataset, config.split_count, profile) if published else None,
        slips=slips,
    )


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV."""
    return as_csv(frame, "%.4f")
