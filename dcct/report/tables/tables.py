"""Tables of finished results: a data frame, and the same as CSV, Markdown, LaTeX and HTML.

Numbers are percent with four decimals in the frame and the CSV; what is printed rounds those to
one.
"""

from pathlib import Path

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.load import load_dataset, load_published, load_variant, splits_of, variant_of
from dcct.config.profile import Profile
from dcct.config.published import Published
from dcct.config.table import Shown, Table, shown
from dcct.evaluation.protocol import DISTANCE
from dcct.files import write_text
from dcct.pipeline.paths import Paths
from dcct.report.tables.cells import grid, heading, wide_grid
from dcct.report.tables.grid import Part
from dcct.report.tables.html import html
from dcct.report.tables.latex import latex
from dcct.report.tables.markdown import markdown
from dcct.report.tables.notes import notes, wide_notes
from dcct.report.tables.published import PUBLISHABLE, paper_on
from dcct.report.tables.results import load_results
from dcct.report.tables.rows import METRICS, PROVENANCE, Finished, rows_of


def _with_interval(*metrics: str) -> list[str]:
    return [f"{metric}{part}" for metric in metrics for part in ("", "_low", "_high", "_sd")]


_DONE = ["seeds", "splits", "status", "verification"]
_RUN = ["variant", "title", "feature", "sampler", *_DONE]
_SCORES = _with_interval(*METRICS)
_PUBLISHED = [
    "published",
    *(f"{metric}{part}" for metric in PUBLISHABLE for part in ("_published", "_minus_published")),
    "unlike_published",
]
_PROTOCOL = [
    "trained_on",
    "queries",
    "gallery_includes_queries",
    "drop_same_camera",
    "clip_length",
    "clip_cap",
    "first_half",
    "distance",
    "bootstrap",
    *PROVENANCE,
]
_VARIANTS = ["dataset", *_RUN, *_SCORES, *_PUBLISHED, *_PROTOCOL, "parameters", "seconds"]
COLUMNS = {
    "variants": _VARIANTS,
    "sets": _VARIANTS,
    "cross": ["dataset", *_RUN, *_SCORES, *_PROTOCOL, "parameters", "seconds"],
    "features": ["dataset", *_RUN, "headline", "dimensions", *_SCORES, *_PROTOCOL],
    "samplers": ["dataset", *_RUN, *_SCORES, *_with_interval("mAP_minus_begin"), *_PROTOCOL],
    "pairs": [
        "dataset",
        "a",
        "a_title",
        "a_feature",
        "b",
        "b_title",
        "b_feature",
        "sampler",
        *_DONE,
        *_with_interval("mAP_difference"),
        "mAP_difference_p",
        "mAP_difference_each",
        *_with_interval("rank1_difference"),
        "rank1_difference_p",
        "rank1_difference_each",
        *_PROTOCOL,
    ],
}
"""Kind of table → columns. `seconds` is the only one that may differ between equal runs."""
WHOLE = ["seeds", "dimensions", "queries", "parameters", "seconds"]


def tabulate(table: Table, profile: Profile, paths: Paths, configfile: Path) -> pd.DataFrame:
    """One row per data set and row of the table; what was not run is a row whose status says so.

    Rows of `compare: cross` stand once per pair of data sets of the profile's cross. Only runs of
    variants that the table names are read, on the data sets that it shows.

    Raises ConfigError at a row that is no variant, DataError at damaged metrics.
    """
    variants = {name: load_variant(name, configfile) for name in table.variants}
    published = load_published(table.published, configfile) if table.published else None
    rows = []
    for one in shown(table, profile):
        config = load_dataset(one.dataset, configfile)
        finished = Finished(
            variants=variants,
            runs=_results(one, profile, paths, configfile),
            splits=len(splits_of(config, profile)),
            seeds=len(profile.seeds),
            sampler=profile.evaluation.samplers[0],
            resamples=profile.evaluation.bootstrap,
            paper=(
                paper_on(published, one.dataset, config.split_count, profile) if published else None
            ),
        )
        protocol = {
            "trained_on": one.trained_on,
            **config.protocol.model_dump(),
            "clip_length": profile.clips.length,
            "distance": DISTANCE,
            "bootstrap": profile.evaluation.bootstrap,
        }
        rows += [
            {"dataset": one.dataset, **row, **protocol}
            for row in rows_of(table, one.rows, finished)
        ]
    frame = pd.DataFrame(rows, columns=COLUMNS[table.compare])
    return frame.astype({name: "Int64" for name in WHOLE if name in frame}).round(4)


def _results(one: Shown, profile: Profile, paths: Paths, configfile: Path) -> dict:
    return load_results(
        profile,
        paths,
        configfile,
        one.dataset,
        one.trained_on,
        [variant_of(run) for run in one.runs],
    )


def parts_of(
    table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset], published: Published | None
) -> list[Part]:
    """What is printed of a frame: a part per data set, or one in which they stand side by side."""
    if table.compare == "sets":
        below = wide_notes(table, frame, datasets, published)
        return [Part(heading="", grid=wide_grid(table, frame, datasets), notes=below)]
    return [
        Part(
            heading=heading(part, datasets),
            grid=grid(table, part),
            notes=notes(table, part, datasets[name], published),
        )
        for (name, _), part in frame.groupby(["dataset", "trained_on"], sort=False)
    ]


def write_tables(
    name: str, table: Table, frame: pd.DataFrame, configfile: Path, folder: Path
) -> None:
    """Write folder/name.csv, .md, .tex and .html from what `tabulate` returned."""
    datasets = {
        one: load_dataset(one, configfile) for one in {*frame["dataset"], *frame["trained_on"]}
    }
    published = load_published(table.published, configfile) if table.published else None
    content = (
        table.title,
        " ".join(table.about.split()),
        parts_of(table, frame, datasets, published),
    )
    write_text(folder / f"{name}.csv", csv_text(frame))
    for suffix, printed in PRINTED.items():
        write_text(folder / f"{name}.{suffix}", printed(*content))


PRINTED = {"md": markdown, "tex": latex, "html": html}
"""Suffix → what prints a table's title, what it shows, and its parts."""


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV."""
    return frame.to_csv(index=False, float_format="%.4f", lineterminator="\n")
