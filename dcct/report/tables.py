"""Tables of finished results: a data frame, and the same as CSV, Markdown and LaTeX.

Numbers are percent with four decimals in the frame and the CSV; Markdown and LaTeX round those to one.
"""

from pathlib import Path

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.load import load_dataset, load_variant, splits_of
from dcct.config.profile import Profile
from dcct.config.table import Table
from dcct.evaluation import DISTANCE
from dcct.paths import Paths
from dcct.receipt import write_text
from dcct.report.latex import latex
from dcct.report.markdown import markdown
from dcct.report.results import load_results
from dcct.report.rows import CHANCE, PROVENANCE, Finished, rows_of


def _with_interval(*metrics: str) -> list[str]:
    return [f"{metric}{part}" for metric in metrics for part in ("", "_low", "_high", "_sd")]


_DONE = ["seeds", "splits", "status", "verification"]
_RUN = ["variant", "title", "feature", "sampler", *_DONE]
_SCORES = [*_with_interval("mAP", "rank1"), "rank5", "rank10", "mINP"]
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
COLUMNS = {
    "variants": ["dataset", *_RUN, *_SCORES, *_PROTOCOL, "parameters", "seconds"],
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
        "mAP_difference_each",
        *_with_interval("rank1_difference"),
        "rank1_difference_each",
        *_PROTOCOL,
    ],
}
"""Kind of table → columns. `seconds` is the only one that may differ between equal runs."""
WHOLE = ["seeds", "dimensions", "queries", "parameters", "seconds"]


def tabulate(table: Table, profile: Profile, paths: Paths, configfile: Path) -> pd.DataFrame:
    """One row per data set of the profile and row of the table; what was not run is a row whose status says so.

    Rows of `compare: cross` stand once per pair of data sets of the profile's cross.

    Raises ConfigError at a row that is no variant, DataError at damaged metrics.
    """
    names = {*table.rows, *(name for pair in table.pairs for name in pair)} - {CHANCE}
    variants = {name: load_variant(name, configfile) for name in sorted(names)}
    rows = []
    for dataset, trained_on, part in _sections(table, profile):
        config = load_dataset(dataset, configfile)
        finished = Finished(
            variants=variants,
            runs=load_results(profile, paths, configfile, dataset, trained_on),
            splits=len(splits_of(config, profile)),
            seeds=len(profile.seeds),
            sampler=profile.evaluation.samplers[0],
            resamples=profile.evaluation.bootstrap,
        )
        protocol = {
            "trained_on": trained_on,
            **config.protocol.model_dump(),
            "clip_length": profile.clips.length,
            "distance": DISTANCE,
            "bootstrap": profile.evaluation.bootstrap,
        }
        rows += [{"dataset": dataset, **row, **protocol} for row in rows_of(part, finished)]
    frame = pd.DataFrame(rows, columns=COLUMNS[table.compare])
    return frame.astype({name: "Int64" for name in WHOLE if name in frame}).round(4)


def _sections(table: Table, profile: Profile) -> list[tuple[str, str, Table]]:
    """(data set judged on, data set trained on, what the table says of them)."""
    if table.compare != "cross":
        return [(name, name, table) for name in profile.datasets]
    return [
        (one.test, one.train, table.model_copy(update={"rows": [row for row in table.rows if row in one.variants]}))
        for one in profile.cross
    ]


def write_tables(name: str, table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset], folder: Path) -> None:
    """Write folder/name.csv, .md and .tex from what `tabulate` returned. datasets: each one that the frame names."""
    write_text(folder / f"{name}.csv", csv_text(frame))
    write_text(folder / f"{name}.md", markdown(table, frame, datasets))
    write_text(folder / f"{name}.tex", latex(table, frame, datasets))


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV."""
    return frame.to_csv(index=False, float_format="%.4f", lineterminator="\n")
