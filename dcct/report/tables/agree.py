"""A run's tables held against published ones: same digits, within the published 95 % interval, or
outside."""

from dataclasses import dataclass, field
from pathlib import Path

from dcct.config.table import CHANCE
from dcct.errors import DataError
from dcct.pipeline.pipeline import Pipeline
from dcct.pipeline.step import RECEIPT
from dcct.provenance.documents import read_receipt
from dcct.provenance.receipt import check_outputs
from dcct.report.tables.columns import COLUMNS, row_name
from dcct.report.tables.csv_file import number_in, read_rows

SETTINGS = [column.name for column in COLUMNS if column.setting]
DECIDED = [column.name for column in COLUMNS if column.estimated]
"""Columns with a number that a run decides."""


@dataclass(kw_only=True)
class HeldTable:
    """One table of a run, held against the published one cell by cell."""

    table: str
    """Name of its CSV."""
    same: int = 0
    """Cells with the published digits."""
    within: int = 0
    """Cells within the published interval."""
    no_interval: int = 0
    """Cells with other digits where none was published."""
    outside: list[str] = field(default_factory=list)
    """One line for each cell outside the published interval."""
    missing: list[str] = field(default_factory=list)
    """One line for each row that is not there, or not as finished."""
    settings: list[str] = field(default_factory=list)
    """Columns that say that other settings were run."""


def agreement(pipeline: Pipeline, reference: Path) -> list[HeldTable]:
    """Every published table of results, held against the run's cell by cell; not the cost table,
    which is about one machine.

    Raises DataError where nothing was published or a published file is damaged.
    """
    tables, then = pipeline.results / "tables", "name a folder that `dcct publish` has filled"
    published = {
        path: rows for path in sorted(reference.glob("*.csv")) if (rows := _rows(path, then))
    }
    if not published:
        raise DataError(f"{reference}: no published tables: {then}")
    if not any((tables / path.name).is_file() for path in published):
        raise DataError(
            f"{tables}: none of the published tables is here, nothing has been run: run"
            f" `{pipeline.again}` first"
        )
    for receipt in sorted(reference.glob(f"*.{RECEIPT}")):
        check_outputs(receipt, "dcct publish")
    return [
        _table(path.name, tables / path.name, rows, pipeline.again)
        for path, rows in published.items()
    ]


def same_metrics(results: Path, reference: Path) -> tuple[int, int]:
    """How many published metrics this run repeats byte by byte, of how many whose receipts were
    published."""
    receipts = sorted((reference / "metrics").rglob(RECEIPT))
    pairs = [(receipt, results / receipt.relative_to(reference)) for receipt in receipts]
    outputs = [
        [read_receipt(one, "dcct rank")["outputs"] for one in pair]
        for pair in pairs
        if pair[1].is_file()
    ]
    return sum(ours == theirs for ours, theirs in outputs), len(receipts)


def _table(name: str, path: Path, published: list[dict], again: str) -> HeldTable:
    found = HeldTable(table=name)
    if not path.is_file():
        found.missing.append(f"{path}: not there: run `{again}`")
        return found
    ours = {row_name(row): row for row in _rows(path, f"delete it and run `{again}`")}
    for theirs in published:
        row = ours.get(row_name(theirs))
        if row is None or (row["status"] != theirs["status"]):
            what = "no such row" if row is None else row["status"]
            found.missing.append(
                f"{path}: {row_name(theirs)}: {what}, published as {theirs['status']}"
            )
            continue
        _row(found, row, theirs)
    return found


def _row(found: HeldTable, ours: dict, theirs: dict) -> None:
    found.settings += [
        name
        for name in SETTINGS
        if name not in found.settings and ours.get(name) != theirs.get(name)
    ]
    for column in (name for name in DECIDED if theirs.get(name)):
        value = ours.get(column, "")
        low, high = (theirs.get(f"{column}{end}", "") for end in ("_low", "_high"))
        where = (
            f"{found.table}: {row_name(theirs)}, {column}: {value or 'nothing'}, published"
            f" {theirs[column]}"
        )
        if value == theirs[column]:
            found.same += 1
        elif not value or theirs.get("variant") == CHANCE:
            found.outside.append(f"{where}, exact")
        elif not low:
            found.no_interval += 1
        elif _within(column, ours, theirs, where):
            found.within += 1
        else:
            found.outside.append(f"{where} [{low}, {high}]")


def _within(column: str, ours: dict, theirs: dict, where: str) -> bool:
    low, high = (number_in(theirs, f"{column}{end}", where) for end in ("_low", "_high"))
    return low <= number_in(ours, column, where) <= high


def _rows(path: Path, then: str) -> list[dict]:
    """Rows of a table of results; none for another CSV."""
    rows = read_rows(path, then)
    return rows if rows and {"dataset", "trained_on", "status"} <= rows[0].keys() else []
