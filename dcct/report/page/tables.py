"""Tables as the page shows them: what is printed of their CSV, and the receipts behind its rows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.chain import behind, explain
from dcct.report.tables.cells import NOT_RUN
from dcct.report.tables.cost import TITLE, read_cost
from dcct.report.tables.field import PUBLISHED
from dcct.report.tables.grid import Part
from dcct.report.tables.parts import read_table


@dataclass(frozen=True, kw_only=True)
class TableSection:
    """A table on the page."""

    name: str
    """Of its files."""
    title: str
    """Its heading."""
    again: str
    """The command that makes it."""
    parts: list[Part] = field(default_factory=list)
    """What is printed; nothing where it was not made."""
    receipt: str = ""
    """Of the step that made it."""
    behind: list[list[str]] = field(default_factory=list)
    """For every row of its CSV, receipts of the metrics that it was made from; none where it was
    made from none."""

    unrun: bool = False
    """It was made, and of what it shows nothing was run."""
    published: int = 0
    """How many of its printed rows are methods of the field."""


def table_sections(pipeline: Pipeline) -> Iterator[TableSection]:
    """Every table of a run, cost last."""
    for name in pipeline.profile.tables:
        yield _section(pipeline.job("tabulate", name), name, pipeline.table(name).title)
    yield _section(pipeline.job("cost"), "cost", TITLE)


def _section(job: Job, name: str, title: str) -> TableSection:
    path = job / "csv"
    if not (job.receipt.is_file() and path.is_file()):
        return TableSection(name=name, title=title, again=job.again)
    tabulated = job.step.verb == "tabulate"
    document = read_table(job.pipeline, name, path) if tabulated else read_cost(path)
    inputs = explain(job.receipt, hashed=False).steps[0].made_from
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    methods = {(row["method"], row["paper"]) for row in rows if row.get("status") == PUBLISHED}
    return TableSection(
        name=name,
        title=title,
        again=job.again,
        unrun=bool(rows) and {row.get("status") for row in rows} <= {NOT_RUN, PUBLISHED},
        published=len(methods),
        parts=document.parts,
        receipt=job.receipt.as_posix(),
        behind=[behind(row, inputs) for row in rows] if inputs and tabulated else [],
    )
