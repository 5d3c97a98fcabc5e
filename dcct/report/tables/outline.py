"""How a chain of provenance is read: a table's cell to start from, and its steps as an indented
outline."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dcct.config.label import row_of
from dcct.errors import DataError
from dcct.evaluation.slips import RIGHT
from dcct.provenance.chain import Chain, Link, behind, explain
from dcct.provenance.documents import read_metrics
from dcct.provenance.folder import Receipts, results_folder
from dcct.report.tables.columns import row_name
from dcct.report.tables.csv_file import read_rows
from dcct.runtime.progress import Progress

DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """A number in a table, or a whole row."""

    table: str
    """Path of its CSV."""
    row: str
    """What names the row."""
    metric: str | None
    """Name of the column; None for a whole row."""
    value: str | None
    """As the CSV has it; None for a whole row."""
    values: dict[str, float]
    """Metrics file → its own number for this metric, in percent, at the row's features."""


def explain_cell(
    table: Path, words: str, metric: str | None, progress: Progress
) -> tuple[TableCell, Chain]:
    """A row of a table's CSV, or one number in it, and the chain behind it.

    words: what names the row, such as "dcct", "dcct cca" of a pair, "dcct temporal" of a feature
    set. Raises DataError naming the choices where no row or several have these words, and where the
    metric is no column.
    """
    row = _row(table, words)
    if metric is not None and metric not in row:
        raise DataError(f"{table}: no column {metric}: name one of {', '.join(row)}")
    whole = explain(table, hashed=False)
    runs = behind(row, whole.steps[0].made_from)
    values = _values(row, metric, runs) if metric else {}
    cell = TableCell(
        table=table.as_posix(),
        row=row_name(row),
        metric=metric,
        value=row[metric] if metric else None,
        values=values,
    )
    return cell, explain(table, runs, progress=progress)


def outline(chain: Chain) -> Iterator[tuple[int, list[str]]]:
    """(depth, lines) of every step, the artefact's own first; what stands under several is spelt
    out once."""
    steps, shown = {step.receipt: step for step in chain.steps}, set()

    def visit(receipt: str, depth: int) -> Iterator[tuple[int, list[str]]]:
        step = steps[receipt]
        heading = f"{step.verb}  {receipt}"
        if receipt in shown:
            yield depth, [f"{heading}  (see above)"]
            return
        shown.add(receipt)
        yield depth, [heading, *_details(step)]
        for source in step.made_from:
            if source in steps:
                yield from visit(source, depth + 1)

    yield from visit(chain.steps[0].receipt, 0)


def complaints(chain: Chain) -> list[str]:
    """What along a chain no longer is as recorded, one line each."""
    changed = [
        f"{output.path}: {output.state}, says {step.receipt}"
        for step in chain.steps
        for output in step.outputs
        if output.state in ("changed", "missing")
    ]
    return changed + [
        f"{step.receipt}: made from another {file}" for step in chain.steps for file in step.stale
    ]


def _details(step: Link) -> list[str]:
    lines = []
    if run := step.run:
        versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        device = run.get("device", run["machine"])
        lines += [run["command"], f"{run['seconds']:.1f} s, {device}, git {run['git']}, {versions}"]
    else:
        lines.append("run record gone: nothing says when and with which versions")
    if data := step.data:
        found = (
            f"{data['files']:,} files, digest {data['digest']}: verification"
            f" {data['verification']}, {data['pin']}"
        )
        lines.append(found)
    lines += [
        f"{Path(output.path).name}  {output.sha256[:DIGITS]}  {output.state}"
        for output in step.outputs
    ]
    lines += [f"{file}  {digest[:DIGITS]}  given" for file, digest in step.given.items()]
    lines += [f"stale: {file} is no longer what was read" for file in step.stale]
    return [*lines, f"settings {step.settings}, code {step.code}"]


def _row(table: Path, words: str) -> dict[str, str]:
    rows = read_rows(table, "name the .csv of a table")
    if not rows or not {"dataset", "trained_on", "splits", "sampler"} <= rows[0].keys():
        raise DataError(
            f"{table}: no rows of metrics: --row goes with a table that the step tabulate made,"
            " in CSV"
        )
    wanted = Counter(word for word in words.split() if word not in ("-", "−"))
    chosen = [row for row in rows if wanted <= Counter(row_name(row).split())]
    if len(chosen) != 1:
        what = "no row" if not chosen else f"{len(chosen)} rows"
        raise DataError(
            f"{table}: {what} named '{words}': name one of:"
            f" {'; '.join(map(row_name, chosen or rows))}"
        )
    return chosen[0]


def _values(row: dict[str, str], column: str, receipts: list[str]) -> dict[str, float]:
    """The metric from which a column derives (mAP of mAP_difference_low) in each metrics file, in
    percent; of a column that derives from none, or a row with a slip, nothing."""
    if row.get("slip") not in (None, "", RIGHT):
        return {}
    metric = column.partition("_")[0]
    sides = {"variant": "feature", "a": "a_feature", "b": "b_feature"}
    features = {row[side]: row[feature] for side, feature in sides.items() if row.get(side)}
    found = {}
    for receipt in map(Path, receipts):
        path = receipt.with_name("metrics.json")
        content = read_metrics(path, Receipts(results_folder(receipt)).again(receipt))
        feature = features.get(row_of(content["variant"]))
        for one in content["rows"]:
            if (one["sampler"], one["feature"]) == (row["sampler"], feature) and metric in one:
                found[path.as_posix()] = 100 * one[metric]
    return found
