"""Verbs of the data: source → verify → manifest → pack, sample; and where every set stands."""

import typer
from rich.table import Table

from dcct import steps
from dcct.commands.options import DEFAULT, Configfile, Dataset, Split, open_profile, wide

PANEL = "Data"
app = typer.Typer()
data = typer.Typer(no_args_is_help=True, help="Look at the data sets.")
app.add_typer(data, name="data", rich_help_panel=PANEL)


@app.command(rich_help_panel=PANEL)
def source(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Put a data set in place: draw, link, or fetch and unpack it under accepted terms, or say how
    to get it.

    Example: dcct source walkers
    """
    steps.source(open_profile(configfile, f"source {dataset}"), dataset)


@data.command()
def status(configfile: Configfile = DEFAULT) -> None:
    """Where every data set stands: in place, verified, counts against expected, and the next
    command.

    Example: dcct data status
    """
    table = Table("data set", "state", "in place", "verified", "counts", "next")
    for one in steps.status(open_profile(configfile, "data status")):
        table.add_row(
            f"{one.name}\n[dim]{one.title}[/]",
            one.state,
            one.here,
            one.verified,
            one.counts,
            one.next,
        )
    wide(160).print(table)


@app.command(rich_help_panel=PANEL)
def verify(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Check every count, decode every frame, digest the whole set; writes report.md.

    Example: dcct verify walkers
    """
    steps.verify(open_profile(configfile, f"verify {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def manifest(dataset: Dataset, split: Split = 0, configfile: Configfile = DEFAULT) -> None:
    """List the tracklets of a split of a verified set in parquet.

    Example: dcct manifest walkers
    """
    steps.manifest(open_profile(configfile, f"manifest {dataset}/split{split}"), dataset, split)


@app.command(rich_help_panel=PANEL)
def pack(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Pack all frames into one file with random access by tracklet (the frame store).

    Example: dcct pack walkers
    """
    steps.pack(open_profile(configfile, f"pack {dataset}"), dataset)


@app.command(rich_help_panel=PANEL)
def sample(dataset: Dataset, split: Split = 0, configfile: Configfile = DEFAULT) -> None:
    """Draw all test clips once: begin-interval, dense, repeated-frame and shuffled.

    Example: dcct sample walkers
    """
    steps.sample(open_profile(configfile, f"sample {dataset}/split{split}"), dataset, split)
