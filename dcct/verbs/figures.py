"""Verbs of what people read: tables, figures, the page."""

from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console

from dcct.pipeline.figures import FIGURES
from dcct.pipeline.pipeline import Job
from dcct.pipeline.steps import counted
from dcct.runtime.progress import Progress
from dcct.verbs.making import Making, makes
from dcct.verbs.options import Dataset

PANEL = "Tables and figures"
app = typer.Typer()
Table = Annotated[str, typer.Argument(help="A table of the profile, for example components.")]
Figure = Annotated[str, typer.Argument(help=f"One of {', '.join(FIGURES)}.")]
Shareable = Annotated[
    bool,
    typer.Option(
        "--shareable", help="Leave out pictures of real people; writes shareable.html instead."
    ),
]


@makes(app, PANEL, torch=True)
def cost(making: Making) -> None:
    """Write the cost table: parameters, operations and latency of every variant, at this profile's
    size and in full.

    Example: dcct cost
    """
    from dcct.datasets.manifest import identities_in
    from dcct.inference.cost import cost_sections
    from dcct.report.tables.cost import Section, write_cost

    pipeline = making.pipeline
    variants = counted(pipeline)
    for line in pipeline.unreadable_variants.values():
        making.progress.say(f"warning: left out: {line}")
    for name in pipeline.profile.evaluated:
        if name not in variants:
            making.progress.say(
                f"left out: {name}: features from files, whose cost nobody measured"
            )
    first = pipeline.profile.datasets[0]
    identities = pipeline.dataset(first).expected.train_ids
    if identities is None:
        identities = identities_in(making.input("manifest").folder)
    sections = cost_sections(variants, pipeline.profile, identities)
    write_cost([Section(**section) for section in sections], making.job.outputs)


@makes(app, PANEL)
def tabulate(making: Making, table: Table) -> None:
    """Write a table as CSV, Markdown, LaTeX and HTML; what was not run becomes a named gap.

    Example: dcct tabulate components
    """
    from dcct.report.tables.tables import write_table

    write_table(making.pipeline, table, making.job.folder)


@makes(app, PANEL)
def draw(making: Making, dataset: Dataset, figure: Figure) -> None:
    """Draw a figure of a data set; what was not run becomes a named gap.

    Example: dcct draw walkers ablation
    """
    from dcct.report.figures.style import save, styled

    module = import_module(f"dcct.report.figures.{figure}")
    with styled():
        drawn = module.draw(making.pipeline, dataset)
        save(drawn, making.job.folder, figure, FIGURES[figure].formats)


def _shareable(job: Job, words: list[str]) -> int | None:
    """By hand, without pictures of real people, to a file that no workflow makes."""
    if "--shareable" not in words:
        return None
    from dcct.report.page.build import write_page

    path, progress = job.pipeline.results / "shareable.html", Progress(str(job), Console())
    write_page(job.pipeline, path, shareable=True, progress=progress)
    progress.say(f"{path}: without pictures of real people")
    return 0


@makes(app, PANEL, instead=_shareable)
def page(making: Making, shareable: Shareable = False) -> None:
    """Write index.html: every table, figure and setting, every query with its ranking, and how each
    number came to be.

    Example: dcct page
    """
    from dcct.report.page.build import write_page

    path = making.job / "html"
    write_page(making.pipeline, path, shareable=shareable, progress=making.progress)
    making.progress.say(f"{path}: {path.stat().st_size / 1e6:.1f} MB, to open in a browser")
