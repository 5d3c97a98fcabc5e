"""Verbs that look at finished results: where a number comes from, whether it still holds, how two
runs differ."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from dcct.config.configuration import Configuration
from dcct.config.foreign import AnyVariant
from dcct.config.load import KINDS, SHIPPED
from dcct.config.profile import Profile
from dcct.errors import DataError, DcctError, one_line
from dcct.files import write_json, write_text
from dcct.pipeline.pipeline import DEFAULT, Pipeline
from dcct.runtime.progress import Progress
from dcct.verbs.options import Configfile, Json, import_torch, open_pipeline, verb, wide

if TYPE_CHECKING:
    from dcct.evaluation.statistics import Estimate

PANEL, CONFIGURATION = "Finished results", "Configuration"
app = typer.Typer()
Reference = Annotated[Path, typer.Option(help="Folder of published results.", metavar="FOLDER")]
REFERENCE = Path("results/reference")
MANY_SEEDS = REFERENCE / "seeds"
SCHEMAS: dict[str, type[BaseModel]] = {
    "profile": Profile,
    **{kind.removesuffix("s"): one for kind, one in KINDS.items()},
    "variant": AnyVariant,
}
"""Kind of configuration file → what it may say."""


@verb(app, PANEL)
def explain(
    artefact: Annotated[
        Path, typer.Argument(help="A file that a step made, or a folder with a receipt.")
    ],
    row: Annotated[
        str | None, typer.Option(help="A row of a table's CSV, for example dcct, or 'dcct hta1'.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="A number in that row: the name of its column.")
    ] = None,
    json: Json = None,
) -> None:
    """Show every step between the data and an artefact: command, seconds, versions, digests, and
    what has changed.

    Example: dcct explain results/tables/components.csv --row dcct --metric mAP
    """
    from dcct.provenance.chain import explain as chain_of
    from dcct.report.tables.outline import complaints, explain_cell, outline

    terminal = sys.stdout.isatty()
    progress = Progress("explain", Console() if terminal else None)
    if row is None and metric is None:
        cell, chain = None, chain_of(artefact, progress=progress)
    else:
        cell, chain = explain_cell(artefact, row or "", metric, progress)
    if json:
        write_json(json, {"cell": cell and asdict(cell), **chain.as_dict()})
    title = [chain.artefact]
    if cell:
        title = [
            f"{cell.table}, {cell.row}"
            + (f", {cell.metric}: {cell.value or 'nothing'}" if cell.metric else "")
        ]
        title += [f"from {file}: {value:.4f}" for file, value in cell.values.items()]
    if terminal:
        Console().print(_tree(title, outline(chain)), soft_wrap=False)
    else:
        print("\n".join(map(one_line, title)))
        for depth, lines in outline(chain):
            print("\n".join(f"{'  ' * (depth + 1)}{one_line(line)}" for line in lines))
    for line in complaints(chain):
        print(one_line(line))


@verb(app, PANEL)
def verify_results(configfile: Configfile = DEFAULT) -> None:
    """Hold every file against its receipt, every receipt against its inputs, the profile's settings
    and the code, every table against the metrics.

    Example: dcct verify-results
    """
    from dcct.provenance.integrity import check_results
    from dcct.report.tables.rederive import differing_tables

    pipeline, progress = open_pipeline(configfile), Progress("verify-results", Console())
    found = check_results(pipeline, progress)
    cells, problems = 0, dict(found.problems)
    if not any(path.is_relative_to(pipeline.results / "metrics") for path in problems):
        cells, tables = differing_tables(pipeline, progress)
        problems |= tables
    for path, line in problems.items():
        print(one_line(f"{path}: {line}"))
    if problems:
        raise DcctError(
            f"{len(problems)} of {found.receipts} receipts and {found.files} files do not hold"
        )
    made = f"{found.receipts} receipts, {found.files} files ({found.size / 1e6:,.0f} MB)"
    print(f"{made} and {cells:,} cells of tables hold.")


@verb(app, PANEL)
def compare(
    a: Annotated[str, typer.Argument(help="A variant, a results folder, or a git commit.")],
    b: Annotated[str, typer.Argument(help="Another one.")],
    configfile: Configfile = DEFAULT,
    json: Json = None,
) -> None:
    """Two variants, results folders or commits side by side, with paired differences on the same
    queries.

    Example: dcct compare cca coupled
    """
    from dcct.report.tables.cells import IDENTITIES, NAMES
    from dcct.report.tables.compare import compare_sides
    from dcct.report.tables.grid import number, probability

    rows, alone = compare_sides(open_pipeline(configfile), a, b)
    if json:
        write_json(json, [asdict(one) for one in rows])
    several = any(len(one.difference.parts) > 1 for one in rows)
    each = ["each alone"] if several else []
    table = Table(
        "data set", "A", "B", "metric", "A [95 %]", "B [95 %]", "A − B [95 %]", *each, "p"
    )
    for one in rows:
        first, last = one.metric == rows[0].metric, one.metric == rows[-1].metric
        runs = f"{one.runs} runs" if one.runs > 1 else "1 run"
        about = [f"{one.dataset}\n[dim]{one.queries} queries, {runs}[/]"] if first else [""]
        about += [f"{name}\n[dim]{feature}[/]" if first else "" for name, feature in (one.a, one.b)]
        numbers = [_sure(one.a_mean), _sure(one.b_mean), _sure(one.difference, sign=True)]
        if several:
            numbers.append(", ".join(number(part, True) for part in one.difference.parts))
        table.add_row(
            *about, NAMES[one.metric], *numbers, probability(one.p_value), end_section=last
        )
    wide(140).print(table)
    if any(one.difference.spread is None for one in rows):
        print(f"{IDENTITIES} over test identities alone: one training ranks no variants.")
    for line in alone:
        print(line)


@verb(app, PANEL)
def findings(configfile: Configfile = DEFAULT) -> None:
    """What a finished run found, in a few lines, and the address of its page.

    Example: dcct findings
    """
    from dcct.report.summary import summary_of

    for line in summary_of(open_pipeline(configfile)):
        print(one_line(line))


@verb(app, PANEL)
def claims(configfile: Configfile = DEFAULT, json: Json = None) -> None:
    """The verdict on every claim of the paper that this run can decide.

    Example: dcct claims
    """
    from dcct.report.page.findings import written_in
    from dcct.report.tables import cells
    from dcct.report.tables.tables import tabulate

    pipeline = open_pipeline(configfile)
    names = [name for name in pipeline.profile.tables if pipeline.table(name).claims]
    if not names:
        raise DataError(f"{configfile}: tables: none is of claims: name the table `claims` there")
    frame = tabulate(pipeline, names[0])
    if json:
        write_json(json, loads(frame.to_json(orient="records")))
    table = Table("data set", "claim", "verdict", "A − B [95 %]", "counts from", "p")
    for _, row in frame.iterrows():
        effect = cells.difference(row, "effect")
        numbers = (effect, cells.smallest(row, "smallest"), cells.p_value(row, "effect_p"))
        claim = f"{escape(row['says'])}\n[dim]{row['a']} − {row['b']}[/]"
        about = (claim, cells.verdict(row, "verdict"))
        table.add_row(row["dataset"], *about, *numbers, end_section=True)
    wide(150).print(table)
    print(written_in(pipeline))


@verb(app, PANEL)
def agree(configfile: Configfile = DEFAULT, reference: Reference = MANY_SEEDS) -> None:
    """Hold this run against a published one: what must be equal is; and scores differ by no more
    than seeds and machines make them.

    Example: dcct agree
    """
    from dcct.evaluation.agreement import RATE
    from dcct.report.tables.agree import hold
    from dcct.report.tables.grid import probability

    held = hold(open_pipeline(configfile), reference)
    facts = f"{held.facts:,} of {held.facts + len(held.different):,}"
    print(
        f"{facts} facts are the published ones: data, settings, sizes, queries, chance, and"
        " what the evaluator makes of drawn features."
    )
    print(f"{held.same} of {held.files} metrics files are the published ones, byte by byte.")
    for line in held.different:
        print(line)
    if held.different:
        raise DcctError(f"{len(held.different)} facts are not those of {reference}")
    about = f"{held.scores:,} scores of {len(held.trained)} variants"
    if not held.several and held.same < held.files:
        raise DcctError(
            f"{about} are not the published ones, and neither run has several seeds to tell by how"
            " much they may differ: run several seeds"
        )
    chance = f"p = {probability(held.p_value)}, over all of them together"
    if held.p_value < RATE:
        raise DcctError(
            f"{about} differ from {reference} by more than seeds and machines explain ({chance})"
        )
    print(
        f"This run agrees with {reference}: {about} differ as seeds and machines do ({chance};"
        f" {RATE:.0%} of honest runs would be called wrong)."
    )


@verb(app, PANEL)
def publish(configfile: Configfile = DEFAULT, reference: Reference = REFERENCE) -> None:
    """Replace published tables, figures and receipts by those of this finished run, all at once.

    Example: dcct publish --reference results/reference
    """
    from dcct.provenance.publish import publish as copy

    files = copy(open_pipeline(configfile), reference)
    print(f"{len(files)} files in {reference}: look at them, then commit the folder.")


@verb(app, CONFIGURATION)
def dvc(
    configfile: Configfile = DEFAULT,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; complain of what would change.")
    ] = False,
) -> None:
    """Write dvc.yaml and the digests of code that it watches, for a profile; run it again when
    profile or code have changed.

    Example: dcct dvc
    """
    from dcct.pipeline.dvc import kept_here, stages_of
    from dcct.provenance.hidden import check_hidden

    pipeline = open_pipeline(configfile, torch=not check)
    check_hidden(pipeline)
    if not check:
        _check_networks(pipeline)
    files = stages_of(pipeline)
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text() != text]
    if check and stale:
        again = pipeline.as_typed("dcct dvc")
        raise DataError(f"{stale[0]}: not what {configfile} and the code say: run `{again}`")
    for path in stale:
        write_text(path, files[path])
    if kept := kept_here(pipeline):
        print(
            f"{', '.join(kept)}: frames and pictures of people stay here: no `dvc push` sends them"
        )


@verb(app, CONFIGURATION)
def check(configfile: Configfile = DEFAULT) -> None:
    """Check a profile: every file that it names, and that its networks can be built. Nothing is
    run.

    Example: dcct check --configfile config/paper.yaml
    """
    pipeline = open_pipeline(configfile, torch=True)
    import_torch()
    if given := pipeline.missing_given():
        raise DcctError(given[0])
    _check_networks(pipeline)


def _check_networks(pipeline: Pipeline) -> None:
    from dcct.models.buildable import check_networks

    variants = [pipeline.variant(name) for name in pipeline.profile.evaluated]
    check_networks(pipeline.profile, variants, pipeline.configfile)


@verb(app, CONFIGURATION)
def schemas(folder: Annotated[Path, typer.Argument(help="Where to write them.")]) -> None:
    """Write JSON schemas of profiles, variants, data sets, tables and published numbers, for
    editors that check YAML.

    Example: dcct schemas workflow/schemas
    """
    for name, model in SCHEMAS.items():
        write_json(folder / f"{name}.schema.json", model.model_json_schema())


@verb(app, CONFIGURATION)
def counts() -> None:
    """Write down what is counted of the shipped profiles' networks, for `dcct plan`; run it again
    when their code, or torch or timm, have changed.

    Example: dcct counts
    """
    import_torch()
    from dcct.inference.counts import write_counts

    shipped = map(Configuration, sorted(SHIPPED.glob("*.yaml")))
    write_counts(shipped, Progress("counts", Console()).say)


def _tree(title: list[str], outlined: Iterable[tuple[int, list[str]]]) -> Tree:
    """The outline as a tree: headings bold, what no longer is as recorded in red."""
    root = Tree("\n".join(f"[bold]{escape(one_line(line))}[/]" for line in title))
    branches = [root]
    for depth, (heading, *details) in outlined:
        lines = [f"[bold cyan]{escape(one_line(heading))}[/]"]
        for line in details:
            bad = line.endswith((" changed", " missing")) or line.startswith(
                ("stale", "run record gone")
            )
            lines.append(f"[{'bold red' if bad else 'dim'}]{escape(one_line(line))}[/]")
        del branches[depth + 1 :]
        branches.append(branches[depth].add("\n".join(lines)))
    return root


def _sure(estimate: "Estimate", sign: bool = False) -> str:
    from dcct.report.tables.cells import IDENTITIES
    from dcct.report.tables.grid import number

    mean, low, high = (number(value, sign) for value in (estimate.mean, *estimate.ends))
    return f"{mean} [{low}, {high}]{IDENTITIES if estimate.spread is None else ''}"
