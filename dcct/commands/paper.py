"""Verbs of what people read: tables, figures, pictures, the page."""

from typing import Annotated

import typer

from dcct import steps
from dcct.commands.options import DEFAULT, Configfile, Dataset, open_profile

PANEL = "Paper"
app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def cost(configfile: Configfile = DEFAULT) -> None:
    """Write the cost table: parameters, operations and latency of every variant, at this profile's
    size and in full.

    Example: dcct cost
    """
    steps.cost(open_profile(configfile, "cost", learns=True))


@app.command(rich_help_panel=PANEL)
def tabulate(
    table: Annotated[str, typer.Argument(help="A table of the profile, for example components.")],
    configfile: Configfile = DEFAULT,
) -> None:
    """Write a table as CSV, Markdown, LaTeX and HTML; what was not run becomes a named gap.

    Example: dcct tabulate components
    """
    steps.tabulate(open_profile(configfile, f"tabulate {table}"), table)


@app.command(rich_help_panel=PANEL)
def draw(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw the ablation with its intervals, CMC curves and training curves.

    Example: dcct draw walkers
    """
    steps.draw(open_profile(configfile, f"draw {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def tradeoff(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw accuracy against parameters, operations and latency.

    Example: dcct tradeoff walkers
    """
    steps.tradeoff(open_profile(configfile, f"tradeoff {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def gallery(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Picture ten queries, from worst to best, with their top ten; and the worst failures.

    Example: dcct gallery walkers
    """
    steps.gallery(open_profile(configfile, f"gallery {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def heatmaps(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw where CCA looks in space, HTA in time, and how far its gates are open.

    Example: dcct heatmaps walkers
    """
    steps.heatmaps(open_profile(configfile, f"heatmaps {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def embed(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw test tracklets in the plane by t-SNE of their features, by identity and by camera.

    Example: dcct embed walkers
    """
    steps.embed(open_profile(configfile, f"embed {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def sheet(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw the contact sheet of a data set.

    Example: dcct sheet walkers
    """
    steps.sheet(open_profile(configfile, f"sheet {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def page(
    shareable: Annotated[
        bool,
        typer.Option(
            "--shareable", help="Leave out pictures of real people; writes shareable.html instead."
        ),
    ] = False,
    configfile: Configfile = DEFAULT,
) -> None:
    """Write index.html: every table, figure and setting, every query with its ranking, and how each
    number came to be.

    Example: dcct page
    """
    steps.page(open_profile(configfile, "page"), shareable)
