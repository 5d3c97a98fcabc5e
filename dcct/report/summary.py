"""A finished run in a few lines: its numbers, the verdicts, and where everything is."""

from collections.abc import Iterator

from dcct.errors import DataError
from dcct.pipeline.pipeline import Pipeline
from dcct.provenance.receipt import check_outputs
from dcct.report.page.findings import findings_of
from dcct.report.tables import cells
from dcct.report.tables.columns import DTYPES
from dcct.report.tables.layout import read_csv

NAMED = ("dcct", "cnn", "vit")
"""The network and its two halves alone: what a reader asks for first."""


def summary_of(pipeline: Pipeline) -> list[str]:
    """Lines: what each data set gave, the verdicts, the page.

    Raises DataError where there is no page yet, or a file is not what its receipt says.
    """
    page = pipeline.job("page") / "html"
    if not page.is_file():
        raise DataError(f"{page}: is not there: run `{pipeline.again}` first")
    tables = [pipeline.job("tabulate", name) for name in pipeline.profile.tables]
    for job in (pipeline.job("page"), *tables):
        check_outputs(job.receipt, job.again)
    judged = any(pipeline.table(name).claims for name in pipeline.profile.tables)
    verdicts = [f"{findings_of(pipeline).headline}."] if judged else []
    where = f"Everything on one page: {page.absolute().as_uri()}"
    return [*_scores(pipeline), *verdicts, where]


def _scores(pipeline: Pipeline) -> Iterator[str]:
    """A line for each data set of the first table that has a variant in each row."""
    tables = [one for one in pipeline.profile.tables if pipeline.table(one).compare == "variants"]
    if not tables:
        return
    frame = read_csv(pipeline.job("tabulate", tables[0]) / "csv", DTYPES)
    ours = frame[frame["variant"].isin(pipeline.profile.evaluated)]
    for dataset, rows in ours.groupby("dataset", sort=False):
        named = rows[rows["variant"].isin(NAMED)]
        shown = (rows if named.empty else named).head(len(NAMED))
        scores = (
            f"{row['title']} {cells.estimate(row, 'mAP').replace(chr(10), ' ')}"
            for _, row in shown.iterrows()
        )
        yield f"mAP on {pipeline.dataset(str(dataset)).title}: {'; '.join(scores)}"
