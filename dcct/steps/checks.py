"""What looks at finished results and makes none: explain, verify-results, compare, agree; and
publishing them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcct.errors import DataError
from dcct.pipeline.plan import read_plan
from dcct.provenance.chain import Chain
from dcct.provenance.chain import explain as chain_of
from dcct.provenance.receipt import RECEIPT
from dcct.runtime.progress import Progress
from dcct.steps.context import Context

if TYPE_CHECKING:
    from dcct.provenance.outline import Cell
    from dcct.report.tables.agree import Agreement
    from dcct.report.tables.compare import Compared
    from dcct.report.tables.results import Judged


def explain(
    artefact: Path, row: str | None, metric: str | None, progress: Progress
) -> tuple["Cell | None", Chain]:
    """The chain behind an artefact, or behind a row or a number of a table's CSV."""
    from dcct.provenance.outline import explain_cell

    if row is None and metric is None:
        return None, chain_of(artefact, progress=progress)
    return explain_cell(artefact, row or "", metric, progress)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was checked, and file → one line on what no longer matches."""

    receipts: int
    files: int
    size: int
    numbers: int
    problems: dict[Path, str]


def verify_results(context: Context) -> Verified:
    """Hold every artefact against its receipt, every receipt against its inputs', and every table
    against metrics."""
    from dcct.provenance.integrity import check_results
    from dcct.report.tables.rederive import differing_tables

    results = context.paths.results_dir
    found = check_results(results, context.progress)
    numbers, problems = 0, dict(found.problems)
    if not any(path.is_relative_to(results / "metrics") for path in problems):
        numbers, tables = differing_tables(
            context.profile, context.paths, context.configfile, context.progress
        )
        problems |= tables
    return Verified(
        receipts=found.receipts,
        files=found.files,
        size=found.size,
        numbers=numbers,
        problems=problems,
    )


def compare(context: Context, a: str, b: str) -> tuple[list["Compared"], list[str]]:
    """A − B of two variants of the profile, of two results folders or git commits, and what could
    not be compared."""
    from dcct.report.tables.compare import compare_folders, compare_variants, judged_in

    profile, resamples = context.profile, context.profile.evaluation.bootstrap
    known = {
        name for dataset in profile.tested for name in (*profile.judged, *profile.crossed(dataset))
    }
    if a in known and b in known:
        return compare_variants(judged_in(context.paths.results_dir), a, b, resamples), []
    with tempfile.TemporaryDirectory() as folder:
        (first, lacking), (second, lacking_too) = (
            _side(name, Path(folder, at)) for name, at in ((a, "a"), (b, "b"))
        )
        rows, alone = compare_folders(first, second, resamples)
        return rows, [*alone, *lacking, *lacking_too]


def _side(name: str, folder: Path) -> "tuple[list[Judged], list[str]]":
    """The metrics of a results folder or a commit, and what is lacking; a commit's are laid out in
    `folder`."""
    from dcct.provenance.commits import is_commit, metrics_of
    from dcct.report.tables.compare import judged_in

    if Path(name).is_dir():
        return judged_in(Path(name)), []
    if not is_commit(name):
        raise DataError(
            f"{name}: no variant of the profile, no folder, no git commit: name two of one kind"
        )
    lacking = metrics_of(name, folder)
    return judged_in(folder), lacking


def agree(context: Context, reference: Path) -> "tuple[list[Agreement], tuple[int, int]]":
    """Every published table against the profile's own; how many published metrics are repeated byte
    by byte."""
    from dcct.report.tables.agree import agreement, same_metrics

    results = context.paths.results_dir
    return agreement(results / "tables", reference), same_metrics(results, reference)


def publish(context: Context, target: Path) -> list[Path]:
    """Copy tables and figures of a finished run, with their receipts and those of its metrics, into
    `target`."""
    from dcct.provenance.publish import publish as copy

    profile, paths = context.profile, context.paths
    plan = read_plan([context.configfile], {})
    absent = [path for path in plan.products() if not path.is_file()]
    if absent:
        raise DataError(
            f"{absent[0]}: missing, and {len(absent) - 1} others: finish the run with "
            f"`snakemake --cores --configfile {context.configfile}`"
        )
    places = {}
    for receipt in sorted((paths.results_dir / "tables").glob(f"*.{RECEIPT}")):
        places[receipt] = Path()
    for dataset in profile.datasets:
        for receipt in sorted(paths.figures(dataset).glob(f"*.{RECEIPT}")):
            places[receipt] = Path() if len(profile.datasets) == 1 else Path(dataset)
    metrics = [
        path for path in plan.results() if path.is_relative_to(paths.results_dir / "metrics")
    ]
    return copy(places, metrics, paths.results_dir, target)
